"""The effects of a change to one keyword. `schemas.py` walks through the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.spec import SpecError
from tools.diff.changes import Effect
from tools.diff.places import ABSENT, Place, canonical_json, spell_out

Keywords = dict[str, Place]

UPPER = {"maxLength", "maxItems", "maximum", "exclusiveMaximum", "maxProperties"}
LOWER = {"minLength", "minItems", "minimum", "exclusiveMinimum", "minProperties"}
ASSERTIONS = {"pattern", "format", "contentEncoding", "contentMediaType", "multipleOf", "uniqueItems", "x-exact"}
MEDIA = {"x-image", "x-video", "x-body-size"}
# A keyword may appear both beside a reference and in its target. The nearest one counts, but of these both apply.
_ADDS_UP = {*UPPER, *LOWER, *ASSERTIONS, *MEDIA, "type", "const", "enum", "properties", "required", "items", "anyOf"}
_ADDS_UP |= {"oneOf", "additionalProperties"}
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def keywords_of(schema: Place) -> Keywords:
    """Return a schema's keywords with their places, both those beside a reference and those of its target.

    Raises:
        SpecError: A keyword is both beside a reference and in its target, and can't be compared.
    """
    keywords: Keywords = {}
    for place in schema.reference_chain():
        if place.node is False:  # nothing conforms
            return {"enum": Place(place.document, place.pointer, [])}
        for name, inner in place.children().items():
            if name in keywords and name in _ADDS_UP and spell_out(keywords[name]) != spell_out(inner):
                raise SpecError(
                    f"{schema.pointer}: {name} is both beside a reference and in its target; compare by hand"
                )
            if name != "$ref":
                keywords.setdefault(name, inner)
    return keywords


def types_of(keywords: Keywords) -> frozenset[str]:
    """Return the JSON types of values that may conform. `number` includes `integer`."""
    if "type" in keywords:
        declared = keywords["type"].node
        types = frozenset([declared] if isinstance(declared, str) else declared)
        return types | {"integer"} if "number" in types else types
    allowed = allowed_values(keywords)
    return _TYPES if allowed is None else frozenset(map(_type_of, allowed))


def allowed_values(keywords: Keywords) -> list[Any] | None:
    """Return the values of `const` or `enum`, or None if there is neither."""
    if "const" in keywords:
        return [keywords["const"].node]
    return list(keywords["enum"].node) if "enum" in keywords else None


def _type_of(value: object) -> str:
    kinds = [(bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")]
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def effect_of_sets(before: set[str] | frozenset[str], after: set[str] | frozenset[str]) -> Effect:
    """Return the effect of a change from one set of allowed values to another."""
    narrower = Effect.NARROWER if before - after else Effect.NONE
    return narrower | (Effect.WIDER if after - before else Effect.NONE)


def effect_of_bounds(before: Any, after: Any, *, upper: bool) -> Effect:
    """Return the effect of a changed bound. Without a bound, everything conforms."""
    if before is ABSENT or after is ABSENT:
        return effect_of_assertions(before, after)
    if before == after:
        return Effect.NONE
    return Effect.NARROWER if (after < before) == upper else Effect.WIDER


def effect_of_presence(before: bool, after: bool) -> Effect:  # noqa: FBT001 - two of a kind
    """Return the effect of a keyword that was added or removed."""
    if before == after:
        return Effect.NONE
    return Effect.WIDER if before else Effect.NARROWER


def effect_of_assertions(before: Any, after: Any) -> Effect:
    """Return the effect on a keyword whose values have no order. False counts as absent."""
    before, after = (ABSENT if value is False else value for value in (before, after))
    if before is ABSENT or after is ABSENT:
        return effect_of_presence(before is not ABSENT, after is not ABSENT)
    return Effect.NONE if canonical_json(before) == canonical_json(after) else Effect.OTHER


def media_effects(before: Place, after: Place) -> Iterator[tuple[Place, Place, Effect]]:
    """Yield each change in an extension's limits, such as those of `x-image`, down to the single number."""
    name = before.pointer.rpartition("/")[2]
    if isinstance(before.node, dict) and isinstance(after.node, dict):
        for inner in dict.fromkeys([*before.node, *after.node]):
            if inner != "x-source":
                yield from media_effects(before.child(inner), after.child(inner))
    elif name.startswith(("max-", "min-", "tolerance-")):
        yield before, after, effect_of_bounds(before.node, after.node, upper=not name.startswith("min-"))
    elif name.startswith("one-of") and isinstance(before.node, list) and isinstance(after.node, list):
        yield before, after, effect_of_sets({*map(canonical_json, before.node)}, {*map(canonical_json, after.node)})
    else:
        yield before, after, effect_of_assertions(before.node, after.node)
