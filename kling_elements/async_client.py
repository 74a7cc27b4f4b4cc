"""The client for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from kling_elements.client_base import ClientBase, step_seconds_of
from kling_elements.lifecycle.calls import AsyncTasks, Call
from kling_elements.lifecycle.create_request import CreateRequest
from kling_elements.lifecycle.effects import EventLoopEffects, OnUpdate
from kling_elements.lifecycle.preflight import Preflight
from kling_elements_client.models import Element, Task
from kling_elements_runtime.deadline import within
from kling_elements_runtime.settings import Timeout

T = TypeVar("T")


class AsyncKlingElements(ClientBase):
    """The asyncio version of `KlingElements`. Use it as an async context manager, or call `aclose`."""

    _effects_type = EventLoopEffects

    async def create(
        self,
        request: CreateRequest,
        *,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task:
        """Create an element. Store its `external_task_id` before the call; see `KlingElements.create`."""
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return await self._run(step_seconds_of(timeout), self._calls.create(request, policy, max_wait_seconds))

    async def get_or_create(
        self,
        request: CreateRequest,
        *,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task:
        """Create an element, or find it if it exists; see `KlingElements.get_or_create`."""
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return await self._run(step_seconds_of(timeout), self._calls.get_or_create(request, policy, max_wait_seconds))

    async def create_all(
        self,
        requests: Sequence[CreateRequest],
        *,
        max_concurrent: int | None = None,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Sequence[Task]:
        """Create many elements; see `KlingElements.create_all`."""
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return await self._run(
            step_seconds_of(timeout), self._calls.create_all(requests, max_concurrent, policy, max_wait_seconds)
        )

    async def get(
        self, task: Task | str | int, *, max_wait_seconds: float | None = None, timeout: Timeout | float | None = None
    ) -> Task:
        """Look up a task; see `KlingElements.get`."""
        return await self._run(step_seconds_of(timeout), self._calls.get(task, max_wait_seconds))

    async def wait(
        self,
        task: Task | str | int,
        *,
        max_wait_seconds: float | None = None,
        on_update: OnUpdate | None = None,
        timeout: Timeout | float | None = None,
    ) -> Element:
        """Wait until a task has created its element; see `KlingElements.wait`.

        `on_update` may be an async function.
        """
        return await self._run(step_seconds_of(timeout), self._calls.wait(task, max_wait_seconds, on_update))

    async def wait_all(
        self,
        tasks: Sequence[Task | str | int],
        *,
        max_wait_seconds: float | None = None,
        on_update: OnUpdate | None = None,
        timeout: Timeout | float | None = None,
    ) -> Sequence[Element]:
        """Wait until several tasks have created their elements; see `KlingElements.wait_all`.

        `on_update` may be an async function.
        """
        return await self._run(step_seconds_of(timeout), self._calls.wait_all(tasks, max_wait_seconds, on_update))

    def list(
        self,
        *,
        first_page: int = 1,
        page_size: int | None = None,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> AsyncIterator[Task]:
        """Iterate over your account's tasks; see `KlingElements.list`."""
        return AsyncTasks(
            partial(self._run, step_seconds_of(timeout)), self._calls.own_tasks(first_page, page_size, max_wait_seconds)
        )

    def presets(
        self,
        *,
        first_page: int = 1,
        page_size: int | None = None,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> AsyncIterator[Task]:
        """Iterate over the vendor's own elements; see `KlingElements.presets`."""
        return AsyncTasks(
            partial(self._run, step_seconds_of(timeout)), self._calls.presets(first_page, page_size, max_wait_seconds)
        )

    async def delete(
        self,
        element: Element | Task | str | int,
        *,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task | None:
        """Delete an element; see `KlingElements.delete`."""
        return await self._run(step_seconds_of(timeout), self._calls.delete(element, max_wait_seconds))

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self.client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self, step_seconds: Mapping[str, float] | None, call: Call[T]) -> T:
        try:
            with within(call.seconds, step_seconds or self._step_seconds):
                return await call.coroutine
        except BaseException as error:
            self._complete_error(call, error)
            raise


__all__ = ["AsyncKlingElements"]
