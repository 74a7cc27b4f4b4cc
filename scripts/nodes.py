"""Follow references in an OpenAPI document, and find its schemas. Failures raise `SpecError`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kling_elements_runtime import document as document_
from scripts.spec import Node, SpecError


@contextmanager
def _as_spec_error() -> Iterator[None]:
    """Raise SpecError if a place does not exist."""
    try:
        yield
    except LookupError as error:
        raise SpecError(str(error)) from error


follow = _as_spec_error()(document_.follow)
resolve = _as_spec_error()(document_.resolve)


def schemas(document: Node) -> Iterator[tuple[str, Node]]:
    """Yield every schema object with its JSON Pointer."""
    starts = [
        (place, node)
        for place, node in document_.walk(document)
        if isinstance(node, dict) and re.fullmatch(r"#/components/schemas/[^/]+|.*/schema", place)
    ]
    for place, node in starts:
        yield from _with_subschemas(place, node)


def _with_subschemas(place: str, schema: Node) -> Iterator[tuple[str, Node]]:
    yield place, schema
    for steps, inner in document_.subschemas(schema):
        yield from _with_subschemas(place + document_.pointer(steps), inner)


def reachable(document: Node, starts: list[Any]) -> list[Node]:
    """Return every object that some nodes contain or refer to, directly or indirectly."""
    waiting = list(starts)
    seen: dict[int, Node] = {}
    while waiting:
        for _, node in document_.walk(waiting.pop()):
            if isinstance(node, dict) and id(node) not in seen:
                seen[id(node)] = node
                if isinstance(node.get("$ref"), str):
                    waiting.append(follow(document, node["$ref"]))
    return list(seen.values())
