"""`make diff`: what each change of a schema breaks, in a request and in a response."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from contract_tests.support.tables import for_each_row
from scripts.spec import SpecError
from tools.diff.documents import changes_between

_TEXT = {"type": "string"}
_WORDS = {"enum": ["a", "b"]}
_THING = {"$ref": "#/components/schemas/Thing"}
_NULL = {"type": "null"}
_INTEGER = {"type": "integer"}
_CHOICE = {"anyOf": [_INTEGER, _NULL]}
_THREE = {"type": ["integer", "string", "null"]}


def _object(*, closed: bool = False, required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if closed:
        schema["additionalProperties"] = False
    return {**schema, "required": list(required)} if required else schema


def _document(use: str, schema: Any, **components: Any) -> dict[str, Any]:
    """Return a document with one operation, whose request or response has the schema."""
    body = {"content": {"application/json": {"schema": schema}}}
    request = {"requestBody": body} if use == "request" else {}
    response = body if use == "response" else {}
    operation = {"operationId": "call", **request, "responses": {"200": {"description": "", **response}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "", "version": "1.0.0"},
        "paths": {"/call": {"post": operation}},
        "components": {"schemas": {"Thing": _TEXT, **components}},
    }


def _verdict(before: dict[str, Any], after: dict[str, Any], use: str = "request") -> str:
    """Return `caller`, `server`, `both`, `nobody` if a change breaks nobody, or `none` if there is no change."""
    changes = changes_between(_document(use, **before), _document(use, **after))
    broken = {party.value for change in changes for party in change.breaks}
    if len(broken) > 1:
        return "both"
    return broken.pop() if broken else "nobody" if changes else "none"


@dataclass(frozen=True, kw_only=True)
class _Breaks:
    """The party that a change breaks in a request and in a response, in the form of `_verdict`."""

    request: str
    response: str


_NARROWER, _WIDER = _Breaks(request="caller", response="server"), _Breaks(request="server", response="caller")
_OTHER, _SAME = _Breaks(request="both", response="both"), _Breaks(request="none", response="none")


@dataclass(frozen=True)
class _Kind:
    """A change of a schema, and the party that it breaks."""

    id: str
    before: Any
    after: Any
    breaks: _Breaks


_KINDS = [
    # lengths and numbers
    _Kind("a lower maxLength", {"maxLength": 20}, {"maxLength": 19}, _NARROWER),
    _Kind("a higher maxLength", {"maxLength": 20}, {"maxLength": 21}, _WIDER),
    _Kind("a new maxLength", {}, {"maxLength": 20}, _NARROWER),
    _Kind("maxLength removed", {"maxLength": 20}, {}, _WIDER),
    _Kind("a higher minLength", {"minLength": 1}, {"minLength": 2}, _NARROWER),
    _Kind("a lower minLength", {"minLength": 2}, {"minLength": 1}, _WIDER),
    _Kind("a lower maximum", {"maximum": 9}, {"maximum": 8}, _NARROWER),
    _Kind("a higher exclusiveMaximum", {"exclusiveMaximum": 9}, {"exclusiveMaximum": 9.5}, _WIDER),
    _Kind("a higher minimum", {"minimum": 1}, {"minimum": 2}, _NARROWER),
    _Kind("a lower maxItems", {"maxItems": 3}, {"maxItems": 2}, _NARROWER),
    _Kind("a lower minItems", {"minItems": 3}, {"minItems": 2}, _WIDER),
    _Kind("the same number, written otherwise", {"maximum": 9}, {"maximum": 9.0}, _SAME),
    # what a text must be
    _Kind("a new pattern", _TEXT, {**_TEXT, "pattern": "^a"}, _NARROWER),
    _Kind("pattern removed", {"pattern": "^a"}, {}, _WIDER),
    _Kind("another pattern", {"pattern": "^a"}, {"pattern": "^b"}, _OTHER),
    _Kind("a new format", _TEXT, {**_TEXT, "format": "uri"}, _NARROWER),
    _Kind("another format", {"format": "uri"}, {"format": "date"}, _OTHER),
    _Kind("items must differ", {}, {"uniqueItems": True}, _NARROWER),
    _Kind("items need not differ, said or not", {}, {"uniqueItems": False}, _SAME),
    _Kind("an integer need not be exact", {"x-exact": True}, {}, _WIDER),
    _Kind("another multiple", {"multipleOf": 2}, {"multipleOf": 3}, _OTHER),
    # types
    _Kind("one type removed", {"type": ["string", "null"]}, _TEXT, _NARROWER),
    _Kind("one more type", _TEXT, {"type": ["null", "string"]}, _WIDER),
    _Kind("another type", _TEXT, {"type": "integer"}, _OTHER),
    _Kind("integers of numbers", {"type": "number"}, {"type": "integer"}, _NARROWER),
    _Kind("a type where there was none", {}, _TEXT, _NARROWER),
    _Kind("the types in another order", {"type": ["string", "null"]}, {"type": ["null", "string"]}, _SAME),
    # words
    _Kind("one word removed", _WORDS, {"enum": ["a"]}, _NARROWER),
    _Kind("one more word", _WORDS, {"enum": ["a", "b", "c"]}, _WIDER),
    _Kind("one word for another", _WORDS, {"enum": ["a", "c"]}, _OTHER),
    _Kind("a choice where any text would do", _TEXT, _WORDS, _NARROWER),
    _Kind("any text where there was a choice", _WORDS, _TEXT, _WIDER),
    _Kind("one word of several", _WORDS, {"const": "a"}, _NARROWER),
    _Kind("several words for one", {"const": "a"}, _WORDS, _WIDER),
    _Kind("another const", {"const": "a"}, {"const": "b"}, _OTHER),
    _Kind("a const that is false", {"type": "boolean"}, {"type": "boolean", "const": False}, _NARROWER),
    _Kind("false is not 0", {"const": False}, {"const": 0}, _OTHER),
    _Kind("words in another order", _WORDS, {"enum": ["b", "a"]}, _SAME),
    _Kind("a choice of one, written as const", {"enum": ["a"]}, {"const": "a"}, _SAME),
    _Kind("numbers and lists among the words", {"enum": [1.5, [], {}]}, {"enum": [1.5, [], {}, None]}, _WIDER),
    # objects
    _Kind(
        "a new required property", _object(), _object(required=("p",), p={}), _Breaks(request="both", response="server")
    ),
    _Kind("a property that is required now", _object(p={}), _object(required=("p",), p={}), _NARROWER),
    _Kind("a property that is optional now", _object(required=("p",), p={}), _object(p={}), _WIDER),
    _Kind("a new property of a closed object", _object(closed=True), _object(closed=True, p={}), _WIDER),
    _Kind("a new property of an open object", _object(), _object(p={}), _Breaks(request="server", response="server")),
    _Kind(
        "a removed property of a closed object",
        _object(closed=True, p={}),
        _object(closed=True),
        _Breaks(request="caller", response="both"),
    ),
    _Kind(
        "a removed property of an open object", _object(p={}), _object(), _Breaks(request="caller", response="caller")
    ),
    _Kind("another type of a property", _object(p=_TEXT), _object(p={"type": "integer"}), _OTHER),
    _Kind("a property called as a keyword", _object(title=_TEXT), _object(title={}), _WIDER),
    _Kind("an object that is closed now", _object(p={}), _object(closed=True, p={}), _NARROWER),
    _Kind("an object that is open now", _object(closed=True), _object(), _WIDER),
    _Kind("openness, said or not", {}, {"additionalProperties": True}, _SAME),
    _Kind(
        "what additional properties must be",
        {"additionalProperties": {"maxLength": 2}},
        {"additionalProperties": {"maxLength": 1}},
        _NARROWER,
    ),
    _Kind("additional properties that must be something", {}, {"additionalProperties": _TEXT}, _NARROWER),
    _Kind("properties in another order", _object(p={}, q=_TEXT), _object(q=_TEXT, p={}), _SAME),
    # arrays
    _Kind("a limit of the items", {"items": {"maxLength": 2}}, {"items": {"maxLength": 1}}, _NARROWER),
    _Kind("items that may be anything now", {"items": _TEXT}, {}, _WIDER),
    _Kind("no items at all", {"items": True}, {"items": False}, _NARROWER),
    # choices
    _Kind("one more branch", {"anyOf": [_THING]}, {"anyOf": [_THING, _NULL]}, _WIDER),
    _Kind("one branch removed", {"oneOf": [_THING, _NULL]}, {"oneOf": [_THING]}, _NARROWER),
    _Kind("branches in another order", {"anyOf": [_THING, _NULL]}, {"anyOf": [_NULL, _THING]}, _SAME),
    _Kind("a limit of a branch", {"anyOf": [{"maxLength": 2}, _NULL]}, {"anyOf": [{"maxLength": 1}, _NULL]}, _NARROWER),
    _Kind("a choice of one", _THING, {"anyOf": [_THING]}, _SAME),
    _Kind("null as well", _THING, {"anyOf": [_THING, _NULL]}, _WIDER),
    _Kind("null removed", {"description": "old", "anyOf": [_THING, _NULL]}, _THING, _NARROWER),
    _Kind("one branch alone", {"anyOf": [_THING]}, {"oneOf": [_THING]}, _NARROWER),
    _Kind("any branch", {"oneOf": [_THING]}, {"anyOf": [_THING]}, _WIDER),
    _Kind("a choice beside a limit", {"maxLength": 2}, {"maxLength": 2, "anyOf": [_THING]}, _NARROWER),
    _Kind(
        "a branch more beside a limit",
        {"maxLength": 2, "anyOf": [_THING]},
        {"maxLength": 2, "anyOf": [_THING, _NULL]},
        _WIDER,
    ),
    _Kind(
        "a new word where any text will do",
        {"anyOf": [_WORDS, {"type": ["string", "null"]}]},
        {"anyOf": [{"enum": ["a", "b", "c"]}, {"type": ["string", "null"]}]},
        _Breaks(request="nobody", response="nobody"),
    ),
    _Kind(
        "words where any text will do",
        {"anyOf": [_TEXT]},
        {"anyOf": [_TEXT, _WORDS]},
        _Breaks(request="nobody", response="nobody"),
    ),
    _Kind(
        "words removed, and any string no longer allowed", {"anyOf": [_WORDS, _TEXT]}, {"anyOf": [_WORDS]}, _NARROWER
    ),
    _Kind(
        "a new word beside numbers",
        {"anyOf": [_WORDS, {"type": "integer"}]},
        {"anyOf": [{"enum": ["a", "b", "c"]}, {"type": "integer"}]},
        _WIDER,
    ),
    _Kind("types, as a choice", _THREE, {"anyOf": [_INTEGER, _TEXT, _NULL]}, _SAME),
    _Kind("types, as a choice in groups", _THREE, {"anyOf": [{"type": ["string", "null"]}, _INTEGER]}, _SAME),
    _Kind("a choice of types, in other groups", {"anyOf": [_THREE]}, {"anyOf": [_NULL, _TEXT, _INTEGER]}, _SAME),
    _Kind("types, as a choice that lacks one", _THREE, {"anyOf": [_TEXT, _NULL]}, _NARROWER),
    _Kind("types, as a choice with one more", _THREE, {"anyOf": [_THREE, {"type": "array"}]}, _WIDER),
    _Kind("types, as a choice with another", _THREE, {"anyOf": [_TEXT, _NULL, {"type": "array"}]}, _OTHER),
    _Kind(
        "types, as a choice with a limit", _THREE, {"anyOf": [_INTEGER, {**_TEXT, "maxLength": 2}, _NULL]}, _NARROWER
    ),
    _Kind("a type for all numbers beside integers", {"anyOf": [_INTEGER]}, {"type": ["integer", "number"]}, _WIDER),
    _Kind(
        "types that overlap, of which one must fit",
        {"type": ["integer", "number"]},
        {"oneOf": [{"type": ["integer", "number"]}]},
        _SAME,
    ),
    # other keywords
    _Kind("another default", {"default": 1}, {"default": 2}, _OTHER),
    _Kind("another default of a choice", {**_CHOICE, "default": 1}, {**_CHOICE, "default": 2}, _OTHER),
    _Kind("the same default of a choice", {**_CHOICE, "default": 1}, {**_CHOICE, "default": 1.0}, _SAME),
    _Kind("a new default", {}, {"default": 2}, _Breaks(request="server", response="server")),
    _Kind("default removed", {"default": 1}, {}, _Breaks(request="caller", response="caller")),
    _Kind("the default of a constant", {"const": 1, "default": 1}, {"const": 1}, _SAME),
    _Kind("another envelope", {"x-envelope": {"code": "/code"}}, {"x-envelope": {"code": "/id"}}, _OTHER),
    _Kind("a keyword that is not known", {"not": {"maxLength": 2}}, {"not": {"maxLength": 1}}, _OTHER),
    _Kind("a keyword that is not known, and moved", {"allOf": [_THING]}, {"allOf": [_TEXT]}, _SAME),
    _Kind(
        "words for people",
        {**_TEXT, "description": "old", "x-source": "R1", "examples": ["a"]},
        {**_TEXT, "description": "new", "x-source": "R2", "title": "T", "x-expected": "a", "deprecated": True},
        _SAME,
    ),
    _Kind("names of code", {**_WORDS, "x-enum-varnames": ["A", "B"]}, {**_WORDS, "x-enum-varnames": ["C", "D"]}, _SAME),
    _Kind("a reference in place of what it says", _TEXT, _THING, _SAME),
    _Kind("what a reference says, in its place", _object(p=_THING), _object(p=_TEXT), _SAME),
]


@for_each_row(_KINDS, "kind")
@pytest.mark.parametrize("use", ["request", "response"])
def test_a_change_of_a_schema_breaks_the_expected_party(kind: _Kind, use: str) -> None:
    """A change breaks a party depending on what conforms now and on who sends the value."""
    assert getattr(kind.breaks, use) == _verdict({"schema": kind.before}, {"schema": kind.after}, use)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"maxLength": 20}, {"maxLength": 19}, ["breaks caller: #W/maxLength: 20 -> 19 (request)"]),
        (_WORDS, {"enum": ["b", "c"]}, ['breaks caller and server: #W/enum: ["a"] -> ["c"] (request)']),
        ({}, {"pattern": "é" * 99}, [f'breaks caller: #W/pattern: nothing -> "{"é" * 58}… (request)']),
        (
            _object(p={"maxLength": 2}, q={}),
            _object(p={"maxLength": 3}),
            [
                "breaks caller: #W/properties/q: {} -> nothing (request)",
                "breaks server: #W/properties/p/maxLength: 2 -> 3 (request)",
            ],
        ),
    ],
)
def test_each_change_is_shown_in_one_line(before: Any, after: Any, lines: list[str]) -> None:
    """The line has the party, the place, the old and the new value, and the use; breaks of callers come first."""
    where = "#/paths/~1call/post/requestBody/content/application~1json/schema"

    shown = [str(change) for change in changes_between(_document("request", before), _document("request", after))]

    assert [line.replace("#W", where) for line in lines] == shown


def _two_uses_of(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    """Return a document that uses a component once in the request and twice in the response."""
    reference = {"$ref": f"#/components/schemas/{name}"}
    document = _document(
        "response", _object(p=reference, q={"type": "array", "items": reference}), **{name: schema}, **more
    )
    operation = document["paths"]["/call"]["post"]
    operation["requestBody"] = {"content": {"application/json": {"schema": reference}}}
    return document


def test_a_change_of_a_component_is_reported_once() -> None:
    """The line names all uses of the component, and every party that one of them breaks."""
    (change,) = changes_between(_two_uses_of("P", {"maxLength": 2}), _two_uses_of("P", {"maxLength": 1}))

    line = "breaks caller and server: #/components/schemas/P/maxLength: 2 -> 1 (request and response)"
    assert line == str(change)


def test_renaming_a_component_is_not_a_change() -> None:
    """Names of components are never sent."""
    assert changes_between(_two_uses_of("P", _object(p=_TEXT)), _two_uses_of("Q", _object(p=_TEXT))) == []


def test_a_change_of_a_renamed_component_names_both_places() -> None:
    """The line has the old place and the new one."""
    (change,) = changes_between(_two_uses_of("P", {"maxLength": 2}), _two_uses_of("Q", {"maxLength": 1}))

    assert str(change).startswith(
        "breaks caller and server: #/components/schemas/P/maxLength (now #/components/schemas/Q/maxLength): 2 -> 1"
    )


def test_a_change_of_an_unused_component_is_ignored() -> None:
    before, after = _document("request", _TEXT, Idle={"maxLength": 2}), _document("request", _TEXT, New={}, Idle={})

    assert changes_between(before, after) == []


def test_recursive_schemas_are_compared() -> None:
    """The comparison ends, and finds each change once."""
    tree = {"$ref": "#/components/schemas/Tree"}
    before, after = (
        _document("request", tree, Tree=_object(inner=tree, label={"maxLength": n}, rest={"not": tree})) for n in (2, 1)
    )

    lines = [str(change).partition(" (")[0] for change in changes_between(before, after)]

    where, reference = "#/components/schemas/Tree/properties", json.dumps(tree)
    assert [
        f"breaks caller: {where}/label/maxLength: 2 -> 1",
        f"breaks caller and server: {where}/rest/not: {reference} -> {reference}",
    ] == sorted(lines, key=len)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "#/components/schemas/Nothing"}, "#/components/schemas/Nothing: no such place in the document"),
        ({"$ref": "#/components/schemas/Round"}, "#/components/schemas/Round: circular reference"),
        (
            {"$ref": "#/components/schemas/Short", "maxLength": 9},
            "#/paths/~1call/post/requestBody/content/application~1json/schema: maxLength is both beside a reference",
        ),
    ],
)
def test_a_schema_that_cannot_be_compared_is_an_error(schema: Any, says: str) -> None:
    """The error names the place."""
    document = _document(
        "request", schema, Round={"$ref": "#/components/schemas/Round"}, Short={"type": "string", "maxLength": 2}
    )

    with pytest.raises(SpecError) as caught:
        changes_between(document, document)

    assert str(caught.value).startswith(says)


def _choice(**branches: str) -> dict[str, Any]:
    """Return a choice by `kind`, whose values select the given components."""
    names = dict.fromkeys(branches.values())
    schemas = {n: _object(required=("kind",), kind={"const": k}) for k, n in branches.items()}
    mapping = {kind: f"#/components/schemas/{name}" for kind, name in branches.items()}
    union = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }
    return {"schema": union, **schemas}


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"a": "A", "b": "B"}, {"a": "A"}, "caller"),
        ({"a": "A"}, {"a": "A", "b": "B"}, "server"),
        ({"a": "A", "b": "B"}, {"a": "A", "c": "C"}, "both"),
        ({"a": "A", "b": "B"}, {"b": "New", "a": "Other"}, "none"),
    ],
)
def test_branches_are_matched_by_the_values_of_the_discriminator(
    before: dict[str, str], after: dict[str, str], verdict: str
) -> None:
    """A removed value breaks callers, a new one servers; names of branches are never sent."""
    assert verdict == _verdict(_choice(**before), _choice(**after))


def test_another_discriminator_breaks_both() -> None:
    """Caller and server have to use another property."""
    before, after = _choice(a="A"), _choice(a="A")
    after["schema"]["discriminator"]["propertyName"] = "type"

    assert "both" == _verdict(before, after)


def test_adding_or_removing_a_discriminator_breaks_nobody() -> None:
    """The branches already decide what conforms."""
    before, after = _choice(a="A", b="B"), _choice(a="A", b="B")
    del after["schema"]["discriminator"]

    assert ["none", "none"] == [_verdict(before, after), _verdict(after, before)]


_VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3, 4, 6, 8, 9, 9.25, 9.75, 1.5, 10),
    *("", "a", "b", "c", "ab", "abc", "b" * 20, "a" * 21, "2020-01-01", "http://x/y"),
    *([], [1], [1, 1], ["aa"], ["aaa"], [1, 2, 3], ["a", "b", "c", "d"]),
    *(
        {},
        {"p": 1},
        {"p": "x"},
        {"p": "x", "z": 1},
        {"p": None},
        {"q": 1},
        {"q": "x"},
        {"z": "aa"},
        {"z": "aaa"},
        {"z": 1},
    ),
]


def _conform(schema: dict[str, Any]) -> list[bool]:
    """Return whether each value conforms, by a validator that shares no code with the comparison."""
    whole = {**schema, "components": {"schemas": {"Thing": _TEXT}}}
    validator = jsonschema_rs.validator_for(whole, validate_formats=True)
    return [validator.is_valid(value) for value in _VALUES]


def test_every_break_that_a_value_proves_is_reported() -> None:
    """For pairs of the schemas above: if a value stops conforming, callers break; if one starts to, servers break.

    Keywords that the validator ignores are left out. So are open objects with properties, because a new property of an
    open object is not compared with values that others may already send under its name.
    """
    all_schemas = [schema for kind in _KINDS for schema in (kind.before, kind.after)]
    schemas = [
        schema
        for schema in all_schemas
        if "x-exact" not in schema
        and not (schema.get("properties") and schema.get("additionalProperties") is not False)
    ]
    conforming = [_conform(schema) for schema in schemas]
    pairs = [(old, new) for old in range(len(schemas)) for new in range(len(schemas)) if (old + new) % 7 == 0]
    witnessed, missed = 0, []
    for old, new in pairs:
        changes = changes_between(_document("request", schemas[old]), _document("request", schemas[new]))
        reported = {party.value for change in changes for party in change.breaks}
        seen = list(zip(conforming[old], conforming[new], strict=True))
        broken = {
            party for party, change in {"caller": (True, False), "server": (False, True)}.items() if change in seen
        }
        witnessed += len(broken)
        missed += [(schemas[old], schemas[new], party) for party in broken - reported]

    assert [] == missed
    assert witnessed > 1000
