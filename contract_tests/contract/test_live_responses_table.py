"""The table of recorded responses: each row has a source, and a place in the contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.live_responses import CERTAINTIES, TABLE, LiveResponse, ResponseTableError, load, responses
from kling_elements_client import contract
from scripts.spec import ROOT
from scripts.spec import load as load_spec

_SOURCES = (ROOT / "openapi" / "sources.md").read_text("utf-8")


def test_each_response_has_a_documented_source() -> None:
    """openapi/sources.md lists exactly the sources that the rows name."""
    named = set(re.findall(r"^\| ([a-z0-9-]+) \|", _SOURCES.partition("## Facts")[0], re.MULTILINE)) - {"name"}
    facts = set(re.findall(r"[a-z0-9-]+", _SOURCES.partition("## Facts")[2]))
    used = {sighting.source for row in responses() for sighting in row.seen}

    assert named
    assert set() == used - named
    assert {"make-live"} == named - used - facts


def test_each_fact_of_the_sources_has_its_place_in_the_contract() -> None:
    """Every extension and place in the table of facts must exist in the contract."""
    document = load_spec()
    text = (ROOT / "openapi" / "kling-elements.yaml").read_text("utf-8")
    facts = _SOURCES.partition("## Facts")[2].partition("## Gateways")[0]
    cells = re.findall(r"^\| (`.+?`) \| ", facts, re.MULTILINE)
    places = [place for cell in cells for place in re.findall("`([^`]+)`", cell)]

    assert places
    for place in places:
        first, *names = place.split("/")
        node: Any = document.get(first) if first in document else re.search(rf"\b{first}:", text)
        for name in names:
            node = node[name]
        assert node, place
    extensions = {name for name in re.findall(r"\bx-[a-z-]+(?=:)", text) if name not in _OF_OUR_OWN}
    assert set() == extensions - set(re.findall(r"x-[a-z-]+", _SOURCES))


# Extensions without facts about responses: the form of requests, which rules.yaml covers, and texts.
_OF_OUR_OWN = {"x-source", "x-expected", "x-hints", "x-excluded", "x-image", "x-video", "x-exact", "x-body-size"}
_OF_OUR_OWN |= {"x-enum-varnames"}


@pytest.mark.parametrize("keyword", ["x-absent", "x-duplicate", "x-deleted-already"])
def test_each_wording_of_the_contract_is_in_the_table(keyword: str) -> None:
    """A refusal in the contract must have been recorded in its dialect, with the same words."""
    for call in contract.operations():
        for refusal in contract.CONTRACT.refusals(call, keyword):
            backing = [row for row in responses() if row.call == call and row.dialect == refusal.dialect]
            worded = [row for row in backing if _is_worded(row, refusal)]

            assert worded, f"{call} {keyword} {refusal.dialect}"


def _is_worded(row: LiveResponse, refusal: Any) -> bool:
    body = row.body()
    has_code = isinstance(body, dict) and body.get("code") == refusal.code
    if refusal.message is None:
        return has_code
    filled = re.sub(r"\{[a-z_]+\}", lambda _: row.asked, refusal.message)
    return has_code and filled == body.get("message")


def test_each_code_of_the_contract_is_in_the_table() -> None:
    """The row's status must be that of the contract and of the vendor's page."""
    codes = {
        body["code"]: row.status
        for row in responses()
        if isinstance(body := row.body(), dict) and row.call == "createElement" and row.id.startswith("table-")
    }
    documented = {code: row.http_status for code, row in contract.business_codes().items() if code != 1201}

    assert documented == codes


def test_all_certainties_are_used() -> None:
    assert set(CERTAINTIES) == {row.sure for row in responses()}


_ROW = "responses: {a: {call: getElement, status: 200, body: {}, means: task, sure: reported by a trial, seen: [%s]}}"
_SEEN = "{source: x, when: 2026-09, where: y}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("responses: [", "rows.yaml: while parsing"),
        ("responses: []", "rows.yaml: it must have `responses`, a mapping of names to responses"),
        ("[]", "rows.yaml: it must have `responses`"),
        ("responses: {a: 7}", "rows.yaml: a: it must have call, means, seen, sure, and may have asked, body"),
        ("responses: {a: {call: getElement}}", "rows.yaml: a: it must have call, means, seen, sure"),
        (_ROW.replace("getElement", "get") % _SEEN, "a: call must be one of createElement, deleteElement, getElement"),
        (
            _ROW.replace("means: task", "means: list") % _SEEN,
            "a: means must be one of absent, no look-up, refused, task",
        ),
        (_ROW.replace("body: {}, ", "") % _SEEN, "a: it must have either body, a JSON value, or text"),
        (_ROW.replace("body: {}", "body: {}, text: ''") % _SEEN, "a: it must have either body, a JSON value, or text"),
        (_ROW.replace("status: 200", "status: x") % _SEEN, "a: it must have a status, an integer, unless"),
        (_ROW.replace("getElement", "notification") % _SEEN, "a: it must have a status, an integer, unless"),
        (_ROW.replace("reported by a trial", "sure") % _SEEN, "a: sure must be one of code of a gateway"),
        (_ROW % "", "a: each of seen must have source, when, where, when as 2026"),
        (_ROW % "{source: x, when: September, where: y}", "a: each of seen must have source, when, where"),
        (_ROW.replace("body: {}", "body: {}, provoked-by: y") % _SEEN, "a: provoked-by needs a dialect"),
        (_ROW.replace("body: {}", "body: {}, reads: {id: 7}") % _SEEN, "a: reads may have code, elements"),
    ],
)
def test_an_invalid_row_is_an_error(text: str, says: str, tmp_path: Path) -> None:
    """The error names the row, the problem and the allowed values."""
    path = tmp_path / "rows.yaml"
    path.write_text(text, "utf-8")

    with pytest.raises(ResponseTableError) as caught:
        load(path)

    assert says in str(caught.value)


def test_a_missing_table_is_an_error(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(ResponseTableError, match=r"rows\.yaml: .*No such file"):
        load(tmp_path / "rows.yaml")


def test_a_row_has_body_type_and_source() -> None:
    (row,) = (row for row in load(TABLE) if row.id == "deleted-already")

    assert {"code": 1201, "message": "Element already be deleted for id: 321922438904313"} == row.body()
    assert "application/json" == row.response().headers["content-type"]
    assert ("deleteElement", 400, "live", "a second deletion") == (row.call, row.status, row.dialect, row.provoked_by)
    assert ("kling-api", "2026-09-20") == (row.seen[0].source, row.seen[0].when)
