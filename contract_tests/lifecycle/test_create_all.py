"""`create_all` creates elements as fast as the service allows, each once, and loses none if something fails."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.mock_caller import Caller
from contract_tests.support.running import TOKEN, tls
from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    REFUSED,
    Client,
    FakeClock,
    ScriptedClient,
    StubReply,
    call_once,
    finished_task,
    refusal,
    request_with_id,
    response_step,
    task,
)
from kling_elements import KlingElements, PollPolicy, RetryPolicy
from kling_elements.errors import CreateAllError
from kling_elements.mock import create_app
from kling_elements.mock.app import MockServer
from kling_elements.testing.gateway import serving
from kling_elements_client.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ContractError,
    KlingError,
    RateLimitError,
    RequestTimeoutError,
    StatusError,
    TransportError,
)
from kling_elements_client.models import Task

_FULL = refusal(429, 1303)


def _requests(count: int) -> list[dict[str, Any]]:
    return [request_with_id(f"e-{number}") for number in range(count)]


def _ids(tasks: Any) -> list[str]:
    return [created.task_info.external_task_id for created in tasks]


class _Service:
    """A service that allows a limited number of unfinished tasks, measured by the client's clock.

    Attributes:
        clock: The client's clock.
        created: The time of each task's creation, by its external id.
        creates: The number of creates that arrived.
        look_ups: The number of look-ups that arrived.
        peak: The highest number of tasks in progress at a time.
        create: Returns the response to a create, by default a task if there is a place for it.
        look: Returns the response to a look-up, by default the state of the task.
    """

    def __init__(self, seconds: float = 2.0, concurrency: int = 1000) -> None:
        self.clock = FakeClock()
        self.created: dict[str, float] = {}
        self.creates = self.look_ups = self.peak = 0
        self.create: Callable[[str], Any] = self._take
        self.look: Callable[[str], Any] = self._state
        self._seconds = seconds
        self._concurrency = concurrency
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> Any:
        with self._lock:
            if request.method == "GET":
                self.look_ups += 1
                response = self.look(request.url.path.rpartition("/")[2])
            else:
                self.creates += 1
                response = self.create(json.loads(request.content)["external_task_id"])
        return response_step(response, request)

    def _take(self, external_id: str) -> Any:
        in_progress = sum(self.clock.seconds < at + self._seconds for at in self.created.values())
        if in_progress >= self._concurrency:
            return _FULL
        assert external_id not in self.created
        self.created[external_id] = self.clock.seconds
        self.peak = max(self.peak, in_progress + 1)
        return task(f"t-{external_id}", task_info={"external_task_id": external_id})

    def _state(self, task_id: str) -> Any:
        has_ended = self.clock.seconds >= self.created[task_id.removeprefix("t-")] + self._seconds
        return finished_task(task_id, f"element of {task_id}") if has_ended else task(task_id, "processing")


def _client(kind: Client, service: Any, **options: Any) -> ScriptedClient:
    """Return a client that calls a service and shares its clock."""
    client = ScriptedClient(
        kind, clock=service.clock, http_client={"transport": httpx.MockTransport(service)}, **options
    )
    client.clock = service.clock
    return client


class _SteppedClock(FakeClock):
    """A clock that also moves the clock of the mock server."""

    def __init__(self, app: MockServer) -> None:
        super().__init__()
        self._app = app

    def advance(self, seconds: float) -> None:
        self._app.clock.step(seconds)
        super().advance(seconds)


def test_a_hundred_elements_are_created_within_the_limits(client_class: Client) -> None:
    """Two at a time and five a second take little more than 20 s, with few refusals."""
    app = create_app(manual_clock=True, tick_seconds=0.05, concurrency=2, rate=5)
    caller = Caller(app)
    clock = _SteppedClock(app)
    responses = Counter[int]()

    def count_requests(request: httpx.Request) -> httpx.Response:
        response = caller.respond(request)
        responses[response.status_code] += request.method == "POST"
        return response

    client = ScriptedClient(client_class, clock=clock, http_client={"transport": httpx.MockTransport(count_requests)})

    tasks = client.create_all(_requests(100))

    assert [f"e-{number}" for number in range(100)] == _ids(tasks)
    assert 100 == len({created.task_id for created in tasks})
    assert 100 == responses[200]
    assert responses[429] <= 10
    assert clock.seconds - 1000 < 40


@pytest.mark.parametrize(("max_concurrent", "peak"), [(None, 5), (1, 1), (3, 3), (8, 5)])
def test_no_more_tasks_run_than_the_service_and_max_concurrent_allow(
    client_class: Client, max_concurrent: int | None, peak: int
) -> None:
    """A task takes up a place until a look-up shows that it has ended."""
    service = _Service(concurrency=5)

    tasks = _client(client_class, service).create_all(_requests(40), max_concurrent=max_concurrent)

    assert [f"e-{number}" for number in range(40)] == _ids(tasks)
    assert peak == service.peak
    assert service.clock.seconds - 1000 < 1.5 * 40 * 2 / peak
    assert service.creates <= 40 + (15 if max_concurrent in (None, 8) else 0)


def test_the_latest_state_of_each_task_is_returned(client_class: Client) -> None:
    """The result shows which tasks have already ended."""
    client = _client(client_class, _Service(concurrency=1))

    first, second = client.create_all(_requests(2))

    assert ["element of t-e-0"] == [element.element_id for element in first.elements]
    assert ("submitted", []) == (second.task_status, second.elements)


def test_an_empty_sequence_needs_no_request(client_class: Client) -> None:
    """A single request that is accepted needs no look-up either."""
    service = _Service()
    client = _client(client_class, service)

    assert [] == client.create_all([])
    assert 1 == len(client.create_all([BODY]))
    assert (1, 0) == (service.creates, service.look_ups)


def _outcomes(error: KlingError) -> list[Any]:
    """Return the ids of tasks, and the class, outcome and id of each error."""
    assert isinstance(error, CreateAllError)
    return [
        result.task_info.external_task_id  # type: ignore[union-attr]
        if isinstance(result, Task)
        else (type(result), result.outcome, result.external_task_id)  # type: ignore[union-attr]
        for result in error.results
    ]


def test_each_request_has_its_own_result(client_class: Client) -> None:
    """The error lists a task or an error for each request, in order. No failure affects the other requests."""
    service = _Service()
    taken = service.create
    fates = {"e-1": refusal(400, 1301), "e-3": LOST, "e-5": refusal(500, 5000)}
    service.create = lambda external_id: fates.get(external_id) or taken(external_id)
    requests = _requests(7)
    requests[2]["element_name"] = ""

    error = _client(client_class, service).error_of("create_all", requests)

    assert [
        "e-0",
        (StatusError, "not_created", "e-1"),
        (ContractError, "not_created", "e-2"),
        (RequestTimeoutError, "may_exist", "e-3"),
        "e-4",
        (type(error.results[5]), "may_exist", "e-5"),  # type: ignore[attr-defined]
        "e-6",
    ] == _outcomes(error)
    assert str(error).startswith("4 of 7 creates ended in an error: ")
    assert "may_exist" == error.outcome


def test_an_error_of_create_all_hides_the_token(client_class: Client) -> None:
    """The errors in `results` hide it too."""
    service = _Service()
    service.create = lambda _: StubReply(400, {"code": 1301, "message": f"no {TOKEN}"})

    error = _client(client_class, service).error_of("create_all", _requests(2))

    assert "***" in str(error)
    assert TOKEN not in f"{error!r} {error} {vars(error)}"


@pytest.mark.parametrize("step", [refusal(404), refusal(404, 1202), StubReply(200, {}), refusal(401, 1004)])
def test_without_look_ups_refusals_show_when_a_place_is_free(client_class: Client, step: StubReply) -> None:
    """All elements are still created."""
    service = _Service(concurrency=2)
    service.look = lambda _: step

    tasks = _client(client_class, service).create_all(_requests(10))

    assert [f"e-{number}" for number in range(10)] == _ids(tasks)
    assert service.look_ups <= 4
    assert service.clock.seconds - 1000 < 60


@pytest.mark.parametrize("step", [ABSENT, refusal(503), refusal(429, 1302, retry_after="3"), LOST, REFUSED])
def test_a_failed_look_up_is_repeated(client_class: Client, step: Any) -> None:
    """The failure says nothing about the task."""
    service = _Service(concurrency=1)
    state, failed = service.look, set[str]()

    def look(task_id: str) -> Any:
        if task_id in failed:
            return state(task_id)
        failed.add(task_id)
        return step

    service.look = look

    assert 4 == len(_client(client_class, service).create_all(_requests(4)))
    assert service.look_ups >= 6
    assert service.creates <= 6


@pytest.mark.parametrize("status", ["failed", "succeed"])
def test_a_task_that_ends_without_an_element_frees_its_place(client_class: Client, status: str) -> None:
    """The task is returned unchanged, and `wait_all` raises the error about it."""
    service = _Service(concurrency=1)
    service.look = lambda task_id: task(task_id, status) if service.clock.seconds > 1002 else task(task_id)

    tasks = _client(client_class, service).create_all(_requests(2))

    assert [status, "submitted"] == [created.task_status for created in tasks]


def test_a_wrong_token_is_tried_once(client_class: Client) -> None:
    """Every other create would be refused in the same way, so none is sent."""
    service = _Service()
    service.create = lambda _: refusal(401, 1002)

    error = _client(client_class, service).error_of("create_all", _requests(5))

    assert [(AuthenticationError, "not_created", "e-0"), *[(TransportError, "not_created", None)] * 4] == _outcomes(
        error
    )
    assert 1 == service.creates
    assert 1 == str(error).count("not sent: another create failed, and this one would fail as well: POST")
    assert str(error).endswith(" (4 times)")
    assert "not_created" == error.outcome


def test_an_unreachable_gateway_is_tried_three_times(client_class: Client) -> None:
    """All creates together make three attempts."""
    service = _Service()
    service.create = lambda _: REFUSED

    error = _client(client_class, service).error_of("create_all", _requests(5))

    assert [(ConnectionFailedError, "not_created", "e-0"), *[(TransportError, "not_created", None)] * 4] == _outcomes(
        error
    )
    assert (3, [1, 2]) == (service.creates, service.clock.slept)


def test_a_temporary_connection_failure_loses_nothing(client_class: Client) -> None:
    """Several creates that fail together count as one attempt."""
    service = _Service()
    taken, down = service.create, iter([False] * 8 + [True] * 8)
    service.create = lambda name: REFUSED if next(down, False) else taken(name)

    assert [f"e-{number}" for number in range(30)] == _ids(_client(client_class, service).create_all(_requests(30)))


def test_create_all_gives_up_if_nothing_moves(client_class: Client) -> None:
    """`create_all` first waits as long as a task may take. The errors distinguish refused creates from unsent ones."""
    service = _Service(seconds=1e9, concurrency=2)

    error = _client(client_class, service).error_of("create_all", _requests(5))

    refused = [(RateLimitError, "not_created", external_id) for external_id in ("e-2", "e-3")]
    assert ["e-0", "e-1", *refused, (TransportError, "not_created", None)] == _outcomes(error)
    assert "not sent: the gateway accepted no create for 300 s, and no task ended" in str(error)
    assert 300 == service.clock.seconds - 1000


@pytest.mark.parametrize("seconds", [math.inf, 10**400])
def test_create_all_may_wait_without_a_limit(client_class: Client, seconds: float) -> None:
    """No clock can sleep for ever, so the client waits for some 30 years at most."""
    service = _Service(concurrency=1)
    client = _client(client_class, service, poll=PollPolicy(max_wait_seconds=seconds))

    assert ["e-0", "e-1", "e-2"] == _ids(client.create_all(_requests(3)))


@pytest.mark.parametrize(("limit", "taken"), [(5, 6), (60, 10)])
def test_a_limit_ends_create_all(client_class: Client, limit: float, taken: int) -> None:
    """The error says which creates were not sent."""
    service = _Service(concurrency=2)
    client = _client(client_class, service)

    if taken == 10:
        assert 10 == len(client.create_all(_requests(10), max_wait_seconds=limit))
        return
    error = client.error_of("create_all", _requests(10), max_wait_seconds=limit)

    assert isinstance(error, CreateAllError)
    assert taken == sum(isinstance(result, Task) for result in error.results)
    assert "not sent: max_wait_seconds passed before its turn" in str(error)
    assert limit == service.clock.seconds - 1000


def test_creates_in_flight_are_not_repeated_after_a_stop(client_class: Client) -> None:
    """A temporary refusal ends them too."""
    service = _Service()
    service.create = lambda external_id: refusal(401, 1002) if external_id == "e-0" else _FULL

    error = _client(client_class, service).error_of("create_all", _requests(2), max_concurrent=2)

    assert [(AuthenticationError, "not_created", "e-0"), (RateLimitError, "not_created", "e-1")] == _outcomes(error)
    assert 2 == service.creates


@pytest.mark.parametrize("limits", [{"concurrency": 2}, {"concurrency": 2, "rate": 50}])
def test_many_elements_are_created_over_a_socket(client_class: Client, limits: dict[str, Any]) -> None:
    """Threads and asyncio tasks create them in real time."""
    options: Any = {"http_client": {"verify": tls()}, "poll": PollPolicy(first_interval_seconds=0.05)}
    options["retry"] = RetryPolicy(first_interval_seconds=0.05)
    with serving(create_app(tick_seconds=0.005, **limits)) as gateway:
        tasks = call_once(client_class, "create_all", _requests(30), api_key="many", base_url=gateway.url, **options)
        there = gateway.tasks()

    assert [f"e-{number}" for number in range(30)] == _ids(tasks)
    assert Counter(f"e-{number}" for number in range(30)) == Counter(stored["external_task_id"] for stored in there)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interruption_reports_every_id(
    client_class: Client, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """The report has the ids of finished creates as well, but no ids of unsent requests."""
    service = _Service(concurrency=3)

    def interrupt(_: str) -> Any:
        raise kind

    service.look = interrupt
    with pytest.raises(kind) as caught:
        _client(client_class, service).create_all(_requests(10))

    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    warned_ids = [warning.split()[1].rstrip(":") for warning in warnings]
    assert ["e-0", "e-1", "e-2"] == sorted(service.created) == warned_ids
    if client_class is KlingElements or kind is asyncio.CancelledError:  # asyncio raises Ctrl+C outside the loop
        assert warned_ids == caught.value.external_task_ids  # type: ignore[attr-defined]
        assert [
            f"external_task_id {external_id}: the element exists" for external_id in warned_ids
        ] == caught.value.__notes__
