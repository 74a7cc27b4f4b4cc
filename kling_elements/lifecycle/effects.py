"""Perform all I/O of a client: call the gateway, sleep, check media at URLs, and log.

The coroutines of this package await an `Effects`. The `BlockingEffects` of the blocking client never suspend, so
`finish` can run a coroutine without an event loop.
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
from kling_elements_runtime.deadline import stop_when
from kling_elements_runtime.texts import printable
from kling_elements_runtime.types import Response

_log = logging.getLogger("kling_elements")

T = TypeVar("T")
OnUpdate: TypeAlias = Callable[[Task], object]


class Job(Protocol):
    """Work that runs concurrently with the coroutine that starts it."""

    def done(self) -> bool:
        """Return whether the job has ended."""
        ...

    def result(self) -> Any:
        """Return the result of the job, or raise the exception that ended it."""
        ...


def report_on(keyword: str, url: str, *, allow_private: bool, contract: Contract) -> ImageReport | VideoReport:
    """Check the image (`x-image`) or the video (`x-video`) at a URL.

    Raises:
        MediaError: The file cannot be read.
    """
    # loaded here, because few programs check media at URLs
    from kling_elements.media import check_image, check_video  # noqa: PLC0415

    check = check_image if keyword == "x-image" else check_video
    return check(url, remote=True, allow_private=allow_private, contract=contract)


@frozen
class Effects(ABC):
    """The gateway, the clock, the network and the log.

    Attributes:
        client: The generated client.
        clock: The source of time and sleep.
    """

    client: AuthenticatedClient
    clock: Clock

    @property
    def contract(self) -> Contract:
        """The contract by which responses are read."""
        return self.client.contract

    def log(self, text: str) -> None:
        """Log a line, made safe by `make_safe`."""
        _log.info("%s", self.make_safe(text))

    def warn(self, text: str) -> None:
        """Log a warning, made safe by `make_safe`. Without a configured logger, it goes to stderr."""
        _log.warning("%s", self.make_safe(text))

    def make_safe(self, text: str) -> str:
        """Return a text without the token and with control characters escaped."""
        return printable(self.client.redact(text))

    @abstractmethod
    def open(self) -> None:
        """Open the client's connection pool before a create is recorded as sent.

        Raises:
            RuntimeError: The client is closed, or no event loop of asyncio is running.
        """

    @abstractmethod
    async def call(self, operation: ModuleType, **arguments: Any) -> Response[Any]:
        """Call an operation of the generated client, such as `api.elements.get_element`."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""

    @abstractmethod
    async def notify(self, on_update: OnUpdate, task: Task) -> None:
        """Call the caller's function with a task."""

    @abstractmethod
    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check the media at a URL; see `report_on`."""

    @abstractmethod
    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Job:
        """Start a coroutine that awaits these effects, concurrently with the running one."""

    @abstractmethod
    async def wait(self, jobs: Collection[Any], seconds: float | None) -> None:
        """Wait until one of several jobs is done, or until some seconds have passed. None sets no time limit."""

    @abstractmethod
    async def abandon(self, jobs: Collection[Any]) -> None:
        """End jobs whose results are no longer needed, if possible."""


class BlockingEffects(Effects):
    """Effects that block the thread. Their coroutines never suspend."""

    def open(self) -> None:
        """Open the client's connection pool."""
        self.client.get_httpx_client()

    async def call(self, operation: ModuleType, **arguments: Any) -> Response[Any]:
        """Call an operation of the generated client."""
        response: Response[Any] = operation.sync_detailed(client=self.client, **arguments)
        return response

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""
        self.clock.sleep(seconds)

    async def notify(self, on_update: OnUpdate, task: Task) -> None:
        """Call the caller's function with a task.

        Raises:
            TypeError: The function is async.
        """
        result = on_update(task)
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("on_update is an async function: pass a plain one, or use AsyncKlingElements")

    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check the media at a URL."""
        return report_on(keyword, url, allow_private=allow_private, contract=self.contract)

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in a new thread."""
        return run_in_thread(lambda: finish(coroutine))

    async def wait(self, jobs: Collection[Future[Any]], seconds: float | None) -> None:
        """Wait until one of several jobs is done."""
        self.clock.wait(jobs, seconds)

    async def abandon(self, jobs: Collection[Future[Any]]) -> None:
        """Do nothing, because threads can't be stopped. They end with their requests, and delay no exit."""


class EventLoopEffects(Effects):
    """Effects that wait without blocking the event loop."""

    def open(self) -> None:
        """Open the client's connection pool."""
        self.client.get_async_httpx_client()

    async def call(self, operation: ModuleType, **arguments: Any) -> Response[Any]:
        """Call an operation of the generated client."""
        response: Response[Any] = await operation.asyncio_detailed(client=self.client, **arguments)
        return response

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""
        await self.clock.sleep_async(seconds)

    async def notify(self, on_update: OnUpdate, task: Task) -> None:
        """Call the caller's function, plain or async, with a task."""
        result = on_update(task)
        if inspect.isawaitable(result):
            await result

    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check the media at a URL, in a thread that stops soon after a cancellation."""
        abandoned = threading.Event()
        check = partial(report_on, keyword, url, allow_private=allow_private, contract=self.contract)
        try:
            return await asyncio.wrap_future(run_in_thread(check, abandoned))
        finally:
            abandoned.set()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine as a task of the event loop."""
        return asyncio.get_running_loop().create_task(coroutine)

    async def wait(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:
        """Wait until one of several jobs is done."""
        await self.clock.wait_async(jobs, seconds)

    async def abandon(self, jobs: Collection[asyncio.Task[Any]]) -> None:
        """Cancel jobs, and wait until they have ended."""
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


def run_in_thread(function: Callable[[], T], abandoned: threading.Event | None = None) -> Future[T]:
    """Run a function in a new thread, for which neither an event loop nor the interpreter waits at its end.

    The thread inherits the caller's deadline, and also stops once the event `abandoned` is set.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # a running future cannot be cancelled
    context = copy_context()
    if abandoned is not None:
        context.run(stop_when, abandoned)

    def run() -> None:
        try:
            future.set_result(context.run(function))
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            future.set_exception(error)

    threading.Thread(target=run, name="kling-elements", daemon=True).start()
    return future
