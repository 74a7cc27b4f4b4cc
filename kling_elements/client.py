"""The clients to use: from a request to a subject, never twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import httpx

from kling_elements import creating, queries, waiting
from kling_elements.clock import Clock
from kling_elements.creating import Patience
from kling_elements.errors import redact
from kling_elements.outside import Blocking, OnEventLoop, Outside, finish
from kling_elements.policies import PollPolicy, RetryPolicy
from kling_elements.preflight import Preflight, PreflightPolicy
from kling_elements.queries import Pages
from kling_elements.requests import CreateRequest
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import list_elements, list_preset_elements
from kling_elements_client.client import DEFAULT_TIMEOUT, OnViolation
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Element, Task

T = TypeVar("T")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


class _Client(Generic[Transport]):
    """What both clients are made of."""

    _outside: ClassVar[type[Outside]]

    def __init__(  # noqa: PLR0913 - all but two go by name
        self,
        token: str | None = None,
        base_url: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        on_violation: OnViolation = "raise",
        allow_http: bool = False,
        allow_private: bool = False,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes a client; no connection is opened yet.

        Args:
            token: The gateway's API key, without `Bearer`; by default that of the environment variable `KLING_API_KEY`.
            base_url: The gateway's address; by default that of the environment variable `KLING_BASE_URL`, or else the
                contract's first server.
            retry: When a create is sent again.
            poll: How often `wait` looks a task up.
            transport: What carries requests in place of the network, for tests.
            clock: What tells the time and sleeps, for tests.
            on_violation: What to do with a request that breaks the contract: `raise`, `warn` or `ignore`.
            allow_http: Whether a gateway elsewhere than on this machine may be called without TLS.
            allow_private: Whether `preflight="remote"` may look at media on this machine or in a private network.
            timeout: Seconds for each step of a request, by default 10 to connect, 300 to read and 600 to write.
            headers: More headers for every request.
            httpx_args: More arguments for httpx's client, such as `proxy` or `verify`.

        Raises:
            ValueError: There is no token, or one of the arguments cannot be used.
        """
        for policy, kind in ((retry, RetryPolicy), (poll, PollPolicy)):
            if not isinstance(policy, kind | None):
                raise ValueError(f"{kind.__name__} expected, not {type(policy).__name__}")  # noqa: TRY004 - as all others
        carried = {} if transport is None else {"transport": transport}
        self._retry = retry or RetryPolicy()
        self._poll = poll or PollPolicy()
        self._clock = clock or Clock()
        self._allow_private = allow_private
        self.client: Final = AuthenticatedClient(
            token,
            base_url,
            on_violation=on_violation,
            allow_http=allow_http,
            timeout=timeout,
            headers=headers,
            httpx_args={**(httpx_args or {}), **carried},
        )
        """The generated client underneath, for single operations."""
        self._io = self._outside(self.client, self._clock)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.client.base_url!r})"

    def _policy(self, preflight: Preflight) -> PreflightPolicy:
        return PreflightPolicy(preflight, self._allow_private)

    @contextmanager
    def _redacted(self) -> Iterator[None]:
        try:
            yield
        except KlingError as error:
            redact(error, self.client.redact)
            raise

    def _patience(self, max_wait_seconds: float | None) -> Patience:
        return Patience(self._retry, self._clock, max_wait_seconds)


class KlingElements(_Client[httpx.BaseTransport]):
    """Creates, finds, waits for, lists and deletes subjects at one gateway. It may be shared between threads.

    Every method raises `KlingError` alone for what the contract, the network or the gateway does; its `outcome` says
    whether a subject exists now. Use it as a context manager, or call `close`.
    """

    _outside = Blocking

    def create(
        self, request: CreateRequest, *, preflight: Preflight = "inline", max_wait_seconds: float | None = None
    ) -> Task:
        """Creates a subject with exactly one POST, unless one provably left nothing behind and waiting helps.

        Args:
            request: The subject. Without an `external_task_id` a fresh UUID is sent; it is in the task's `task_info`,
                and on every error. Image files are given by their `Path` and encoded while they are sent.
            preflight: What is checked of media before anything is sent: `inline`, images in the request by their
                headers; `remote`, also images and the video behind addresses; `off`, only the size of images here.
            max_wait_seconds: Seconds after which no further attempt begins; by default those of the retry policy.

        Raises:
            MediaError: A file or what lies at an address cannot be read, or was changed while it was sent.
            KlingError: See its `outcome`. With `may_exist`, look the `external_task_id` up before sending again, or
                call `create_or_adopt` with it.
        """
        return self._run(creating.create(self._io, request, self._patience(max_wait_seconds), self._policy(preflight)))

    def create_or_adopt(
        self, request: CreateRequest, *, preflight: Preflight = "inline", max_wait_seconds: float | None = None
    ) -> Task:
        """Creates a subject, or finds the one that was created before under the same `external_task_id`.

        It may be called any number of times, from any number of processes: there is one subject at most, as long as the
        gateway keeps external ids unique (R32). The task that is found may have failed.

        Args:
            request: The subject, with an `external_task_id` that was not used for another one.
            preflight: As for `create`; addresses are looked at only if there is no such subject yet.
            max_wait_seconds: Seconds after which no further attempt begins; by default those of the retry policy.

        Raises:
            LookUpUnavailableError: The gateway does not offer look-up.
            KlingError: See its `outcome`.
        """
        return self._run(
            creating.create_or_adopt(self._io, request, self._patience(max_wait_seconds), self._policy(preflight))
        )

    def get(self, task: Task | str | int) -> Task:
        """Looks a task up, once.

        Args:
            task: The task, its id, or the caller's own id of it.

        Raises:
            NotFoundError: There is no such task.
            KlingError: It could not be looked up, or its gateway says so otherwise.
            ValueError: There is no id.
        """
        return self._run(queries.get(self._io, task))

    def wait(self, task: Task | str | int, *, max_wait_seconds: float | None = None) -> Element:
        """Waits until a task has made its subject.

        Args:
            task: The task, its id, or the caller's own id of it.
            max_wait_seconds: Seconds after which waiting ends, by default those of the poll policy. A look-up under way
                then is not cut short.

        Raises:
            TaskFailedError: The task failed; the message has the service's reason.
            UnknownStatusError: Its status remains a word that is not known here.
            WaitTimeoutError: The time is up; `.task` is the last state.
            KlingError: It cannot be looked up, and trying again would not help.
            ValueError: There is no id.
        """
        return self._run(waiting.wait(self._io, task, self._poll, self._clock, max_wait_seconds))

    def wait_all(
        self, tasks: Sequence[Task | str | int], *, max_wait_seconds: float | None = None
    ) -> Sequence[Element]:
        """Waits until several tasks have made their subjects; returns these in the same order.

        Raises:
            WaitAllError: Some ended otherwise; `.results` has the subject or the error of each.
            ValueError: There is no id.
        """
        return self._run(waiting.wait_all(self._io, tasks, self._poll, self._clock, max_wait_seconds))

    def list(self, *, page_size: int | None = None) -> Iterator[Task]:
        """The account's own tasks, each once, page by page as they are asked for.

        Take all before deleting any: what is deleted makes room, and tasks move to pages that were read already.

        Args:
            page_size: How many tasks to fetch at a time; by default the contract's.

        Raises:
            KlingError: A page could not be fetched.
        """
        return self._tasks(list_elements, "listElements", page_size)

    def presets(self, *, page_size: int | None = None) -> Iterator[Task]:
        """The vendor's own subjects, as `list`."""
        return self._tasks(list_preset_elements, "listPresetElements", page_size)

    def delete(self, element: Element | Task | str | int) -> Task | None:
        """Deletes a subject.

        Args:
            element: The subject, the task that made it, or its id, as int or str.

        Returns:
            The task that the gateway names, or None.

        Raises:
            KlingError: It was not deleted, or that is not known.
            ValueError: There is no id, or it is a floating-point number, which has lost digits.
        """
        return self._run(queries.delete(self._io, element))

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, coroutine: Coroutine[None, None, T]) -> T:
        with self._redacted():
            return finish(coroutine)

    def _tasks(self, operation: ModuleType, operation_id: str, page_size: int | None) -> Iterator[Task]:
        pages = Pages(operation_id, page_size)
        for arguments in pages.arguments():
            yield from pages.new_tasks(self._run(queries.ask(self._io, operation, **arguments)))


class AsyncKlingElements(_Client[httpx.AsyncBaseTransport]):
    """Does as `KlingElements`, on an event loop. Use it as an async context manager, or call `aclose`."""

    _outside = OnEventLoop

    async def create(
        self, request: CreateRequest, *, preflight: Preflight = "inline", max_wait_seconds: float | None = None
    ) -> Task:
        """Creates a subject; see `KlingElements.create`."""
        return await self._run(
            creating.create(self._io, request, self._patience(max_wait_seconds), self._policy(preflight))
        )

    async def create_or_adopt(
        self, request: CreateRequest, *, preflight: Preflight = "inline", max_wait_seconds: float | None = None
    ) -> Task:
        """Creates or finds a subject; see `KlingElements.create_or_adopt`."""
        return await self._run(
            creating.create_or_adopt(self._io, request, self._patience(max_wait_seconds), self._policy(preflight))
        )

    async def get(self, task: Task | str | int) -> Task:
        """Looks a task up; see `KlingElements.get`."""
        return await self._run(queries.get(self._io, task))

    async def wait(self, task: Task | str | int, *, max_wait_seconds: float | None = None) -> Element:
        """Waits until a task has made its subject; see `KlingElements.wait`."""
        return await self._run(waiting.wait(self._io, task, self._poll, self._clock, max_wait_seconds))

    async def wait_all(
        self, tasks: Sequence[Task | str | int], *, max_wait_seconds: float | None = None
    ) -> Sequence[Element]:
        """Waits until several tasks have made their subjects; see `KlingElements.wait_all`."""
        return await self._run(waiting.wait_all(self._io, tasks, self._poll, self._clock, max_wait_seconds))

    def list(self, *, page_size: int | None = None) -> AsyncIterator[Task]:
        """The account's own tasks; see `KlingElements.list`."""
        return self._tasks(list_elements, "listElements", page_size)

    def presets(self, *, page_size: int | None = None) -> AsyncIterator[Task]:
        """The vendor's own subjects; see `KlingElements.presets`."""
        return self._tasks(list_preset_elements, "listPresetElements", page_size)

    async def delete(self, element: Element | Task | str | int) -> Task | None:
        """Deletes a subject; see `KlingElements.delete`."""
        return await self._run(queries.delete(self._io, element))

    async def aclose(self) -> None:
        """Closes the connections of the running event loop."""
        await self.client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        with self._redacted():
            return await coroutine

    async def _tasks(self, operation: ModuleType, operation_id: str, page_size: int | None) -> AsyncIterator[Task]:
        pages = Pages(operation_id, page_size)
        for arguments in pages.arguments():
            for task in pages.new_tasks(await self._run(queries.ask(self._io, operation, **arguments))):
                yield task


__all__ = ["AsyncKlingElements", "KlingElements"]
