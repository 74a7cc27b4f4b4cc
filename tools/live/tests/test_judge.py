"""Where an answer departs from the contract, and what is in it beyond that."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from kling_elements_client import contract
from tools.live.judge import judge


def _answer(status: int, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers={"content-type": "application/json", **headers})


_MANY: list[Any] = [{"task_id": []} for _ in range(12)]


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (_answer(200, {"data": [{"task_id": 7}]}), []),
        (_answer(503, b"<html>", **{"content-type": "TEXT/HTML; charset=utf-8"}), []),
        (_answer(418, {"error": {"code": "teapot"}}), []),
        (_answer(201, {}), [(True, "the contract has no status 201 here")]),
        (
            _answer(401, b"", **{"content-type": ""}),
            [(True, "no content type came; the contract has application/json")],
        ),
        (_answer(400, []), [(True, "the body is an array, which breaks the contract")]),
        (_answer(400, {"code": 1303}), [(True, "/code is 1303, which comes with status 429, not 400")]),
        (_answer(400, {"code": "1303"}), [(True, "/code is 1303, which comes with status 429, not 400")]),
        (_answer(400, {"code": 7}), [(False, "/code is 7, which x-business-codes does not have")]),
        (
            _answer(400, {"code": 7.5}),
            [
                (True, "/code is a number, which breaks the contract"),
                (False, "/code is 7.5, which x-business-codes does not have"),
            ],
        ),
        (
            _answer(200, {"error": {"message": "no"}, "data": []}),
            [(True, "/error is there under status 200"), (False, "/error is not in the contract")],
        ),
        (
            _answer(200, {"data": _MANY}),
            [
                *((True, f"/data/{n}/task_id is an array, which breaks the contract") for n in range(10)),
                (True, "and 2 places more break it"),
            ],
        ),
        (
            _answer(200, {"data": [{"new": 1, "task_info": {"new": 1}}, {"new": {"x": 1}, "task_status": "gone"}]}),
            [
                (False, "/data/*/new is not in the contract"),
                (False, "/data/*/task_info/new is not in the contract"),
                (False, "/data/*/task_status is gone, a word that the contract does not have"),
            ],
        ),
        (_answer(200, b'{"code": 0, "code": 1}'), [(True, "the body is no JSON, or such as readers read differently")]),
    ],
)
def test_an_answer_is_held_to_what_the_contract_says_of_it(
    response: httpx.Response, told: list[tuple[bool, str]]
) -> None:
    """What departs is told by its place; what is beyond the contract is told for information, once for all items."""
    assert told == [(finding.departs, finding.text) for finding in judge("listElements", response)]


def test_a_header_that_the_contract_requires_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It requires none so far."""
    declared = contract.document()["components"]["responses"]["Unauthorized"]["headers"]["WWW-Authenticate"]
    monkeypatch.setitem(declared, "required", "yes")

    assert ["the header WWW-Authenticate is missing"] == [each.text for each in judge("getElement", _answer(401, {}))]
    assert [] == judge("getElement", _answer(401, {}, **{"www-authenticate": "Bearer"}))
