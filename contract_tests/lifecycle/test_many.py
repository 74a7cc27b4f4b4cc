"""Many subjects are created as fast as the service lets them be, each once, and none is lost, whatever happens."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.support.mock_caller import Caller
from contract_tests.support.running import tls
from contract_tests.support.scripted import (
    ABSENT,
    BODY,
    LOST,
    NAMED,
    REFUSED,
    TOKEN,
    Client,
    FakeClock,
    Reply,
    Scripted,
    answered,
    called,
    made,
    named,
    no,
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

_FULL = no(429, 1303)


def _named(count: int) -> list[dict[str, Any]]:
    return [named(f"e-{number}") for number in range(count)]


def _ids(tasks: Any) -> list[str]:
    return [each.task_info.external_task_id for each in tasks]


class _Service:
    """Creates tasks that take a while, so many at a time, by the client's clock.

    Attributes:
        clock: That clock.
        created: When each task was created, by its external id.
        creates: How many creates came.
        look_ups: How many look-ups came.
        peak: How many tasks were under way at most.
        create: What creates are answered, in place of a task if there is a place for it.
        look: What look-ups are answered, in place of the state of the task.
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
                answer = self.look(request.url.path.rpartition("/")[2])
            else:
                self.creates += 1
                answer = self.create(json.loads(request.content)["external_task_id"])
        return answered(answer, request)

    def _take(self, external_id: str) -> Any:
        under_way = sum(self.clock.seconds < at + self._seconds for at in self.created.values())
        if under_way >= self._concurrency:
            return _FULL
        assert external_id not in self.created
        self.created[external_id] = self.clock.seconds
        self.peak = max(self.peak, under_way + 1)
        return task(f"t-{external_id}", task_info={"external_task_id": external_id})

    def _state(self, task_id: str) -> Any:
        has_ended = self.clock.seconds >= self.created[task_id.removeprefix("t-")] + self._seconds
        return made(task_id, f"subject of {task_id}") if has_ended else task(task_id, "processing")


def _client(kind: Client, service: Any, **options: Any) -> Scripted:
    """Return a client of a service, by its clock."""
    scripted = Scripted(kind, clock=service.clock, http_client={"transport": httpx.MockTransport(service)}, **options)
    scripted.clock = service.clock
    return scripted


class _SteppedClock(FakeClock):
    """Lets the mock server's time pass with its own."""

    def __init__(self, app: MockServer) -> None:
        super().__init__()
        self._app = app

    def let_pass(self, seconds: float) -> None:
        self._app.clock.step(seconds)
        super().let_pass(seconds)


def test_a_hundred_are_created_where_two_and_five_a_second_are_allowed(client_class: Client) -> None:
    """Each once, in hardly more than the twenty seconds that the rate asks for, with few refusals."""
    app = create_app(manual_clock=True, tick_seconds=0.05, concurrency=2, rate=5)
    caller = Caller(app)
    clock = _SteppedClock(app)
    answers = Counter[int]()

    def counted(request: httpx.Request) -> httpx.Response:
        answer = caller.answer(request)
        answers[answer.status_code] += request.method == "POST"
        return answer

    scripted = Scripted(client_class, clock=clock, http_client={"transport": httpx.MockTransport(counted)})

    tasks = scripted.create_all(_named(100))

    assert [f"e-{number}" for number in range(100)] == _ids(tasks)
    assert 100 == len({each.task_id for each in tasks})
    assert 100 == answers[200]
    assert answers[429] <= 10
    assert clock.seconds - 1000 < 40


@pytest.mark.parametrize(("at_once", "peak"), [(None, 5), (1, 1), (3, 3), (8, 5)])
def test_no_more_are_under_way_than_the_service_or_the_caller_allows(
    client_class: Client, at_once: int | None, peak: int
) -> None:
    """A task holds its place until a look-up shows that it has ended."""
    service = _Service(concurrency=5)

    tasks = _client(client_class, service).create_all(_named(40), at_once=at_once)

    assert [f"e-{number}" for number in range(40)] == _ids(tasks)
    assert peak == service.peak
    assert service.clock.seconds - 1000 < 1.5 * 40 * 2 / peak
    assert service.creates <= 40 + (15 if at_once in (None, 8) else 0)


def test_the_latest_state_of_each_task_is_returned(client_class: Client) -> None:
    """Those that have ended need not be looked up again."""
    scripted = _client(client_class, _Service(concurrency=1))

    first, second = scripted.create_all(_named(2))

    assert ["subject of t-e-0"] == [element.element_id for element in first.elements]
    assert ("submitted", []) == (second.task_status, second.elements)


def test_nothing_is_done_for_nothing(client_class: Client) -> None:
    """And one that is taken needs no look-up."""
    service = _Service()
    scripted = _client(client_class, service)

    assert [] == scripted.create_all([])
    assert 1 == len(scripted.create_all([BODY]))
    assert (1, 0) == (service.creates, service.look_ups)


@pytest.mark.parametrize("requests", [NAMED, "text", None, 5, (each for each in [NAMED])])
def test_what_is_no_sequence_of_requests_is_refused(client_class: Client, requests: Any) -> None:
    """A single request is one, too."""
    with pytest.raises(TypeError, match="create_all takes a sequence of requests; if you have one request, use create"):
        Scripted(client_class).create_all(requests)


@pytest.mark.parametrize(
    "options",
    [{"at_once": 0}, {"max_wait_seconds": 0}, {"preflight": "all"}],
)
def test_an_argument_that_cannot_be_used_is_refused(client_class: Client, options: Any) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match=r"at_once|max_wait_seconds|preflight"):
        Scripted(client_class).create_all([NAMED], **options)


def _outcomes(error: KlingError) -> list[Any]:
    """Return the ids of tasks, and the class, outcome and id of each error."""
    assert isinstance(error, CreateAllError)
    return [
        each.task_info.external_task_id  # type: ignore[union-attr]
        if isinstance(each, Task)
        else (type(each), each.outcome, each.external_task_id)  # type: ignore[union-attr]
        for each in error.results
    ]


def test_each_request_has_its_own_end(client_class: Client) -> None:
    """The error has the task or the error of each, in order; what others did does not matter."""
    service = _Service()
    taken = service.create
    fates = {"e-1": no(400, 1301), "e-3": LOST, "e-5": no(500, 5000)}
    service.create = lambda external_id: fates.get(external_id) or taken(external_id)
    requests = _named(7)
    requests[2]["element_name"] = ""

    error = _client(client_class, service).failing("create_all", requests)

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


def test_an_error_has_no_token(client_class: Client) -> None:
    """Nor has any of those in it."""
    service = _Service()
    service.create = lambda _: Reply(400, {"code": 1301, "message": f"no {TOKEN}"})

    error = _client(client_class, service).failing("create_all", _named(2))

    assert "***" in str(error)
    assert TOKEN not in f"{error!r} {error} {vars(error)}"


@pytest.mark.parametrize("step", [no(404), no(404, 1202), Reply(200, {}), no(401, 1004)])
def test_without_look_ups_the_refusals_alone_tell_what_is_free(client_class: Client, step: Reply) -> None:
    """All are created all the same."""
    service = _Service(concurrency=2)
    service.look = lambda _: step

    tasks = _client(client_class, service).create_all(_named(10))

    assert [f"e-{number}" for number in range(10)] == _ids(tasks)
    assert service.look_ups <= 4
    assert service.clock.seconds - 1000 < 60


@pytest.mark.parametrize("step", [ABSENT, no(503), no(429, 1302, retry_after="3"), LOST, REFUSED])
def test_a_look_up_that_fails_is_made_again(client_class: Client, step: Any) -> None:
    """What passes says nothing of the task."""
    service = _Service(concurrency=1)
    state, failed = service.look, set[str]()

    def look(task_id: str) -> Any:
        if task_id in failed:
            return state(task_id)
        failed.add(task_id)
        return step

    service.look = look

    assert 4 == len(_client(client_class, service).create_all(_named(4)))
    assert service.look_ups >= 6
    assert service.creates <= 6


@pytest.mark.parametrize("status", ["failed", "succeed"])
def test_a_task_that_ends_without_a_subject_frees_its_place(client_class: Client, status: str) -> None:
    """Its state is handed out as it is: `wait_all` says what it means."""
    service = _Service(concurrency=1)
    service.look = lambda task_id: task(task_id, status) if service.clock.seconds > 1002 else task(task_id)

    tasks = _client(client_class, service).create_all(_named(2))

    assert [status, "submitted"] == [each.task_status for each in tasks]


def test_a_wrong_token_is_tried_once(client_class: Client) -> None:
    """What every other create would be told is not asked for each."""
    service = _Service()
    service.create = lambda _: no(401, 1002)

    error = _client(client_class, service).failing("create_all", _named(5))

    assert [(AuthenticationError, "not_created", "e-0"), *[(TransportError, "not_created", None)] * 4] == _outcomes(
        error
    )
    assert 1 == service.creates
    assert 1 == str(error).count("not sent: another create failed, and this one would fail, too: POST")
    assert str(error).endswith(" (4 times)")
    assert "not_created" == error.outcome


def test_a_gateway_that_is_not_there_is_tried_three_times(client_class: Client) -> None:
    """For all of them together."""
    service = _Service()
    service.create = lambda _: REFUSED

    error = _client(client_class, service).failing("create_all", _named(5))

    assert [(ConnectionFailedError, "not_created", "e-0"), *[(TransportError, "not_created", None)] * 4] == _outcomes(
        error
    )
    assert (3, [1, 2]) == (service.creates, service.clock.slept)


def test_a_connection_that_fails_for_a_while_loses_nothing(client_class: Client) -> None:
    """Several creates in flight count as one attempt each."""
    service = _Service()
    taken, down = service.create, iter([False] * 8 + [True] * 8)
    service.create = lambda name: REFUSED if next(down, False) else taken(name)

    assert [f"e-{number}" for number in range(30)] == _ids(_client(client_class, service).create_all(_named(30)))


def test_it_gives_up_when_nothing_moves_any_more(client_class: Client) -> None:
    """After the time that a task may take; what was refused last is told, and for the rest that nothing was sent."""
    service = _Service(seconds=1e9, concurrency=2)

    error = _client(client_class, service).failing("create_all", _named(5))

    refused = [(RateLimitError, "not_created", external_id) for external_id in ("e-2", "e-3")]
    assert ["e-0", "e-1", *refused, (TransportError, "not_created", None)] == _outcomes(error)
    assert "not sent: the gateway accepted no create for 300 s, and no task ended" in str(error)
    assert 300 == service.clock.seconds - 1000


@pytest.mark.parametrize(("limit", "taken"), [(5, 6), (60, 10)])
def test_a_limit_ends_it(client_class: Client, limit: float, taken: int) -> None:
    """What was not sent until then is told as that."""
    service = _Service(concurrency=2)
    scripted = _client(client_class, service)

    if taken == 10:
        assert 10 == len(scripted.create_all(_named(10), max_wait_seconds=limit))
        return
    error = scripted.failing("create_all", _named(10), max_wait_seconds=limit)

    assert isinstance(error, CreateAllError)
    assert taken == sum(isinstance(each, Task) for each in error.results)
    assert "not sent: max_wait_seconds had passed before its turn came" in str(error)
    assert limit == service.clock.seconds - 1000


def test_what_is_in_flight_when_it_stops_is_not_sent_again(client_class: Client) -> None:
    """Whatever it is answered."""
    service = _Service()
    service.create = lambda external_id: no(401, 1002) if external_id == "e-0" else _FULL

    error = _client(client_class, service).failing("create_all", _named(2), at_once=2)

    assert [(AuthenticationError, "not_created", "e-0"), (RateLimitError, "not_created", "e-1")] == _outcomes(error)
    assert 2 == service.creates


@pytest.mark.parametrize("limits", [{"concurrency": 2}, {"concurrency": 2, "rate": 50}])
def test_many_are_created_over_a_socket(client_class: Client, limits: dict[str, Any]) -> None:
    """By threads, and by tasks of an event loop, with the time of this machine."""
    options: Any = {"http_client": {"verify": tls()}, "poll": PollPolicy(first_seconds=0.05)}
    options["retry"] = RetryPolicy(first_seconds=0.05)
    with serving(create_app(tick_seconds=0.005, **limits)) as gateway:
        tasks = called(client_class, "create_all", _named(30), api_key="many", base_url=gateway.url, **options)
        there = gateway.tasks()

    assert [f"e-{number}" for number in range(30)] == _ids(tasks)
    assert Counter(f"e-{number}" for number in range(30)) == Counter(each["external_task_id"] for each in there)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interruption_tells_every_id(
    client_class: Client, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """Those of the tasks that would have been returned, too; nothing is told of what was not sent."""
    service = _Service(concurrency=3)

    def interrupt(_: str) -> Any:
        raise kind

    service.look = interrupt
    with pytest.raises(kind) as caught:
        _client(client_class, service).create_all(_named(10))

    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    told = [each.split()[1].rstrip(":") for each in warnings]
    assert ["e-0", "e-1", "e-2"] == sorted(service.created) == told
    if client_class is KlingElements or kind is asyncio.CancelledError:  # asyncio itself lets Ctrl+C out of the loop
        assert told == caught.value.external_task_ids  # type: ignore[attr-defined]
        assert [f"external_task_id {each}: the element exists" for each in told] == caught.value.__notes__
