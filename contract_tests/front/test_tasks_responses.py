"""A task is found in any response to a create. A response without a task leaves the create in doubt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.support.scripted import NAMED, Client, ScriptedClient, StubReply
from kling_elements.errors import NoTaskError
from kling_elements.lifecycle.create_request import task_id_from
from kling_elements.tasks import (
    Progress,
    progress_of,
)
from kling_elements_client.contract import CONTRACT
from kling_elements_client.models import Task

_NO_OBJECTS: list[Any] = [None, "x", 5, 1.5, True, [], [1], {}, {"a": 1}]
_NO_IDS: list[Any] = [None, "", 1.5, True, [], [1], {}, {"a": 1}]
_FLAT = {"object": "task", "model": "kling", "progress": 0, "created_at": 1}


def _nested_reply(levels: int) -> StubReply:
    deep = "[" * levels + "]" * levels
    return StubReply(200, f'{{"code": 0, "data": {{"task_id": "7", "task_status": {deep}, "x": {deep}}}}}'.encode())


@pytest.mark.parametrize(
    ("task_id", "body"),
    [
        ("7", {"code": 0, "data": {"task_id": "7"}}),
        ("7", {"data": {"task_id": "7"}}),
        ("7", {"task_id": "7"}),
        ("7", {"id": "7"}),
        ("7", {"id": "7", "status": "submitted", **_FLAT}),
        (7, {"id": 7, "status": 200, **_FLAT}),
        (2**63 - 1, {"code": 0, "data": {"task_id": 2**63 - 1}}),
        (-1, {"data": {"task_id": -1}}),
        ("7", {"code": 0, "data": {"id": "7", "status": "submitted"}}),
        ("7", {"code": 0, "data": {"task_id": "7", "id": "8"}, "id": "9"}),
        ("7", {"code": 0, "data": {"task_id": "", "id": "7"}}),
        ("7", {"code": 0, "data": {"task_id": None}, "task_id": "7"}),
        ("7", {"code": 0, "data": {"task_status": "submitted"}, "id": "7"}),
        ("7", {"code": 0, "data": None, "task_id": "7", "id": "8"}),
        ("7", {"code": 0, "data": {}, "task_id": "", "id": "7"}),
        *(("7", {"code": code, "data": {"task_id": "7"}}) for code in (5000, 1200, 1201, 1302, 42)),
        *(("7", {"code": str(code), "data": {"task_id": "7"}}) for code in (5000, 1302, "x", "")),
        *(("7", {"code": code, "id": "7"}) for code in (5000, 1200, 1302)),
        *(("7", {"code": malformed, "id": "7"}) for malformed in _NO_OBJECTS),
        *(("7", {"code": 5000, "data": malformed, "task_id": "7"}) for malformed in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_info": malformed}}) for malformed in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_info": {"external_task_id": malformed}}}) for malformed in _NO_IDS),
        *(("7", {"data": {"task_id": "7", "task_status": malformed}}) for malformed in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_result": malformed}}) for malformed in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_result": {"elements": malformed}}}) for malformed in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_result": {"elements": [malformed]}}}) for malformed in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "created_at": time}}) for time in ("x", 1.5, -1, [1])),
        *(("7", {"data": {"task_id": malformed}, "id": "7"}) for malformed in ([1], {"a": 1}, True, 1.5)),
        *(("7", {"task_id": malformed, "id": "7"}) for malformed in ([1], {"a": 1}, True, 1.5)),
        ("7", {"data": {"task_id": "7"}, "error": {"message": "malformed", "code": "5000"}}),
        ("7", {"data": {"task_id": "7"}, "message": 5, "request_id": [1], "extra": {"a": [1]}}),
        ("\ud83d", {"data": {"task_id": "\ud83d"}}),
        ("7", {"data": {"task_id": "7", "\ud83d": "\ud83d"}}),
        *(("7", _nested_reply(levels)) for levels in (10, 62)),
        ("7", StubReply(200, b'{"data": {"task_id": "7", "x": NaN, "y": 1e999, "z": Infinity}}')),
        ("7", StubReply(200, b'{"data": {"task_id": "1"}, "data": {"task_id": "7"}}')),
        ("7", StubReply(201, b'{"data": {"task_id": "7"}}', {"Content-Type": "text/html"})),
        ("7", StubReply(202, b'\xef\xbb\xbf{"id": "7"}')),
        *(
            ("7", StubReply(status, {"code": 5000, "data": {"task_id": "7"}}))
            for status in (300, 302, 500, 503, 504, 524)
        ),
        ("7", StubReply(500, {"error": {"code": "x"}, "task_id": "7"})),
        ("7", StubReply(200, json.dumps({"id": "7"}).encode("utf-16"))),
    ],
)
def test_the_id_of_a_created_task_is_never_lost(client_class: Client, task_id: Any, body: Any) -> None:
    """Both ids are kept, even if the rest of the response is malformed, and whatever its code is."""
    created = ScriptedClient(client_class, body if isinstance(body, StubReply) else StubReply(200, body)).create(NAMED)

    assert isinstance(created, Task)
    assert (task_id, type(task_id)) == (created.task_id, type(created.task_id))
    assert "e-1" == created.external_task_id
    assert progress_of(created, CONTRACT) in Progress
    assert str(task_id) == task_id_from(created)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, {"id": "8f2a-ray", "error": {"code": "bad_gateway"}}),
        (500, {"code": 5000, "message": "internal error", "id": "req-77"}),
        (503, {"id": "abc", "title": "Service Unavailable", "status": 503}),
        (307, {"id": "abc"}),
    ],
)
def test_the_id_of_a_failed_request_is_not_a_task_id(client_class: Client, status: int, body: Any) -> None:
    """In a failure only `task_id` counts, because proxies add an `id` to their refusals."""
    error = ScriptedClient(client_class, StubReply(status, body)).error_of("create", NAMED)

    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)


@pytest.mark.parametrize("status", [400, 401, 409, 429])
def test_a_refusal_with_a_task_is_still_a_refusal(client_class: Client, status: int) -> None:
    """A 4xx means that nothing was created, even if it contains an earlier task."""
    error = ScriptedClient(client_class, StubReply(status, {"code": 1200, "data": {"task_id": "7"}})).error_of(
        "create", NAMED
    )

    assert ("not_created", "e-1") == (error.outcome, error.external_task_id)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 0, "message": "success", "data": {}},
        {"data": {"task_id": ""}, "id": None},
        *({"data": {"task_id": malformed}} for malformed in (0, False, True, 1.5, [], [1], {}, {"a": 1})),
        *({"id": malformed} for malformed in (0, "", True, 1.5, [1], {"a": 1})),
        {"task_info": {"external_task_id": "e-1"}},
    ],
)
def test_a_response_without_a_task_leaves_the_create_in_doubt(client_class: Client, body: Any) -> None:
    """A value that is neither a string nor an integer doesn't count as an id."""
    error = ScriptedClient(client_class, StubReply(200, body)).error_of("create", NAMED)

    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)


def test_a_success_without_a_task_is_an_error(client_class: Client) -> None:
    """The error is not about the contract, which allows this response."""
    error = ScriptedClient(client_class, StubReply(200, {"code": 0})).error_of("create", NAMED)

    assert isinstance(error, NoTaskError)
    assert "the gateway reported success, but its response contains no task" == str(error)


def test_other_properties_of_a_response_are_kept(client_class: Client) -> None:
    """Properties of the top level and of the task are kept; the envelope is not part of the task."""
    flat = StubReply(200, {"code": 0, "request_id": "r", "message": "ok", "id": "7", **_FLAT})
    info = {"external_task_id": "e-1", "more": 1}
    client = ScriptedClient(client_class, flat, StubReply(200, {"data": {"task_id": "7", "task_info": info}}))

    first, second = client.create(NAMED), client.create(NAMED)

    assert {"object": "task", "model": "kling", "progress": 0} == first.additional_properties
    assert (1, "UNSET") == (first.created_at, repr(first.task_status_msg))
    assert info == second.task_info.to_dict()
