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
        change: A description of the change.
        rule: The rule of the nearest `x-source`, or None if there is none.
        document: The whole document. Do not change it, because it shares all unchanged parts with the original.
    """

    pointer: str
    change: str
    rule: str | None
    document: Node = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """Return a name that no other mutant has."""
        return f"{self.pointer}: {self.change}"


def mutants(document: Node) -> Iterator[Mutant]:
    """Yield every mutant of a document.

    Raises:
        SpecError: If the document has a member that `grammar.py` does not list.
    """
    yield from _mutants_of_object(document, document, "document", (), None)


def _mutants_of_object(document: Node, node: Node, kind: str, path: Path, rule: str | None) -> Iterator[Mutant]:
    if kind != "schema" and "$ref" in node:
        return  # the target is changed at its own place, and the object around this one can lose the reference
    for name in node:
        member = Member(None, NAMED_BY_OTHERS[kind]) if kind in NAMED_BY_OTHERS else KINDS[kind].get(name)
        if member is None:
            raise SpecError(
                f"#{pointer(path)}: {name!r} is not known in an object of the kind {kind!r}; "
                "add it to tools/mutate/grammar.py, with the changes that its mutants make"
            )
        here = (*path, name)
        if member.changes is not None:
            for words, changed in member.changes(node, name):
                own_rule = _rule(node, name, rule)
                yield Mutant(f"#{pointer(here)}", words, own_rule, replace_at(document, path, changed))
        if member.kind is not None:
            for inner_path, inner in _within(node[name], member.holds, here):
                yield from _mutants_of_object(document, inner, member.kind, inner_path, _rule(node, name, rule))


def _within(value: Any, holds: str, path: Path) -> Iterator[tuple[Path, Node]]:
    if holds == "one":
        children = [(path, value)]
    else:
        children = [((*path, key), child) for key, child in (value.items() if holds == "map" else enumerate(value))]
    yield from ((child_path, child) for child_path, child in children if isinstance(child, dict))


def _rule(node: Node, name: str, around: str | None) -> str | None:
    source = node.get("x-source", around)
    return source.get(name, around) if isinstance(source, dict) else source


def replace_at(node: Any, path: Path, value: Any) -> Any:
    """Return a copy of a value with one part replaced. The copy shares all other parts with the original."""
    if not path:
        return value
    first, *others = path
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    copy[first] = replace_at(node[first], tuple(others), value)
    return copy
