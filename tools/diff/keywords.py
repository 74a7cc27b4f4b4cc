"""What the change of a single keyword does to what conforms. No schema is gone through here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.spec import SpecError
from tools.diff.changes import Effect
from tools.diff.places import ABSENT, Place, canonical, spelled_out

Keywords = dict[str, Place]

UPPER = {"maxLength", "maxItems", "maximum", "exclusiveMaximum", "maxProperties"}
LOWER = {"minLength", "minItems", "minimum", "exclusiveMinimum", "minProperties"}
ASSERTIONS = {"pattern", "format", "contentEncoding", "contentMediaType", "multipleOf", "uniqueItems", "x-exact"}
MEDIA = {"x-image", "x-video", "x-body-size"}
# Of what several keywords may say beside a reference and behind it, the nearest is read; these would have to hold both.
_ADDS_UP = {*UPPER, *LOWER, *ASSERTIONS, *MEDIA, "type", "const", "enum", "properties", "required", "items", "anyOf"}
_ADDS_UP |= {"oneOf", "additionalProperties"}
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def keywords_of(schema: Place) -> Keywords:
    """The keywords of a schema, each with its own place: those beside a reference and those behind it.

    Raises:
        SpecError: A limit stands on both sides of a reference, which is not compared here.
    """
    found: Keywords = {}
    for place in schema.chain():
        if place.node is False:  # nothing conforms
            return {"enum": Place(place.document, place.pointer, [])}
        for name, inner in place.children().items():
            if name in found and name in _ADDS_UP and spelled_out(found[name]) != spelled_out(inner):
                raise SpecError(f"{schema.pointer}: {name} stands beside a reference and behind it; compare by hand")
            if name != "$ref":
                found.setdefault(name, inner)
    return found


def types_of(keywords: Keywords) -> frozenset[str]:
    """The JSON types of the values that may conform; a number may be an integer."""
    if "type" in keywords:
        declared = keywords["type"].node
        types = frozenset([declared] if isinstance(declared, str) else declared)
        return types | {"integer"} if "number" in types else types
    allowed = allowed_of(keywords)
    return _TYPES if allowed is None else frozenset(map(_type_of, allowed))


def allowed_of(keywords: Keywords) -> list[Any] | None:
    """The values of `const` or `enum`; None where any will do."""
    if "const" in keywords:
        return [keywords["const"].node]
    return list(keywords["enum"].node) if "enum" in keywords else None


def _type_of(value: object) -> str:
    kinds = [(bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")]
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def of_sets(before: set[str] | frozenset[str], after: set[str] | frozenset[str]) -> Effect:
    """The effect on a choice."""
    narrower = Effect.NARROWER if before - after else Effect.NONE
    return narrower | (Effect.WIDER if after - before else Effect.NONE)


def of_bounds(before: Any, after: Any, *, upper: bool) -> Effect:
    """The effect of a bound; without one everything conforms."""
    if before is ABSENT or after is ABSENT:
        return of_assertions(before, after)
    if before == after:
        return Effect.NONE
    return Effect.NARROWER if (after < before) == upper else Effect.WIDER


def of_presence(before: bool, after: bool) -> Effect:  # noqa: FBT001 - two of a kind
    """The effect of a keyword that is there or not."""
    if before == after:
        return Effect.NONE
    return Effect.WIDER if before else Effect.NARROWER


def of_assertions(before: Any, after: Any) -> Effect:
    """The effect of a keyword of whose values none is known to imply another; false is as good as none."""
    before, after = (ABSENT if value is False else value for value in (before, after))
    if before is ABSENT or after is ABSENT:
        return of_presence(before is not ABSENT, after is not ABSENT)
    return Effect.NONE if canonical(before) == canonical(after) else Effect.OTHER


def of_media(before: Place, after: Place) -> Iterator[tuple[Place, Place, Effect]]:
    """What changed in one of the extensions with numbers, down to the single number."""
    name = before.pointer.rpartition("/")[2]
    if isinstance(before.node, dict) and isinstance(after.node, dict):
        for inner in dict.fromkeys([*before.node, *after.node]):
            if inner != "x-source":
                yield from of_media(before.child(inner), after.child(inner))
    elif name.startswith(("max-", "min-", "tolerance-")):
        yield before, after, of_bounds(before.node, after.node, upper=not name.startswith("min-"))
    elif name.startswith("one-of") and isinstance(before.node, list) and isinstance(after.node, list):
        yield before, after, of_sets({*map(canonical, before.node)}, {*map(canonical, after.node)})
    else:
        yield before, after, of_assertions(before.node, after.node)
