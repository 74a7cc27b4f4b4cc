"""Two schemas, keyword by keyword, through references and down to every property."""

from __future__ import annotations

from tools.diff import keywords as kw
from tools.diff.changes import Changes, Effect, Use
from tools.diff.keywords import Keywords, allowed_of, keywords_of, types_of
from tools.diff.places import ABSENT, NOWHERE, WORDS, Place, canonical, differences
from tools.diff.unions import Union, all_types, are_choices, matched, union_of

# compared by methods of their own, as they say something together
_TOGETHER = {
    "type",
    "const",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "anyOf",
    "oneOf",
    "discriminator",
}


class SchemaComparison:
    """Compares pairs of schemas, each pair once for each use."""

    def __init__(self, changes: Changes) -> None:
        """Takes what collects the changes."""
        self._add = changes.add
        self._compared = set[tuple[str, str, Use | None]]()

    def compare(self, old: Place, new: Place, use: Use | None) -> None:
        """Finds what changed between two schemas.

        Args:
            old: The schema in the old document.
            new: The schema in the new one.
            use: In what; None where another branch of a choice lets everything through anyway.
        """
        both = (old.pointer, new.pointer, use)
        if both in self._compared:
            return
        self._compared.add(both)
        before, after = keywords_of(old), keywords_of(new)
        self._compare_discriminators(before, after, use)
        if are_choices(before, after):
            self._compare_keyword("default", before, after, use)
            self._compare_unions(union_of(old, before), union_of(new, after), use)
            return
        self._compare_values(before, after, use)
        self._compare_objects(before, after, use)
        for name in dict.fromkeys([*before, *after]):
            if name not in WORDS | _TOGETHER:
                self._compare_keyword(name, before, after, use)
        for name in ("anyOf", "oneOf"):
            if name in before and name in after:
                self._compare_unions(union_of(old, before, name), union_of(new, after, name), use)
            else:
                self._compare_assertions(*pair(name, before, after), use)

    def _compare_keyword(self, name: str, before: Keywords, after: Keywords, use: Use | None) -> None:
        old, new = pair(name, before, after)
        if name in kw.UPPER | kw.LOWER:
            self._add(old, new, kw.of_bounds(old.node, new.node, upper=name in kw.UPPER), use)
        elif name in kw.ASSERTIONS:
            self._compare_assertions(old, new, use)
        elif name in kw.MEDIA:
            self.compare_media(old, new, use)
        elif name == "items":
            self._compare_inner(old, new, use)
        elif name == "default":
            self._compare_defaults(old, new, use, constant="const" in after)
        else:  # x-envelope, and what is not known here
            for inner_old, inner_new in differences(old, new):
                self._add(inner_old, inner_new, Effect.OTHER, use)

    def _compare_assertions(self, old: Place, new: Place, use: Use | None) -> None:
        self._add(old, new, kw.of_assertions(old.node, new.node), use)

    def compare_media(self, old: Place, new: Place, use: Use | None) -> None:
        """Finds what changed in an extension with numbers."""
        for before, after, effect in kw.of_media(old, new):
            self._add(before, after, effect, use)

    def _compare_inner(self, old: Place, new: Place, use: Use | None) -> None:
        if old and new:
            self.compare(old, new, use)
        else:
            self._add(old, new, kw.of_presence(bool(old), bool(new)), use)

    def _compare_defaults(self, old: Place, new: Place, use: Use | None, *, constant: bool) -> None:
        """What is left out now stands for another value; where there is but one value, it stands for that."""
        if not constant and canonical(old.node) != canonical(new.node):
            gone = Effect.REMOVED if old else Effect.NONE
            self._add(old, new, gone | (Effect.ADDED if new else Effect.NONE), use)

    def _compare_values(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        if "type" in before or "type" in after:
            self._add(*pair("type", before, after), kw.of_sets(types_of(before), types_of(after)), use)
        old, new = ("const" if "const" in each else "enum" for each in (before, after))
        places = pair(old, before, after)[0], pair(new, before, after)[1]
        allowed = allowed_of(before), allowed_of(after)
        if allowed[0] is None or allowed[1] is None:
            self._add(*places, kw.of_presence(bool(places[0]), bool(places[1])), use)
            return
        texts = [{canonical(value): value for value in each or ()} for each in allowed]
        gone = [value for text, value in texts[0].items() if text not in texts[1]]
        come = [value for text, value in texts[1].items() if text not in texts[0]]
        shown = gone or ABSENT, come or ABSENT
        self._add(*places, kw.of_sets({*texts[0]}, {*texts[1]}), use, shown)

    def _compare_objects(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        old, new = pair("required", before, after)
        required = [set(each.node if each else ()) for each in (old, new)]
        shown = sorted(required[0] - required[1]) or ABSENT, sorted(required[1] - required[0]) or ABSENT
        # the more is required, the less conforms
        self._add(old, new, kw.of_sets(required[1], required[0]), use, shown)

        more_before, more_after = pair("additionalProperties", before, after)
        if isinstance(more_before.node, dict) and isinstance(more_after.node, dict):
            self.compare(more_before, more_after, use)
        else:
            openness = [_openness(each) for each in (more_before, more_after)]
            self._add(more_before, more_after, kw.of_bounds(*openness, upper=True), use)

        were, are = (each.children() for each in pair("properties", before, after))
        for name in dict.fromkeys([*were, *are]):
            property_before, property_after = pair(name, were, are)
            if property_before and property_after:
                self.compare(property_before, property_after, use)
            elif property_before:
                refused = Effect.NARROWER if more_after.node is False else Effect.NONE
                self._add(property_before, property_after, Effect.REMOVED | refused, use)
            else:
                was_refused = more_before.node is False
                self._add(property_before, property_after, Effect.WIDER if was_refused else Effect.ADDED, use)

    def _compare_discriminators(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        """The branches tell what conforms; only by what they are told apart is told here."""
        old, new = (each.child("propertyName") for each in pair("discriminator", before, after))
        if old and new:
            self._compare_assertions(old, new, use)

    def _compare_unions(self, old: Union, new: Union, use: Use | None) -> None:
        if old.keyword and new.keyword and old.keyword != new.keyword:
            effect = Effect.WIDER if new.keyword == "anyOf" else Effect.NARROWER
            self._add(old.place, new.place, effect, use, (old.keyword, new.keyword))
        plain_before, plain_after = old.plain_types(), new.plain_types()
        for before, after in matched(old, new):
            # a word more in an enum changes nothing where every text conforms by another branch
            covered = (plain_before if after else plain_after) & (plain_after if before else plain_before)
            use_here = None if all_types((before, after)) <= covered else use
            if before and after:
                self.compare(before, after, use_here)
            else:
                self._add(before or NOWHERE, after or NOWHERE, kw.of_presence(bool(after), bool(before)), use_here)


def pair(name: str, before: Keywords, after: Keywords) -> tuple[Place, Place]:
    """The places of a keyword in both; one where it is not is absent."""
    return before.get(name, NOWHERE), after.get(name, NOWHERE)


def _openness(additional: Place) -> int:
    """How much an object lets through besides its properties: nothing, what a schema says, or everything."""
    if additional.node is False:
        return 0
    return 1 if isinstance(additional.node, dict) and additional.node else 2
