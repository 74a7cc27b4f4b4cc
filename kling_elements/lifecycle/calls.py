"""Prepare the calls of both clients. A thread or an event loop then runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from kling_elements.lifecycle import create_all, creating, queries, waiting
from kling_elements.lifecycle.create_record import CreateRecord, explain_all
from kling_elements.lifecycle.create_request import CreateRequest
from kling_elements.lifecycle.effects import Effects, OnUpdate
from kling_elements.lifecycle.limiter import Limiter
from kling_elements.lifecycle.preflight import Preflight, PreflightPolicy
from kling_elements.lifecycle.queries import Listing
from kling_elements.lifecycle.retry_budget import RetryBudget
from kling_elements.policies import PollPolicy, RetryPolicy, deadline_seconds, limit_seconds
from kling_elements_client.api.elements import list_elements, list_preset_elements
from kling_elements_client.models import Element, Task

T = TypeVar("T")


@frozen
class Call(Generic[T]):
    """A call that is ready to run.

    Attributes:
        coroutine: The work to do.
        seconds: The seconds after which the call must be over, or None if only its steps are limited.
        explain: A function to call with the exception that ends the call. It adds the external id and the outcome, and
            logs a warning through the effects if an element may be left behind.
    """

    coroutine: Coroutine[Any, Any, T]
    seconds: float | None
    explain: Callable[[BaseException, Effects], None] | None = None


@frozen
class Calls:
    """The preparation of calls. An invalid argument raises an error here, before anything is sent.

    Attributes:
        effects: Performs all I/O.
        retry: The policy for retries.
        poll: The policy for look-ups.
        allow_private: Whether `preflight="remote"` may read media from this machine or a private network.
    """

    effects: Effects
    retry: RetryPolicy
    poll: PollPolicy
    allow_private: bool = field(kw_only=True)

    def policy(self, preflight: Preflight, *, strip_metadata: bool) -> PreflightPolicy:
        """Return how to check and change media before a create is sent."""
        return PreflightPolicy(preflight, self.allow_private, strip_metadata)

    def create(self, request: CreateRequest, policy: PreflightPolicy, max_wait_seconds: float | None) -> Call[Task]:
        """Prepare to create an element."""
        record, budget = CreateRecord(), self._retry_budget(max_wait_seconds)
        coroutine = creating.create(self.effects, record, request, budget, policy)
        return Call(coroutine, deadline_seconds(max_wait_seconds), record.explain)

    def get_or_create(
        self, request: CreateRequest, policy: PreflightPolicy, max_wait_seconds: float | None
    ) -> Call[Task]:
        """Prepare to create an element, or to find the one with the same external id."""
        record, budget = CreateRecord(), self._retry_budget(max_wait_seconds)
        coroutine = creating.get_or_create(self.effects, record, request, budget, policy)
        return Call(coroutine, deadline_seconds(max_wait_seconds), record.explain)

    def create_all(
        self,
        requests: Sequence[CreateRequest],
        max_concurrent: int | None,
        policy: PreflightPolicy,
        max_wait_seconds: float | None,
    ) -> Call[list[Task]]:
        """Prepare to create many elements."""
        if isinstance(requests, str | Mapping) or not isinstance(requests, Sequence):
            raise TypeError("create_all takes a sequence of requests; if you have one request, use create")
        limit = None if max_wait_seconds is None else limit_seconds(self.retry, max_wait_seconds)
        if limit == 0:
            raise ValueError("max_wait_seconds of create_all must be above 0, because with 0 nothing would be sent")
        records = [CreateRecord() for _ in requests]
        limiter = Limiter(self.effects.clock, self.retry, max_concurrent)
        options = create_all.BatchOptions(limiter, self.retry, self.poll, policy, limit)
        coroutine = create_all.create_all(self.effects, requests, records, options)
        return Call(coroutine, limit, partial(explain_all, records))

    def get(self, task: Task | str | int, max_wait_seconds: float | None) -> Call[Task]:
        """Prepare to look up a task."""
        budget = self._retry_budget(max_wait_seconds)
        return Call(queries.get(self.effects, task, budget), deadline_seconds(max_wait_seconds))

    def wait(self, task: Task | str | int, max_wait_seconds: float | None, on_update: OnUpdate | None) -> Call[Element]:
        """Prepare to wait for the element of a task."""
        limit = self._limit_of_wait(max_wait_seconds, on_update)
        return Call(waiting.wait(self.effects, task, self.poll, limit, on_update), deadline_seconds(limit))

    def wait_all(
        self, tasks: Sequence[Task | str | int], max_wait_seconds: float | None, on_update: OnUpdate | None
    ) -> Call[list[Element]]:
        """Prepare to wait for the elements of several tasks."""
        limit = self._limit_of_wait(max_wait_seconds, on_update)
        return Call(waiting.wait_all(self.effects, tasks, self.poll, limit, on_update), deadline_seconds(limit))

    def delete(self, element: Element | Task | str | int, max_wait_seconds: float | None) -> Call[Task | None]:
        """Prepare to delete an element."""
        budget = self._retry_budget(max_wait_seconds)
        return Call(queries.delete(self.effects, element, budget), deadline_seconds(max_wait_seconds))

    def own_tasks(
        self, first_page: int, page_size: int | None, max_wait_seconds: float | None
    ) -> Callable[[], Call[Task | None]]:
        """Return a function that prepares the call for the next task of the account."""
        return self._listing(list_elements, first_page, page_size, max_wait_seconds)

    def presets(
        self, first_page: int, page_size: int | None, max_wait_seconds: float | None
    ) -> Callable[[], Call[Task | None]]:
        """Return a function that prepares the call for the next task of the vendor's library."""
        return self._listing(list_preset_elements, first_page, page_size, max_wait_seconds)

    def _listing(
        self,
        operation: ModuleType,
        first_page: int,
        page_size: int | None,
        max_wait_seconds: float | None,
    ) -> Callable[[], Call[Task | None]]:
        self._retry_budget(max_wait_seconds)  # raises now if the limit is invalid
        listing = Listing(
            self.effects,
            operation,
            first_page=first_page,
            page_size=page_size,
            budget_for_page=partial(self._retry_budget, max_wait_seconds),
        )
        return lambda: Call(listing.next(), deadline_seconds(max_wait_seconds))

    def _limit_of_wait(self, max_wait_seconds: float | None, on_update: object) -> float:
        if on_update is not None and not callable(on_update):
            raise TypeError(f"on_update must be a function that takes a task, not {type(on_update).__name__}")
        return limit_seconds(self.poll, max_wait_seconds)

    def _retry_budget(self, max_wait_seconds: float | None) -> RetryBudget:
        return RetryBudget(self.retry, self.effects.clock, max_wait_seconds)


class Tasks(Iterator[Task]):
    """The tasks of a list, whose pages are fetched as needed."""

    def __init__(self, run: Callable[[Call[Task | None]], Task | None], calls: Callable[[], Call[Task | None]]) -> None:
        self._run = run
        self._calls = calls

    def __next__(self) -> Task:
        task = self._run(self._calls())
        if task is None:
            raise StopIteration
        return task


class AsyncTasks(AsyncIterator[Task]):
    """The tasks of a list, whose pages are fetched as needed."""

    def __init__(
        self,
        run: Callable[[Call[Task | None]], Coroutine[Any, Any, Task | None]],
        calls: Callable[[], Call[Task | None]],
    ) -> None:
        self._run = run
        self._calls = calls

    async def __anext__(self) -> Task:
        task = await self._run(self._calls())
        if task is None:
            raise StopAsyncIteration
        return task
