"""What services and gateways really answered: the client is held to each row of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
import pytest

from contract_tests.reading.live_answers import Answer, answers
from contract_tests.support.scripted import ABSENT, NAMED, Client, Scripted, made, task
from contract_tests.support.tables import each
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
    "createElement": lambda client, asked: create_element.sync(client=client, body=_subject(asked)),
    "getElement": lambda client, asked: get_element.sync(client=client, id=asked or "e-1"),
    "listElements": lambda client, _: list_elements.sync(client=client),
    "listPresetElements": lambda client, _: list_preset_elements.sync(client=client),
    "deleteElement": lambda client, asked: delete_element.sync(
        client=client, body=DeleteElementRequest(element_id=asked)
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
_FINE = {"task", "no task", "list", "deleted"}  # what a successful answer means


def _rows(*calls: str, means: Iterable[str] = ()) -> pytest.MarkDecorator:
    """Mark a test that has to hold for the rows of some calls, and of some meanings."""
    found = [row for row in answers() if row.call in calls and (not means or row.means in means)]
    assert found
    return each(found)


def _subject(external_id: str) -> dict[str, Any]:
    return {**NAMED, "external_task_id": external_id or "e-1"}


def _asked(row: Answer) -> str:
    return row.asked or row.reads.external_id or ""


def _given(row: Answer) -> Callable[[httpx.Request], httpx.Response]:
    """Return a step of a script: the row's answer."""
    return lambda _: row.response()


def _found(task_id: str, external_id: str) -> Any:
    return task(task_id, task_info={"external_task_id": external_id})


@_rows(*_RAW)
def test_a_single_operation_makes_a_model_or_an_exception_of_it(row: Answer) -> None:
    """Success is a model; a failure is the exception for its status, or says that there is no such thing."""
    scripted = Scripted(KlingElements, _given(row))

    def call() -> Any:
        return _RAW[row.call](scripted.kling.client, _asked(row))

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
    code, message = _said(row)
    assert (code, message) == (error.code, error.message)


def _said(row: Answer) -> tuple[int | str | None, str | None]:
    """Return the code and message of a failure, as the row has them."""
    body = row.body() or {}
    inner = error if isinstance(error := body.get("error"), dict) else body
    code = row.reads.code if row.reads.code is not None else inner.get("code")
    message = row.reads.message if row.reads.message is not None else inner.get("message")
    return None if code == "" else code, message or None


@_rows("createElement", means=["task"])
def test_a_create_that_names_its_task_is_a_task(client_class: Client, row: Answer) -> None:
    """With the ids, and with as much of its progress as the answer tells."""
    created = Scripted(client_class, _given(row)).create(_subject(_asked(row)))

    assert row.reads.task == str(created.task_id)
    assert (row.reads.external_id or "e-1") == created.external_task_id
    if row.reads.progress is not None:
        assert Progress[row.reads.progress.upper()] is progress_of(created, CONTRACT)


@_rows("createElement", means=["refused"])
def test_a_refusal_created_nothing_and_is_final(client_class: Client, row: Answer) -> None:
    """It is told at once, by both ways to create."""
    for name, script in (("create", [_given(row)]), ("get_or_create", [ABSENT, _given(row)])):
        scripted = Scripted(client_class, *script)

        assert Outcome.NOT_CREATED == scripted.failing(name, NAMED).outcome
        assert scripted.gateway.finished()
        assert [] == scripted.clock.slept


@_rows("createElement", means=["wait"])
def test_a_limit_is_waited_for(client_class: Client, row: Answer) -> None:
    """Nothing was created, so the request is sent again."""
    scripted = Scripted(client_class, _given(row), _given(row), _found("7", "e-1"))

    assert "7" == scripted.create(NAMED).task_id
    assert "create create create" == scripted.gateway.calls()
    assert 2 == len(scripted.clock.slept)


@_rows("createElement", means=["no task", "in doubt", "duplicate"])
def test_a_create_that_may_have_made_a_task_is_looked_up_and_never_sent_again(
    client_class: Client, row: Answer
) -> None:
    """By itself it is `may_exist`: its task, or that of an earlier request, is there, or was."""
    asked = _subject(_asked(row))
    error = Scripted(client_class, _given(row)).failing("create", asked)
    assert Outcome.MAY_EXIST == error.outcome
    assert (row.means == "no task") == isinstance(error, NoTaskError)

    adopting = Scripted(client_class, ABSENT, _given(row), _found("7", asked["external_task_id"]))
    assert "7" == adopting.get_or_create(asked).task_id
    assert "look create look" == adopting.gateway.calls()


@_rows("getElement", means=["absent"])
def test_what_is_absent_is_not_found_and_can_be_created(client_class: Client, row: Answer) -> None:
    """`get` says so, and `get_or_create` creates."""
    assert NotFoundError is type(Scripted(client_class, _given(row)).failing("get", row.asked))

    adopting = Scripted(client_class, _given(row), _found("7", row.asked))
    assert "7" == adopting.get_or_create(_subject(row.asked)).task_id
    assert "look create" == adopting.gateway.calls()


@_rows("getElement", means=["absent"])
def test_a_first_absence_is_borne_while_waiting(client_class: Client, row: Answer) -> None:
    """What was created a moment ago need not be found at once; the same for a task and its id."""
    for waited in (Task(task_id=row.asked), row.asked):
        scripted = Scripted(client_class, _given(row), made(row.asked))

        assert 9 == scripted.wait(waited).element_id


@_rows("getElement", means=["task"])
def test_a_task_that_is_found_is_read(client_class: Client, row: Answer) -> None:
    """Whatever the shape: ids, progress and subjects."""
    found = Scripted(client_class, _given(row)).get(row.asked)

    assert row.reads.task == str(found.task_id)
    assert row.reads.external_id == found.external_task_id
    if row.reads.elements is not None:
        assert list(row.reads.elements) == [element.id for element in found.elements]
        assert {*row.reads.elements, *(row.reads.unusable or ())} == {element.id for element in found.all_elements}
    assert Progress[str(row.reads.progress).upper()] is progress_of(found, CONTRACT)
    assert (row.reads.progress in ("succeeded", "failed")) == found.is_finished


@_rows("getElement", means=["task"])
def test_a_task_is_waited_for_as_far_as_it_is(client_class: Client, row: Answer) -> None:
    """A subject is handed out if it can be used, and never otherwise; what is under way is asked for again."""
    usable = [] if row.reads.elements is None else list(row.reads.elements)
    if usable:
        assert usable[0] == str(Scripted(client_class, _given(row)).wait(row.asked).element_id)
    elif row.reads.unusable:
        error = Scripted(client_class, _given(row)).failing("wait", row.asked)
        assert isinstance(error, TaskError)
        assert row.reads.task == str(error.task.task_id)
    elif row.reads.progress == "failed":
        assert TaskFailedError is type(Scripted(client_class, _given(row)).failing("wait", row.asked))
    else:
        scripted = Scripted(client_class, *[_given(row)] * 8, made(row.asked))
        assert 9 == scripted.wait(row.asked).element_id


@_rows("getElement", means=["no look-up"])
def test_a_gateway_without_look_ups_is_told_at_once(client_class: Client, row: Answer) -> None:
    """`get_or_create` cannot work there, and says so before it creates."""
    scripted = Scripted(client_class, _given(row))

    assert LookUpUnavailableError is type(scripted.failing("get_or_create", _subject(row.asked)))
    assert scripted.gateway.finished()
    assert NotFoundError is not type(Scripted(client_class, _given(row)).failing("get", row.asked))


@_rows("listElements", "listPresetElements", means=["list"])
def test_a_list_is_read(client_class: Client, row: Answer) -> None:
    """Wherever the gateway puts it."""
    empty = httpx.Response(200, json={"data": []})
    scripted = Scripted(client_class, _given(row), *[lambda _: empty] * len(row.reads.tasks or ()))

    found = scripted.first(None, "presets" if row.call == "listPresetElements" else "list")

    assert list(row.reads.tasks or ()) == [str(each.task_id) for each in found]


@_rows("listElements", means=["no list", "refused"])
def test_a_list_that_is_none_is_an_error(client_class: Client, row: Answer) -> None:
    """And never an empty one."""
    with pytest.raises(ResponseError) as caught:
        Scripted(client_class, _given(row)).first(None, "list")

    assert (InvalidResponseError if row.means == "no list" else StatusError) in type(caught.value).__mro__


@_rows("deleteElement", means=["deleted", "deleted already"])
def test_a_deletion_is_done_also_if_it_was_before(client_class: Client, row: Answer) -> None:
    """A second one is no error: the subject is deleted, as was asked for."""
    scripted = Scripted(client_class, _given(row))

    scripted.delete(row.asked)

    assert scripted.gateway.finished()


@_rows("deleteElement", means=["absent"])
def test_a_deletion_of_what_is_not_there_says_so(client_class: Client, row: Answer) -> None:
    """In whichever dialect."""
    assert NotFoundError is type(Scripted(client_class, _given(row)).failing("delete", row.asked))
