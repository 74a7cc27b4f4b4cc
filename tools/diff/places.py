"""A node of a document with its JSON Pointer, so that each change can show its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kling_elements_runtime.document import Node, escape, references
from scripts.nodes import follow
from scripts.spec import SpecError

ABSENT: Final[Any] = object()
"""The value where one of the documents has nothing; None is a JSON value."""

# For people and code generators: no request and no response depends on these.
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
        pointer: The JSON Pointer of the node.
        node: The node, or `ABSENT`.
    """

    document: Node
    pointer: str
    node: Any

    def __bool__(self) -> bool:
        return self.node is not ABSENT

    @property
    def pointer_or_empty(self) -> str:
        """Return the pointer, or an empty string if there is no node."""
        return self.pointer if self else ""

    def child(self, name: str | int) -> Place:
        """Return the place of a member or item, by name or index."""
        inner: Any = ABSENT
        if isinstance(self.node, dict):
            inner = self.node.get(name, ABSENT)
        elif isinstance(self.node, list) and isinstance(name, int):
            inner = self.node[name]
        return Place(self.document, f"{self.pointer}/{escape(name)}", inner)

    def children(self) -> dict[str, Place]:
        """Return the members by name, or nothing if the node is not a mapping. YAML numbers in names become strings."""
        names = self.node if isinstance(self.node, dict) else ()
        return {str(name): self.child(name) for name in names}

    def items(self) -> list[Place]:
        """Return a list's items, or nothing if the node is not a list."""
        return [self.child(index) for index in range(len(self.node))] if isinstance(self.node, list) else []

    def resolve(self) -> Place:
        """Return the place at the end of the chain of references, or the place itself.

        Raises:
            SpecError: A reference leads nowhere, or in a circle.
        """
        return list(self.reference_chain())[-1]

    def reference_chain(self) -> Iterator[Place]:
        """Yield the place itself, and then each place that references lead to.

        Raises:
            SpecError: As `resolve`.
        """
        yield self
        try:
            for reference, node in references(self.document, self.node):
                yield Place(self.document, reference, node)
        except LookupError as error:
            raise SpecError(str(error)) from error

    @property
    def reference(self) -> str:
        """Return the node's `$ref`, or an empty string if it has none."""
        reference = self.node.get("$ref") if isinstance(self.node, dict) else None
        return reference if isinstance(reference, str) else ""


# the members of these are names, not keywords: a property may be called `title`
_NAMED = {"properties", "patternProperties", "dependentSchemas", "$defs", "mapping", "headers", "content", "variables"}
_DATA = {"const", "default", "enum"}


NOWHERE = Place({}, "", ABSENT)


def canonical_json(value: Any) -> str:
    """Return a string that is the same for equal JSON values. 1 equals 1.0, but not true."""

    def normal(part: Any) -> Any:
        if isinstance(part, dict):
            return {str(name): normal(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [normal(inner) for inner in part]
        return int(part) if isinstance(part, float) and part.is_integer() else part

    return json.dumps(normal(value), sort_keys=True, default=str)


def spell_out(place: Place) -> str:
    """Return a string that is the same for nodes of the same meaning, without references and descriptions."""
    return canonical_json(_spell_out(place.document, place.node, ()))


def differences(old: Place, new: Place) -> list[tuple[Place, Place]]:
    """Return the innermost places where two nodes differ in meaning."""
    if spell_out(old) == spell_out(new):
        return []
    is_comparable = isinstance(old.node, dict) and isinstance(new.node, dict) and not (old.reference or new.reference)
    members = dict.fromkeys([*old.node, *new.node]) if is_comparable else ()
    inner = [pair for name in members if name not in WORDS for pair in differences(old.child(name), new.child(name))]
    return inner or [(old, new)]


def _spell_out(document: Node, node: Any, inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_spell_out(document, item, inside) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in inside:
        target = _spell_out(document, follow(document, reference), (*inside, reference))
        beside = {name: inner for name, inner in node.items() if name != "$ref"}
        return {**target, **_spell_out(document, beside, inside)} if isinstance(target, dict) else target
    spelled = {}
    for name, inner in node.items():
        if name in _NAMED and isinstance(inner, dict):
            spelled[name] = {key: _spell_out(document, member, inside) for key, member in inner.items()}
        elif name not in WORDS:
            spelled[name] = inner if name in _DATA else _spell_out(document, inner, inside)
    return spelled
