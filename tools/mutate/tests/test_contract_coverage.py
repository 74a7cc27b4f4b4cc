"""The tables show each keyword from both sides, and a gap is reported with its keyword."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contract_tests.reading.cases import base_body
from scripts.spec import load
from tools.mutate import contract_coverage
from tools.mutate.contract_coverage import CheckedValue, main, prove
from tools.mutate.keywords import all_accept, request_keywords

_CREATE = request_keywords(load())["createElement"]
_IMAGE = base_body("image")


def _document(schema: Any) -> Any:
    """Return a document with one operation, whose body has this schema."""
    media_type = {"x-body-size": {"max-bytes": 100, "max-values": 10}, "schema": schema}
    operation = {"operationId": "make", "requestBody": {"content": {"application/json": media_type}}}
    return {"paths": {"/things": {"post": operation}}, "components": {"schemas": {"Text": {"type": "string"}}}}


def _marks(schema: Any, value: Any) -> set[tuple[str, bool]]:
    """Return the names of a schema's keywords, with their verdicts on a value."""
    body = request_keywords(_document(schema))["make"].body
    assert body is not None
    return {(keyword.name, verdict) for keyword, verdict in body.marks(value)}


def _checked_value(body: Any, *, expected: bool) -> CheckedValue:
    assert _CREATE.body is not None
    return CheckedValue("a body", expected, list(_CREATE.body.marks(body)))


def test_the_tables_show_every_keyword_from_both_sides() -> None:
    """The keywords must also agree with the tables about every value."""
    outcome = prove()

    assert () == outcome.problems
    says = r"(\d+) of \1 accepted a value, \1 of \1 refused a value, among (\d+) values"
    figures = re.fullmatch(says, outcome.summary)
    assert figures is not None
    assert int(figures[1]) > 150
    assert int(figures[2]) > 700


def test_a_gap_in_the_tables_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report gives the side and the keyword of each gap, and the tables' wrong verdicts."""
    shown = [_checked_value(_IMAGE, expected=True), _checked_value({}, expected=True)]
    monkeypatch.setattr(contract_coverage, "tables", lambda *_: shown)

    problems = prove().problems

    at = "#/components/schemas/ElementName/maxLength"
    image = f"maxLength 20, of createElement / image_refer / element_name ({at})"
    video = f"maxLength 20, of createElement / video_refer / element_name ({at})"
    assert f"no value accepted: add one to the tables for {image}" not in problems
    assert f"no value accepted: add one to the tables for {video}" in problems
    assert {f"no value refused: add one to the tables for {route}" for route in (image, video)} <= set(problems)
    assert "the keywords and the table disagree about: a body" == problems[-1]


def test_a_keyword_that_cannot_be_counted_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise a new keyword of the contract would be ignored."""
    monkeypatch.setattr(contract_coverage, "load", lambda: _document({"type": "array", "uniqueItems": True}))

    assert main() == 1

    problem, summary = capsys.readouterr().out.splitlines()
    assert problem.endswith(
        "/requestBody/content/application~1json/schema: cannot count uniqueItems; add it to tools/mutate/keywords.py"
    )
    assert summary.startswith("contract coverage: FAILED; nothing was counted")


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string", "minLength": 1}, "a", {("type string", True), ("minLength 1", True)}),
        ({"type": "string", "minLength": 1}, "", {("type string", True), ("minLength 1", False)}),
        ({"type": "string", "minLength": 1}, 1, {("type string", False)}),
        ({"type": "integer", "minimum": 1}, True, {("type integer", False)}),
        ({"type": ["string", "integer"]}, 1, {("type integer", True)}),
        ({"type": ["string", "integer"]}, None, {("type string", False), ("type integer", False)}),
        ({"enum": ["a", "b"]}, "a", {("enum a", True)}),
        ({"enum": ["a", "b"]}, "c", {("enum a", False), ("enum b", False)}),
        ({"const": 1_000}, 1_001, {("const 1,000", False)}),
        ({"required": ["a", "b"]}, {"a": 1}, {("required a", True), ("required b", False)}),
        (
            {"type": "integer", "format": "int64", "x-exact": True},
            2.0,
            {("type integer", True), ("x-exact True", False)},
        ),
        (
            {"additionalProperties": False, "properties": {"a": {"type": "string"}}},
            {"a": 1},
            {("additionalProperties False", True), ("type string", False)},
        ),
        (
            {"additionalProperties": False, "properties": {"a": {"type": "string"}}},
            {"b": 1},
            {("additionalProperties False", False)},
        ),
        ({"items": {"maxLength": 1}}, ["a", "bb"], {("maxLength 1", True), ("maxLength 1", False)}),
        ({"items": {"maxLength": 1}}, "bb", set()),
        ({"$ref": "#/components/schemas/Text"}, 1, {("type string", False)}),
        ({"pattern": "^" + "a" * 50}, "b", {("pattern ^" + "a" * 38 + "…", False)}),
    ],
)
def test_each_keyword_is_checked_on_its_own(schema: Any, value: Any, expected: set[tuple[str, bool]]) -> None:
    """A keyword checks only the types that it applies to, and each of its words counts."""
    assert expected == _marks(schema, value)


def test_a_branch_that_does_not_match_is_not_counted() -> None:
    """If no branch accepts a value, each has refused it."""
    schema = {"anyOf": [{"maxLength": 1}, {"minLength": 3}]}

    assert {("anyOf, branch 2", True), ("minLength 3", True)} == _marks(schema, "abc")
    assert {
        ("anyOf, branch 1", False),
        ("maxLength 1", False),
        ("anyOf, branch 2", False),
        ("minLength 3", False),
    } == _marks(schema, "ab")


def test_only_the_branch_that_the_discriminator_names_is_counted() -> None:
    """A body with images says nothing about videos. One of neither kind is refused by both branches."""
    of_images = _checked_value(_IMAGE, expected=True).marks
    of_none = _checked_value([], expected=False).marks

    assert all_accept(of_images)
    assert not [keyword for keyword, _ in of_images if "video_refer" in keyword.route + keyword.name]
    assert {("discriminator image_refer", False), ("discriminator video_refer", False), ("oneOf", False)} <= {
        (keyword.name, verdict) for keyword, verdict in of_none
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com/a.png", set()),
        ("AAAA", {("file-size", True), ("format", False)}),
        ("no Base64", {("format", False)}),
    ],
)
def test_each_limit_of_an_image_is_checked_on_its_own(text: str, expected: set[tuple[str, bool]]) -> None:
    """Those that can't be checked are left out."""
    body: Any = base_body("image")
    body["element_image_list"]["frontal_image"] = text
    marks = _checked_value(body, expected=False).marks

    assert expected == {
        (keyword.name.split()[1], verdict) for keyword, verdict in marks if keyword.name.startswith("x-image")
    }
