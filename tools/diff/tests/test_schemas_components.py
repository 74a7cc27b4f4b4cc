"""`make diff` reports a change of a component once, with all its uses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.spec import SpecError
from tools.diff.documents import changes_between
from tools.diff.tests.schema_documents import TEXT, WORDS, document_with, object_schema


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"maxLength": 20}, {"maxLength": 19}, ["breaks caller: #W/maxLength: 20 -> 19 (request)"]),
        (WORDS, {"enum": ["b", "c"]}, ['breaks caller and server: #W/enum: ["a"] -> ["c"] (request)']),
        ({}, {"pattern": "é" * 99}, [f'breaks caller: #W/pattern: nothing -> "{"é" * 58}… (request)']),
        (
            object_schema(p={"maxLength": 2}, q={}),
            object_schema(p={"maxLength": 3}),
            [
                "breaks caller: #W/properties/q: {} -> nothing (request)",
                "breaks server: #W/properties/p/maxLength: 2 -> 3 (request)",
            ],
        ),
    ],
)
def test_each_change_is_shown_in_one_line(before: Any, after: Any, lines: list[str]) -> None:
    """The line gives the party, the place, both values and the use. Breaks of callers come first."""
    pointer = "#/paths/~1call/post/requestBody/content/application~1json/schema"

    shown = [
        str(change) for change in changes_between(document_with("request", before), document_with("request", after))
    ]

    assert [line.replace("#W", pointer) for line in lines] == shown


def _two_uses_of(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    """Return a document that uses a component once in the request and twice in the response."""
    reference = {"$ref": f"#/components/schemas/{name}"}
    document = document_with(
        "response", object_schema(p=reference, q={"type": "array", "items": reference}), **{name: schema}, **more
    )
    operation = document["paths"]["/call"]["post"]
    operation["requestBody"] = {"content": {"application/json": {"schema": reference}}}
    return document


def test_a_change_of_a_component_is_reported_once() -> None:
    """The line lists all its uses, and every party that a use breaks."""
    (change,) = changes_between(_two_uses_of("P", {"maxLength": 2}), _two_uses_of("P", {"maxLength": 1}))

    line = "breaks caller and server: #/components/schemas/P/maxLength: 2 -> 1 (request and response)"
    assert line == str(change)


def test_renaming_a_component_is_not_a_change() -> None:
    """A component's name is never sent."""
    assert changes_between(_two_uses_of("P", object_schema(p=TEXT)), _two_uses_of("Q", object_schema(p=TEXT))) == []


def test_a_change_of_a_renamed_component_names_both_places() -> None:
    (change,) = changes_between(_two_uses_of("P", {"maxLength": 2}), _two_uses_of("Q", {"maxLength": 1}))

    assert str(change).startswith(
        "breaks caller and server: #/components/schemas/P/maxLength (now #/components/schemas/Q/maxLength): 2 -> 1"
    )


def test_a_change_of_an_unused_component_is_ignored() -> None:
    before, after = (
        document_with("request", TEXT, Idle={"maxLength": 2}),
        document_with("request", TEXT, New={}, Idle={}),
    )

    assert changes_between(before, after) == []


def test_recursive_schemas_are_compared() -> None:
    """The comparison ends and finds each change once."""
    tree = {"$ref": "#/components/schemas/Tree"}
    before, after = (
        document_with("request", tree, Tree=object_schema(inner=tree, label={"maxLength": n}, rest={"not": tree}))
        for n in (2, 1)
    )

    lines = [str(change).partition(" (")[0] for change in changes_between(before, after)]

    pointer, reference = "#/components/schemas/Tree/properties", json.dumps(tree)
    assert [
        f"breaks caller: {pointer}/label/maxLength: 2 -> 1",
        f"breaks caller and server: {pointer}/rest/not: {reference} -> {reference}",
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
    document = document_with(
        "request", schema, Round={"$ref": "#/components/schemas/Round"}, Short={"type": "string", "maxLength": 2}
    )

    with pytest.raises(SpecError) as caught:
        changes_between(document, document)

    assert str(caught.value).startswith(says)
