"""Match the old and new branches of `anyOf` and `oneOf`, and find the types that other branches accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tools.diff.keywords import Keywords, keywords_of, types_of
from tools.diff.places import WORDS, Place, spell_out

_WITHOUT_EFFECT = WORDS | {"discriminator", "default"}


@dataclass(frozen=True)
class Union:
    """A choice between schemas; a schema without a choice counts as a choice of one.

    Attributes:
        place: The schema.
        keyword: `anyOf`, `oneOf`, or empty for a schema without a choice.
        branches: The schemas.
        values: The value of the discriminator that leads to a branch, by the branch's reference.
    """

    place: Place
    keyword: str
    branches: Sequence[Place]
    values: dict[str, str]

    def plain_types(self) -> set[str]:
        """Return the JSON types for which one branch accepts every value."""
        if self.keyword == "oneOf":  # a value of two branches would not conform
            return set()
        branches = map(keywords_of, self.branches)
        return set[str]().union(
            *(types_of(keywords) for keywords in branches if keywords.keys() - _WITHOUT_EFFECT == {"type"})
        )


def _split_by_type(branch: Place) -> list[Place]:
    """Return one branch per type for a branch that is only a list of types, or the branch itself."""
    keywords = keywords_of(branch)
    types = keywords["type"].items() if keywords.keys() - WORDS == {"type"} else []
    return [Place(place.document, place.pointer, {"type": place.node}) for place in types] or [branch]


def union_of(schema: Place, keywords: Keywords, keyword: str = "") -> Union:
    """Return a schema's choice by this keyword, or by the one of the two that it has."""
    keyword = keyword or next((name for name in ("anyOf", "oneOf") if name in keywords), "")
    if not keyword:
        return Union(schema, "", [schema], {})
    mapping = keywords["discriminator"].child("mapping").children() if "discriminator" in keywords else {}
    values = {str(place.node): value for value, place in mapping.items()}
    return Union(keywords[keyword], keyword, keywords[keyword].items(), values)


def are_choices(before: Keywords, after: Keywords) -> bool:
    """Return whether one schema is only a choice, and the other is only a choice or contains none."""

    def choices(keywords: Keywords) -> bool:
        return bool(keywords.keys() & {"anyOf", "oneOf"})

    def is_only_a_choice(keywords: Keywords) -> bool:
        return keywords.keys() - _WITHOUT_EFFECT in ({"anyOf"}, {"oneOf"})

    only = [is_only_a_choice(before), is_only_a_choice(after)]
    return any(only) and all(
        is_only or not choices(keywords) for is_only, keywords in zip(only, (before, after), strict=True)
    )


def match_branches(old: Union, new: Union) -> list[tuple[Place | None, Place | None]]:
    """Pair the old and new branches by discriminator, by name, by content, and finally by order.

    A branch with several types counts as one branch for each type, because that accepts the same values.
    """
    pairs: list[tuple[Place | None, Place | None]] = []
    old_branches, new_branches = list(old.branches), list(new.branches)
    if "oneOf" not in (old.keyword, new.keyword):  # with `oneOf`, types must not overlap
        old_branches, new_branches = (
            [part for branch in branches for part in _split_by_type(branch)]
            for branches in (old_branches, new_branches)
        )
    discriminated = bool(old.values and new.values)

    def pair_by(name: Callable[[Place, Union], str]) -> None:
        for branch in tuple(old_branches):
            key = name(branch, old)
            matches = [candidate for candidate in new_branches if key and name(candidate, new) == key]
            if matches:
                pairs.append((branch, matches[0]))
                old_branches.remove(branch)
                new_branches.remove(matches[0])

    if discriminated:
        pair_by(lambda branch, union: union.values.get(branch.reference, ""))
    else:
        pair_by(lambda branch, _: branch.reference)
    pair_by(lambda branch, _: spell_out(branch))
    if discriminated:
        return [*pairs, *((branch, None) for branch in old_branches), *((None, branch) for branch in new_branches)]
    return [*pairs, *zip_longest(old_branches, new_branches)]


def all_types(branches: Iterable[Place | None]) -> set[str]:
    """Return the JSON types of the values that may conform to one of several schemas."""
    return set[str]().union(*(types_of(keywords_of(branch)) for branch in branches if branch))
