"""Create many elements, as fast as the service allows. All I/O goes through `Outside`.

One coroutine starts every create and every look-up as a job, so only this coroutine uses the limiter. A job is a single
attempt; the coroutine decides what follows from its response. While creates wait for their turn, the tasks in progress
are looked up, because a task holds its place until it ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from kling_elements.errors import CreateAllError
from kling_elements.lifecycle import creating, preflight
from kling_elements.lifecycle.create_request import CreateRequest, task_id_from
from kling_elements.lifecycle.limiter import Limiter
from kling_elements.lifecycle.outside import Job, Outside
from kling_elements.lifecycle.patience import asked_seconds
from kling_elements.lifecycle.preflight import PreflightPolicy
from kling_elements.lifecycle.queries import look_up
from kling_elements.lifecycle.trail import Trail
from kling_elements.outcomes import Retry, can_ask_again, is_absent, is_too_many, verdict_on
from kling_elements.policies import PollPolicy, RetryPolicy, interval
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import AuthenticationError, KlingError, TransportError
from kling_elements_client.models import Task

_MAX_LOOK_UPS = 4  # at a time
_MIN_LOOK_SECONDS = 0.05  # between two look-ups of a task
_ENDED = (Progress.SUCCEEDED, Progress.FAILED, Progress.WITHOUT_ELEMENT)


@define(eq=False)
class _Create:
    """An element that is to be created.

    Attributes:
        request: The caller's request.
        trail: What is known about the create.
        body: The request as it is sent. It is set by the check, and dropped once a response decides.
        result: The latest state of its task, or the error that the last attempt ended in.
        began_at: The time at which its task was created.
        task_id: The id of its task, once there is one.
        next_look_up_at: The time of the next look-up of its task.
        look_ups: How many look-ups were planned.
        failed_connections: How many attempts failed before there was a connection.
    """

    request: CreateRequest
    trail: Trail
    body: CheckedRequest | None = field(init=False, default=None)
    result: Task | KlingError | None = field(init=False, default=None)
    task_id: str = field(init=False, default="")
    began_at: float = field(init=False, default=0.0)
    next_look_up_at: float = field(init=False, default=0.0)
    look_ups: int = field(init=False, default=0)
    failed_connections: int = field(init=False, default=0)

    async def attempt(self, io: Outside, policy: PreflightPolicy) -> Task | KlingError:
        """Send the request once, and return the task or the error."""
        try:
            if self.body is None:
                self.body = await preflight.check_remote(
                    io, creating.check(io, self.trail, self.request, policy), policy
                )
            return await creating.send(io, self.trail, self.body)
        except KlingError as error:
            self.trail.mark(error)
            return error

    async def look(self, io: Outside) -> Task | KlingError:
        """Look the task up once, and return the task or the error."""
        try:
            return await look_up(io, self.task_id)
        except KlingError as error:
            return error


@frozen
class BatchOptions:
    """How to create many elements.

    Attributes:
        limiter: Says when the next create may begin.
        retry: How often, and after how many seconds, to try again to connect.
        poll: How often to look up tasks, and how long to continue if no create is accepted and no task ends.
        preflight: How to check requests and their media before they are sent.
        limit_seconds: The seconds after which no further create is sent; None if there is no limit.
    """

    limiter: Limiter
    retry: RetryPolicy
    poll: PollPolicy
    preflight: PreflightPolicy
    limit_seconds: float | None


async def create_all(
    io: Outside, requests: Sequence[CreateRequest], trails: Sequence[Trail], options: BatchOptions
) -> list[Task]:
    """Create many elements, and return their tasks in the order of the requests.

    Raises:
        CreateAllError: Some elements were not created, or may not have been.
    """
    creates = [_Create(request, trail) for request, trail in zip(requests, trails, strict=True)]
    await _Batch(io, creates, options).run()
    results = [create.result for create in creates if create.result is not None]
    tasks = [result for result in results if isinstance(result, Task)]
    if len(tasks) < len(results):
        raise CreateAllError(results)
    return tasks


class _Batch:
    """Some creates, and the jobs that run for them."""

    def __init__(self, io: Outside, creates: Sequence[_Create], options: BatchOptions) -> None:
        now = io.clock.monotonic()
        self._io = io
        self._limiter = options.limiter
        self._retry = options.retry
        self._poll = options.poll
        self._typical_task_seconds: float | None = None  # that a task takes; None until one has ended
        self._preflight = options.preflight
        self._ends_at = math.inf if options.limit_seconds is None else now + options.limit_seconds
        self._last_progress_at = now  # when a task was last created, or was last seen to have ended
        self._waiting = deque(creates)
        self._in_progress: list[_Create] = []  # creates whose tasks are to be looked up
        self._running: dict[Job, tuple[Callable[[_Create, Any], None], _Create]] = {}
        self._look_ups = 0  # that are running
        self._can_look_up = True
        self._has_stopped = False  # whether no further create may be sent

    async def run(self) -> None:
        """Run until every create has a result."""
        try:
            while self._waiting or self._limiter.in_flight:
                self._begin()
                await self._wait()
                for job in [job for job in self._running if job.done()]:
                    settle, create = self._running.pop(job)
                    settle(create, job.result())
        except GeneratorExit:  # the event loop has ended, and its jobs with it
            raise
        except BaseException:
            await self._io.abandon(self._running)
            raise
        await self._io.abandon(self._running)  # look-ups whose responses are not needed any more

    def _begin(self) -> None:
        """Start the creates and look-ups whose time has come."""
        now = self._io.clock.monotonic()
        if now >= self._ends_at:
            self._stop("max_wait_seconds passed before its turn")
        if now - self._last_progress_at >= self._poll.max_wait_seconds:
            self._stop(f"the gateway accepted no create for {self._poll.max_wait_seconds:g} s, and no task ended")
        while self._waiting and self._limiter.seconds_to_wait() == 0:
            create = self._waiting.popleft()
            self._limiter.begin()
            self._start(create.attempt(self._io, self._preflight), self._attempted, create)
        if not self._waiting:  # then nothing waits for a place, so no look-up is needed
            return
        for create in [create for create in self._in_progress if create.next_look_up_at <= now]:
            if self._look_ups < _MAX_LOOK_UPS:
                self._in_progress.remove(create)
                self._look_ups += 1
                self._start(create.look(self._io), self._looked_up, create)

    def _start(
        self, coroutine: Coroutine[Any, Any, Any], settle: Callable[[_Create, Any], None], create: _Create
    ) -> None:
        self._running[self._io.start(coroutine)] = settle, create

    async def _wait(self) -> None:
        """Wait until a job has ended, or until it is time for the next step."""
        seconds = self._seconds_to_next_step()
        if self._running:
            await self._io.wait(self._running, seconds)
        elif seconds is not None:
            await self._io.sleep(seconds)

    def _seconds_to_next_step(self) -> float | None:
        """Return the seconds until the next job may start; None if none may start before another job has ended."""
        if not self._waiting:
            return None
        times = [self._ends_at, self._last_progress_at + self._poll.max_wait_seconds]
        if self._look_ups < _MAX_LOOK_UPS:
            times += [create.next_look_up_at for create in self._in_progress]
        return min(self._limiter.seconds_to_wait(), max(min(times) - self._io.clock.monotonic(), 0.0))

    def _attempted(self, create: _Create, result: Task | KlingError) -> None:
        """Decide what follows from the response to a create."""
        create.result = result
        if isinstance(result, Task):
            self._created(create, result)
        elif isinstance(result, TransportError) and not result.may_have_been_sent:
            self._limiter.failed()
            self._not_connected(create, result)
        elif verdict_on(result, self._io.contract).retry is Retry.AFTER_WAITING:
            refused = (
                self._limiter.refused_as_too_many
                if is_too_many(result, self._io.contract)
                else self._limiter.refused_as_too_fast
            )
            refused(asked_seconds(result, self._io.clock))
            self._wait_again(create)
        else:
            self._limiter.failed()
            create.body = None
            if isinstance(result, AuthenticationError):
                self._stop(f"another create failed, and this one would fail, too: {result}")

    def _created(self, create: _Create, task: Task) -> None:
        self._limiter.created()
        create.body, create.task_id = None, task_id_from(task)
        create.began_at = self._last_progress_at = self._io.clock.monotonic()
        if self._can_look_up:
            self._look_later(create)
        else:
            self._limiter.ended()

    def _not_connected(self, create: _Create, error: TransportError) -> None:
        create.failed_connections += 1
        if create.failed_connections < self._retry.max_connect_attempts:
            self._limiter.pause(interval(self._retry, create.failed_connections - 1))
            self._wait_again(create)
        else:
            self._stop(f"another create failed, and this one would fail, too: {error}")

    def _wait_again(self, create: _Create) -> None:
        """Put a create that was refused at the head of the queue."""
        if not self._has_stopped:
            self._waiting.appendleft(create)

    def _stop(self, reason: str) -> None:
        """Send no further create."""
        self._has_stopped = True
        for create in self._waiting:
            if create.result is None:
                create.result = TransportError(f"not sent: {reason}", may_have_been_sent=False)
                create.trail.mark(create.result)
        self._waiting.clear()

    def _looked_up(self, create: _Create, result: Task | KlingError) -> None:
        """Decide what follows from the response to a look-up."""
        now = self._io.clock.monotonic()
        self._look_ups -= 1
        if isinstance(result, Task) and progress_of(result, self._io.contract) in _ENDED:
            create.result = creating.with_id(result, create.trail)
            self._limiter.ended()
            self._last_progress_at = now
            self._typical_task_seconds = now - create.began_at
        elif isinstance(result, Task) or is_absent(result) or can_ask_again(result, self._io.contract):
            self._look_later(create, asked_seconds(result, self._io.clock) if isinstance(result, KlingError) else 0.0)
        else:
            self._can_look_up = False  # from now on, only refusals show that no place is free
            self._in_progress.append(create)
        if not self._can_look_up:
            for _ in self._in_progress:
                self._limiter.ended()
            self._in_progress.clear()

    def _look_later(self, create: _Create, asked: float = 0.0) -> None:
        """Plan the next look-up of a task: a little before it should end, and then less and less often."""
        seconds = interval(self._poll, create.look_ups)
        if self._typical_task_seconds is not None:
            step = max(self._typical_task_seconds / 8, _MIN_LOOK_SECONDS)
            first = create.look_ups == 0
            seconds = (
                6 * step if first else interval(evolve(self._poll, first_interval_seconds=step), create.look_ups - 1)
            )
        create.next_look_up_at = self._io.clock.monotonic() + max(asked, seconds)
        create.look_ups += 1
        self._in_progress.append(create)
