"""How tasks are waited for: when to look again, and when to stop. All I/O goes through `Outside`."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from kling_elements.elements import element_of
from kling_elements.errors import TaskError, TaskFailedError, UnknownStatusError, WaitAllError, WaitTimeoutError
from kling_elements.outcomes import Outcome, can_ask_again, is_absent
from kling_elements.outside import OnUpdate, Outside
from kling_elements.patience import asked_seconds
from kling_elements.policies import PollPolicy, interval
from kling_elements.queries import look_up
from kling_elements.requests import task_id_from
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Element, Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import shown


async def wait(
    io: Outside, task: Task | str | int, policy: PollPolicy, limit_seconds: float, on_update: OnUpdate | None
) -> Element:
    """Look a task up until it ends, and return the subject that it made."""
    (result,) = await _results(io, [task], policy, limit_seconds, on_update)
    if isinstance(result, KlingError):
        raise result
    return result


async def wait_all(
    io: Outside,
    tasks: Sequence[Task | str | int],
    policy: PollPolicy,
    limit_seconds: float,
    on_update: OnUpdate | None,
) -> list[Element]:
    """Look several tasks up until all have ended, and return the subjects that they made."""
    if isinstance(tasks, str):
        raise TypeError("wait_all takes a sequence of tasks; for one task use wait")
    results = await _results(io, tasks, policy, limit_seconds, on_update)
    elements = [result for result in results if isinstance(result, Element)]
    if len(elements) < len(results):
        raise WaitAllError(results)
    return elements


_SHORTEST_SECONDS = 0.25  # that are waited before a last look-up
_ENDED = (Progress.SUCCEEDED, Progress.FAILED)


@define
class _Watched:
    """A task that is waited for.

    Attributes:
        id: What it is looked up by.
        contract: What says how its states are read.
        last: The last state that was seen.
        exists: Whether it is known to exist: an answer showed it, or the caller has it from one.
        unclear_since: The time of the first of the latest look-ups in a row that showed nothing that is understood.
        error: Why the last look-up failed, if it did.
        result: What came of it, once something has.
    """

    id: str
    contract: Contract
    last: Task
    exists: bool
    unclear_since: float | None = field(init=False, default=None)
    error: KlingError | None = field(init=False, default=None)
    result: Element | KlingError | None = field(init=False, default=None)

    def see(self, task: Task, now: float, policy: PollPolicy) -> None:
        """Take note of the task's state."""
        self.last, self.exists, self.error = task, True, None
        progress = progress_of(task, self.contract)
        if progress is Progress.SUCCEEDED:
            try:
                self.result = element_of(task, self.contract)
            except TaskError as error:
                self.result = error
        elif progress is Progress.FAILED:
            reason = shown(task.task_status_msg) if task.task_status_msg else "no reason given"
            self.result = TaskFailedError(f"task {self.id} failed: {reason}", task)
        elif progress is Progress.PENDING:
            self.unclear_since = None
        elif (seconds := self._unclear_seconds(now)) >= policy.max_unknown_seconds:
            self.result = UnknownStatusError(f"{self._state()} after {seconds:.3g} s", task)

    def miss(self, error: KlingError, now: float, policy: PollPolicy) -> None:
        """Take note of a look-up that failed. What was created a moment ago need not be found everywhere yet."""
        self.error = error
        error.outcome = Outcome.CREATED if self.exists else Outcome.MAY_EXIST
        if not can_ask_again(error, self.contract) and not (
            is_absent(error) and self._unclear_seconds(now) < policy.max_unknown_seconds
        ):
            self.result = error

    def _unclear_seconds(self, now: float) -> float:
        """Return for how long look-ups have shown nothing that is understood, with the one at this time."""
        if self.unclear_since is None:
            self.unclear_since = now
        return now - self.unclear_since

    def give_up(self, why: str) -> None:
        """End the waiting, if nothing has come of it."""
        if self.result is not None:
            return
        if self.error is not None and is_absent(self.error):
            self.result = self.error  # and not that it is still under way
            return
        says = f"{self._state()} {why}"
        if self.error is not None:
            says += f"; the last look-up failed: {self.error}"
        self.result = WaitTimeoutError(says, self.last)
        self.result.outcome = Outcome.CREATED if self.exists else Outcome.MAY_EXIST
        self.result.__cause__ = self.error

    def _state(self) -> str:
        """Return in which state the task is, as far as it is understood."""
        match progress_of(self.last, self.contract):
            case Progress.WITHOUT_ELEMENT:
                return f"task {self.id} has succeeded, but its answer still names no subject"
            case Progress.WITHOUT_STATUS:
                return f"task {self.id} is still without a status"
            case Progress.UNKNOWN:
                return f"task {self.id} is still {shown(self.last.task_status)}, which is not known here,"
            case _:
                return f"task {self.id} is still {shown(self.last.task_status)}"


def _watched(contract: Contract, task: Task | str | int, now: float, policy: PollPolicy) -> _Watched:
    task_id = task_id_from(task)
    if not isinstance(task, Task):
        return _Watched(task_id, contract, Task(task_id=task_id), exists=False)
    watched = _Watched(task_id, contract, task, exists=True)
    if progress_of(task, contract) in _ENDED:
        watched.see(task, now, policy)
    return watched


@frozen
class _Updates:
    """Reports each change of a task's status once, to the log and to the caller's function.

    Attributes:
        io: The outside.
        on_update: The caller's function.
        statuses: The last status of each task, by the id that it is looked up by: one task may be waited for twice.
    """

    io: Outside
    on_update: OnUpdate | None
    statuses: dict[str, str]

    async def report(self, task_id: str, task: Task) -> None:
        """Report the status of a task, if it has one and it is a new one."""
        status = task.task_status
        if not status or status == self.statuses.get(task_id):
            return
        self.statuses[task_id] = status
        self.io.log(f"task {task_id}: {status}")
        if self.on_update is not None:
            await self.io.notify(self.on_update, task)


async def _results(
    io: Outside,
    tasks: Sequence[Task | str | int],
    policy: PollPolicy,
    limit_seconds: float,
    on_update: OnUpdate | None,
) -> list[Element | KlingError]:
    """Return the element or the error of each task, once all have one."""
    began = io.clock.monotonic()
    watched = [_watched(io.contract, task, began, policy) for task in tasks]
    statuses = {each.id: each.last.task_status for each in watched if each.last.task_status}
    updates = _Updates(io, on_update, statuses)
    poll = 0
    while True:
        asked = await _look_all_up(io, watched, policy, updates)
        passed = io.clock.monotonic() - began
        left = limit_seconds - passed
        usual, most = interval(policy, poll), left / 2  # the other half is kept for the look-up that follows
        if most < min(usual, _SHORTEST_SECONDS) or asked >= left:
            asks = f"; the gateway asks to wait {asked:g} s" if asked else ""
            for each in watched:
                each.give_up(f"after {passed:.3g} s{asks}")
        results = [each.result for each in watched if each.result is not None]
        if len(results) == len(watched):
            return results
        await io.sleep(max(asked, min(usual, most)))
        poll += 1


async def _look_all_up(io: Outside, watched: Sequence[_Watched], policy: PollPolicy, updates: _Updates) -> float:
    """Look each task up that has no result yet; return the most seconds that a failed answer asks to wait."""
    asked = 0.0
    for each in watched:
        if each.result is not None:
            continue
        try:
            task = await look_up(io, each.id)
        except KlingError as error:
            each.miss(error, io.clock.monotonic(), policy)
            asked = max(asked, asked_seconds(error, io.clock))
        else:
            each.see(task, io.clock.monotonic(), policy)
            await updates.report(each.id, task)
    return asked
