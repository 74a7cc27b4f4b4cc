"""Every mutant of the OpenAPI file: the document with one constraint changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kling_elements_runtime.document import Node, pointer
from scripts.spec import SpecError
from tools.mutate.grammar import KINDS, NAMED_BY_OTHERS, Member

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutant:
    """The document with one constraint changed.

    Attributes:
        pointer: The constraint, as a reference into the document.
        change: What was done to it, in words.
        rule: The rule that it comes from, as in the nearest `x-source`; None where none is near.
        document: The whole document. It shares what is unchanged with the original: do not change it.
    """

    pointer: str
    change: str
    rule: str | None
    document: Node = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.pointer}: {self.change}"


def mutants(document: Node) -> Iterator[Mutant]:
    """Yield every mutant of a document.

    Raises:
        SpecError: The document has a member of which nobody has said what it constrains.
    """
    yield from _of_object(document, document, "document", (), None)


def _of_object(document: Node, node: Node, kind: str, path: Path, rule: str | None) -> Iterator[Mutant]:
    if kind != "schema" and "$ref" in node:
        return  # what it refers to is met at its own place, and whoever refers to it can lose it
    for name in node:
        member = Member(None, NAMED_BY_OTHERS[kind]) if kind in NAMED_BY_OTHERS else KINDS[kind].get(name)
        if member is None:
            raise SpecError(
                f"#{pointer(path)}: nobody has said what {name!r} constrains in an object of the kind {kind!r}; "
                "say so in tools/mutate/grammar.py"
            )
        here = (*path, name)
        if member.changes is not None:
            for words, changed in member.changes(node, name):
                own = _rule(node, name, rule)
                yield Mutant(f"#{pointer(here)}", words, own, replaced(document, path, changed))
        if member.kind is not None:
            for inner_path, inner in _within(node[name], member.holds, here):
                yield from _of_object(document, inner, member.kind, inner_path, _rule(node, name, rule))


def _within(value: Any, holds: str, path: Path) -> Iterator[tuple[Path, Node]]:
    if holds == "one":
        children = [(path, value)]
    else:
        children = [((*path, key), child) for key, child in (value.items() if holds == "map" else enumerate(value))]
    yield from ((where, child) for where, child in children if isinstance(child, dict))


def _rule(node: Node, name: str, around: str | None) -> str | None:
    source = node.get("x-source", around)
    return source.get(name, around) if isinstance(source, dict) else source


def replaced(node: Any, path: Path, value: Any) -> Any:
    """Return a value with another one at a path; what is beside the path is shared with the original."""
    if not path:
        return value
    first, *rest = path
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    copy[first] = replaced(node[first], tuple(rest), value)
    return copy
