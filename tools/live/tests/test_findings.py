"""Findings show violations of the contract, and additions to it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from kling_elements_client import contract
from tools.live.findings import findings_of


def _response(status: int, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers={"content-type": "application/json", **headers})


_MANY: list[Any] = [{"task_id": []} for _ in range(12)]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (_response(200, {"data": [{"task_id": 7}]}), []),
        (_response(503, b"<html>", **{"content-type": "TEXT/HTML; charset=utf-8"}), []),
        (_response(418, {"error": {"code": "teapot"}}), []),
        (_response(201, {}), [(True, "the contract does not list status 201 here")]),
        (
            _response(401, b"", **{"content-type": ""}),
            [(True, "there is no content type; the contract expects application/json")],
        ),
        (_response(400, []), [(True, "the body is an array, which breaks the contract")]),
        (_response(400, {"code": 1303}), [(True, "/code is 1303, which comes with status 429, not 400")]),
        (_response(400, {"code": "1303"}), [(True, "/code is 1303, which comes with status 429, not 400")]),
        (_response(400, {"code": 7}), [(False, "/code is 7, which is not in x-business-codes")]),
        (
            _response(400, {"code": 7.5}),
            [
                (True, "/code is a number, which breaks the contract"),
                (False, "/code is 7.5, which is not in x-business-codes"),
            ],
        ),
        (
            _response(200, {"error": {"message": "no"}, "data": []}),
            [(True, "/error is present, but the status is 200"), (False, "/error is not in the contract")],
        ),
        (
            _response(200, {"data": _MANY}),
            [
                *((True, f"/data/{n}/task_id is an array, which breaks the contract") for n in range(10)),
                (True, "2 more places break the contract"),
            ],
        ),
        (
            _response(200, {"data": [{"new": 1, "task_info": {"new": 1}}, {"new": {"x": 1}, "task_status": "gone"}]}),
            [
                (False, "/data/*/new is not in the contract"),
                (False, "/data/*/task_info/new is not in the contract"),
                (False, "/data/*/task_status is gone, a word that is not in the contract"),
            ],
        ),
        (
            _response(200, b'{"code": 0, "code": 1}'),
            [(True, "the body is not JSON, or readers could read it differently")],
        ),
    ],
)
def test_a_response_is_checked_against_the_contract(response: httpx.Response, expected: list[tuple[bool, str]]) -> None:
    """Departures are described by their place. Additions are only for information, once for all items."""
    assert expected == [(finding.is_violation, finding.text) for finding in findings_of("listElements", response)]


def test_a_missing_required_header_is_a_departure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test makes a header required, because the contract has none yet."""
    declared = contract.document()["components"]["responses"]["Unauthorized"]["headers"]["WWW-Authenticate"]
    monkeypatch.setitem(declared, "required", "yes")

    assert ["the header WWW-Authenticate is missing"] == [
        finding.text for finding in findings_of("getElement", _response(401, {}))
    ]
    assert [] == findings_of("getElement", _response(401, {}, **{"www-authenticate": "Bearer"}))
