"""`make live` recognizes the dialect that a gateway speaks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import SeenResponse
from tools.live.tests.command import DIALECTS, HOST, NEITHER, Run, gateway


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_dialect_of_a_gateway_is_recognised(dialect: str, run: Run) -> None:
    """Look-ups and deletions show it."""
    with gateway(dialect):
        assert 0 == run("--create", "--image=https://media.example.com/mara.jpg")

    assert [f"dialect: {dialect}"] == run.starting("dialect")
    assert f"<b>{dialect}</b>" in run.page


def _of(call: str, body: Any, situation: str, status: int = 200) -> SeenResponse:
    response = httpx.Response(status, json=body)
    return SeenResponse(situation, call, ("7",), response)


@pytest.mark.parametrize(
    ("expected", "seen_responses"),
    [
        ("unknown, because no response shows it", []),
        ("unknown, because no response shows it", [_of("listElements", {"data": []}, "list")]),
        ("unknown, because no response shows it", [_of("getElement", {"code": 1002}, "unknown-task-id", 401)]),
        ("unknown, because no response shows it", [_of("getElement", {"code": 5000}, "unknown-task-id", 500)]),
        ("documented", [_of("getElement", {"code": "1203"}, "unknown-task-id", 200)]),
        (NEITHER, [_of("getElement", {"code": "task_not_exist"}, "unknown-task-id", 400)]),
        (NEITHER, [_of("getElement", {"data": {"task_id": "7"}}, "unknown-task-id")]),
        ("live", [_of("deleteElement", {"code": 0}, "creation")]),
        ("live", [_of("deleteElement", {"code": 0, "data": None}, "creation")]),
        ("documented", [_of("deleteElement", {"code": 0, "data": {"task_id": "7"}}, "creation")]),
        (
            "mixed: unknown-task-id documented, creation live",
            [_of("getElement", {"code": 1203}, "unknown-task-id", 404), _of("deleteElement", {}, "creation")],
        ),
        (
            "mixed: unknown-task-id documented, unknown-external-id neither",
            [
                _of("getElement", {"code": 1203}, "unknown-task-id", 404),
                _of("getElement", {}, "unknown-external-id", 404),
            ],
        ),
    ],
)
def test_only_some_responses_show_the_dialect(expected: str, seen_responses: list[SeenResponse]) -> None:
    """A refusal for another reason doesn't, and other words belong to neither dialect."""
    assert expected == Report(seen_responses, Redactor(str, HOST), "2026-11-28").dialect


def test_an_empty_deletion_belongs_to_no_dialect() -> None:
    """Status 204 is in neither of them."""
    seen_response = SeenResponse("creation", "deleteElement", ("7",), httpx.Response(204))

    assert NEITHER == Report([seen_response], Redactor(str, HOST), "2026-11-28").dialect
