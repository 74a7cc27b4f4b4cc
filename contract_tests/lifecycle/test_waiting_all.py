"""`wait_all` waits for several tasks. It looks up a few at a time, and loses nothing if one of them fails."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Collection
from concurrent import futures
from typing import Any

import httpx
import pytest

from contract_tests.support.running import TOKEN, URL
from contract_tests.support.scripted import (
    Client,
    FakeClock,
    ScriptedClient,
    Step,
    finished_task,
    refusal,
    steps_by_task,
    task,
)
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.errors import TaskFailedError, WaitAllError, WaitTimeoutError
from kling_elements_client.errors import StatusError
from kling_elements_client.models import Element, Task

_FAILED = task(status="failed", task_status_msg="no face")
_MAX_SECONDS = 30  # until a test that can't pass fails
_MAX_STEPS = 10_000  # of the event loop, likewise
_STALLED = "the other tasks wait for task 1"


def test_wait_all_waits_for_all_tasks_at_once(client_class: Client) -> None:
    """Each task is looked up until it ends. The elements are in the order of the tasks."""
    client = ScriptedClient(
        client_class,
        *steps_by_task(
            {
                "1": [task("1"), finished_task("1", 11)],
                "2": [finished_task("2", 22)],
                "3": [refusal(503), finished_task("3", 33)],
                "4": [task("4"), task("4"), finished_task("4", 44)],
            }
        ),
    )

    elements = client.wait_all(["1", Task(task_id="2"), 3, "4"])

    assert [11, 22, 33, 44] == [element.element_id for element in elements]
    assert {"1": 2, "2": 1, "3": 2, "4": 3} == Counter(request.url.path[-1] for request in client.gateway.requests)
    assert [1, 1.5] == client.clock.slept


def test_wait_all_waits_as_long_as_any_response_asks_for(client_class: Client) -> None:
    """The longest of the requested waits counts."""
    busy = [refusal(429, 1302, retry_after=seconds) for seconds in ("3", "8", "5")]
    client = ScriptedClient(client_class, *busy, *[finished_task()] * 3)

    assert 3 == len(client.wait_all(["1", "2", "3"]))
    assert [8] == client.clock.slept


def test_wait_all_of_no_tasks_returns_at_once(client_class: Client) -> None:
    """No request is sent."""
    assert [] == ScriptedClient(client_class).wait_all([]) == ScriptedClient(client_class).wait_all(())


def test_wait_all_loses_nothing_if_one_task_fails(client_class: Client) -> None:
    """`wait_all` waits for the other tasks. Its error lists an element or an error for each."""
    client = ScriptedClient(
        client_class,
        *steps_by_task(
            {
                "1": [finished_task("1", 11)],
                "2": [task("2", status="failed", task_status_msg="no face")],
                "3": [refusal(404, 1202)],
                "4": [task("4"), finished_task("4", 44)],
                "5": [refusal(429, 1302, retry_after="8"), *[task("5")] * 4],
            }
        ),
    )

    error = client.error_of("wait_all", list("12345"), max_wait_seconds=10)

    assert isinstance(error, WaitAllError)
    kinds = [type(result) for result in error.results]
    assert [Element, TaskFailedError, StatusError, Element, WaitTimeoutError] == kinds
    assert [11, 44] == [result.element_id for result in error.results if isinstance(result, Element)]
    assert str(error).startswith("3 of 5 tasks ended in an error: task 2 failed: no face; GET https:")
    assert [8, 1, 0.5, 0.25] == client.clock.slept


@pytest.mark.parametrize(
    ("outcome", "script"),
    [
        ("created", [_FAILED, task("8", "failed")]),
        ("created", [finished_task(), task("8", "failed")]),
        ("may_exist", [refusal(401, 1000), refusal(401, 1000)]),
        ("may_exist", [_FAILED, refusal(401, 1000)]),
        ("may_exist", [finished_task(), refusal(401, 1000)]),
    ],
)
def test_the_outcome_of_wait_all_is_the_one_that_all_tasks_share(
    client_class: Client, outcome: str, script: list[Step]
) -> None:
    """If the outcomes differ, it is `may_exist`, and each result has its own."""
    steps = steps_by_task({task_id: [step] for task_id, step in zip("78", script, strict=True)})

    assert outcome == ScriptedClient(client_class, *steps).error_of("wait_all", ["7", "8"]).outcome


def test_wait_all_refuses_a_string(client_class: Client) -> None:
    """Otherwise each letter of the string would be read as an id."""
    with pytest.raises(TypeError, match="if you have one task, use wait"):
        ScriptedClient(client_class).wait_all("abc")


def test_an_error_of_wait_all_hides_a_token_that_the_gateway_repeats(client_class: Client) -> None:
    """The error shows at most one line of the gateway's message."""
    failed = task(status="failed", task_status_msg=f"bad {TOKEN} " + "x" * 5000)
    error = ScriptedClient(client_class, failed).error_of("wait_all", ["7"])

    assert isinstance(error, WaitAllError)
    texts = [str(error), repr(error), str(error.results[0]), repr(error.results[0])]
    assert not [text for text in texts if TOKEN in text or len(text) > 400]
    assert "bad *** xxx" in texts[0]


class _ImpatientClock(FakeClock):
    """A clock on which each wait with a limit lasts until the limit, whatever happens meanwhile.

    Attributes:
        most_jobs: The largest number of jobs at a time.
        waits_after_limit: Set by a wait without a limit that follows one with a limit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most_jobs = 0
        self.waits_after_limit = threading.Event()

    def wait(self, jobs: Collection[futures.Future[Any]], seconds: float | None) -> None:
        if self._has_no_limit(jobs, seconds):
            super().wait(jobs, None)

    async def wait_async(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:
        if self._has_no_limit(jobs, seconds):
            await super().wait_async(jobs, None)

    def _has_no_limit(self, jobs: Collection[Any], seconds: float | None) -> bool:
        self.most_jobs = max(self.most_jobs, len(jobs))
        if seconds is not None:
            self.advance(seconds)
        elif self.slept:
            self.waits_after_limit.set()
        return seconds is None


def _client_with_slow_task(
    kind: Client, clock: FakeClock, release: threading.Event, scripts: dict[str, list[Step]]
) -> ScriptedClient:
    """Return a client whose gateway responds to look-ups of task 1 only after an event."""

    def respond_in_thread(request: httpx.Request) -> Any:
        if request.url.path.endswith("/1"):
            _ = release.wait(_MAX_SECONDS) or pytest.fail(_STALLED)  # an `Exception` would be retried
        return client.gateway(request)

    async def respond_in_loop(request: httpx.Request) -> Any:
        if request.url.path.endswith("/1"):
            steps = iter(range(_MAX_STEPS))
            while not release.is_set() and next(steps, None) is not None:  # noqa: ASYNC110 - an event of threads
                await asyncio.sleep(0)
            _ = release.is_set() or pytest.fail(_STALLED)
        return client.gateway(request)

    handler = respond_in_loop if kind is AsyncKlingElements else respond_in_thread
    client = ScriptedClient(
        kind, *steps_by_task(scripts), clock=clock, http_client={"transport": httpx.MockTransport(handler)}
    )
    return client


def test_one_slow_look_up_does_not_hold_up_the_others(client_class: Client) -> None:
    """The next rounds begin without it."""
    others_have_ended = threading.Event()
    ended = set[str]()

    def end(request: httpx.Request) -> httpx.Response:
        task_id = request.url.path[-1]
        ended.add(task_id)
        if len(ended) == 5:
            others_have_ended.set()
        return finished_task(task_id).response()

    scripts: dict[str, list[Step]] = {
        "1": [finished_task("1", 11)],
        **{task_id: [task(task_id), task(task_id), end] for task_id in "23456"},
    }
    client = _client_with_slow_task(client_class, _ImpatientClock(), others_have_ended, scripts)

    assert [11, 9, 9, 9, 9, 9] == [element.element_id for element in client.wait_all(list("123456"))]
    assert client.gateway.is_finished()


def test_a_look_up_that_is_slow_at_the_end_is_not_lost(client_class: Client) -> None:
    """If there is no time for another round, `wait_all` still waits for the look-ups that it began."""
    clock = _ImpatientClock()
    scripts: dict[str, list[Step]] = {"1": [finished_task("1", 11)], "2": [task("2")]}
    client = _client_with_slow_task(client_class, clock, clock.waits_after_limit, scripts)

    error = client.error_of("wait_all", ["1", "2"], max_wait_seconds=0)

    assert isinstance(error, WaitAllError)
    assert [Element, WaitTimeoutError] == [type(result) for result in error.results]


def test_four_tasks_are_looked_up_at_a_time(client_class: Client) -> None:
    """Many more at once could exceed the gateway's rate limit."""
    clock = _ImpatientClock()
    steps = steps_by_task({str(number): [finished_task(str(number))] for number in range(200)})

    assert 200 == len(ScriptedClient(client_class, *steps, clock=clock).wait_all(range(200)))
    assert 4 == clock.most_jobs


def test_ctrl_c_does_not_wait_for_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their threads end with their requests."""
    arrived, go_on = threading.Event(), threading.Event()

    def respond(_: httpx.Request) -> httpx.Response:
        arrived.set()
        go_on.wait(_MAX_SECONDS)
        return task().response()

    def interrupted(*_: Any) -> None:
        arrived.wait()
        raise KeyboardInterrupt

    kling = KlingElements(TOKEN, URL, http_client={"transport": httpx.MockTransport(respond)})
    monkeypatch.setattr("kling_elements.clock.Clock.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kling.wait_all(["1", "2"])

    assert not go_on.is_set()
    go_on.set()


def test_a_cancellation_ends_the_look_ups() -> None:
    """No task of the event loop is left."""
    arrived = list[httpx.Request]()

    async def never(request: httpx.Request) -> httpx.Response:
        arrived.append(request)
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def cancelled() -> int:
        async with AsyncKlingElements(TOKEN, URL, http_client={"transport": httpx.MockTransport(never)}) as kling:
            waiting = asyncio.ensure_future(kling.wait_all(list("123456")))
            while len(arrived) < 4:  # noqa: ASYNC110 - this way the test shares nothing else with the transport
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return len(asyncio.all_tasks())

    assert 1 == asyncio.run(cancelled())
    assert 4 == len(arrived)
