"""Wait for tasks: when to look them up again, and when to stop. All I/O goes through `Effects`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from attrs import define, field, frozen

from kling_elements.elements import element_of
from kling_elements.errors import TaskError, TaskFailedError, UnknownStatusError, WaitAllError, WaitTimeoutError
from kling_elements.lifecycle.create_request import task_id_from
from kling_elements.lifecycle.effects import Effects, OnUpdate
from kling_elements.lifecycle.jobs import MAX_LOOK_UPS, Jobs
from kling_elements.lifecycle.queries import look_up
from kling_elements.lifecycle.retry_budget import requested_wait_seconds
from kling_elements.outcomes import Outcome, is_absent, is_retryable_query
from kling_elements.policies import PollPolicy, interval
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Element, Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import for_message


async def wait(
    effects: Effects, task: Task | str | int, policy: PollPolicy, limit_seconds: float, on_update: OnUpdate | None
) -> Element:
    """Poll a task until it ends, and return its element."""
    (result,) = await _results(effects, [task], policy, limit_seconds, on_update)
    if isinstance(result, KlingError):
        raise result
    return result


async def wait_all(
    effects: Effects,
    tasks: Sequence[Task | str | int],
    policy: PollPolicy,
    limit_seconds: float,
    on_update: OnUpdate | None,
) -> list[Element]:
    """Look up several tasks until all have ended, and return their elements."""
    if isinstance(tasks, str):
        raise TypeError("wait_all takes a sequence of tasks; if you have one task, use wait")
    results = await _results(effects, tasks, policy, limit_seconds, on_update)
    elements = [result for result in results if isinstance(result, Element)]
    if len(elements) < len(results):
        raise WaitAllError(results)
    return elements


_MIN_PAUSE_SECONDS = 0.25  # a last look-up comes no sooner
_ENDED = (Progress.SUCCEEDED, Progress.FAILED)


@define(eq=False)
class _Watched:
    """A task that a call waits for.

    Attributes:
        id: The id to look up the task by.
        contract: The contract by which its states are read.
        last: The last known state of the task.
        exists: Whether the task certainly exists, because a response showed it.
        unclear_since: The time from which look-ups returned nothing that the client understands, or None after a clear
            one.
        error: The error of the last look-up, or None if it succeeded.
        result: The element, the error that ended the wait, or None while the wait continues.
    """

    id: str
    contract: Contract
    last: Task
    exists: bool
    unclear_since: float | None = field(init=False, default=None)
    error: KlingError | None = field(init=False, default=None)
    result: Element | KlingError | None = field(init=False, default=None)

    def update(self, task: Task, now: float, policy: PollPolicy) -> None:
        """Record a new state of the task, and end the wait if it is final."""
        self.last, self.exists, self.error = task, True, None
        progress = progress_of(task, self.contract)
        if progress is Progress.SUCCEEDED:
            try:
                self.result = element_of(task, self.contract)
            except TaskError as error:
                self.result = error
        elif progress is Progress.FAILED:
            reason = for_message(task.task_status_msg) if task.task_status_msg else "no reason given"
            self.result = TaskFailedError(f"task {self.id} failed: {reason}", task)
        elif progress is Progress.PENDING:
            self.unclear_since = None
        elif (seconds := self._unclear_seconds(now)) >= policy.max_unknown_seconds:
            self.result = UnknownStatusError(f"{self._describe_state()} after {seconds:.3g} s", task)

    def handle_failed_look_up(self, error: KlingError, now: float, policy: PollPolicy) -> None:
        """Handle a failed look-up. It may end the wait, but a new task may also not be visible yet."""
        self.error = error
        error.outcome = Outcome.CREATED if self.exists else Outcome.MAY_EXIST
        if not is_retryable_query(error, self.contract) and not (
            is_absent(error) and self._unclear_seconds(now) < policy.max_unknown_seconds
        ):
            self.result = error

    def _unclear_seconds(self, now: float) -> float:
        """Return the seconds since the first of the latest look-ups that the client could not understand."""
        if self.unclear_since is None:
            self.unclear_since = now
        return now - self.unclear_since

    def give_up(self, reason: str) -> None:
        """End the wait, if the task has no result yet."""
        if self.result is not None:
            return
        if self.error is not None and is_absent(self.error):
            self.result = self.error  # a timeout would suggest that the task is still in progress
            return
        message = f"{self._describe_state()} {reason}"
        if self.error is not None:
            message += f"; the last look-up failed: {self.error}"
        self.result = WaitTimeoutError(message, self.last)
        self.result.outcome = Outcome.CREATED if self.exists else Outcome.MAY_EXIST
        self.result.__cause__ = self.error

    def _describe_state(self) -> str:
        """Return the state of the task, for a message."""
        match progress_of(self.last, self.contract):
            case Progress.WITHOUT_ELEMENT:
                return f"task {self.id} has succeeded, but its response still contains no element"
            case Progress.WITHOUT_STATUS:
                return f"task {self.id} is still without a status"
            case Progress.UNKNOWN:
                return f"task {self.id} still has the unknown status {for_message(self.last.task_status)}"
            case _:
                return f"task {self.id} is still {for_message(self.last.task_status)}"


def _watch(contract: Contract, task: Task | str | int, now: float, policy: PollPolicy) -> _Watched:
    task_id = task_id_from(task)
    if not isinstance(task, Task):
        return _Watched(task_id, contract, Task(task_id=task_id), exists=False)
    watched = _Watched(task_id, contract, task, exists=True)
    if progress_of(task, contract) in _ENDED:
        watched.update(task, now, policy)
    return watched


@frozen
class _UpdateReporter:
    """A reporter of each change of a task's status, to the log and to the caller's function.

    Attributes:
        effects: Performs all I/O.
        on_update: The caller's function.
        statuses: The last status of each task by its id, because one call may wait for a task twice.
    """

    effects: Effects
    on_update: OnUpdate | None
    statuses: dict[str, str]

    async def report(self, task_id: str, task: Task) -> None:
        """Report the status of a task, if it is new."""
        status = task.task_status
        if not status or status == self.statuses.get(task_id):
            return
        self.statuses[task_id] = status
        self.effects.log(f"task {task_id}: {status}")
        if self.on_update is not None:
            await self.effects.notify(self.on_update, task)


async def _results(
    effects: Effects,
    tasks: Sequence[Task | str | int],
    policy: PollPolicy,
    limit_seconds: float,
    on_update: OnUpdate | None,
) -> list[Element | KlingError]:
    """Wait until each task has an element or an error, and return these."""
    began_at = effects.clock.monotonic()
    tasks_watched = [_watch(effects.contract, task, began_at, policy) for task in tasks]
    statuses = {watched.id: watched.last.task_status for watched in tasks_watched if watched.last.task_status}
    updates = _UpdateReporter(effects, on_update, statuses)
    async with Jobs[_Watched](effects) as jobs:
        rounds = _Rounds(effects, jobs, tasks_watched, policy, updates)
        poll = 0
        while True:
            usual_seconds = interval(policy, poll)
            requested_seconds = await rounds.look_up_all(usual_seconds)
            pause_seconds = _pause_seconds(
                usual_seconds, requested_seconds, began_at + limit_seconds - effects.clock.monotonic()
            )
            if pause_seconds is None:
                await rounds.finish()
                advice = f"; the gateway asks to wait {requested_seconds:g} s" if requested_seconds else ""
                passed_seconds = effects.clock.monotonic() - began_at
                for watched in tasks_watched:
                    watched.give_up(f"after {passed_seconds:.3g} s{advice}")
            results = [watched.result for watched in tasks_watched if watched.result is not None]
            if pause_seconds is None or len(results) == len(tasks_watched):
                return results
            await effects.sleep(pause_seconds)
            poll += 1


@frozen
class _Rounds:
    """Looks up all tasks in rounds, a few tasks at a time.

    Attributes:
        effects: Performs all I/O.
        jobs: The look-ups in progress. One that takes long may outlast its round.
        tasks: The tasks, with and without a result.
        policy: When to stop.
        updates: Reports changes.
    """

    effects: Effects
    jobs: Jobs[_Watched]
    tasks: Sequence[_Watched]
    policy: PollPolicy
    updates: _UpdateReporter

    async def look_up_all(self, round_seconds: float) -> float:
        """Look up each task without a result. Return the longest wait, in seconds, that a response asks for.

        After some seconds, don't wait for the last look-ups, if other tasks wait for the next round.
        """
        if len(self.tasks) == 1:  # needs no thread
            return await self._look_up_only_task(self.tasks[0])
        ends_at = self.effects.clock.monotonic() + round_seconds
        requested_seconds = 0.0
        queue = deque(self._idle())
        while queue or self.jobs:
            while queue and len(self.jobs) < MAX_LOOK_UPS:
                watched = queue.popleft()
                self.jobs.start(_try_look_up(self.effects, watched.id), watched)
            seconds_left = ends_at - self.effects.clock.monotonic()
            may_go_on = not queue and bool(self._idle())
            if may_go_on and seconds_left <= 0:
                break
            requested_seconds = max(requested_seconds, await self._take_ended(seconds_left if may_go_on else None))
        return requested_seconds

    async def finish(self) -> None:
        """Wait until the look-ups in progress have ended."""
        while self.jobs:
            await self._take_ended(None)

    def _idle(self) -> list[_Watched]:
        """Return the tasks without a result that are not being looked up."""
        looked_up = self.jobs.keys()
        return [watched for watched in self.tasks if watched.result is None and watched not in looked_up]

    async def _look_up_only_task(self, watched: _Watched) -> float:
        if watched.result is not None:
            return 0.0
        return await self._handle(watched, await _try_look_up(self.effects, watched.id))

    async def _take_ended(self, seconds: float | None) -> float:
        """Wait for look-ups. Return the longest wait, in seconds, that a response asks for."""
        await self.jobs.wait(seconds)
        return max([0.0, *[await self._handle(watched, result) for watched, result in self.jobs.take_ended()]])

    async def _handle(self, watched: _Watched, result: Task | KlingError) -> float:
        """Take the result of a look-up. Return the seconds to wait that the response asks for."""
        now = self.effects.clock.monotonic()
        if isinstance(result, KlingError):
            watched.handle_failed_look_up(result, now, self.policy)
            return requested_wait_seconds(result, self.effects.clock)
        watched.update(result, now, self.policy)
        await self.updates.report(watched.id, result)
        return 0.0


async def _try_look_up(effects: Effects, task_id: str) -> Task | KlingError:
    """Look up a task once. Return the task or the error."""
    try:
        return await look_up(effects, task_id)
    except KlingError as error:
        return error


def _pause_seconds(usual_seconds: float, requested_seconds: float, seconds_left: float) -> float | None:
    """Return the seconds to wait before the next look-ups, or None if there is no time for them.

    Half of the remaining time is reserved for the look-ups.

    Args:
        usual_seconds: The interval of the policy.
        requested_seconds: The seconds that the gateway asks for.
        seconds_left: The seconds until waiting ends.
    """
    half_of_seconds_left = seconds_left / 2
    if half_of_seconds_left < min(usual_seconds, _MIN_PAUSE_SECONDS) or requested_seconds >= seconds_left:
        return None
    return max(requested_seconds, min(usual_seconds, half_of_seconds_left))
