"""Both clients read tasks and refusals in every shape that services and gateways use.

The responses are made up: ids, names, times and messages, and some combinations of shapes. Real responses, word for
word, are in `test_live_responses_client`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.reading.response_cases import ABSENT_MESSAGE
from contract_tests.support.scripted import NAMED, Client, ScriptedClient, StubReply
from kling_elements import KlingElements
from kling_elements.elements import element_of
from kling_elements.outcomes import (
    is_absent,
    offers_no_look_up,
)
from kling_elements_client import UNSET
from kling_elements_client.api.elements import delete_element
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import InvalidResponseError, NotFoundError, StatusError
from kling_elements_client.models import DeleteElementRequest

_PAGE = "<html><head><title>Error</title></head></html>"
_ELEMENT = {"element_id": 9007199254740993, "element_name": "Mara", "status": "succeed"}
_KLINGS = {
    "task_id": "880431920114688",
    "task_status": "succeed",
    "task_status_msg": "",
    "task_info": {"external_task_id": "e-1"},
    "task_result": {"elements": [_ELEMENT]},
    "created_at": 1784541600000,
    "updated_at": 1784541605000,
}
_NEWER = {
    "id": "880431920114688",
    "status": "succeeded",
    "message": "",
    "create_time": 1784541600000,
    "update_time": 1784541605000,
    "external_id": "e-1",
    "outputs": [{"type": "element", "id": 9007199254740993, "name": "Mara", "status": "succeed"}],
    "billing": [],
}
_NEW_API = {
    "code": "success",
    "message": "",
    "data": {
        "task_id": "880431920114688",
        "status": "SUCCESS",
        "fail_reason": "",
        "progress": "100%",
        "data": {"code": 0, "message": "SUCCEED", "request_id": "r", "data": _KLINGS},
    },
}


def _delete(client_class: Client, reply: StubReply) -> Any:
    """Return the task that the generated client reads in a response to a deletion."""
    underlying, request = ScriptedClient(client_class, reply).kling.client, DeleteElementRequest(element_id="9")
    if client_class is KlingElements:
        return delete_element.sync(client=underlying, body=request).data
    return asyncio.run(delete_element.asyncio(client=underlying, body=request)).data


def _refused(status: int, body: Any, **headers: str) -> StubReply:
    content = body.encode() if isinstance(body, str) else body
    return StubReply(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


def _passed_on(code: int, message: str) -> dict[str, Any]:
    """Return a refusal of the service in a gateway's wrapping."""
    inner = json.dumps({"code": code, "message": message, "request_id": "r"})
    return {"code": "fail_to_fetch_task", "message": inner, "data": None}


@pytest.mark.parametrize(
    "reply",
    [
        _refused(400, {"code": 1201, "message": ABSENT_MESSAGE, "request_id": "r"}),
        _refused(400, {"code": "1201", "message": ABSENT_MESSAGE}),
        _refused(400, _passed_on(1201, ABSENT_MESSAGE)),
        _refused(404, {"code": 1203, "message": "no such resource", "request_id": "r"}),
        _refused(200, {"code": 1203, "message": "no such resource"}),
        _refused(500, _passed_on(1203, "no such resource")),
    ],
)
def test_absence_is_read_in_both_dialects(client_class: Client, reply: StubReply) -> None:
    """Absence is a code and a message, or a code with no other meaning, even nested in a gateway's response (A1)."""
    error = ScriptedClient(client_class, reply).error_of("get", "e-1")

    assert isinstance(error, NotFoundError)
    assert is_absent(error)
    assert not offers_no_look_up(error)


@pytest.mark.parametrize(
    "reply",
    [
        _refused(404, _PAGE),
        _refused(404, {"error": {"message": "Invalid URL (GET /kling)", "type": "invalid_request_error", "code": ""}}),
        _refused(404, {"detail": "Not Found"}),
        _refused(405, ""),
        _refused(400, {"code": 1201, "message": "Invalid parameters"}),
    ],
)
def test_no_other_response_means_absence(client_class: Client, reply: StubReply) -> None:
    """If the gateway does not know the path, for example, the error contains the path (A14)."""
    error = ScriptedClient(client_class, reply).error_of("get", "e-1")

    assert type(error) is StatusError
    url = f"https://gateway.example.com{ELEMENTS}/e-1"
    assert str(error).startswith(f"GET {url}: HTTP {reply.status}, ")


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "message": "SUCCEED", "data": _KLINGS},
        {"code": 0, "data": _NEWER},
        _NEWER,
        {"code": "success", "data": _KLINGS},
        {"code": 200, "data": _KLINGS},
        {"code": "ok", "data": _KLINGS},
        _NEW_API,
        {**_NEW_API, "code": "ok"},
        {"code": "success", "data": {"data": _KLINGS}},
        {"code": 0, "data": {**_KLINGS, "task_result": _ELEMENT}},
        {"code": 0, "data": {**_KLINGS, "task_status": "SUCCEED", "updated_at": 1.5}},
    ],
)
def test_a_task_is_read_in_each_shape(client_class: Client, body: Any) -> None:
    """Tasks may be newer or nested, with words as codes and with unknown properties (A4, A6, A9)."""
    task = ScriptedClient(client_class, StubReply(200, body)).get("880431920114688")

    assert ("880431920114688", "succeed", "e-1") == (task.task_id, task.task_status, task.external_task_id)
    assert (9007199254740993, "Mara") == (
        element_of(task, CONTRACT).element_id,
        element_of(task, CONTRACT).element_name,
    )


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "data": [_KLINGS]},
        {"items": [_KLINGS], "total": 1},
        {"code": "success", "data": {"items": [_KLINGS], "total": 1, "page": 1}},
        {"items": [_NEWER], "total": 1},
        {"items": [_NEW_API["data"]], "total": 1},
    ],
)
def test_a_list_is_read_from_each_place(client_class: Client, body: Any) -> None:
    """The tasks of a list may have any shape (A4, A5)."""
    (task,) = ScriptedClient(client_class, StubReply(200, body)).take(1, "list")

    assert "880431920114688" == task.task_id
    assert [9007199254740993] == [element.element_id for element in task.elements]


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "data": []},
        {"code": 0, "data": None},
        {"items": [], "total": 0},
        {"items": None, "total": 0},
        {"code": 0, "data": {"items": [], "total": 0}},
        {"code": 0, "data": {"items": None, "total": 0}},
    ],
)
def test_an_empty_list_is_empty(client_class: Client, body: Any) -> None:
    """Gateways write empty lists in different ways (A5)."""
    assert [] == ScriptedClient(client_class, StubReply(200, body)).take(None, "list")


@pytest.mark.parametrize("body", [{}, {"code": 0}, {"code": 0, "data": {}}, {"success": True}, {"code": 0, "list": []}])
def test_a_success_without_a_list_is_not_an_empty_list(client_class: Client, body: Any) -> None:
    """If this were read as an empty list, callers would create everything again (A5)."""
    with pytest.raises(InvalidResponseError):
        ScriptedClient(client_class, StubReply(200, body)).take(None, "list")


@pytest.mark.parametrize(
    "reply",
    [StubReply(204, b""), StubReply(200, b""), StubReply(202, b" \n"), StubReply(200, {"code": 0})],
)
def test_the_response_to_a_deletion_may_be_empty(client_class: Client, reply: StubReply) -> None:
    """The element is deleted (A10)."""
    assert UNSET is _delete(client_class, reply)


def test_the_response_to_any_other_call_must_not_be_empty(client_class: Client) -> None:
    """The response to a look-up or a create must contain the task (A10)."""
    for call in ("get", "create"):
        with pytest.raises(InvalidResponseError, match=r"HTTP 204, the response is not JSON: empty body$"):
            getattr(ScriptedClient(client_class, StubReply(204, b"")), call)({"get": "7", "create": NAMED}[call])
