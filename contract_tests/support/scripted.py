"""A gateway that answers by a script, a clock that never waits, and a test client for both kinds of client."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import unquote

import httpx
import pytest

from contract_tests.reading import dialect_cases
from contract_tests.reading.image_body import body_with
from contract_tests.support.running import TOKEN, URL, run_async
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.clock import Clock
from kling_elements_client.errors import KlingError

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)


def request_with_id(external_id: str) -> Any:
    """Return a request with an external id."""
    return body_with(external_task_id=external_id)


NAMED = request_with_id("e-1")


@dataclass(frozen=True)
class StubReply:
    """A response whose body is bytes or a JSON value."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        """Return a new httpx response."""
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return httpx.Response(self.status, content=content, headers=dict(self.headers))


class DialectResponse(Enum):
    """A response with different words in each dialect: an absent task, or a used external id."""

    ABSENT = "absent"
    DUPLICATE = "duplicate"


ABSENT, DUPLICATE = DialectResponse.ABSENT, DialectResponse.DUPLICATE

Client: TypeAlias = type[KlingElements | AsyncKlingElements]
Step: TypeAlias = StubReply | DialectResponse | type[BaseException] | Callable[[httpx.Request], Any]


def task(task_id: Any = "7", status: Any = "submitted", **members: Any) -> StubReply:
    """Return a response that contains a task."""
    return StubReply(200, {"code": 0, "data": {"task_id": task_id, "task_status": status, **members}})


def finished_task(task_id: Any = "7", element_id: Any = 9) -> StubReply:
    """Return a response with a task that has created an element."""
    return task(task_id, "succeed", task_result={"elements": [{"element_id": element_id}]})


def page(*ids: Any) -> StubReply:
    """Return a list's page with the ids of its tasks."""
    return StubReply(200, {"code": 0, "data": [{"task_id": task_id} for task_id in ids]})


def refusal(status: int, code: Any = None, **headers: str) -> StubReply:
    """Return a response that reports a failure."""
    body = {"message": "no"} if code is None else {"code": code, "message": "no"}
    return StubReply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


LOST = httpx.ReadTimeout  # the response never came
REFUSED = httpx.ConnectError  # the request never left


def _in_dialect(response: DialectResponse, dialect: str, request: httpx.Request) -> StubReply:
    """Return a response to a request, in the words of a dialect."""
    if response is DialectResponse.ABSENT:
        name = unquote(request.url.raw_path.decode().rpartition("/")[2])
        status, code, message = dialect_cases.NO_TASK[dialect](name)
    else:
        name = json.loads(request.content)["external_task_id"]
        status, code, message = dialect_cases.USED_BEFORE[dialect](name)
    return StubReply(status, {"code": code, "message": message, "request_id": "r-1"})


def response_step(step: Step, request: httpx.Request, dialect: str = "documented") -> Any:
    """Return a step's response to a request, or raise the step if it is an exception."""
    if isinstance(step, type):
        raise step("scripted")
    response = step if isinstance(step, StubReply | DialectResponse) else step(request)
    if isinstance(response, DialectResponse):
        response = _in_dialect(response, dialect, request)
    return response.response() if isinstance(response, StubReply) else response


def steps_by_task(scripts: Mapping[str, Sequence[Step]]) -> list[Step]:
    """Return steps that choose their responses by the task's id, because concurrent look-ups come in any order.

    Args:
        scripts: The responses to the look-ups of each task, by its id.
    """
    steps = {task_id: deque(script) for task_id, script in scripts.items()}

    def respond(request: httpx.Request) -> Any:
        return response_step(steps[request.url.path.rpartition("/")[2]].popleft(), request)

    return [respond] * sum(map(len, scripts.values()))


class ScriptedGateway:
    """Answers requests by a script, and keeps them.

    Attributes:
        requests: The requests, in order.
    """

    def __init__(self, script: tuple[Step, ...], dialect: str) -> None:
        """Start at the first step of a script."""
        self._dialect = dialect
        self._steps = deque(script)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> Any:
        """Answer a request with the next step of the script."""
        self.requests.append(request)
        assert self._steps, f"the script has no step for this request: {request.method} {request.url}"
        return response_step(self._steps.popleft(), request, self._dialect)

    def is_finished(self) -> bool:
        """Return whether the whole script was used."""
        return not self._steps

    def calls(self) -> str:
        """Return one word for each request: `create`, `list`, `look`, or the last part of another path."""
        words = {("POST", "advanced-custom-elements"): "create", ("GET", "advanced-custom-elements"): "list"}
        requests = [(request.method, request.url.raw_path.decode().partition("?")[0]) for request in self.requests]
        looked = "/advanced-custom-elements/"
        return " ".join(
            "look" if looked in path else words.get((method, path.rpartition("/")[2]), path.rpartition("/")[2])
            for method, path in requests
        )

    def bodies(self) -> list[Any]:
        """Return the JSON values of the requests."""
        return [json.loads(request.content) for request in self.requests if request.content]


class FakeClock(Clock):
    """A clock that moves only during a sleep.

    Attributes:
        slept: The seconds of each sleep.
        seconds: The current time, in seconds.
        luck: The result of `chance`.
    """

    def __init__(self) -> None:
        """Start at 1,000 seconds, as on a machine that has been on for a while."""
        self.slept: list[float] = []
        self.seconds = 1000.0
        self.luck = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1000)

    def chance(self) -> float:
        return self.luck

    def sleep(self, seconds: float) -> None:
        with pytest.raises(RuntimeError):  # a sleep would block an event loop
            asyncio.get_running_loop()
        self.advance(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.advance(seconds)

    def wait(self, jobs: Collection[futures.Future[Any]], seconds: float | None) -> None:
        assert seconds is None or 0 <= seconds <= threading.TIMEOUT_MAX  # as real clocks require
        super().wait(jobs, None)  # scripted responses take no time

    async def wait_async(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:
        assert seconds is None or 0 <= seconds <= threading.TIMEOUT_MAX
        await super().wait_async(jobs, None)

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and record it as a sleep."""
        self.slept.append(seconds)
        self.seconds += seconds


class ScriptedClient:
    """One of the two clients, connected to a gateway that answers by a script.

    Every method of the client is available here, and blocks.

    Attributes:
        kling: The client.
        gateway: The gateway.
        clock: The clock of the client.
    """

    def __init__(
        self,
        kind: Client,
        *script: Step,
        dialect: str = "documented",
        **options: Any,
    ) -> None:
        """Create the client; other options are those of the client."""
        self.gateway = ScriptedGateway(script, dialect)
        self.clock = FakeClock()
        http_client = {"transport": httpx.MockTransport(self.gateway), **options.pop("http_client", {})}
        defaults = {"api_key": TOKEN, "base_url": URL, "http_client": http_client, "clock": self.clock}
        self.kling = kind(**{**defaults, **options})

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.kling, name)

        def call(*arguments: Any, **named: Any) -> Any:
            response = method(*arguments, **named)
            return asyncio.run(response) if inspect.iscoroutine(response) else response

        return call

    def error_of(self, name: str, *arguments: Any, **named: Any) -> KlingError:
        """Call a method that must fail, and return its error."""
        with pytest.raises(KlingError) as caught:
            getattr(self, name)(*arguments, **named)
        return caught.value

    def next_item(self, items: Any) -> Any:
        """Return the next item of an iterator."""
        return asyncio.run(_next(items)) if isinstance(items, AsyncIterator) else next(items)

    def take(self, most: int | None, name: str, seen: list[Any] | None = None, **named: Any) -> list[Any]:
        """Return the first items of an iterator. Fetch no more than these.

        Args:
            most: The number of items, or None for all.
            name: The method that returns the iterator.
            seen: A list to add the items to. If an error occurs, it contains the items before the error.
            named: The arguments of the method.
        """
        taken = [] if seen is None else seen
        items = getattr(self.kling, name)(**named)
        if isinstance(items, AsyncIterator):
            asyncio.run(_take(most, items, taken))
        else:
            taken.extend(islice(items, most))
        return taken


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items)


async def _take(most: int | None, items: AsyncIterator[Any], taken: list[Any]) -> None:
    while len(taken) != most:
        try:
            taken.append(await anext(items))
        except StopAsyncIteration:
            break


def call_once(kind: Client, name: str, *arguments: Any, **options: Any) -> Any:
    """Create a client, call a method, close the client, and return the result, with all items of an iterator."""

    async def call() -> Any:
        async with AsyncKlingElements(**options) as kling:
            result = getattr(kling, name)(*arguments)
            return [item async for item in result] if isinstance(result, AsyncIterator) else await result

    if kind is AsyncKlingElements:
        return run_async(call())
    with KlingElements(**options) as kling:
        result = getattr(kling, name)(*arguments)
        return list(result) if isinstance(result, Iterator) else result


@dataclass(frozen=True, kw_only=True)
class FailedCall:
    """How a call fails.

    Attributes:
        id: The case, in words.
        kind: The class of the error.
        outcome: The `outcome` of the error.
        calls: The requests to the gateway, in the form of `ScriptedGateway.calls`.
        script: The responses of the gateway.
        slept: The seconds of each sleep, by default none.
        says: The beginning of the message.
    """

    id: str
    kind: type[KlingError]
    outcome: str
    calls: str
    script: Sequence[Step]
    slept: Sequence[float] = ()
    says: str = ""

    def check(self, client: ScriptedClient, error: KlingError) -> None:
        """Assert that a call of a client with this script failed as described."""
        assert self.kind is type(error)
        assert str(error).startswith(self.says)
        assert self.outcome == error.outcome
        assert self.calls == client.gateway.calls()
        assert list(self.slept) == client.clock.slept
        assert client.gateway.is_finished()


both_dialects = pytest.mark.parametrize("dialect", ["live", "documented"])
"""Marks a test that must pass in each dialect, because they word absent and duplicate ids differently."""
