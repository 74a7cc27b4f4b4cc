"""How one constraint can be changed: dropped, loosened by one, tightened by one, or made another.

Each function here takes the object that has a constraint and the constraint's name, and yields what was changed, in
words, with the object as it is then. The object itself is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from kling_elements_runtime.document import Node
from tools.mutate.patterns import variants

Change = tuple[str, Node]
Changes = Callable[[Node, str], Iterable[Change]]

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_THOUSANDTH = 0.001  # of a ratio; a picture of 4,000 px shows less
_FORMATS = {"uri": ("uri-reference", "iri"), "image-base64": (), "int64": ()}
_NEXT_NUMBER = re.compile(r"(.*?)(\d+)", re.DOTALL)


def without(node: Node, name: str) -> Node:
    """Return an object that lacks a member."""
    return {key: value for key, value in node.items() if key != name}


def dropped(node: Node, name: str) -> Iterator[Change]:
    """The constraint is missing."""
    yield "dropped", without(node, name)


def number(node: Node, name: str) -> Iterator[Change]:
    """A limit is missing, one lower, or one higher."""
    yield from dropped(node, name)
    yield from number_alone(node, name)


def number_alone(node: Node, name: str) -> Iterator[Change]:
    """A number that must be there is one lower or one higher."""
    value = node[name]
    for step in (-1, 1) if isinstance(value, int) else (-_THOUSANDTH, _THOUSANDTH):
        yield _to(node, name, round(value + step, 3))


def word(node: Node, name: str) -> Iterator[Change]:
    """A word is another one."""
    yield _to(node, name, neighbour(node[name]))


def word_or_none(node: Node, name: str) -> Iterator[Change]:
    """A word is missing, or another one."""
    yield from dropped(node, name)
    yield from word(node, name)


def one_of(*words: str) -> Changes:
    """The word is each of the others that it could be."""

    def changes(node: Node, name: str) -> Iterator[Change]:
        yield from (_to(node, name, other) for other in words if other != node[name])

    return changes


def flag(node: Node, name: str) -> Iterator[Change]:
    """Yes is no, and no is yes."""
    yield _to(node, name, not node[name])


def types(node: Node, name: str) -> Iterator[Change]:
    """Any type will do, one more will do, or one of several will not. Beside an enum or a constant it says nothing."""
    if {"enum", "const"} & node.keys():
        return
    several = isinstance(node[name], list)
    allowed: list[str] = node[name] if several else [node[name]]
    yield from dropped(node, name)
    for kind in _TYPES:
        if kind not in allowed and not (kind == "integer" and "number" in allowed):  # which is one
            yield f"also {kind}", {**node, name: [*allowed, kind]}
    for kind in allowed if several else ():
        yield f"without {kind}", {**node, name: [other for other in allowed if other != kind]}
    if "string" in allowed and not {"minLength", "pattern", "format"} & node.keys():
        yield "minLength: 1 added", {**node, "minLength": 1}


def constant(node: Node, name: str) -> Iterator[Change]:
    """Anything will do, another word will do too, or only another one will."""
    value = node[name]
    yield from dropped(node, name)
    yield f"also {neighbour(value)!r}", {**without(node, name), "enum": [value, neighbour(value)]}
    yield _to(node, name, neighbour(value))


def members(node: Node, name: str) -> Iterator[Change]:
    """One member of a list is missing, or one is too many."""
    found: list[Any] = node[name]
    yield from ((said, {**node, name: changed}) for said, changed in _lists(found, neighbour(found[-1])))


def words(more: str) -> Changes:
    """One word of a list is missing, or one is too many. A neighbour would be the same word in other letters."""

    def changes(node: Node, name: str) -> Iterator[Change]:
        yield from ((said, {**node, name: changed}) for said, changed in _lists(node[name], more))

    return changes


def lists_of_words(more: str | None = None) -> Changes:
    """Each list under a name is missing, or changed as `members`, or as `words` do where there is another word."""

    def changes(node: Node, name: str) -> Iterator[Change]:
        yield from members_of_object(node, name)
        for each, found in node[name].items():
            for said, changed in _lists(found, neighbour(found[-1]) if more is None else more):
                yield f"{each}: {said}", {**node, name: {**node[name], each: changed}}

    return changes


def _lists(found: list[Any], more: Any) -> Iterator[tuple[str, list[Any]]]:
    for index, member in enumerate(found):
        yield f"without {member!r}", [*found[:index], *found[index + 1 :]]
    yield f"also {more!r}", [*found, more]


def choice(node: Node, name: str) -> Iterator[Change]:
    """Anything will do, one member less will, or one more; a list of names keeps in step."""
    yield from dropped(without(node, "x-enum-varnames"), name)
    names = "x-enum-varnames"
    for words, changed in members(node, name):
        told = node.get(names)
        if told is None:
            yield words, changed
        else:
            by_value = dict(zip(node[name], told, strict=True))
            yield words, {**changed, names: [by_value.get(value, "ONE_MORE") for value in changed[name]]}


def names_of_values(node: Node, name: str) -> Iterator[Change]:
    """One value has another name."""
    told: list[str] = node[name]
    for index, each in enumerate(told):
        yield f"{each} -> {each}_X", {**node, name: [*told[:index], f"{each}_X", *told[index + 1 :]]}


def sizes(node: Node, name: str) -> Iterator[Change]:
    """One pair of sides is missing, one is too many, or a side is a pixel longer or shorter."""
    pairs: list[list[int]] = node[name]
    for index, pair in enumerate(pairs):
        yield f"without {pair}", {**node, name: [*pairs[:index], *pairs[index + 1 :]]}
        for side in range(len(pair)):
            for step in (-1, 1):
                changed = [value + step * (at == side) for at, value in enumerate(pair)]
                yield f"{pair} -> {changed}", {**node, name: [*pairs[:index], changed, *pairs[index + 1 :]]}
    square = [pairs[0][1]] * 2
    yield f"also {square}", {**node, name: [*pairs, square]}


def pattern(node: Node, name: str) -> Iterator[Change]:
    """Any text will do, or one part of the pattern is another."""
    yield from dropped(node, name)
    yield from (_to(node, name, variant) for variant in variants(node[name]))


def format_(node: Node, name: str) -> Iterator[Change]:
    """Any text will do, or another format is asked for that has this one among it."""
    yield from dropped(node, name)
    yield from (_to(node, name, other) for other in _FORMATS[node[name]])


def required(node: Node, name: str) -> Iterator[Change]:
    """Nothing is required, one property less is, or one more."""
    needed: list[str] = node[name]
    yield from dropped(node, name)
    if len(needed) > 1:
        yield from (
            (f"without {each}", {**node, name: [other for other in needed if other != each]}) for each in needed
        )
    yield from ((f"also {each}", {**node, name: [*needed, each]}) for each in node["properties"] if each not in needed)


def additional(node: Node, name: str) -> Iterator[Change]:
    """What was closed is open, and what was open is closed. To leave `true` out says the same."""
    if node[name] is False:
        yield from dropped(node, name)
    yield from flag(node, name)


def members_of_object(node: Node, name: str) -> Iterator[Change]:
    """One member of the object is missing."""
    yield from ((f"without {each}", {**node, name: without(node[name], each)}) for each in node[name])


def items(node: Node, name: str) -> Iterator[Change]:
    """Anything may be in the list, nothing may be there twice, or something must be there."""
    yield from dropped(node, name)
    if "uniqueItems" not in node:
        yield "uniqueItems added", {**node, "uniqueItems": True}
    if "minItems" not in node:
        yield "minItems: 1 added", {**node, "minItems": 1}


def branches(node: Node, name: str) -> Iterator[Change]:
    """One branch is missing, or none is asked for."""
    found: list[Any] = node[name]
    yield from dropped(node, name)
    for index, branch in enumerate(found):
        told = branch.get("$ref", branch.get("type", index))
        yield f"without {told}", {**node, name: [*found[:index], *found[index + 1 :]]}


def mapping(node: Node, name: str) -> Iterator[Change]:
    """One value leads nowhere, or two lead to each other's branch."""
    yield from members_of_object(node, name)
    keys = list(node[name])
    for one, other in pairwise(keys):
        swapped = {**node[name], one: node[name][other], other: node[name][one]}
        yield f"{one} and {other} swapped", {**node, name: swapped}


def excluded(node: Node, name: str) -> Iterator[Change]:
    """A property of another branch is told to be unknown, or to break another rule."""
    yield from members_of_object(node, name)
    for each, rule in node[name].items():
        yield f"{each}: {rule} -> {neighbour(rule)}", {**node, name: {**node[name], each: neighbour(rule)}}


def pointers(*others: str) -> Changes:
    """One of the places is missing, or there is one more of those that are known."""

    def changes(node: Node, name: str) -> Iterator[Change]:
        found: list[str] = node[name]
        for each in found:
            yield f"without {each}", {**node, name: [other for other in found if other != each]}
        for each in others:
            if each not in found:
                yield f"also {each}", {**node, name: [*found, each]}

    return changes


def security(node: Node, name: str) -> Iterator[Change]:
    """No credentials are needed, none will do too, or some are."""
    asked: list[Node] = node[name]
    yield from dropped(node, name)
    if asked:
        yield "nothing asked for", {**node, name: []}
        yield "also without", {**node, name: [*asked, {}]}
    else:
        yield "a token asked for", {**node, name: [{"bearerToken": []}]}


def required_body(node: Node, name: str) -> Iterator[Change]:
    """A body may be left out."""
    yield from dropped(node, name)
    yield from flag(node, name)


def renamed(node: Node, name: str) -> Iterator[Change]:
    """Each member of an object is missing, or has a neighbour's name."""
    yield from members_of_object(node, name)
    for each in node[name]:
        other = neighbour(each)
        changed = {other if key == each else key: value for key, value in node[name].items()}
        if other not in node[name]:
            yield f"{each} -> {other}", {**node, name: changed}


def neighbour(value: Any) -> Any:
    """Return a value that comes next to another: one more, or the word in the other case."""
    if isinstance(value, int):
        return value + 1
    if found := _NEXT_NUMBER.fullmatch(value):
        return f"{found[1]}{int(found[2]) + 1:0{len(found[2])}}"
    return value.upper() if value != value.upper() else value.lower()


def _to(node: Node, name: str, value: Any) -> Change:
    return f"{node[name]!r} -> {value!r}", {**node, name: value}
