"""Changes of a schema, and the party that each breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.diff.tests.schema_documents import TEXT, WORDS, object_schema

_THING = {"$ref": "#/components/schemas/Thing"}


_NULL = {"type": "null"}


_INTEGER = {"type": "integer"}


_CHOICE = {"anyOf": [_INTEGER, _NULL]}


_THREE = {"type": ["integer", "string", "null"]}


@dataclass(frozen=True, kw_only=True)
class _Breaks:
    """The party that a change breaks in a request and in a response, in the form of `broken_party`."""

    request: str
    response: str


_NARROWER, _WIDER = _Breaks(request="caller", response="server"), _Breaks(request="server", response="caller")


_OTHER, _SAME = _Breaks(request="both", response="both"), _Breaks(request="none", response="none")


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """A change of a schema, and the party that it breaks."""

    id: str
    before: Any
    after: Any
    breaks: _Breaks


SCHEMA_CHANGES = [
    # lengths and numbers
    SchemaChange(id="a lower maxLength", before={"maxLength": 20}, after={"maxLength": 19}, breaks=_NARROWER),
    SchemaChange(id="a higher maxLength", before={"maxLength": 20}, after={"maxLength": 21}, breaks=_WIDER),
    SchemaChange(id="a new maxLength", before={}, after={"maxLength": 20}, breaks=_NARROWER),
    SchemaChange(id="maxLength removed", before={"maxLength": 20}, after={}, breaks=_WIDER),
    SchemaChange(id="a higher minLength", before={"minLength": 1}, after={"minLength": 2}, breaks=_NARROWER),
    SchemaChange(id="a lower minLength", before={"minLength": 2}, after={"minLength": 1}, breaks=_WIDER),
    SchemaChange(id="a lower maximum", before={"maximum": 9}, after={"maximum": 8}, breaks=_NARROWER),
    SchemaChange(
        id="a higher exclusiveMaximum", before={"exclusiveMaximum": 9}, after={"exclusiveMaximum": 9.5}, breaks=_WIDER
    ),
    SchemaChange(id="a higher minimum", before={"minimum": 1}, after={"minimum": 2}, breaks=_NARROWER),
    SchemaChange(id="a lower maxItems", before={"maxItems": 3}, after={"maxItems": 2}, breaks=_NARROWER),
    SchemaChange(id="a lower minItems", before={"minItems": 3}, after={"minItems": 2}, breaks=_WIDER),
    SchemaChange(id="the same number, written otherwise", before={"maximum": 9}, after={"maximum": 9.0}, breaks=_SAME),
    # what a text must be
    SchemaChange(id="a new pattern", before=TEXT, after={**TEXT, "pattern": "^a"}, breaks=_NARROWER),
    SchemaChange(id="pattern removed", before={"pattern": "^a"}, after={}, breaks=_WIDER),
    SchemaChange(id="another pattern", before={"pattern": "^a"}, after={"pattern": "^b"}, breaks=_OTHER),
    SchemaChange(id="a new format", before=TEXT, after={**TEXT, "format": "uri"}, breaks=_NARROWER),
    SchemaChange(id="another format", before={"format": "uri"}, after={"format": "date"}, breaks=_OTHER),
    SchemaChange(id="items must differ", before={}, after={"uniqueItems": True}, breaks=_NARROWER),
    SchemaChange(id="items need not differ, said or not", before={}, after={"uniqueItems": False}, breaks=_SAME),
    SchemaChange(id="an integer need not be exact", before={"x-exact": True}, after={}, breaks=_WIDER),
    SchemaChange(id="another multiple", before={"multipleOf": 2}, after={"multipleOf": 3}, breaks=_OTHER),
    # types
    SchemaChange(id="one type removed", before={"type": ["string", "null"]}, after=TEXT, breaks=_NARROWER),
    SchemaChange(id="one more type", before=TEXT, after={"type": ["null", "string"]}, breaks=_WIDER),
    SchemaChange(id="another type", before=TEXT, after={"type": "integer"}, breaks=_OTHER),
    SchemaChange(id="integers of numbers", before={"type": "number"}, after={"type": "integer"}, breaks=_NARROWER),
    SchemaChange(id="a type where there was none", before={}, after=TEXT, breaks=_NARROWER),
    SchemaChange(
        id="the types in another order",
        before={"type": ["string", "null"]},
        after={"type": ["null", "string"]},
        breaks=_SAME,
    ),
    # words
    SchemaChange(id="one word removed", before=WORDS, after={"enum": ["a"]}, breaks=_NARROWER),
    SchemaChange(id="one more word", before=WORDS, after={"enum": ["a", "b", "c"]}, breaks=_WIDER),
    SchemaChange(id="one word for another", before=WORDS, after={"enum": ["a", "c"]}, breaks=_OTHER),
    SchemaChange(id="a choice where any text would do", before=TEXT, after=WORDS, breaks=_NARROWER),
    SchemaChange(id="any text where there was a choice", before=WORDS, after=TEXT, breaks=_WIDER),
    SchemaChange(id="one word of several", before=WORDS, after={"const": "a"}, breaks=_NARROWER),
    SchemaChange(id="several words for one", before={"const": "a"}, after=WORDS, breaks=_WIDER),
    SchemaChange(id="another const", before={"const": "a"}, after={"const": "b"}, breaks=_OTHER),
    SchemaChange(
        id="a const that is false",
        before={"type": "boolean"},
        after={"type": "boolean", "const": False},
        breaks=_NARROWER,
    ),
    SchemaChange(id="false is not 0", before={"const": False}, after={"const": 0}, breaks=_OTHER),
    SchemaChange(id="words in another order", before=WORDS, after={"enum": ["b", "a"]}, breaks=_SAME),
    SchemaChange(id="a choice of one, written as const", before={"enum": ["a"]}, after={"const": "a"}, breaks=_SAME),
    SchemaChange(
        id="numbers and lists among the words",
        before={"enum": [1.5, [], {}]},
        after={"enum": [1.5, [], {}, None]},
        breaks=_WIDER,
    ),
    # objects
    SchemaChange(
        id="a new required property",
        before=object_schema(),
        after=object_schema(required=("p",), p={}),
        breaks=_Breaks(request="both", response="server"),
    ),
    SchemaChange(
        id="a property that is required now",
        before=object_schema(p={}),
        after=object_schema(required=("p",), p={}),
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="a property that is optional now",
        before=object_schema(required=("p",), p={}),
        after=object_schema(p={}),
        breaks=_WIDER,
    ),
    SchemaChange(
        id="a new property of a closed object",
        before=object_schema(closed=True),
        after=object_schema(closed=True, p={}),
        breaks=_WIDER,
    ),
    SchemaChange(
        id="a new property of an open object",
        before=object_schema(),
        after=object_schema(p={}),
        breaks=_Breaks(request="server", response="server"),
    ),
    SchemaChange(
        id="a removed property of a closed object",
        before=object_schema(closed=True, p={}),
        after=object_schema(closed=True),
        breaks=_Breaks(request="caller", response="both"),
    ),
    SchemaChange(
        id="a removed property of an open object",
        before=object_schema(p={}),
        after=object_schema(),
        breaks=_Breaks(request="caller", response="caller"),
    ),
    SchemaChange(
        id="another type of a property",
        before=object_schema(p=TEXT),
        after=object_schema(p={"type": "integer"}),
        breaks=_OTHER,
    ),
    SchemaChange(
        id="a property called as a keyword",
        before=object_schema(title=TEXT),
        after=object_schema(title={}),
        breaks=_WIDER,
    ),
    SchemaChange(
        id="an object that is closed now",
        before=object_schema(p={}),
        after=object_schema(closed=True, p={}),
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="an object that is open now", before=object_schema(closed=True), after=object_schema(), breaks=_WIDER
    ),
    SchemaChange(id="openness, said or not", before={}, after={"additionalProperties": True}, breaks=_SAME),
    SchemaChange(
        id="what additional properties must be",
        before={"additionalProperties": {"maxLength": 2}},
        after={"additionalProperties": {"maxLength": 1}},
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="additional properties that must be something",
        before={},
        after={"additionalProperties": TEXT},
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="properties in another order",
        before=object_schema(p={}, q=TEXT),
        after=object_schema(q=TEXT, p={}),
        breaks=_SAME,
    ),
    # arrays
    SchemaChange(
        id="a limit of the items",
        before={"items": {"maxLength": 2}},
        after={"items": {"maxLength": 1}},
        breaks=_NARROWER,
    ),
    SchemaChange(id="items that may be anything now", before={"items": TEXT}, after={}, breaks=_WIDER),
    SchemaChange(id="no items at all", before={"items": True}, after={"items": False}, breaks=_NARROWER),
    # choices
    SchemaChange(id="one more branch", before={"anyOf": [_THING]}, after={"anyOf": [_THING, _NULL]}, breaks=_WIDER),
    SchemaChange(
        id="one branch removed", before={"oneOf": [_THING, _NULL]}, after={"oneOf": [_THING]}, breaks=_NARROWER
    ),
    SchemaChange(
        id="branches in another order",
        before={"anyOf": [_THING, _NULL]},
        after={"anyOf": [_NULL, _THING]},
        breaks=_SAME,
    ),
    SchemaChange(
        id="a limit of a branch",
        before={"anyOf": [{"maxLength": 2}, _NULL]},
        after={"anyOf": [{"maxLength": 1}, _NULL]},
        breaks=_NARROWER,
    ),
    SchemaChange(id="a choice of one", before=_THING, after={"anyOf": [_THING]}, breaks=_SAME),
    SchemaChange(id="null as well", before=_THING, after={"anyOf": [_THING, _NULL]}, breaks=_WIDER),
    SchemaChange(
        id="null removed", before={"description": "old", "anyOf": [_THING, _NULL]}, after=_THING, breaks=_NARROWER
    ),
    SchemaChange(id="one branch alone", before={"anyOf": [_THING]}, after={"oneOf": [_THING]}, breaks=_NARROWER),
    SchemaChange(id="any branch", before={"oneOf": [_THING]}, after={"anyOf": [_THING]}, breaks=_WIDER),
    SchemaChange(
        id="a choice beside a limit",
        before={"maxLength": 2},
        after={"maxLength": 2, "anyOf": [_THING]},
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="a branch more beside a limit",
        before={"maxLength": 2, "anyOf": [_THING]},
        after={"maxLength": 2, "anyOf": [_THING, _NULL]},
        breaks=_WIDER,
    ),
    SchemaChange(
        id="a new word where any text will do",
        before={"anyOf": [WORDS, {"type": ["string", "null"]}]},
        after={"anyOf": [{"enum": ["a", "b", "c"]}, {"type": ["string", "null"]}]},
        breaks=_Breaks(request="nobody", response="nobody"),
    ),
    SchemaChange(
        id="words where any text will do",
        before={"anyOf": [TEXT]},
        after={"anyOf": [TEXT, WORDS]},
        breaks=_Breaks(request="nobody", response="nobody"),
    ),
    SchemaChange(
        id="words removed, and any string no longer allowed",
        before={"anyOf": [WORDS, TEXT]},
        after={"anyOf": [WORDS]},
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="a new word beside numbers",
        before={"anyOf": [WORDS, {"type": "integer"}]},
        after={"anyOf": [{"enum": ["a", "b", "c"]}, {"type": "integer"}]},
        breaks=_WIDER,
    ),
    SchemaChange(id="types, as a choice", before=_THREE, after={"anyOf": [_INTEGER, TEXT, _NULL]}, breaks=_SAME),
    SchemaChange(
        id="types, as a choice in groups",
        before=_THREE,
        after={"anyOf": [{"type": ["string", "null"]}, _INTEGER]},
        breaks=_SAME,
    ),
    SchemaChange(
        id="a choice of types, in other groups",
        before={"anyOf": [_THREE]},
        after={"anyOf": [_NULL, TEXT, _INTEGER]},
        breaks=_SAME,
    ),
    SchemaChange(
        id="types, as a choice that lacks one", before=_THREE, after={"anyOf": [TEXT, _NULL]}, breaks=_NARROWER
    ),
    SchemaChange(
        id="types, as a choice with one more",
        before=_THREE,
        after={"anyOf": [_THREE, {"type": "array"}]},
        breaks=_WIDER,
    ),
    SchemaChange(
        id="types, as a choice with another",
        before=_THREE,
        after={"anyOf": [TEXT, _NULL, {"type": "array"}]},
        breaks=_OTHER,
    ),
    SchemaChange(
        id="types, as a choice with a limit",
        before=_THREE,
        after={"anyOf": [_INTEGER, {**TEXT, "maxLength": 2}, _NULL]},
        breaks=_NARROWER,
    ),
    SchemaChange(
        id="a type for all numbers beside integers",
        before={"anyOf": [_INTEGER]},
        after={"type": ["integer", "number"]},
        breaks=_WIDER,
    ),
    SchemaChange(
        id="types that overlap, of which one must fit",
        before={"type": ["integer", "number"]},
        after={"oneOf": [{"type": ["integer", "number"]}]},
        breaks=_SAME,
    ),
    # other keywords
    SchemaChange(id="another default", before={"default": 1}, after={"default": 2}, breaks=_OTHER),
    SchemaChange(
        id="another default of a choice",
        before={**_CHOICE, "default": 1},
        after={**_CHOICE, "default": 2},
        breaks=_OTHER,
    ),
    SchemaChange(
        id="the same default of a choice",
        before={**_CHOICE, "default": 1},
        after={**_CHOICE, "default": 1.0},
        breaks=_SAME,
    ),
    SchemaChange(
        id="a new default", before={}, after={"default": 2}, breaks=_Breaks(request="server", response="server")
    ),
    SchemaChange(
        id="default removed", before={"default": 1}, after={}, breaks=_Breaks(request="caller", response="caller")
    ),
    SchemaChange(id="the default of a constant", before={"const": 1, "default": 1}, after={"const": 1}, breaks=_SAME),
    SchemaChange(
        id="another envelope",
        before={"x-envelope": {"code": "/code"}},
        after={"x-envelope": {"code": "/id"}},
        breaks=_OTHER,
    ),
    SchemaChange(
        id="a keyword that is not known",
        before={"not": {"maxLength": 2}},
        after={"not": {"maxLength": 1}},
        breaks=_OTHER,
    ),
    SchemaChange(
        id="a keyword that is not known, and moved", before={"allOf": [_THING]}, after={"allOf": [TEXT]}, breaks=_SAME
    ),
    SchemaChange(
        id="words for people",
        before={**TEXT, "description": "old", "x-source": "R1", "examples": ["a"]},
        after={**TEXT, "description": "new", "x-source": "R2", "title": "T", "x-expected": "a", "deprecated": True},
        breaks=_SAME,
    ),
    SchemaChange(
        id="names of code",
        before={**WORDS, "x-enum-varnames": ["A", "B"]},
        after={**WORDS, "x-enum-varnames": ["C", "D"]},
        breaks=_SAME,
    ),
    SchemaChange(id="a reference in place of what it says", before=TEXT, after=_THING, breaks=_SAME),
    SchemaChange(
        id="what a reference says, in its place",
        before=object_schema(p=_THING),
        after=object_schema(p=TEXT),
        breaks=_SAME,
    ),
]
