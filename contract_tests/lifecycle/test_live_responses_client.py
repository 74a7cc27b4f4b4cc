"""The client reads each response in the table of real responses as the row says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
import pytest

from contract_tests.reading.live_responses import LiveResponse, responses
from contract_tests.support.scripted import ABSENT, NAMED, Client, ScriptedClient, finished_task, task
from contract_tests.support.tables import for_each_row
from kling_elements import KlingElements, Outcome
from kling_elements.errors import LookUpUnavailableError, NoTaskError, TaskError, TaskFailedError
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.api.elements import (
    create_element,
    delete_element,
    get_element,
    list_elements,
    list_preset_elements,
)
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import (
    AuthenticationError,
    BusinessError,
    InvalidResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    StatusError,
)
from kling_elements_client.models import DeleteElementRequest, Task

_RAW: Mapping[str, Callable[..., Any]] = {
    "createElement": lambda client, requested_id: create_element.sync(client=client, body=_request(requested_id)),
    "getElement": lambda client, requested_id: get_element.sync(client=client, id=requested_id or "e-1"),
    "listElements": lambda client, _: list_elements.sync(client=client),
    "listPresetElements": lambda client, _: list_preset_elements.sync(client=client),
    "deleteElement": lambda client, requested_id: delete_element.sync(
        client=client, body=DeleteElementRequest(element_id=requested_id)
    ),
}
_KINDS: Mapping[int, type[ResponseError]] = {
    200: BusinessError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    429: RateLimitError,
    500: ServerError,
    503: ServerError,
    504: ServerError,
}
_FINE = {"task", "no task", "list", "deleted"}  # what a successful response means


def _rows(*calls: str, means: Iterable[str] = ()) -> pytest.MarkDecorator:
    """Run a test for the rows of some calls, or only for those with some of the meanings."""
    rows = [row for row in responses() if row.call in calls and (not means or row.means in means)]
    assert rows
    return for_each_row(rows)


def _request(external_id: str) -> dict[str, Any]:
    return {**NAMED, "external_task_id": external_id or "e-1"}


def _requested_id(row: LiveResponse) -> str:
    return row.asked or row.reads.external_id or ""


def _response_of(row: LiveResponse) -> Callable[[httpx.Request], httpx.Response]:
    """Return the response in a row as a step of a script."""
    return lambda _: row.response()


def _task(task_id: str, external_id: str) -> Any:
    return task(task_id, task_info={"external_task_id": external_id})


@_rows(*_RAW)
def test_an_operation_of_the_generated_client_returns_a_model_or_raises(row: LiveResponse) -> None:
    """A failure raises the exception for its status or for absence."""
    client = ScriptedClient(KlingElements, _response_of(row))

    def call() -> Any:
        return _RAW[row.call](client.kling.client, _requested_id(row))

    if row.means in _FINE or (row.status == 200 and (row.body() or {}).get("code") == "success"):
        assert isinstance(call().to_dict(), dict)
        return
    with pytest.raises(ResponseError) as caught:
        call()
    error = caught.value
    if row.means in ("absent", "no list"):
        expected: type[ResponseError] = NotFoundError if row.means == "absent" else InvalidResponseError
    else:
        expected = _KINDS.get(row.status, StatusError)
    assert expected is type(error)
    assert row.status == error.status_code
    code, message = _code_and_message(row)
    assert (code, message) == (error.code, error.message)


def _code_and_message(row: LiveResponse) -> tuple[int | str | None, str | None]:
    """Return the code and the message of a row's failure."""
    body = row.body() or {}
    inner = error if isinstance(error := body.get("error"), dict) else body
    code = row.reads.code if row.reads.code is not None else inner.get("code")
    message = row.reads.message if row.reads.message is not None else inner.get("message")
    return None if code == "" else code, message or None


@_rows("createElement", means=["task"])
def test_a_create_returns_the_task_in_the_response(client_class: Client, row: LiveResponse) -> None:
    """The task has its ids, and the progress if the response contains it."""
    created = ScriptedClient(client_class, _response_of(row)).create(_request(_requested_id(row)))

    assert row.reads.task == str(created.task_id)
    assert (row.reads.external_id or "e-1") == created.external_task_id
    if row.reads.progress is not None:
        assert Progress[row.reads.progress.upper()] is progress_of(created, CONTRACT)


@_rows("createElement", means=["refused"])
def test_a_refusal_created_nothing_and_is_final(client_class: Client, row: LiveResponse) -> None:
    """`create` and `get_or_create` report a refusal at once."""
    for name, script in (("create", [_response_of(row)]), ("get_or_create", [ABSENT, _response_of(row)])):
        client = ScriptedClient(client_class, *script)

        assert Outcome.NOT_CREATED == client.error_of(name, NAMED).outcome
        assert client.gateway.is_finished()
        assert [] == client.clock.slept


@_rows("createElement", means=["wait"])
def test_a_create_is_repeated_after_a_limit(client_class: Client, row: LiveResponse) -> None:
    """The request is sent again, because nothing was created."""
    client = ScriptedClient(client_class, _response_of(row), _response_of(row), _task("7", "e-1"))

    assert "7" == client.create(NAMED).task_id
    assert "create create create" == client.gateway.calls()
    assert 2 == len(client.clock.slept)


@_rows("createElement", means=["no task", "in doubt", "duplicate"])
def test_a_create_in_doubt_is_looked_up_and_never_repeated(client_class: Client, row: LiveResponse) -> None:
    """`create` reports `may_exist`, because this request or an earlier one may have created the element."""
    request = _request(_requested_id(row))
    error = ScriptedClient(client_class, _response_of(row)).error_of("create", request)
    assert Outcome.MAY_EXIST == error.outcome
    assert (row.means == "no task") == isinstance(error, NoTaskError)

    adopting = ScriptedClient(client_class, ABSENT, _response_of(row), _task("7", request["external_task_id"]))
    assert "7" == adopting.get_or_create(request).task_id
    assert "look create look" == adopting.gateway.calls()


@_rows("getElement", means=["absent"])
def test_an_absent_task_is_not_found_and_can_be_created(client_class: Client, row: LiveResponse) -> None:
    """`get` raises, and `get_or_create` creates the task."""
    assert NotFoundError is type(ScriptedClient(client_class, _response_of(row)).error_of("get", row.asked))

    adopting = ScriptedClient(client_class, _response_of(row), _task("7", row.asked))
    assert "7" == adopting.get_or_create(_request(row.asked)).task_id
    assert "look create" == adopting.gateway.calls()


@_rows("getElement", means=["absent"])
def test_wait_looks_again_after_a_first_absence(client_class: Client, row: LiveResponse) -> None:
    """A new task may be invisible at first. You can pass the task or its id."""
    for waited in (Task(task_id=row.asked), row.asked):
        client = ScriptedClient(client_class, _response_of(row), finished_task(row.asked))

        assert 9 == client.wait(waited).element_id


@_rows("getElement", means=["task"])
def test_a_look_up_returns_the_ids_the_progress_and_the_elements(client_class: Client, row: LiveResponse) -> None:
    """The task may have any shape."""
    looked_up = ScriptedClient(client_class, _response_of(row)).get(row.asked)

    assert row.reads.task == str(looked_up.task_id)
    assert row.reads.external_id == looked_up.external_task_id
    if row.reads.elements is not None:
        assert list(row.reads.elements) == [element.id for element in looked_up.elements]
        assert {*row.reads.elements, *(row.reads.unusable or ())} == {element.id for element in looked_up.all_elements}
    assert Progress[str(row.reads.progress).upper()] is progress_of(looked_up, CONTRACT)
    assert (row.reads.progress in ("succeeded", "failed")) == looked_up.is_finished


@_rows("getElement", means=["task"])
def test_wait_returns_an_element_raises_an_error_or_looks_again(client_class: Client, row: LiveResponse) -> None:
    """`wait` returns only usable elements, and looks up unfinished tasks again."""
    usable = [] if row.reads.elements is None else list(row.reads.elements)
    if usable:
        assert usable[0] == str(ScriptedClient(client_class, _response_of(row)).wait(row.asked).element_id)
    elif row.reads.unusable:
        error = ScriptedClient(client_class, _response_of(row)).error_of("wait", row.asked)
        assert isinstance(error, TaskError)
        assert row.reads.task == str(error.task.task_id)
    elif row.reads.progress == "failed":
        assert TaskFailedError is type(ScriptedClient(client_class, _response_of(row)).error_of("wait", row.asked))
    else:
        client = ScriptedClient(client_class, *[_response_of(row)] * 8, finished_task(row.asked))
        assert 9 == client.wait(row.asked).element_id


@_rows("getElement", means=["no look-up"])
def test_get_or_create_refuses_a_gateway_without_look_ups(client_class: Client, row: LiveResponse) -> None:
    """The call raises before it creates anything."""
    client = ScriptedClient(client_class, _response_of(row))

    assert LookUpUnavailableError is type(client.error_of("get_or_create", _request(row.asked)))
    assert client.gateway.is_finished()
    assert NotFoundError is not type(ScriptedClient(client_class, _response_of(row)).error_of("get", row.asked))


@_rows("listElements", "listPresetElements", means=["list"])
def test_a_list_is_read_from_every_place(client_class: Client, row: LiveResponse) -> None:
    """The client finds the list wherever the gateway puts it."""
    empty = httpx.Response(200, json={"data": []})
    client = ScriptedClient(client_class, _response_of(row), *[lambda _: empty] * len(row.reads.tasks or ()))

    tasks = client.take(None, "presets" if row.call == "listPresetElements" else "list")

    assert list(row.reads.tasks or ()) == [str(listed.task_id) for listed in tasks]


@_rows("listElements", means=["no list", "refused"])
def test_a_response_without_a_list_is_an_error(client_class: Client, row: LiveResponse) -> None:
    """Such a response must never be read as an empty list."""
    with pytest.raises(ResponseError) as caught:
        ScriptedClient(client_class, _response_of(row)).take(None, "list")

    assert (InvalidResponseError if row.means == "no list" else StatusError) in type(caught.value).__mro__


@_rows("deleteElement", means=["deleted", "deleted already"])
def test_a_second_deletion_succeeds(client_class: Client, row: LiveResponse) -> None:
    client = ScriptedClient(client_class, _response_of(row))

    client.delete(row.asked)

    assert client.gateway.is_finished()


@_rows("deleteElement", means=["absent"])
def test_deleting_an_unknown_element_is_an_error(client_class: Client, row: LiveResponse) -> None:
    """The error is the same in both dialects."""
    assert NotFoundError is type(ScriptedClient(client_class, _response_of(row)).error_of("delete", row.asked))
