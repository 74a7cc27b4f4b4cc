"""Everything a client does to the outside world: it calls the gateway, sleeps, looks at media behind URLs and logs.

`creating`, `waiting`, `queries` and `preflight` are written once, as coroutines that await an `Outside`. The blocking
client gives them a `Blocking` one, which never suspends, so that `finish` can run a coroutine without an event loop.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from types import ModuleType
from typing import Any, Protocol, TypeAlias, TypeVar

from attrs import frozen

from kling_elements.clock import Clock
from kling_elements.media.reports import ImageReport, VideoReport
from kling_elements_client import AuthenticatedClient
from kling_elements_client.models import Task
from kling_elements_runtime.blocking import finish
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.deadline import end_once
from kling_elements_runtime.texts import printable
from kling_elements_runtime.types import Response

_log = logging.getLogger("kling_elements")

T = TypeVar("T")
OnUpdate: TypeAlias = Callable[[Task], object]


class Job(Protocol):
    """Something that is done beside the coroutine that began it."""

    def done(self) -> bool:
        """Return whether it has ended."""
        ...

    def result(self) -> Any:
        """Return what came of it, or raise what ended it."""
        ...


def report_on(keyword: str, url: str, *, allow_private: bool, contract: Contract) -> ImageReport | VideoReport:
    """Check the image (`x-image`) or the video (`x-video`) behind a URL.

    Raises:
        MediaError: It cannot be read.
    """
    # what reads images and videos is loaded here, as few programs look at URLs
    from kling_elements.media import check_image, check_video  # noqa: PLC0415

    check = check_image if keyword == "x-image" else check_video
    return check(url, remote=True, allow_private=allow_private, contract=contract)


@frozen
class Outside(ABC):
    """The gateway, the clock, the network and the log.

    Attributes:
        client: The generated client.
        clock: The time.
    """

    client: AuthenticatedClient
    clock: Clock

    @property
    def contract(self) -> Contract:
        """What says how answers are read."""
        return self.client.contract

    def log(self, text: str) -> None:
        """Log a line, as `shown` has it."""
        _log.info("%s", self.shown(text))

    def warn(self, text: str) -> None:
        """Log a warning, as `shown` has it. It reaches stderr where nothing is said about logging."""
        _log.warning("%s", self.shown(text))

    def shown(self, text: str) -> str:
        """Return a text without the token, and with what a terminal would obey shown escaped."""
        return printable(self.client.redact(text))

    @abstractmethod
    def open(self) -> None:
        """Make ready for calls.

        Raises:
            RuntimeError: None can be made: the client is closed, or there is no event loop of asyncio.
        """

    @abstractmethod
    async def call(self, operation: ModuleType, **arguments: Any) -> Response[Any]:
        """Call one operation of the generated client, such as `api.elements.get_element`."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    async def notify(self, on_update: OnUpdate, task: Task) -> None:
        """Call a function of the caller's with a task."""

    @abstractmethod
    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check what lies behind a URL; see `report_on`."""

    @abstractmethod
    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Job:
        """Begin to run a coroutine that awaits this `Outside` beside the one that is running."""

    @abstractmethod
    async def wait(self, jobs: Collection[Any], seconds: float | None) -> None:
        """Wait until one of some jobs is done, or let some seconds pass; None for as long as it takes."""

    @abstractmethod
    async def abandon(self, jobs: Collection[Any]) -> None:
        """End jobs that nobody waits for any more, as far as that is possible."""


class Blocking(Outside):
    """Blocks the thread; its coroutines never suspend."""

    def open(self) -> None:
        """Make ready for calls."""
        self.client.get_httpx_client()

    async def call(self, operation: ModuleType, **arguments: Any) -> Response[Any]:
        """Call an operation."""
        response: Response[Any] = operation.sync_detailed(client=self.client, **arguments)
        return response

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.sleep(seconds)

    async def notify(self, on_update: OnUpdate, task: Task) -> None:
        """Call a function of the caller's with a task.

        Raises:
            TypeError: It is an async function.
        """
        result = on_update(task)
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("on_update is an async function: pass a plain one, or use AsyncKlingElements")

    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check what lies behind a URL."""
        return report_on(keyword, url, allow_private=allow_private, contract=self.contract)

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in a thread of its own."""
        return in_thread(lambda: finish(coroutine))

    async def wait(self, jobs: Collection[Future[Any]], seconds: float | None) -> None:
        """Wait for one of some jobs."""
        self.clock.wait(jobs, seconds)

    async def abandon(self, jobs: Collection[Future[Any]]) -> None:
        """Do nothing: a thread cannot be ended. It ends with its request, and does not hold the interpreter up."""


class OnEventLoop(Outside):
    """Lets the event loop go on meanwhile."""

    def open(self) -> None:
        """Make ready for calls."""
        self.client.get_async_httpx_client()

    async def call(self, operation: ModuleType, **arguments: Any) -> Response[Any]:
        """Call an operation."""
        response: Response[Any] = await operation.asyncio_detailed(client=self.client, **arguments)
        return response

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.sleep_async(seconds)

    async def notify(self, on_update: OnUpdate, task: Task) -> None:
        """Call a plain or an async function of the caller's with a task."""
        result = on_update(task)
        if inspect.isawaitable(result):
            await result

    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check what lies behind a URL, in a thread, which ends soon after a cancellation."""
        abandoned = threading.Event()
        look = partial(report_on, keyword, url, allow_private=allow_private, contract=self.contract)
        try:
            return await asyncio.wrap_future(in_thread(look, abandoned))
        finally:
            abandoned.set()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine as a task of the event loop."""
        return asyncio.get_running_loop().create_task(coroutine)

    async def wait(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:
        """Wait for one of some jobs."""
        await self.clock.wait_async(jobs, seconds)

    async def abandon(self, jobs: Collection[asyncio.Task[Any]]) -> None:
        """Cancel some jobs, and wait until they have ended."""
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


def in_thread(function: Callable[[], T], abandoned: threading.Event | None = None) -> Future[T]:
    """Run a function in a thread of its own, which holds up neither the end of an event loop nor of the interpreter.

    The deadline of the caller is that of the thread, too, as is the moment when an event is set.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # it cannot be cancelled
    context = copy_context()
    if abandoned is not None:
        context.run(end_once, abandoned)

    def run() -> None:
        try:
            future.set_result(context.run(function))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, name="kling-elements", daemon=True).start()
    return future
