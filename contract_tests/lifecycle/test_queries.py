"""A look-up takes one call, and queries are repeated after temporary failures."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    REFUSED,
    Client,
    ScriptedClient,
    Step,
    StubReply,
    both_dialects,
    finished_task,
    page,
    refusal,
    task,
)
from kling_elements.errors import NoTaskError
from kling_elements_client.errors import (
    AuthenticationError,
    BusinessError,
    ContractError,
    InvalidResponseError,
    KlingError,
    NotFoundError,
    RateLimitError,
    StatusError,
)
from kling_elements_client.models import Element, Task, TaskInfo, TaskStatus


@pytest.mark.parametrize(
    ("part", "argument"),
    [
        ("7", "7"),
        ("7", 7),
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("a%2Fb%20c%3Fd", "a/b c?d"),
        ("..%2Fx", "../x"),
        ("...", "..."),
        ("%E4%BB%BB%E5%8A%A1", "任务"),
        ("7", Task(task_id="7", task_info=TaskInfo(external_task_id="e-1"))),
        ("7", Task(task_id=7)),
        ("e-1", Task(task_info=TaskInfo(external_task_id="e-1"))),
        ("e-1", Task(task_id="", task_info=TaskInfo(external_task_id="e-1"))),
    ],
)
def test_a_task_is_looked_up_by_a_task_or_an_id(client_class: Client, part: str, argument: Any) -> None:
    """You can pass a task id or an external id. Whatever it contains, it is one segment of the path."""
    client = ScriptedClient(client_class, finished_task("5", 2**62 + 1))

    looked_up = client.get(argument)

    assert ("5", TaskStatus.SUCCEED) == (looked_up.task_id, looked_up.task_status)
    assert [2**62 + 1] == [element.element_id for element in looked_up.task_result.elements]
    (request,) = client.gateway.requests
    assert ("GET", f"{ELEMENTS}/{part}") == (request.method, request.url.raw_path.decode())


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ({"task_id": "7", "task_status": "succeed"}, {"code": 0, "data": {"task_id": "7", "task_status": "succeeded"}}),
        ({"task_id": "7", "task_status": "succeed"}, {"code": "0", "data": {"id": "7", "status": "succeeded"}}),
        ({"task_id": 7, "task_status": "queued", "x": 1}, {"id": 7, "status": "queued", "x": 1}),
        ({"task_id": "7", "task_status_msg": "ok"}, {"data": None, "task_id": "7", "message": "ok"}),
        ({"task_id": "7", "task_status": "new"}, {"data": {"task_status": "new"}, "id": "7"}),
        ({"task_id": "7", "task_status_msg": "no"}, {"data": {"id": "7", "message": "no"}, "message": "ok"}),
    ],
)
def test_a_task_is_read_from_any_shape(client_class: Client, expected: Any, body: Any) -> None:
    """The response may or may not have an envelope, and may use the older or the newer names."""
    assert expected == ScriptedClient(client_class, StubReply(200, body)).get("7").to_dict()


_NAMES = pytest.mark.parametrize("name", ["get", "delete", "list", "presets"])


def _query(client: ScriptedClient, name: str, **options: Any) -> Any:
    """Make a query; if it returns a list, read the list to its end."""
    if name in ("list", "presets"):
        return client.take(None, name, **options)
    return getattr(client, name)("7", **options)


def _query_error(client: ScriptedClient, name: str, **options: Any) -> KlingError:
    with pytest.raises(KlingError) as caught:
        _query(client, name, **options)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (AuthenticationError, refusal(401, 1000)),
        (RateLimitError, refusal(429, 1101)),
        (StatusError, refusal(404)),
        (StatusError, StubReply(302, b"", {"Location": "https://elsewhere.example.com/"})),
        (BusinessError, refusal(200, 1200)),
        (InvalidResponseError, StubReply(200, b"<html>")),
        (InvalidResponseError, StubReply(200, [1])),
    ],
)
@_NAMES
def test_a_query_that_cannot_succeed_is_not_repeated(
    client_class: Client, name: str, kind: type[KlingError], step: Step
) -> None:
    """The error has no outcome, because it isn't about a create."""
    client = ScriptedClient(client_class, step)

    error = _query_error(client, name)

    assert kind is type(error)
    assert None is error.outcome
    assert client.gateway.is_finished()


@pytest.mark.parametrize("name", ["get", "delete"])
@both_dialects
def test_absence_is_reported_at_once(client_class: Client, dialect: str, name: str) -> None:
    """A first deletion reports absence only in the documented dialect."""
    client = ScriptedClient(client_class, ABSENT, dialect=dialect if name == "get" else "documented")

    error = _query_error(client, name)

    assert isinstance(error, NotFoundError)
    assert None is error.outcome


@pytest.mark.parametrize(
    "step",
    [
        refusal(429, 1302),
        refusal(429),
        refusal(503),
        refusal(500, 5000),
        refusal(200, 5001),
        refusal(408),
        LOST,
        REFUSED,
    ],
)
@_NAMES
def test_a_query_is_repeated_after_a_temporary_failure(client_class: Client, name: str, step: Step) -> None:
    """The waits are those of a create that created nothing."""
    client = ScriptedClient(client_class, step, step, page() if name in ("list", "presets") else finished_task())

    _query(client, name)

    assert [1, 2] == client.clock.slept
    assert client.gateway.is_finished()


@pytest.mark.parametrize(
    ("slept", "limit", "step"),
    [
        ([1, 2, 4, 8, 16, 29], None, refusal(503)),
        ([1, 2], None, REFUSED),
        ([], 0, refusal(503)),
        ([1, 2, 2, 1], 7, refusal(503)),
        ([], None, refusal(503, retry_after="61")),
        ([], 7, refusal(503, retry_after="7")),
    ],
)
@_NAMES
def test_a_query_is_not_repeated_forever(
    client_class: Client, name: str, slept: list[float], limit: float | None, step: Step
) -> None:
    """The policy limits the time, unless you pass a limit to the call."""
    client = ScriptedClient(client_class, *[step] * (len(slept) + 1))

    error = _query_error(client, name, max_wait_seconds=limit)

    assert None is error.outcome
    assert slept == client.clock.slept
    assert client.gateway.is_finished()


@pytest.mark.parametrize("body", [{}, {"code": 0, "data": None}, {"data": {"task_status": "failed"}}, {"id": [1]}])
def test_a_look_up_without_a_task_in_its_response_is_an_error(client_class: Client, body: Any) -> None:
    """Such a response must not be read as an absent task."""
    error = ScriptedClient(client_class, StubReply(200, body)).error_of("get", "7")

    assert isinstance(error, NoTaskError)
    assert None is error.outcome


def test_an_error_shows_the_whole_url_of_a_look_up(client_class: Client) -> None:
    """A URL with a long id is not mistaken for Base64."""
    task_id = "01234567-89ab-cdef-0123-456789abcdef"
    client = ScriptedClient(client_class, ABSENT, base_url="http://127.0.0.1:65535/studio")

    error = client.error_of("get", task_id)

    assert str(error).startswith(f"GET http://127.0.0.1:65535/studio{ELEMENTS}/{task_id}: HTTP 404")


def test_a_look_up_with_another_task_in_its_response_is_an_error(client_class: Client) -> None:
    """The other task must not be read as the task that you look for."""
    another = task("8", task_info={"external_task_id": "e-8"})
    error = ScriptedClient(client_class, another).error_of("get", "7")

    assert isinstance(error, NoTaskError)
    assert "8" == ScriptedClient(client_class, another).get("8").task_id
    assert "8" == ScriptedClient(client_class, another).get("e-8").task_id
    assert "8" == ScriptedClient(client_class, task("8")).get("an id that the response does not repeat").task_id


@pytest.mark.parametrize("task_id", [".", "..", "\ud83d"])
def test_a_task_id_that_fits_into_no_path_is_refused(client_class: Client, task_id: str) -> None:
    """Otherwise the id would turn the request into another call."""
    for on_violation in ("raise", "ignore"):
        client = ScriptedClient(client_class, on_violation=on_violation)

        assert isinstance(client.error_of("get", task_id), ContractError)
        assert "" == client.gateway.calls()


_NO_IDS: list[Any] = [None, True, False, 7.0, b"7", ["7"], {}]


@pytest.mark.parametrize(
    ("error", "kind", "value"),
    [
        (ValueError, "an empty string", ""),
        (ValueError, "NoneType", Task()),
        (ValueError, "list", Task.from_dict({"task_id": [1]})),
        *((TypeError, type(value).__name__, value) for value in _NO_IDS),
        (TypeError, "Element", Element(element_id=7)),
    ],
)
def test_a_value_that_is_not_a_task_id_is_refused(
    client_class: Client, error: type[Exception], kind: str, value: Any
) -> None:
    """A float, for example, may have lost its last digits. Nothing is sent."""
    message = f"^to look up a task, pass a Task that has an id, or the id itself, not {kind}$"
    for name, argument in (("get", value), ("wait", value), ("wait_all", ["7", value])):
        with pytest.raises(error, match=message):
            getattr(ScriptedClient(client_class), name)(argument)
