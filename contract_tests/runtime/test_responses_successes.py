"""Responses with a status of success become models, unless they report a failure or break the contract."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import respx

from contract_tests.reading.image_body import BODY
from contract_tests.support.running import Create, Failure
from kling_elements_client import AuthenticatedClient, errors

_ENVELOPE = {"code": 1200, "message": "no", "request_id": "r-1"}


@pytest.mark.parametrize(
    ("reason", "content"),
    [
        ("the response is not JSON: empty body", b""),
        ("the response is not JSON: <html> </html>", b"<html>\n</html>"),
        ("the response is not JSON: {", b'{"code": 0, '),
        ("the response is not JSON: \ufffd", b"\xff"),
        ("the response nests deeper than 64 levels: [[", b"[" * 100_000),
        ("the response nests deeper than 64 levels: {", b'{"data": ' * 65 + b"1" + b"}" * 65),
        ("the response has more than 100000 values: {", b'{"data": [' + b"[],{}," * 40_000 + b"0]}"),
        (
            "the response is too large: it takes more than 16 MiB of memory: {",
            '{"message": "\U0001f600'.encode() + b"x y" * 1_398_100 + b'"}',
        ),
        ("the response is not JSON: {", b'{"id": ' + b"9." * 2500 + b"}"),
        ("the response cannot be read: {", b'{"\\ud83d": 1}'),
        ("the response breaks the contract at (body): ", b"[]"),
        ("the response breaks the contract at (body): ", b"null"),
        ("the response breaks the contract at (body): ", b'"ok"'),
        ("the response breaks the contract at /message: ", b'{"message": NaN}'),
        ("the response breaks the contract at /message: ", b'{"message": 1e999}'),
        ("the response breaks the contract at /id: ", b'{"id": false}'),
        ("the response breaks the contract at /data: ", b'{"data": []}'),
        ("the response breaks the contract at /data/task_id: ", b'{"data": {"task_id": {}}}'),
        ("the response breaks the contract at /data/task_status: ", b'{"data": {"task_status": 1}}'),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_that_breaks_the_contract_is_invalid(
    reason: str, content: bytes, status: int, failure: Failure
) -> None:
    """The exception contains the response, because the element may have been created."""
    error = failure(status, content, [(b"x-request-id", b"h-1")])

    assert type(error) is errors.InvalidResponseError
    assert reason in str(error)
    assert str(error).endswith(", request h-1")
    assert (status, "h-1") == (error.status_code, error.headers["x-request-id"])
    assert " ".join(content[:1000].decode("utf-8", "replace").split())[:200] == error.excerpt


def test_an_invalid_response_is_quoted_only_in_the_excerpt(failure: Failure) -> None:
    """The excerpt shows the beginning of the response."""
    error = failure(200, json.dumps({"data": ["x" * 5000]}))

    assert 200 >= str(error).count("x")


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (1200, _ENVELOPE),
        (-1, {"code": -1}),
        ("1301", {"code": "1301", "message": "unsafe"}),
        (None, {"code": ""}),
        (1302, {"code": "", "error": {"code": 1302}}),
        (5000, {"code": 5000, "data": None}),
        (5000, {"code": 5000, "data": {}}),
        (5000, {"code": 5000, "data": {"task_id": None, "task_status": "failed"}, "id": "", "task_id": None}),
        (None, {"code": True}),
        (None, {"code": False}),
        (None, {"code": float("nan")}),
        (None, {"code": 1.5}),
        (201, {"code": 201}),
        ("200", {"code": "200"}),
        ("quota", {"error": {"message": "no credit", "type": "billing", "code": "quota"}}),
        (0, {"code": 0, "error": {"code": 7}}),
        (None, {"error": "no credit"}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_status_with_a_failure_code_is_a_failure(
    code: Any, body: dict[str, Any], status: int, failure: Failure
) -> None:
    """Without a task id, a code other than 0 or an error means that nothing was created."""
    error = failure(status, json.dumps(body))

    assert type(error) is errors.BusinessError
    assert (status, code) == (error.status_code, error.code)
    assert "refused: " in str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 5000, "data": {"task_id": "t-1"}},
        {"code": 5000, "data": {"task_id": 1}},
        {"code": 5000, "task_id": "t-1"},
        {"code": 5000, "data": {"id": "t-1"}},
        {"code": "5000", "id": "t-1", "error": {"message": "slow"}},
        {"code": 0},
        {"code": "0"},
        {"code": "success"},
        {"code": "SUCCESS"},
        {"code": 200},
        {"code": None},
        {"code": 0, "error": None},
        {"message": "failed"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_response_with_a_task_id_or_without_a_failure_is_a_success(
    body: dict[str, Any], status: int, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """A task id in any of four places outweighs the code, because the element exists."""
    router.post().respond(status, json=body)

    assert body == create(client, BODY).to_dict()


@pytest.mark.parametrize(
    "content",
    [
        '{"data": {"task_id": "t-1", "task_status": 1}}',
        '{"id": "t-1", "code": true}',
        '{"task_id": "t-1", "data": []}',
        '{"task_id": "t-1", "\\ud83d": 1}',
        '{"code": 5000, "id": "t-1", "message": 7}',
        '{"code": "ok", "data": {"task_id": "t-1"}}',
    ],
)
def test_an_invalid_response_with_a_task_id_is_a_success_with_a_warning(
    content: str,
    create: Create,
    client: AuthenticatedClient,
    router: respx.MockRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The element exists, so you get its id. The log says what is wrong."""
    router.post().respond(content=content.encode())

    assert json.loads(content) == create(client, BODY).to_dict()
    (logged,) = [record for record in caplog.records if record.name == "kling_elements.http"]
    assert logging.WARNING == logged.levelno
    assert logged.getMessage().startswith("createElement: the response contains an id, but is unusual: HTTP 200, code ")
