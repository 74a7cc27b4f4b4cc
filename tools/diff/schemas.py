"""Compare two schemas, keyword by keyword, through references and down to every property."""

from __future__ import annotations

from tools.diff import keywords as kw
from tools.diff.changes import Changes, Effect, Use
from tools.diff.keywords import Keywords, allowed_values, keywords_of, types_of
from tools.diff.places import ABSENT, NOWHERE, WORDS, Place, canonical_json, differences
from tools.diff.unions import Union, all_types, are_choices, match_branches, union_of

# compared by separate methods, because their meanings depend on each other
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
        """Create a comparison that adds its changes to a collection."""
        self._add = changes.add
        self._compared = set[tuple[str, str, Use | None]]()

    def compare(self, old: Place, new: Place, use: Use | None) -> None:
        """Compare two schemas.

        Args:
            old: The schema in the old document.
            new: The schema in the new one.
            use: Where they are used, or None if another branch of a choice accepts every value anyway.
        """
        comparison = (old.pointer, new.pointer, use)
        if comparison in self._compared:
            return
        self._compared.add(comparison)
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
            self._add(old, new, kw.effect_of_bounds(old.node, new.node, upper=name in kw.UPPER), use)
        elif name in kw.ASSERTIONS:
            self._compare_assertions(old, new, use)
        elif name in kw.MEDIA:
            self.compare_media(old, new, use)
        elif name == "items":
            self._compare_inner(old, new, use)
        elif name == "default":
            self._compare_defaults(old, new, use, constant="const" in after)
        else:  # x-envelope, and keywords that are unknown here
            for inner_old, inner_new in differences(old, new):
                self._add(inner_old, inner_new, Effect.OTHER, use)

    def _compare_assertions(self, old: Place, new: Place, use: Use | None) -> None:
        self._add(old, new, kw.effect_of_assertions(old.node, new.node), use)

    def compare_media(self, old: Place, new: Place, use: Use | None) -> None:
        """Compare an extension with limits, such as `x-image`."""
        for before, after, effect in kw.media_effects(old, new):
            self._add(before, after, effect, use)

    def _compare_inner(self, old: Place, new: Place, use: Use | None) -> None:
        if old and new:
            self.compare(old, new, use)
        else:
            self._add(old, new, kw.effect_of_presence(bool(old), bool(new)), use)

    def _compare_defaults(self, old: Place, new: Place, use: Use | None, *, constant: bool) -> None:
        """Compare defaults. A request without the value now means another value, unless only one is allowed."""
        if not constant and canonical_json(old.node) != canonical_json(new.node):
            removed = Effect.REMOVED if old else Effect.NONE
            self._add(old, new, removed | (Effect.ADDED if new else Effect.NONE), use)

    def _compare_values(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        """Compare the types that a value may have, and then the values of `const` or `enum`."""
        if "type" in before or "type" in after:
            self._add(*pair("type", before, after), kw.effect_of_sets(types_of(before), types_of(after)), use)
        old, new = _choice_in(before), _choice_in(after)
        allowed_before, allowed_after = allowed_values(before), allowed_values(after)
        if allowed_before is None or allowed_after is None:  # one of the schemas accepts any value
            self._add(old, new, kw.effect_of_presence(bool(old), bool(new)), use)
            return
        old_values = {canonical_json(value): value for value in allowed_before}
        new_values = {canonical_json(value): value for value in allowed_after}
        removed = [value for text, value in old_values.items() if text not in new_values]
        added = [value for text, value in new_values.items() if text not in old_values]
        effect = kw.effect_of_sets({*old_values}, {*new_values})
        self._add(old, new, effect, use, (removed or ABSENT, added or ABSENT))

    def _compare_objects(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        self._compare_required(before, after, use)
        self._compare_additional(before, after, use)
        additional_before, additional_after = pair("additionalProperties", before, after)
        old, new = (place.children() for place in pair("properties", before, after))
        for name in dict.fromkeys([*old, *new]):
            property_before, property_after = pair(name, old, new)
            if property_before and property_after:
                self.compare(property_before, property_after, use)
            elif property_before:
                refused = Effect.NARROWER if additional_after.node is False else Effect.NONE
                self._add(property_before, property_after, Effect.REMOVED | refused, use)
            else:
                was_refused = additional_before.node is False
                self._add(property_before, property_after, Effect.WIDER if was_refused else Effect.ADDED, use)

    def _compare_required(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        old, new = pair("required", before, after)
        old_names, new_names = set(old.node if old else ()), set(new.node if new else ())
        shown = sorted(old_names - new_names) or ABSENT, sorted(new_names - old_names) or ABSENT
        # the sets change places, because less conforms if more is required
        self._add(old, new, kw.effect_of_sets(new_names, old_names), use, shown)

    def _compare_additional(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        old, new = pair("additionalProperties", before, after)
        if isinstance(old.node, dict) and isinstance(new.node, dict):
            self.compare(old, new, use)
        else:
            self._add(old, new, kw.effect_of_bounds(_openness(old), _openness(new), upper=True), use)

    def _compare_discriminators(self, before: Keywords, after: Keywords, use: Use | None) -> None:
        """Compare the properties that choose a branch. The branches are compared as a union."""
        old, new = (place.child("propertyName") for place in pair("discriminator", before, after))
        if old and new:
            self._compare_assertions(old, new, use)

    def _compare_unions(self, old: Union, new: Union, use: Use | None) -> None:
        if old.keyword and new.keyword and old.keyword != new.keyword:
            effect = Effect.WIDER if new.keyword == "anyOf" else Effect.NARROWER
            self._add(old.place, new.place, effect, use, (old.keyword, new.keyword))
        plain_before, plain_after = old.plain_types(), new.plain_types()
        for before, after in match_branches(old, new):
            # a new word in an enum changes nothing if another branch accepts every text
            covered = (plain_before if after else plain_after) & (plain_after if before else plain_before)
            use_here = None if all_types((before, after)) <= covered else use
            if before and after:
                self.compare(before, after, use_here)
            else:
                self._add(
                    before or NOWHERE, after or NOWHERE, kw.effect_of_presence(bool(after), bool(before)), use_here
                )


def pair(name: str, before: Keywords, after: Keywords) -> tuple[Place, Place]:
    """Return a keyword's places in both schemas. A schema without the keyword has an absent place."""
    return before.get(name, NOWHERE), after.get(name, NOWHERE)


def _choice_in(keywords: Keywords) -> Place:
    """Return the place of `const` or else of `enum`, or an absent place."""
    return keywords.get("const") or keywords.get("enum", NOWHERE)


def _openness(additional: Place) -> int:
    """Return 0 for an object without further properties, 1 for those of a schema, and 2 for any."""
    if additional.node is False:
        return 0
    return 1 if isinstance(additional.node, dict) and additional.node else 2
