"""The client to use: from a request to an element, never twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from kling_elements.calls import Call, Tasks
from kling_elements.client_base import ClientBase, step_seconds_of
from kling_elements.outside import Blocking, OnUpdate
from kling_elements.preflight import Preflight
from kling_elements.requests import CreateRequest
from kling_elements_client.models import Element, Task
from kling_elements_runtime.blocking import finish
from kling_elements_runtime.deadline import within
from kling_elements_runtime.settings import Timeout

T = TypeVar("T")


class KlingElements(ClientBase):
    """Creates, finds, waits for, lists and deletes subjects at one gateway. It may be shared between threads.

    Every method raises only `KlingError` for what the contract, the network or the gateway does; after a create or a
    wait its `outcome` says whether a subject exists now. Use it as a context manager, or call `close`.

    Every method takes `max_wait_seconds`: the seconds after which the call is over, whatever the gateway does; with 0
    there is a single attempt, as long as that takes. Without it the policies say for how long calls are repeated, and a
    request that has begun takes as long as its time-outs allow. Every method also takes `timeout`: the seconds for each
    step of its requests, in place of the client's.
    """

    _outside = Blocking

    def create(
        self,
        request: CreateRequest,
        *,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Task:
        """Create a subject: choose its `external_task_id` yourself, and store that before the call.

        It is what finds the subject again if your program ends before the answer comes. Exactly one POST is sent, and
        another only if one provably left nothing behind and waiting helps. An interruption (Ctrl+C, a cancelled task)
        that may leave a subject behind is logged as a warning with the id, which is its `external_task_id` too.

        Args:
            request: The subject. Without an `external_task_id` a fresh UUID is sent; it is in the task's `task_info`,
                and on every error. Image files are given by their `Path` and encoded while they are sent.
            preflight: What is checked of media before anything is sent: `inline`, images in the request by their
                headers; `remote`, also images and the video behind addresses; `off`, only the size of images here.
            strip_metadata: Whether to leave the metadata out of images in the request, such as where and with what they
                were taken. The picture is not encoded anew, and keeps its orientation and its colour profile. Each
                image is then in memory. What lies at addresses is the service's to fetch, and stays as it is.
            max_wait_seconds: Seconds after which the call is over. By default no attempt begins after those of the
                retry policy.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            MediaError: A file or what lies at an address cannot be read, or was changed while it was sent.
            KlingError: See its `outcome`. With `may_exist`, look the `external_task_id` up before sending again, or
                call `get_or_create` with it.
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
        """Create a subject, or find the one that was created before under the same `external_task_id`.

        It may be called any number of times, from any number of processes: there is one subject at most, as long as the
        gateway keeps external ids unique (R32). The task that is found may have failed.

        Args:
            request: The subject, with an `external_task_id` that was not used for another one.
            preflight: As for `create`; addresses are looked at only if there is no such subject yet.
            strip_metadata: As for `create`.
            max_wait_seconds: As for `create`. While it is in doubt whether an attempt made the subject, it is looked
                for until then.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            LookUpUnavailableError: The gateway does not offer look-up.
            ElementUnavailableError: The subject that was found was deleted, or failed.
            ExternalIdUsedError: The id was used before, but nothing is found by it; the message says why that can be.
            KlingError: See its `outcome`.
        """
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return self._run(step_seconds_of(timeout), self._calls.get_or_create(request, policy, max_wait_seconds))

    def create_all(
        self,
        requests: Sequence[CreateRequest],
        *,
        at_once: int | None = None,
        preflight: Preflight = "inline",
        strip_metadata: bool = False,
        max_wait_seconds: float | None = None,
        timeout: Timeout | float | None = None,
    ) -> Sequence[Task]:
        """Create many subjects, as fast as the service lets them be, and return their tasks in the same order.

        The service allows so many tasks under way and so many creates a second, and refuses others (1303, 1302). Both
        numbers are learned from that, and what was refused is sent again. Tasks under way are looked up, as each holds
        its place until it ends. It goes on as long as something moves: it gives up once no task was created and none
        has ended for the `max_wait_seconds` of the poll policy.

        Args:
            requests: The subjects, each as for `create`. Give each an `external_task_id` of its own, and store them.
            at_once: How many tasks may be under way at most; by default as many as the service allows.
            preflight: As for `create`.
            strip_metadata: As for `create`.
            max_wait_seconds: Seconds after which the call is over, above 0; by default it has no end of its own.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            CreateAllError: Some were not created, or nobody knows; `.results` has the task or the error of each.
            TypeError: An argument has a wrong type.
            ValueError: An argument cannot be used.
        """
        policy = self._calls.policy(preflight, strip_metadata=strip_metadata)
        return self._run(step_seconds_of(timeout), self._calls.create_all(requests, at_once, policy, max_wait_seconds))

    def get(
        self, task: Task | str | int, *, max_wait_seconds: float | None = None, timeout: Timeout | float | None = None
    ) -> Task:
        """Look a task up, again after errors that pass.

        Args:
            task: The task, its id, or the caller's own id of it.
            max_wait_seconds: Seconds after which the call is over. By default no attempt begins after those of the
                retry policy.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            NotFoundError: There is no such task.
            KlingError: It could not be looked up, or its gateway says so otherwise.
            TypeError: An argument has a wrong type.
            ValueError: There is no id.
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
        """Wait until a task has made its subject.

        What look-ups do not show, or show in words that are not known, is waited for too, for the `max_unknown_seconds`
        of the poll policy: a task that was created a moment ago need not be found everywhere yet.

        Args:
            task: The task, its id, or the caller's own id of it.
            max_wait_seconds: Seconds after which waiting ends, by default those of the poll policy. With 0 there is one
                look-up.
            on_update: A function that is called with the task each time its status has changed, once for each change,
                before `wait` returns or raises. The status of a `Task` that you pass is not a change. If the function
                raises an exception, waiting ends with it.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            TaskFailedError: The task failed; the message has the service's reason.
            ElementUnavailableError: Its subject was deleted, or failed.
            UnknownStatusError: Its status remains a word that is not known here, or its subject is not named.
            NotFoundError: There is no such task.
            WaitTimeoutError: The time is up; `.task` is the last state.
            KlingError: It cannot be looked up, and trying again would not help.
            TypeError: An argument has a wrong type.
            ValueError: There is no id.
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
        """Wait until several tasks have made their subjects, and return these in the same order.

        Args:
            tasks: The tasks, each as for `wait`.
            max_wait_seconds: As for `wait`, for all of them together.
            on_update: As for `wait`. If it raises an exception, the other tasks are not waited for any more.
            timeout: As for `wait`.

        Raises:
            WaitAllError: Some ended otherwise; `.results` has the subject or the error of each.
            TypeError: An argument has a wrong type.
            ValueError: There is no id.
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
        """Return an iterator over the account's own tasks, each once, page by page as they are asked for.

        Where a gateway lists what was deleted, too, `Task.elements` leaves that out. Take all before
        deleting any: what is deleted makes room, and tasks move to pages that were read already.

        Args:
            first_page: The number of the page to begin with, from 1 up.
            page_size: How many tasks to fetch at a time; by default the contract's.
            max_wait_seconds: As for `get`, for each page.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Raises:
            KlingError: A page could not be fetched; the error's `page` says which. The iterator goes on raising it.
            TypeError: An argument has a wrong type.
            ValueError: An argument cannot be used.
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
        """Return an iterator over the vendor's own subjects, as `list`."""
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
        """Delete a subject. One that was deleted before is no error where the gateway says so.

        Args:
            element: The subject, the task that made it, or its id, as int or str.
            max_wait_seconds: As for `get`.
            timeout: Seconds for each step of a request, or a `Timeout`; by default the client's.

        Returns:
            The task that the gateway names, or None.

        Raises:
            NotFoundError: There is none of this id, as far as the gateway tells; some say no more of a deleted one.
            KlingError: It was not deleted, or that is not known.
            TypeError: It is something else, such as a floating-point number, which has lost digits.
            ValueError: There is no id.
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
        # nothing is left to do once the result is there, as Ctrl+C may come between any two steps outside of the block
        try:
            with within(call.seconds, step_seconds or self._step_seconds):
                return finish(call.coroutine)
        except BaseException as error:
            self._ended(call, error)
            raise


__all__ = ["KlingElements"]
