"""How tasks are waited for: when to look again, and when to stop. All I/O goes through `Outside`."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from kling_elements.clock import Clock
from kling_elements.errors import TaskFailedError, UnknownStatusError, WaitAllError, WaitTimeoutError
from kling_elements.outcomes import Outcome, can_ask_again, is_absent
from kling_elements.outside import Outside
from kling_elements.policies import PollPolicy, interval, limit_seconds, retry_after_seconds
from kling_elements.queries import get
from kling_elements.requests import task_id_from
from kling_elements.tasks import Progress, elements_of, progress_of
from kling_elements_client.errors import KlingError, ResponseError
from kling_elements_client.models import Element, Task


async def wait(
    io: Outside, task: Task | str | int, policy: PollPolicy, clock: Clock, max_wait_seconds: float | None
) -> Element:
    """Looks a task up until it ends; the subject that it made."""
    (result,) = await _results(io, [task], policy, clock, max_wait_seconds)
    if isinstance(result, KlingError):
        raise result
    return result


async def wait_all(
    io: Outside, tasks: Sequence[Task | str | int], policy: PollPolicy, clock: Clock, max_wait_seconds: float | None
) -> list[Element]:
    """Looks several tasks up until all have ended; the subjects that they made."""
    if isinstance(tasks, str):
        raise ValueError("wait_all takes a sequence of tasks; for one there is wait")  # noqa: TRY004 - one kind for all
    results = await _results(io, tasks, policy, clock, max_wait_seconds)
    elements = [result for result in results if isinstance(result, Element)]
    if len(elements) < len(results):
        raise WaitAllError(results)
    return elements


_MOST_SHOWN = 200  # characters of what the gateway says


@define
class _Watched:
    """A task that is waited for.

    Attributes:
        id: What it is looked up by.
        last: The last state that was seen.
        exists: Whether it is known to exist: an answer showed it, or the caller has it from one.
        unknown_polls: How many look-ups in a row showed a status that is not known, or not the task.
        error: Why the last look-up failed, if it did.
        result: What came of it, once something has.
    """

    id: str
    last: Task
    exists: bool
    unknown_polls: int = 0
    error: KlingError | None = None
    result: Element | KlingError | None = None

    def see(self, task: Task, policy: PollPolicy) -> None:
        """Takes note of the task's state."""
        self.last, self.exists, self.error = task, True, None
        progress = progress_of(task)
        self.unknown_polls = self.unknown_polls + 1 if progress is Progress.UNKNOWN else 0
        if progress is Progress.SUCCEEDED:
            self.result = next(element for element in elements_of(task) if element.element_id)
        elif progress is Progress.FAILED:
            reason = str(task.task_status_msg or "no reason given")[:_MOST_SHOWN]
            self.result = TaskFailedError(f"task {self.id} failed: {reason}", task)
        elif self.unknown_polls >= policy.max_unknown_polls:
            says = (
                f"task {self.id} remains {_shown(task)}, which is not known here, after {self.unknown_polls} look-ups"
            )
            self.result = UnknownStatusError(says, task)

    def miss(self, error: KlingError, policy: PollPolicy) -> None:
        """Takes note of a look-up that failed."""
        self.error = error
        if self.exists:
            error.outcome = Outcome.CREATED
        # what was created a moment ago need not be found everywhere yet
        unseen = self.exists and is_absent(error)
        self.unknown_polls += unseen
        if not (can_ask_again(error) or unseen) or self.unknown_polls >= policy.max_unknown_polls:
            self.result = error

    def give_up(self, waited_seconds: float) -> None:
        """Ends the waiting, if nothing has come of it."""
        if self.result is None:
            says = f"task {self.id} is still {_shown(self.last)} after {waited_seconds:g} s"
            if self.error is not None:
                says += f"; the last look-up failed: {self.error}"
            self.result = WaitTimeoutError(says, self.last)
            if not self.exists:
                self.result.outcome = Outcome.MAY_EXIST
            self.result.__cause__ = self.error


def _watched(task: Task | str | int, policy: PollPolicy) -> _Watched:
    task_id = task_id_from(task)
    if not isinstance(task, Task):
        return _Watched(task_id, Task(task_id=task_id), exists=False)
    watched = _Watched(task_id, task, exists=True)
    if progress_of(task) in (Progress.SUCCEEDED, Progress.FAILED):
        watched.see(task, policy)
    return watched


def _shown(task: Task) -> str:
    return str(task.task_status)[:_MOST_SHOWN] if task.task_status else "without a status"


async def _results(
    io: Outside, tasks: Sequence[Task | str | int], policy: PollPolicy, clock: Clock, max_wait_seconds: float | None
) -> list[Element | KlingError]:
    watched = [_watched(task, policy) for task in tasks]
    limit = limit_seconds(policy, max_wait_seconds)
    deadline = clock.monotonic() + limit
    poll = 0
    while True:
        asked_seconds = 0.0
        for each in watched:
            if each.result is None:
                try:
                    each.see((await get(io, each.id)), policy)
                except KlingError as error:
                    each.miss(error, policy)
                    if isinstance(error, ResponseError):
                        asked_seconds = max(asked_seconds, retry_after_seconds(error.headers, clock.now()))
        left = deadline - clock.monotonic()
        if left <= 0:
            for each in watched:
                each.give_up(limit)
        results = [each.result for each in watched if each.result is not None]
        if len(results) == len(watched):
            return results
        await io.sleep(min(left, max(asked_seconds, interval(policy, poll))))
        poll += 1


__all__ = ["wait", "wait_all"]
