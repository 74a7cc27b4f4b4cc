"""The account's data is removed from what `make live` shows and writes."""

from __future__ import annotations

from typing import Any

import pytest

from tools.live.redaction import Redactor

_HOST = "gateway.example.com"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("Task not found by id/external id: {id}", "Task not found by id/external id: mara-7"),
        ("at most 20 in total", "at most 20 in total"),
        ("code 1303 after {number} of {number}", "code 1303 after 12345 of 5.20"),
        ("see {url} or {email}", "see https://console.example.com/a?b=c or jo.m@mail.example.com"),
        ("from {ip} and {ip}", "from 10.20.30.40 and fe80:0:0:1::7"),
        ("(request id: {text})", "(request id: 20260521174921838127707FxeB1sRH)"),
        ("request {uuid}", "request 9984d27b-a408-4073-ae28-17ca6a13622d"),
        ("{value} of {value}: {value}", "Jonas Meier of kino42: 880431920114688"),
        ("JONAS MEIER is {value}".replace("JONAS MEIER", "{value}"), "JONAS MEIER is kino42"),
        ("Meierei stays", "Meierei stays"),
        ("at {value}", "at gateway.example.com"),
        ("the key ***", "the key sk-secret-1"),
        (r"a\x1b[2J", "a\x1b[2J"),
        ("{id} {number} {url}", "{id} {number} {url}"),
    ],
)
def test_account_data_is_removed_from_a_message(expected: str, text: str) -> None:
    """Ids, names, URLs and numbers are replaced, but not limits and codes."""
    redactor = Redactor(lambda text: text.replace("sk-secret-1", "***"), _HOST)
    redactor.learn({"data": [{"task_id": 880431920114688, "task_status": "succeed", "owned_by": "kino42"}], "n": None})
    redactor.learn({"data": [{"x": ["Jonas Meier", "Meier", "ab"], "ok": True}], "message": "SUCCEED", "by": "kling"})

    assert expected == redactor.message(text, ["mara-7"])


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (1, 54321),
        (1, -7),
        (1111111111, 9876543210),
        (1111111111111111, 9007199254740993),
        (0.0, 0.0),
        (1.5, 3.14),
        ("", ""),
        ("0", "0"),
        ("1", "007"),
        ("1111111111", "0123456789"),
        ("<text>", "Mara"),
        ("<url>", "https://a.example.com"),
        ({"status": "odd_word", "type": "element", "owned_by": "kling"},) * 2,
        (
            {"status": "<text>", "type": "<text>", "owned_by": "<text>"},
            {"status": "a b", "type": "x7", "owned_by": "me"},
        ),
        ({"code": 1303, "a": {"code": "no_such"}}, {"code": 1303, "a": {"code": "no_such"}}),
        ({"code": 77, "a": {"code": "1201"}}, {"code": 77, "a": {"code": "1201"}}),
        ({"code": 1111111111, "a": {"code": True}}, {"code": 9876543210, "a": {"code": True}}),
        ({"message": "at most 3", "a": {"message": "<text>"}}, {"message": "at most 3", "a": {"message": "at most 3"}}),
        ({"error": {"message": "at most 3"}}, {"error": {"message": "at most 3"}}),
        ({"(a name of 4 characters)": 1, "name": "<text>"}, {"Ma ra"[1:]: 1, "name": "x"}),
        ([1, 1.5, {"a": 1}], [5, 6, 5.5, {"a": 7}, {"a": 8}, "x"]),
        ({"d": [{"a": "<text>"}, {"a": 1}]}, {"d": [{"a": "x"}, {"a": 2}, {"a": "y"}]}),
    ],
)
def test_a_value_keeps_only_its_structure(expected: Any, value: Any) -> None:
    """Lists keep the first items of each structure, and long numbers their number of digits."""
    assert expected == Redactor(str, _HOST).body(value)
