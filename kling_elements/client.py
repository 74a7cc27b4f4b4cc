"""The blocking client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from kling_elements.client_base import ClientBase, step_seconds_of
from kling_elements.lifecycle.calls import Call, Tasks
from kling_elements.lifecycle.create_request import CreateRequest
from kling_elements.lifecycle.effects import BlockingEffects, OnUpdate
from kling_elements.lifecycle.preflight import Preflight
from kling_elements_client.models import Element, Task
from kling_elements_runtime.blocking import finish
from kling_elements_runtime.deadline import within
from kling_elements_runtime.settings import Timeout

T = TypeVar("T")


class KlingElements(ClientBase):
    """Create, find, wait for, list and delete elements at one gateway. You can share a client between threads.

    If a call breaks the contract or fails, it raises a `KlingError`. After a create or a wait, the error's `outcome`
    says whether an element may exist now. Use the client as a context manager, or call `close`.

    Every method accepts `max_wait_seconds`, which limits the whole call, in seconds. If you pass 0, there is a single
    attempt, which may take as long as it needs. By default the policies limit how long a call is retried, and a
    request that has begun may take as long as its timeouts allow. Every method also accepts `timeout`, the seconds for
    each step of its requests, which replaces the client's.
    """

    _effects_type = BlockingEffects

    def create(
        self,
        request: CreateRequest,
        *,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task:
        """Create an element. Choose its `external_task_id` yourself, and store it before the call.

        With this id you can find the element again if your program crashes before the response comes. The client sends
        one POST. It sends another only if the first provably created nothing and waiting may help. If an interruption
        (Ctrl+C, a cancelled task) may leave an element behind, the client logs a warning with the id, and sets
        `external_task_id` on the exception.

        Args:
            request: The element. If it has no `external_task_id`, the client sends a fresh UUID, which is in the task's
                `task_info` and on every error. Pass image files as `Path`; they are encoded while they are sent.
            preflight: Which media to check before anything is sent. `inline`: the headers of images in the request;
                `remote`: also the images and the video at URLs; `off`: only the size of images in the request.
            strip_metadata: Whether to remove metadata from the images in the request, such as the place and the camera.
                The pixels are not re-encoded; orientation and colour profile are kept. Each image is then held in
                memory. Media at URLs stay unchanged, because the service fetches them itself.
            max_wait_seconds: Seconds after which the call is over. By default, the limit of the retry policy applies:
                no attempt begins after it.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            MediaError: A file or the media at a URL cannot be read, or a file changed while it was sent.
            KlingError: See its `outcome`. If that is `may_exist`, look up the `external_task_id` before you send again,
                or call `get_or_create` with it.
        """
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return self._run(step_seconds_of(timeout), self._calls.create(request, policy, max_wait_seconds))

    def get_or_create(
        self,
        request: CreateRequest,
        *,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task:
        """Create an element, or find the one that already has this `external_task_id`.

        You can call this as often as you like, from any number of processes. At most one element is created, as long as
        the gateway keeps external ids unique (R32). The returned task may have failed.

        Args:
            request: The element, with an `external_task_id` that no other element has.
            preflight: As for `create`. Media at URLs are checked only if the element does not exist yet.
            strip_metadata: As for `create`.
            max_wait_seconds: As for `create`. If an attempt may have created the element, the client keeps looking for
                it until then.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            LookUpUnavailableError: The gateway cannot look up tasks by `external_task_id`.
            ElementUnavailableError: The element exists, but it was deleted, or it failed.
            ExternalIdUsedError: The id was used before, but look-ups show no task; the message gives possible reasons.
            KlingError: See its `outcome`.
        """
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return self._run(step_seconds_of(timeout), self._calls.get_or_create(request, policy, max_wait_seconds))

    def create_all(
        self,
        requests: Sequence[CreateRequest],
        *,
        max_concurrent: int | None = None,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Sequence[Task]:
        """Create many elements, as fast as the service allows, and return their tasks in the same order.

        The service limits the tasks in progress (1303) and the creates per second (1302). The client learns both limits
        from refused creates, and sends these again. It looks up tasks in progress, because each counts towards the
        limit until it ends. If no task is created or ends within the poll policy's `max_wait_seconds`, it gives up.

        Args:
            requests: The elements, each as for `create`. Give each a different `external_task_id`, and store these ids.
            max_concurrent: The maximum number of tasks in progress; by default as many as the service allows.
            preflight: As for `create`.
            strip_metadata: As for `create`.
            max_wait_seconds: Seconds after which the call is over, above 0; by default there is no such limit.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            CreateAllError: Some elements were not created, or may not have been; `.results` lists a task or an error
                for each.
            TypeError: An argument has the wrong type.
            ValueError: An argument has an invalid value.
        """
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return self._run(
            step_seconds_of(timeout), self._calls.create_all(requests, max_concurrent, policy, max_wait_seconds)
        )

    def get(
        self, task: Task | str | int, *, max_wait_seconds: float | None = None, timeout: Timeout | float | None = None
    ) -> Task:
        """Look up a task. Temporary errors are retried.

        Args:
            task: The task, its id, or its `external_task_id`.
            max_wait_seconds: Seconds after which the call is over. By default, the limit of the retry policy applies:
                no attempt begins after it.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            NotFoundError: There is no such task.
            KlingError: The look-up failed. Some gateways report an unknown task as another error.
            TypeError: An argument has the wrong type.
            ValueError: The argument has no id.
        """
        return self._run(step_seconds_of(timeout), self._calls.get(task, max_wait_seconds))

    def wait(
        self,
        task: Task | str | int,
        *,
        max_wait_seconds: float | None = None,
        on_update: OnUpdate | None = None,
        timeout: Timeout | float | None = None,
    ) -> Element:
        """Wait until a task has created its element.

        If look-ups don't show the task, or show an unknown status, waiting continues for the poll policy's
        `max_unknown_seconds`, because a new task may not be visible everywhere yet.

        Args:
            task: The task, its id, or its `external_task_id`.
            max_wait_seconds: Seconds after which waiting ends; by default the poll policy's limit. If you pass 0,
                there is one look-up.
            on_update: A function to call with the task, once for each change of its status, before `wait` returns or
                raises. The status of a `Task` that you pass does not count as a change. An exception that the function
                raises ends the wait.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            TaskFailedError: The task failed; the message includes the service's reason.
            ElementUnavailableError: The element was deleted, or it failed.
            UnknownStatusError: The status remains unknown, or the task succeeded without an element in its response.
            NotFoundError: There is no such task.
            WaitTimeoutError: The time is up; `.task` has the last known state.
            KlingError: A look-up failed with an error that is not temporary.
            TypeError: An argument has the wrong type.
            ValueError: The argument has no id.
        """
        return self._run(step_seconds_of(timeout), self._calls.wait(task, max_wait_seconds, on_update))

    def wait_all(
        self,
        tasks: Sequence[Task | str | int],
        *,
        max_wait_seconds: float | None = None,
        on_update: OnUpdate | None = None,
        timeout: Timeout | float | None = None,
    ) -> Sequence[Element]:
        """Wait until several tasks have created their elements, and return these in the same order.

        Args:
            tasks: The tasks, each as for `wait`.
            max_wait_seconds: As for `wait`, for all tasks together.
            on_update: As for `wait`. An exception that it raises ends the wait for all tasks.
            timeout: As for `wait`.

        Raises:
            WaitAllError: Some tasks did not create an element; `.results` lists an element or an error for each.
            TypeError: An argument has the wrong type.
            ValueError: The argument has no id.
        """
        return self._run(step_seconds_of(timeout), self._calls.wait_all(tasks, max_wait_seconds, on_update))

    def list(
        self,
        *,
        first_page: int = 1,
        page_size: int | None = None,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Iterator[Task]:
        """Iterate over your account's tasks, without duplicates. Pages are fetched lazily.

        If a gateway also lists deleted elements, `Task.elements` leaves them out. If you want to delete elements, read
        the whole list first: each deletion shifts later tasks onto pages that were already read.

        Args:
            first_page: The number of the page to begin with, from 1 up.
            page_size: The number of tasks to fetch at a time; by default the contract's.
            max_wait_seconds: As for `get`, for each page.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            KlingError: A page could not be fetched; `error.page` is its number. If you keep iterating, the error is
                raised again.
            TypeError: An argument has the wrong type.
            ValueError: An argument has an invalid value.
        """
        return Tasks(
            partial(self._run, step_seconds_of(timeout)), self._calls.own_tasks(first_page, page_size, max_wait_seconds)
        )

    def presets(
        self,
        *,
        first_page: int = 1,
        page_size: int | None = None,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Iterator[Task]:
        """Iterate over the vendor's own elements; see `list`."""
        return Tasks(
            partial(self._run, step_seconds_of(timeout)), self._calls.presets(first_page, page_size, max_wait_seconds)
        )

    def delete(
        self,
        element: Element | Task | str | int,
        *,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task | None:
        """Delete an element. If the gateway says that it was already deleted, the call succeeds.

        Args:
            element: The element, the task that created it, or its id, as int or str.
            max_wait_seconds: As for `get`.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Returns:
            The task in the gateway's response, or None.

        Raises:
            NotFoundError: There is no element with this id. Some gateways also say so if it was deleted.
            KlingError: The element may not have been deleted.
            TypeError: An argument has the wrong type, such as a floating-point id, which has lost digits.
            ValueError: The argument has no id.
        """
        return self._run(step_seconds_of(timeout), self._calls.delete(element, max_wait_seconds))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, step_seconds: Mapping[str, float] | None, call: Call[T]) -> T:
        # return inside the block, because Ctrl+C between the block and the `return` would lose the result
        try:
            with within(call.seconds, step_seconds or self._step_seconds):
                return finish(call.coroutine)
        except BaseException as error:
            self._complete_error(call, error)
            raise


__all__ = ["KlingElements"]
