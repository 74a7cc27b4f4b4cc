"""The nodes of an OpenAPI document: how they are followed, with the errors of this folder."""

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
        return document_.resolve(document, node)
    except LookupError as error:
        raise SpecError(str(error)) from error


def schemas(document: Node) -> Iterator[tuple[str, Node]]:
    """Yield every schema object with its place."""
    starts = [
        (where, node)
        for where, node in document_.walk(document)
        if isinstance(node, dict) and re.fullmatch(r"#/components/schemas/[^/]+|.*/schema", where)
    ]
    for where, node in starts:
        yield from _with_subschemas(where, node)


def _with_subschemas(where: str, schema: Node) -> Iterator[tuple[str, Node]]:
    yield where, schema
    for steps, inner in document_.subschemas(schema):
        yield from _with_subschemas(where + document_.pointer(steps), inner)


def reachable(document: Node, starts: list[Any]) -> list[Node]:
    """Return the objects that some nodes lead to, through references."""
    waiting = list(starts)
    seen: dict[int, Node] = {}
    while waiting:
        for _, node in document_.walk(waiting.pop()):
            if isinstance(node, dict) and id(node) not in seen:
                seen[id(node)] = node
                if isinstance(node.get("$ref"), str):
                    waiting.append(follow(document, node["$ref"]))
    return list(seen.values())
