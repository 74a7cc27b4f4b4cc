"""Create many elements, as fast as the service allows. All I/O goes through `Effects`.

One coroutine starts every create and every look-up as a job, and is the only one that uses the limiter. A job is a
single attempt; the coroutine decides how to continue after its response. While creates wait for their turn, the tasks
in progress are looked up, because each task takes up a place until it ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from kling_elements.errors import CreateAllError
from kling_elements.lifecycle import creating, preflight
from kling_elements.lifecycle.create_record import CreateRecord
from kling_elements.lifecycle.create_request import CreateRequest, task_id_from
from kling_elements.lifecycle.effects import Effects
from kling_elements.lifecycle.jobs import MAX_LOOK_UPS, Jobs
from kling_elements.lifecycle.limiter import Limiter
from kling_elements.lifecycle.preflight import PreflightPolicy
from kling_elements.lifecycle.queries import look_up
from kling_elements.lifecycle.retry_budget import requested_wait_seconds
from kling_elements.outcomes import Retry, is_absent, is_retryable_query, is_too_many, verdict_for_error
from kling_elements.policies import PollPolicy, RetryPolicy, interval, limit_seconds
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import AuthenticationError, KlingError, TransportError
from kling_elements_client.models import Task

_MIN_LOOK_UP_INTERVAL_SECONDS = 0.05  # for one task
_ENDED = (Progress.SUCCEEDED, Progress.FAILED, Progress.WITHOUT_ELEMENT)


@define(eq=False)
class _Create:
    """One of the elements to create.

    Attributes:
        request: The caller's request.
        record: Whether the element may exist, and its external id.
        body: The request to send, or None before its check and again after a decisive response.
        result: The latest state of the task, or the error of the last attempt.
        created_at: The time at which the task was created.
        task_id: The id of the task, or None until it is created.
        next_look_up_at: The time of the next look-up of its task.
        look_ups: The number of look-ups that were planned.
        failed_connections: The number of attempts that failed to connect.
    """

    request: CreateRequest
    record: CreateRecord
    body: CheckedRequest | None = field(init=False, default=None)
    result: Task | KlingError | None = field(init=False, default=None)
    task_id: str = field(init=False, default="")
    created_at: float = field(init=False, default=0.0)
    next_look_up_at: float = field(init=False, default=0.0)
    look_ups: int = field(init=False, default=0)
    failed_connections: int = field(init=False, default=0)

    async def attempt(self, effects: Effects, policy: PreflightPolicy) -> Task | KlingError:
        """Check the request if necessary, send it once, and return the task or the error."""
        try:
            if self.body is None:
                self.body = await preflight.check_remote(
                    effects, creating.check(effects, self.record, self.request, policy), policy
                )
            return await creating.send(effects, self.record, self.body)
        except KlingError as error:
            self.record.mark(error)
            return error

    async def look_up(self, effects: Effects) -> Task | KlingError:
        """Look up the task once, and return the task or the error."""
        try:
            return await look_up(effects, self.task_id)
        except KlingError as error:
            return error


@frozen
class BatchOptions:
    """The options for creating many elements.

    Attributes:
        limiter: Decides when the next create may begin.
        retry: The number and the intervals of retries after failed connections.
        poll: The intervals of look-ups, and the time after which to give up if no create is accepted and no task ends.
        preflight: The checks and changes of media before a create is sent.
        limit_seconds: The seconds after which no further create is sent, or None if there is no limit.
    """

    limiter: Limiter
    retry: RetryPolicy
    poll: PollPolicy
    preflight: PreflightPolicy
    limit_seconds: float | None


async def create_all(
    effects: Effects, requests: Sequence[CreateRequest], records: Sequence[CreateRecord], options: BatchOptions
) -> list[Task]:
    """Create many elements, and return their tasks in the order of the requests.

    Raises:
        CreateAllError: Some elements were not created, or may not have been.
    """
    creates = [_Create(request, record) for request, record in zip(requests, records, strict=True)]
    await _Batch(effects, creates, options).run()
    results = [create.result for create in creates if create.result is not None]
    tasks = [result for result in results if isinstance(result, Task)]
    if len(tasks) < len(results):
        raise CreateAllError(results)
    return tasks


class _Batch:
    """The creates of one call, and the jobs that run for them."""

    def __init__(self, effects: Effects, creates: Sequence[_Create], options: BatchOptions) -> None:
        now = effects.clock.monotonic()
        self._effects = effects
        self._limiter = options.limiter
        self._retry = options.retry
        self._poll = options.poll
        self._max_idle_seconds = limit_seconds(options.poll, None)  # finite, because clocks refuse to sleep for ever
        self._typical_task_seconds: float | None = None  # None until a task has ended
        self._preflight = options.preflight
        self._ends_at = math.inf if options.limit_seconds is None else now + options.limit_seconds
        self._last_progress_at = now  # when a task was last created, or was last seen to have ended
        self._waiting = deque(creates)
        self._in_progress: list[_Create] = []  # creates whose tasks hold a place
        self._jobs = Jobs[tuple[Callable[[_Create, Any], None], _Create]](effects)
        self._running_look_ups = 0
        self._can_look_up = True
        self._has_stopped = False  # whether no further create may be sent

    async def run(self) -> None:
        """Run until every create has a result."""
        async with self._jobs:  # whose last look-ups are abandoned, because their responses are not needed any more
            while self._waiting or self._limiter.in_flight:
                self._begin()
                await self._wait()
                for (settle, create), result in self._jobs.take_ended():
                    settle(create, result)

    def _begin(self) -> None:
        """Start the creates and look-ups whose time has come."""
        now = self._effects.clock.monotonic()
        if now >= self._ends_at:
            self._stop("max_wait_seconds passed before its turn")
        if now - self._last_progress_at >= self._max_idle_seconds:
            self._stop(f"the gateway accepted no create for {self._max_idle_seconds:g} s, and no task ended")
        while self._waiting and self._limiter.seconds_to_wait() == 0:
            create = self._waiting.popleft()
            self._limiter.on_begin()
            self._jobs.start(create.attempt(self._effects, self._preflight), (self._handle_create_result, create))
        if not self._waiting:  # nothing waits for a place, so look-ups are not needed
            return
        for create in [create for create in self._in_progress if create.next_look_up_at <= now]:
            if self._running_look_ups < MAX_LOOK_UPS:
                self._in_progress.remove(create)
                self._running_look_ups += 1
                self._jobs.start(create.look_up(self._effects), (self._handle_look_up_result, create))

    async def _wait(self) -> None:
        """Wait until a job has ended, or until it is time for the next step."""
        seconds = self._seconds_to_next_step()
        if self._jobs:
            await self._jobs.wait(seconds)
        elif seconds is not None:
            await self._effects.sleep(seconds)

    def _seconds_to_next_step(self) -> float | None:
        """Return the seconds until the next job may start, or None if none may start before another job has ended."""
        if not self._waiting:
            return None
        times = [self._ends_at, self._last_progress_at + self._max_idle_seconds]
        if self._running_look_ups < MAX_LOOK_UPS:
            times += [create.next_look_up_at for create in self._in_progress]
        return min(self._limiter.seconds_to_wait(), max(min(times) - self._effects.clock.monotonic(), 0.0))

    def _handle_create_result(self, create: _Create, result: Task | KlingError) -> None:
        """Decide how to continue after a create has ended."""
        create.result = result
        if isinstance(result, Task):
            self._handle_created(create, result)
        elif isinstance(result, TransportError) and not result.may_have_been_sent:
            self._limiter.on_failed()
            self._handle_no_connection(create, result)
        elif verdict_for_error(result, self._effects.contract).retry is Retry.AFTER_WAITING:
            record_refusal = (
                self._limiter.on_too_many if is_too_many(result, self._effects.contract) else self._limiter.on_too_fast
            )
            record_refusal(requested_wait_seconds(result, self._effects.clock))
            self._requeue(create)
        else:
            self._limiter.on_failed()
            create.body = None
            if isinstance(result, AuthenticationError):
                self._stop(f"another create failed, and this one would fail as well: {result}")

    def _handle_created(self, create: _Create, task: Task) -> None:
        self._limiter.on_created()
        create.body, create.task_id = None, task_id_from(task)
        create.created_at = self._last_progress_at = self._effects.clock.monotonic()
        if self._can_look_up:
            self._schedule_look_up(create)
        else:
            self._limiter.on_ended()

    def _handle_no_connection(self, create: _Create, error: TransportError) -> None:
        create.failed_connections += 1
        if create.failed_connections < self._retry.max_connect_attempts:
            self._limiter.pause(interval(self._retry, create.failed_connections - 1))
            self._requeue(create)
        else:
            self._stop(f"another create failed, and this one would fail as well: {error}")

    def _requeue(self, create: _Create) -> None:
        """Put a create back at the head of the queue."""
        if not self._has_stopped:
            self._waiting.appendleft(create)

    def _stop(self, reason: str) -> None:
        """Send no further create."""
        self._has_stopped = True
        for create in self._waiting:
            if create.result is None:
                create.result = TransportError(f"not sent: {reason}", may_have_been_sent=False)
                create.record.mark(create.result)
        self._waiting.clear()

    def _handle_look_up_result(self, create: _Create, result: Task | KlingError) -> None:
        """Decide how to continue after a look-up has ended."""
        now = self._effects.clock.monotonic()
        self._running_look_ups -= 1
        if isinstance(result, Task) and progress_of(result, self._effects.contract) in _ENDED:
            creating.add_external_id(result, create.record)
            create.result = result
            self._limiter.on_ended()
            self._last_progress_at = now
            self._typical_task_seconds = now - create.created_at
        elif isinstance(result, Task) or is_absent(result) or is_retryable_query(result, self._effects.contract):
            self._schedule_look_up(
                create, 0.0 if isinstance(result, Task) else requested_wait_seconds(result, self._effects.clock)
            )
        else:
            self._can_look_up = False  # from now on, only refusals show that no place is free
            self._in_progress.append(create)
        if not self._can_look_up:
            for _ in self._in_progress:
                self._limiter.on_ended()
            self._in_progress.clear()

    def _schedule_look_up(self, create: _Create, requested_seconds: float = 0.0) -> None:
        """Plan the next look-up of a task: shortly before the task should end, and then less and less often."""
        seconds = interval(self._poll, create.look_ups)
        if self._typical_task_seconds is not None:
            step = max(self._typical_task_seconds / 8, _MIN_LOOK_UP_INTERVAL_SECONDS)
            first = create.look_ups == 0
            seconds = (
                6 * step if first else interval(evolve(self._poll, first_interval_seconds=step), create.look_ups - 1)
            )
        create.next_look_up_at = self._effects.clock.monotonic() + max(requested_seconds, seconds)
        create.look_ups += 1
        self._in_progress.append(create)
