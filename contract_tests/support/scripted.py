"""A gateway that answers by a script, a clock that waits for nothing, and both clients behind the same calls."""

from __future__ import annotations

import asyncio
import inspect
import json
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
from contract_tests.reading.cases import base_body
from contract_tests.support import running
from contract_tests.support.running import run_async
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.clock import Clock
from kling_elements_client.errors import KlingError

TOKEN, URL = running.TOKEN, running.URL
BODY: Any = base_body("image")
NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)


def named(external_id: str) -> Any:
    """Return a request under an external id."""
    return {**BODY, "external_task_id": external_id}


NAMED = named("e-1")


@dataclass(frozen=True)
class Reply:
    """An answer; the body is bytes, or a JSON value."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        """Return it as httpx has it, made anew."""
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return httpx.Response(self.status, content=content, headers=dict(self.headers))


class DialectAnswer(Enum):
    """An answer that each dialect gives in words of its own: there is no such task, or its external id was used."""

    ABSENT = "absent"
    DUPLICATE = "duplicate"


ABSENT, DUPLICATE = DialectAnswer.ABSENT, DialectAnswer.DUPLICATE

Client: TypeAlias = type[KlingElements | AsyncKlingElements]
Step: TypeAlias = Reply | DialectAnswer | type[BaseException] | Callable[[httpx.Request], Any]


def task(task_id: Any = "7", status: Any = "submitted", **more: Any) -> Reply:
    """Return an answer that names a task."""
    return Reply(200, {"code": 0, "data": {"task_id": task_id, "task_status": status, **more}})


def made(task_id: Any = "7", element_id: Any = 9) -> Reply:
    """Return an answer with a task that made a subject."""
    return task(task_id, "succeed", task_result={"elements": [{"element_id": element_id}]})


def page(*ids: Any) -> Reply:
    """Return a page of a list, with the ids of its tasks."""
    return Reply(200, {"code": 0, "data": [{"task_id": task_id} for task_id in ids]})


def no(status: int, code: Any = None, **headers: str) -> Reply:
    """Return an answer that means failure."""
    body = {"message": "no"} if code is None else {"code": code, "message": "no"}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


LOST = httpx.ReadTimeout  # the answer never came
REFUSED = httpx.ConnectError  # the request never left


def _in_dialect(answer: DialectAnswer, dialect: str, request: httpx.Request) -> Reply:
    """Return an answer to a request, in the words of a dialect."""
    match answer:
        case DialectAnswer.ABSENT:
            name = unquote(request.url.raw_path.decode().rpartition("/")[2])
            status, code, message = dialect_cases.NO_TASK[dialect](name)
        case DialectAnswer.DUPLICATE:
            name = json.loads(request.content)["external_task_id"]
            status, code, message = dialect_cases.USED_BEFORE[dialect](name)
    return Reply(status, {"code": code, "message": message, "request_id": "r-1"})


def answered(step: Step, request: httpx.Request, dialect: str = "documented") -> Any:
    """Return what a step is in answer to a request, if that is no error; raise it if it is one."""
    if isinstance(step, type):
        raise step("scripted")
    answer = step if isinstance(step, Reply | DialectAnswer) else step(request)
    if isinstance(answer, DialectAnswer):
        answer = _in_dialect(answer, dialect, request)
    return answer.response() if isinstance(answer, Reply) else answer


class Gateway:
    """Answers one request after the other by a script, and keeps them.

    Attributes:
        requests: What came, in order.
    """

    def __init__(self, script: tuple[Step, ...], dialect: str) -> None:
        """Begins at the first step."""
        self._dialect = dialect
        self._steps = deque(script)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> Any:
        """Take the next step."""
        self.requests.append(request)
        assert self._steps, f"one request more than the script has: {request.method} {request.url}"
        return answered(self._steps.popleft(), request, self._dialect)

    def finished(self) -> bool:
        """Whether the whole script was played."""
        return not self._steps

    def calls(self) -> str:
        """Return what came, as one word for each request: `create`, `look`, or the last part of another path."""
        words = {("POST", "advanced-custom-elements"): "create", ("GET", "advanced-custom-elements"): "list"}
        found = [(request.method, request.url.raw_path.decode().partition("?")[0]) for request in self.requests]
        looked = "/advanced-custom-elements/"
        return " ".join(
            "look" if looked in path else words.get((method, path.rpartition("/")[2]), path.rpartition("/")[2])
            for method, path in found
        )

    def bodies(self) -> list[Any]:
        """Return the JSON values that came."""
        return [json.loads(request.content) for request in self.requests if request.content]


class FakeClock(Clock):
    """A clock that goes on only when somebody sleeps.

    Attributes:
        slept: For how long, each time.
        seconds: The time that has passed.
        luck: What chance gives.
    """

    def __init__(self) -> None:
        """Begins at 1,000 s, as a machine that has been on for a while."""
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
        with pytest.raises(RuntimeError):  # or it would hold up an event loop
            asyncio.get_running_loop()
        self.let_pass(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.let_pass(seconds)

    def wait(self, jobs: Collection[futures.Future[Any]], seconds: float | None) -> None:  # noqa: ARG002
        super().wait(jobs, None)  # what is answered by a script needs no time

    async def wait_async(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:  # noqa: ARG002
        await super().wait_async(jobs, None)

    def let_pass(self, seconds: float) -> None:
        """Go on."""
        self.slept.append(seconds)
        self.seconds += seconds


class Scripted:
    """One of the two clients before a gateway that answers by a script.

    Every method of the client is one here, and blocks.

    Attributes:
        kling: The client.
        gateway: What it talks to.
        clock: What it sleeps by.
    """

    def __init__(
        self,
        kind: Client,
        *script: Step,
        dialect: str = "documented",
        **options: Any,
    ) -> None:
        """Makes the client; further options are the client's own."""
        self.gateway = Gateway(script, dialect)
        self.clock = FakeClock()
        carried = {"transport": httpx.MockTransport(self.gateway), **options.pop("http_client", {})}
        given = {"api_key": TOKEN, "base_url": URL, "http_client": carried, "clock": self.clock}
        self.kling = kind(**{**given, **options})

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.kling, name)

        def call(*arguments: Any, **named: Any) -> Any:
            answer = method(*arguments, **named)
            return asyncio.run(answer) if inspect.iscoroutine(answer) else answer

        return call

    def failing(self, name: str, *arguments: Any, **named: Any) -> KlingError:
        """Call a method that must fail, and return its error."""
        with pytest.raises(KlingError) as caught:
            getattr(self, name)(*arguments, **named)
        return caught.value

    def following(self, found: Any) -> Any:
        """Return the next thing of an iterator."""
        return asyncio.run(_next(found)) if isinstance(found, AsyncIterator) else next(found)

    def first(self, most: int | None, name: str, seen: list[Any] | None = None, **named: Any) -> list[Any]:
        """Return the first things of an iterator, and ask for no more; all of them for None.

        Args:
            most: How many.
            name: The method that returns the iterator.
            seen: What they are put into, one by one; also what came before an error.
            named: The method's arguments.
        """
        taken = [] if seen is None else seen
        found = getattr(self.kling, name)(**named)
        if isinstance(found, AsyncIterator):
            asyncio.run(_take(most, found, taken))
        else:
            taken.extend(islice(found, most))
        return taken


async def _next(found: AsyncIterator[Any]) -> Any:
    return await anext(found)


async def _take(most: int | None, found: AsyncIterator[Any], taken: list[Any]) -> None:
    while len(taken) != most:
        try:
            taken.append(await anext(found))
        except StopAsyncIteration:
            break


def called(kind: Client, name: str, *arguments: Any, **options: Any) -> Any:
    """Make a client, call one of its methods, close it, and return what the method returns; of an iterator, all."""

    async def call() -> Any:
        async with AsyncKlingElements(**options) as kling:
            found = getattr(kling, name)(*arguments)
            return [each async for each in found] if isinstance(found, AsyncIterator) else await found

    if kind is AsyncKlingElements:
        return run_async(call())
    with KlingElements(**options) as kling:
        found = getattr(kling, name)(*arguments)
        return list(found) if isinstance(found, Iterator) else found


@dataclass(frozen=True, kw_only=True)
class Failure:
    """How a call fails.

    Attributes:
        id: What happens, in words.
        kind: The class of the error.
        outcome: What the error says of a subject.
        calls: What the gateway was asked, as `Gateway.calls` tells it.
        script: What the gateway answers.
        slept: For how many seconds, each time; not at all, unless it says so.
        says: How the error's text begins.
    """

    id: str
    kind: type[KlingError]
    outcome: str
    calls: str
    script: Sequence[Step]
    slept: Sequence[float] = ()
    says: str = ""

    def check(self, scripted: Scripted, error: KlingError) -> None:
        """Assert that the call of a client which has this script failed so."""
        assert self.kind is type(error)
        assert str(error).startswith(self.says)
        assert self.outcome == error.outcome
        assert self.calls == scripted.gateway.calls()
        assert list(self.slept) == scripted.clock.slept
        assert scripted.gateway.finished()


both_dialects = pytest.mark.parametrize("dialect", ["live", "documented"])
"""Marks a test that has to hold in whichever words a gateway says that something is absent or a duplicate."""
