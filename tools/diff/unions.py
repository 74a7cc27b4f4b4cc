"""The branches of `anyOf` and `oneOf`: which of the old ones is which of the new ones, and what others let through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tools.diff.keywords import Keywords, keywords_of, types_of
from tools.diff.places import WORDS, Place, spelled_out

_SAYS_NOTHING = WORDS | {"discriminator", "default"}


@dataclass(frozen=True)
class Union:
    """A choice between schemas; a schema that is none is a choice of one.

    Attributes:
        place: The schema.
        keyword: `anyOf`, `oneOf`, or empty for a schema that is none.
        branches: The schemas.
        values: Which value of the discriminator leads to which branch, by the branch's reference.
    """

    place: Place
    keyword: str
    branches: Sequence[Place]
    values: dict[str, str]

    def plain_types(self) -> set[str]:
        """The JSON types of which one branch alone lets every value through."""
        if self.keyword == "oneOf":  # a value of two branches would not conform
            return set()
        said = map(keywords_of, self.branches)
        return set[str]().union(*(types_of(each) for each in said if each.keys() - _SAYS_NOTHING == {"type"}))


def _each_type(branch: Place) -> list[Place]:
    """Return a branch for each type of one that says nothing but several types, or else the branch itself."""
    said = keywords_of(branch)
    types = said["type"].items() if said.keys() - WORDS == {"type"} else []
    return [Place(each.document, each.pointer, {"type": each.node}) for each in types] or [branch]


def union_of(schema: Place, keywords: Keywords, keyword: str = "") -> Union:
    """The choice that a schema is, or that one of its keywords is."""
    keyword = keyword or next((name for name in ("anyOf", "oneOf") if name in keywords), "")
    if not keyword:
        return Union(schema, "", [schema], {})
    mapping = keywords["discriminator"].child("mapping").children() if "discriminator" in keywords else {}
    values = {str(place.node): value for value, place in mapping.items()}
    return Union(keywords[keyword], keyword, keywords[keyword].items(), values)


def are_choices(before: Keywords, after: Keywords) -> bool:
    """Whether one schema says nothing but a choice, and the other either does so too or has none."""

    def choices(keywords: Keywords) -> bool:
        return bool(keywords.keys() & {"anyOf", "oneOf"})

    alone = [each.keys() - _SAYS_NOTHING in ({"anyOf"}, {"oneOf"}) for each in (before, after)]
    return any(alone) and all(one or not choices(each) for one, each in zip(alone, (before, after), strict=True))


def matched(old: Union, new: Union) -> list[tuple[Place | None, Place | None]]:
    """The branches of both by pairs: by the discriminator, by their names, by what they say, and at last by order.

    Several types in one branch are a branch each, as they accept the same so.
    """
    pairs: list[tuple[Place | None, Place | None]] = []
    left, right = list(old.branches), list(new.branches)
    if "oneOf" not in (old.keyword, new.keyword):  # where it is, types may not overlap
        left, right = ([each for branch in branches for each in _each_type(branch)] for branches in (left, right))
    discriminated = bool(old.values and new.values)

    def pair_by(name: Callable[[Place, Union], str]) -> None:
        for branch in tuple(left):
            key = name(branch, old)
            same = [other for other in right if key and name(other, new) == key]
            if same:
                pairs.append((branch, same[0]))
                left.remove(branch)
                right.remove(same[0])

    if discriminated:
        pair_by(lambda branch, union: union.values.get(branch.reference, ""))
    else:
        pair_by(lambda branch, _: branch.reference)
    pair_by(lambda branch, _: spelled_out(branch))
    if discriminated:
        return [*pairs, *((branch, None) for branch in left), *((None, branch) for branch in right)]
    return [*pairs, *zip_longest(left, right)]


def all_types(branches: Iterable[Place | None]) -> set[str]:
    """The JSON types of the values that may conform to one of several schemas."""
    return set[str]().union(*(types_of(keywords_of(branch)) for branch in branches if branch))
