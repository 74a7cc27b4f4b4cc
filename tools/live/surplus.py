"""What an answer has beyond the contract: names that it does not know, and new words where any text will do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kling_elements_client import contract
from kling_elements_runtime.document import follow, subschemas
from kling_elements_runtime.document import pointer as written
from tools.live.redaction import name_or_length


def surplus(schema_pointer: str, value: Any) -> list[str]:
    """Each unknown name and word once, whichever items of a list have it; the value conforms or not."""
    return list(dict.fromkeys(_within([schema_pointer], value, "")))


def _within(schemas: list[str], value: Any, where: str) -> Iterator[str]:
    """Goes through a value by the schemas that it may conform to."""
    leaves = [leaf for pointer in schemas for leaf in _leaves(pointer)]
    nodes = {leaf: follow(contract.document(), leaf) for leaf in leaves}
    if isinstance(value, dict):
        known: dict[str, list[str]] = {}
        for leaf, node in nodes.items():
            for name in node.get("properties", ()):
                known.setdefault(name, []).append(f"{leaf}{written(('properties', name))}")
        for name, inner in value.items() if known else ():
            if name in known:
                yield from _within(known[name], inner, f"{where}/{name}")
            else:
                yield f"{where}/{name_or_length(name, 'name')} is not in the contract"
    elif isinstance(value, list):
        items = [f"{leaf}/items" for leaf, node in nodes.items() if "items" in node]
        for inner in value if items else ():
            yield from _within(items, inner, f"{where}/*")
    elif isinstance(value, str):
        words = [word for node in nodes.values() for word in node.get("enum", ())]
        if words and value not in words:
            yield f"{where} is {name_or_length(value, 'word')}, a word that the contract does not have"


def _leaves(pointer: str) -> Iterator[str]:
    """The schemas that references and choices lead to."""
    node = follow(contract.document(), pointer)
    if "$ref" in node:
        yield from _leaves(node["$ref"])
    choices = [pointer + written(steps) for steps, _ in subschemas(node) if steps[0] not in ("properties", "items")]
    for choice in choices:
        yield from _leaves(choice)
    if "$ref" not in node and not choices:
        yield pointer
