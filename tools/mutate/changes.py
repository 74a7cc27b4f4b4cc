"""Change one constraint: drop it, loosen it by one, tighten it by one, or replace it.

Each function takes an object with a constraint, and the name of the constraint. It yields pairs: a description of the
change, and a changed copy of the object.
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
_THOUSANDTH = 0.001  # of a ratio; a picture of 4,000 px can show less
_FORMATS = {"uri": ("uri-reference", "iri"), "image-base64": (), "int64": ()}
_NEXT_NUMBER = re.compile(r"(.*?)(\d+)", re.DOTALL)


def without(node: Node, name: str) -> Node:
    """Return an object that lacks a member."""
    return {key: value for key, value in node.items() if key != name}


def drop(node: Node, name: str) -> Iterator[Change]:
    """Drop the constraint."""
    yield "dropped", without(node, name)


def change_number(node: Node, name: str) -> Iterator[Change]:
    """Drop a limit, lower it by one, or raise it by one."""
    yield from drop(node, name)
    yield from change_required_number(node, name)


def change_required_number(node: Node, name: str) -> Iterator[Change]:
    """Lower or raise a required number by one."""
    value = node[name]
    for step in (-1, 1) if isinstance(value, int) else (-_THOUSANDTH, _THOUSANDTH):
        yield _to(node, name, round(value + step, 3))


def change_word(node: Node, name: str) -> Iterator[Change]:
    """Replace a required word with its neighbour."""
    yield _to(node, name, neighbour(node[name]))


def drop_or_change_word(node: Node, name: str) -> Iterator[Change]:
    """Drop a word, or replace it."""
    yield from drop(node, name)
    yield from change_word(node, name)


def change_to_other(*words: str) -> Changes:
    """Return changes that replace the word with each of the others."""

    def changes(node: Node, name: str) -> Iterator[Change]:
        yield from (_to(node, name, word) for word in words if word != node[name])

    return changes


def flip(node: Node, name: str) -> Iterator[Change]:
    """Change true to false, or false to true."""
    yield _to(node, name, not node[name])


def change_types(node: Node, name: str) -> Iterator[Change]:
    """Drop the types, add one, or remove one of several. They have no effect beside an enum or a constant."""
    if {"enum", "const"} & node.keys():
        return
    several = isinstance(node[name], list)
    allowed: list[str] = node[name] if several else [node[name]]
    yield from drop(node, name)
    for kind in _TYPES:
        if kind not in allowed and not (kind == "integer" and "number" in allowed):  # which includes integers
            yield f"also {kind}", {**node, name: [*allowed, kind]}
    for kind in allowed if several else ():
        yield f"without {kind}", {**node, name: [kept_kind for kept_kind in allowed if kept_kind != kind]}
    if "string" in allowed and not {"minLength", "pattern", "format"} & node.keys():
        yield "minLength: 1 added", {**node, "minLength": 1}


def change_constant(node: Node, name: str) -> Iterator[Change]:
    """Drop the constant, also allow another word, or replace it."""
    value = node[name]
    yield from drop(node, name)
    yield f"also {neighbour(value)!r}", {**without(node, name), "enum": [value, neighbour(value)]}
    yield _to(node, name, neighbour(value))


def change_members(node: Node, name: str) -> Iterator[Change]:
    """Remove one member of a list, or add one."""
    values: list[Any] = node[name]
    yield from _with_lists(node, name, _lists(values, neighbour(values[-1])))


def change_words(extra_word: str) -> Changes:
    """Return changes that remove one word of a list, or add another.

    A neighbour would change nothing, because it would be the same word in another case.
    """

    def changes(node: Node, name: str) -> Iterator[Change]:
        yield from _with_lists(node, name, _lists(node[name], extra_word))

    return changes


def change_word_lists(extra_word: str | None = None) -> Changes:
    """Return changes that drop or change each list of a map.

    If you pass a word, a list changes as with `change_words`, and otherwise as with `change_members`.
    """

    def changes(node: Node, name: str) -> Iterator[Change]:
        yield from remove_members(node, name)
        for key, values in node[name].items():
            for description, changed in _lists(values, neighbour(values[-1]) if extra_word is None else extra_word):
                yield f"{key}: {description}", {**node, name: {**node[name], key: changed}}

    return changes


def _lists(values: list[Any], extra_word: Any) -> Iterator[tuple[str, list[Any]]]:
    for index, value in enumerate(values):
        yield f"without {value!r}", [*values[:index], *values[index + 1 :]]
    yield f"also {extra_word!r}", [*values, extra_word]


def _with_lists(node: Node, name: str, lists: Iterable[tuple[str, list[Any]]]) -> Iterator[Change]:
    yield from ((description, {**node, name: changed}) for description, changed in lists)


def change_enum(node: Node, name: str) -> Iterator[Change]:
    """Drop an enum, remove a value, or add one, together with the names of the values."""
    yield from drop(without(node, "x-enum-varnames"), name)
    value_names = node.get("x-enum-varnames")
    for description, changed in change_members(node, name):
        if value_names is None:
            yield description, changed
        else:
            by_value = dict(zip(node[name], value_names, strict=True))
            changed_names = [by_value.get(value, "ONE_MORE") for value in changed[name]]
            yield description, {**changed, "x-enum-varnames": changed_names}


def rename_values(node: Node, name: str) -> Iterator[Change]:
    """Rename one value."""
    names: list[str] = node[name]
    for index, old in enumerate(names):
        yield f"{old} -> {old}_X", {**node, name: [*names[:index], f"{old}_X", *names[index + 1 :]]}


def change_sizes(node: Node, name: str) -> Iterator[Change]:
    """Remove a pair of sides, add one, or make a side a pixel longer or shorter."""
    pairs: list[list[int]] = node[name]
    for index, pair in enumerate(pairs):
        yield f"without {pair}", {**node, name: [*pairs[:index], *pairs[index + 1 :]]}
        for side in range(len(pair)):
            for step in (-1, 1):
                changed = [value + step * (at == side) for at, value in enumerate(pair)]
                yield f"{pair} -> {changed}", {**node, name: [*pairs[:index], changed, *pairs[index + 1 :]]}
    square = [pairs[0][1]] * 2
    yield f"also {square}", {**node, name: [*pairs, square]}


def change_pattern(node: Node, name: str) -> Iterator[Change]:
    """Drop the pattern, or change one part of it."""
    yield from drop(node, name)
    yield from (_to(node, name, variant) for variant in variants(node[name]))


def change_format(node: Node, name: str) -> Iterator[Change]:
    """Drop the format, or replace it by a wider one."""
    yield from drop(node, name)
    yield from (_to(node, name, wider_format) for wider_format in _FORMATS[node[name]])


def change_required(node: Node, name: str) -> Iterator[Change]:
    """Require nothing, one property less, or one property more."""
    needed: list[str] = node[name]
    yield from drop(node, name)
    if len(needed) > 1:
        yield from (
            (f"without {key}", {**node, name: [kept_key for kept_key in needed if kept_key != key]}) for key in needed
        )
    yield from ((f"also {key}", {**node, name: [*needed, key]}) for key in node["properties"] if key not in needed)


def change_additional(node: Node, name: str) -> Iterator[Change]:
    """Open a closed object, or close an open one. Dropping `true` would change nothing."""
    if node[name] is False:
        yield from drop(node, name)
    yield from flip(node, name)


def remove_members(node: Node, name: str) -> Iterator[Change]:
    """Remove one member of the object."""
    yield from ((f"without {key}", {**node, name: without(node[name], key)}) for key in node[name])


def change_items(node: Node, name: str) -> Iterator[Change]:
    """Allow any items, forbid duplicates, or require an item."""
    yield from drop(node, name)
    if "uniqueItems" not in node:
        yield "uniqueItems added", {**node, "uniqueItems": True}
    if "minItems" not in node:
        yield "minItems: 1 added", {**node, "minItems": 1}


def remove_branches(node: Node, name: str) -> Iterator[Change]:
    """Remove one branch, or all of them."""
    alternatives: list[Any] = node[name]
    yield from drop(node, name)
    for index, branch in enumerate(alternatives):
        title = branch.get("$ref", branch.get("type", index))
        yield f"without {title}", {**node, name: [*alternatives[:index], *alternatives[index + 1 :]]}


def change_mapping(node: Node, name: str) -> Iterator[Change]:
    """Remove the branch of one value, or swap the branches of two values."""
    yield from remove_members(node, name)
    keys = list(node[name])
    for one, other in pairwise(keys):
        swapped = {**node[name], one: node[name][other], other: node[name][one]}
        yield f"{one} and {other} swapped", {**node, name: swapped}


def change_excluded(node: Node, name: str) -> Iterator[Change]:
    """Drop another branch's property, or give it another rule."""
    yield from remove_members(node, name)
    for key, rule in node[name].items():
        yield f"{key}: {rule} -> {neighbour(rule)}", {**node, name: {**node[name], key: neighbour(rule)}}


def change_pointers(*possible_places: str) -> Changes:
    """Return changes that remove one of the pointers, or add one of the possible ones."""

    def changes(node: Node, name: str) -> Iterator[Change]:
        present: list[str] = node[name]
        for place in present:
            yield f"without {place}", {**node, name: [kept_place for kept_place in present if kept_place != place]}
        for place in possible_places:
            if place not in present:
                yield f"also {place}", {**node, name: [*present, place]}

    return changes


def change_security(node: Node, name: str) -> Iterator[Change]:
    """Require no credentials, make them optional, or require some."""
    requirements: list[Node] = node[name]
    yield from drop(node, name)
    if requirements:
        yield "no credentials required", {**node, name: []}
        yield "credentials optional", {**node, name: [*requirements, {}]}
    else:
        yield "a token required", {**node, name: [{"bearerToken": []}]}


def make_body_optional(node: Node, name: str) -> Iterator[Change]:
    """Make the body optional."""
    yield from drop(node, name)
    yield from flip(node, name)


def rename_members(node: Node, name: str) -> Iterator[Change]:
    """Remove each member of an object, or give it a similar name."""
    yield from remove_members(node, name)
    for old in node[name]:
        new = neighbour(old)
        changed = {new if key == old else key: value for key, value in node[name].items()}
        if new not in node[name]:
            yield f"{old} -> {new}", {**node, name: changed}


def neighbour(value: Any) -> Any:
    """Return a value's neighbour: the next higher number, or the word in the other case."""
    if isinstance(value, int):
        return value + 1
    if match := _NEXT_NUMBER.fullmatch(value):
        return f"{match[1]}{int(match[2]) + 1:0{len(match[2])}}"
    return value.upper() if value != value.upper() else value.lower()


def _to(node: Node, name: str, value: Any) -> Change:
    return f"{node[name]!r} -> {value!r}", {**node, name: value}
