"""The nodes of an OpenAPI document: how they are named, followed and walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kling_elements_runtime import document as document_
from scripts.spec import Node, SpecError


def follow(document: Node, reference: str) -> Any:
    """Return the node that a reference such as `#/components/schemas/TagId` names.

    Raises:
        SpecError: There is no such node.
    """
    try:
        return document_.follow(document, reference)
    except LookupError as error:
        raise SpecError(str(error)) from error


def resolve(document: Node, node: Any) -> Any:
    """Return the node itself, or what its chain of references ends at.

    Raises:
        SpecError: A reference leads nowhere, or in a circle.
    """
    try:
        return document_.dereferenced(document, node)
    except LookupError as error:
        raise SpecError(str(error)) from error


def walk(node: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield every node below and with this one, each with its JSON Pointer."""
    yield where, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from walk(child, f"{where}/{document_.escaped(name)}")


def schemas(document: Node) -> Iterator[tuple[str, Node]]:
    """Yield every schema object with its place."""
    starts = [
        (where, node)
        for where, node in walk(document)
        if isinstance(node, dict) and re.fullmatch(r"#/components/schemas/[^/]+|.*/schema", where)
    ]
    for where, node in starts:
        yield from _with_subschemas(where, node)


def _with_subschemas(where: str, schema: Node) -> Iterator[tuple[str, Node]]:
    yield where, schema
    for name, member in schema.get("properties", {}).items():
        yield from _with_subschemas(f"{where}/properties/{name}", member)
    for keyword in ("anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(keyword, [])):
            yield from _with_subschemas(f"{where}/{keyword}/{index}", branch)
    if "items" in schema:
        yield from _with_subschemas(f"{where}/items", schema["items"])


def reachable(document: Node, starts: list[Any]) -> list[Node]:
    """Return the objects that some nodes lead to, through references."""
    waiting = list(starts)
    seen: dict[int, Node] = {}
    while waiting:
        for _, node in walk(waiting.pop()):
            if isinstance(node, dict) and id(node) not in seen:
                seen[id(node)] = node
                if isinstance(node.get("$ref"), str):
                    waiting.append(follow(document, node["$ref"]))
    return list(seen.values())
