"""A node of a document together with where it is, so that each change can be told with its JSON Pointer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kling_elements_runtime.document import Node, escaped, references
from scripts.nodes import follow
from scripts.spec import SpecError

ABSENT: Final[Any] = object()
"""Stands where one of the documents has nothing; None is a JSON value."""

# Said to people and to generators of code: nothing that is sent depends on it.
WORDS = frozenset(
    {
        *("title", "summary", "description", "example", "examples", "externalDocs", "deprecated", "tags", "$comment"),
        *("links", "x-source", "x-expected", "x-hints", "x-excluded", "x-enum-varnames", "x-rules"),
    }
)


@dataclass(frozen=True)
class Place:
    """A node of a document.

    Attributes:
        document: The whole document.
        pointer: Where the node is.
        node: The node; `ABSENT` where there is none.
    """

    document: Node
    pointer: str
    node: Any

    def __bool__(self) -> bool:
        return self.node is not ABSENT

    @property
    def found_at(self) -> str:
        """The pointer; empty where there is no node."""
        return self.pointer if self else ""

    def child(self, name: str | int) -> Place:
        """What is below, by its name or index."""
        inner: Any = ABSENT
        if isinstance(self.node, dict):
            inner = self.node.get(name, ABSENT)
        elif isinstance(self.node, list) and isinstance(name, int):
            inner = self.node[name]
        return Place(self.document, f"{self.pointer}/{escaped(name)}", inner)

    def children(self) -> dict[str, Place]:
        """All that is below, by name; nothing where there is no mapping. A status may be written as a number."""
        names = self.node if isinstance(self.node, dict) else ()
        return {str(name): self.child(name) for name in names}

    def items(self) -> list[Place]:
        """The items of a list."""
        return [self.child(index) for index in range(len(self.node))] if isinstance(self.node, list) else []

    def resolved(self) -> Place:
        """The place itself, or the one that its chain of references ends at.

        Raises:
            SpecError: A reference leads nowhere, or round in a circle.
        """
        return list(self.chain())[-1]

    def chain(self) -> Iterator[Place]:
        """The place itself, and one after the other those that references lead to.

        Raises:
            SpecError: As `resolved`.
        """
        yield self
        try:
            for reference, node in references(self.document, self.node):
                yield Place(self.document, reference, node)
        except LookupError as error:
            raise SpecError(str(error)) from error

    @property
    def reference(self) -> str:
        """The reference that stands here; empty for none."""
        found = self.node.get("$ref") if isinstance(self.node, dict) else None
        return found if isinstance(found, str) else ""


# below these stand names, no keywords: a property may be called `title`
_NAMED = {"properties", "patternProperties", "dependentSchemas", "$defs", "mapping", "headers", "content", "variables"}
_DATA = {"const", "default", "enum"}


NOWHERE = Place({}, "", ABSENT)


def canonical(value: Any) -> str:
    """A text that is the same for equal JSON values; 1 and 1.0 are equal, 1 and true are not."""

    def normal(part: Any) -> Any:
        if isinstance(part, dict):
            return {str(name): normal(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [normal(inner) for inner in part]
        return int(part) if isinstance(part, float) and part.is_integer() else part

    return json.dumps(normal(value), sort_keys=True, default=str)


def spelled_out(place: Place) -> str:
    """A text that is the same for nodes that mean the same, by whichever references and in whichever words."""
    return canonical(_spelled(place.document, place.node, ()))


def differences(old: Place, new: Place) -> list[tuple[Place, Place]]:
    """The innermost places by which two nodes differ in what they mean."""
    if spelled_out(old) == spelled_out(new):
        return []
    go_in = isinstance(old.node, dict) and isinstance(new.node, dict) and not (old.reference or new.reference)
    names = dict.fromkeys([*old.node, *new.node]) if go_in else ()
    inner = [pair for name in names if name not in WORDS for pair in differences(old.child(name), new.child(name))]
    return inner or [(old, new)]


def _spelled(document: Node, node: Any, inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_spelled(document, item, inside) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in inside:
        target = _spelled(document, follow(document, reference), (*inside, reference))
        beside = {name: inner for name, inner in node.items() if name != "$ref"}
        return {**target, **_spelled(document, beside, inside)} if isinstance(target, dict) else target
    spelled = {}
    for name, inner in node.items():
        if name in _NAMED and isinstance(inner, dict):
            spelled[name] = {key: _spelled(document, each, inside) for key, each in inner.items()}
        elif name not in WORDS:
            spelled[name] = inner if name in _DATA else _spelled(document, inner, inside)
    return spelled
