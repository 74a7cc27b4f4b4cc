"""Find the parts of a response that the contract doesn't list: unknown names, and new words beside listed ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kling_elements_client import contract
from kling_elements_runtime.document import follow, subschemas
from kling_elements_runtime.document import pointer as pointer_of
from tools.live.redaction import name_or_length


def find_surplus(schema_pointer: str, value: Any) -> list[str]:
    """Return each unknown name and word once, even if several items of a list have it, in any value."""
    return list(dict.fromkeys(_within([schema_pointer], value, "")))


def _within(schemas: list[str], value: Any, place: str) -> Iterator[str]:
    """Walk through a value along the schemas that it may conform to."""
    leaves = [leaf for pointer in schemas for leaf in _leaves(pointer)]
    nodes = {leaf: follow(contract.document(), leaf) for leaf in leaves}
    if isinstance(value, dict):
        properties: dict[str, list[str]] = {}
        for leaf, node in nodes.items():
            for name in node.get("properties", ()):
                properties.setdefault(name, []).append(f"{leaf}{pointer_of(('properties', name))}")
        for name, inner in value.items() if properties else ():
            if name in properties:
                yield from _within(properties[name], inner, f"{place}/{name}")
            else:
                yield f"{place}/{name_or_length(name, 'name')} is not in the contract"
    elif isinstance(value, list):
        items = [f"{leaf}/items" for leaf, node in nodes.items() if "items" in node]
        for inner in value if items else ():
            yield from _within(items, inner, f"{place}/*")
    elif isinstance(value, str):
        words = [word for node in nodes.values() for word in node.get("enum", ())]
        if words and value not in words:
            yield f"{place} is {name_or_length(value, 'word')}, a word that is not in the contract"


def _leaves(pointer: str) -> Iterator[str]:
    """Yield the pointers of the schemas at the ends of references and choices."""
    node = follow(contract.document(), pointer)
    if "$ref" in node:
        yield from _leaves(node["$ref"])
    choices = [pointer + pointer_of(steps) for steps, _ in subschemas(node) if steps[0] not in ("properties", "items")]
    for choice in choices:
        yield from _leaves(choice)
    if "$ref" not in node and not choices:
        yield pointer
