"""How a subject is created at most once: when to send, wait, look up and adopt. All I/O goes through `Outside`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kling_elements import preflight
from kling_elements.clock import Clock
from kling_elements.errors import LookUpUnavailableError, NoTaskError
from kling_elements.outcomes import (
    Outcome,
    Retry,
    can_ask_again,
    is_absent,
    is_duplicate,
    offers_no_look_up,
    verdict_on,
)
from kling_elements.outside import Outside
from kling_elements.policies import RetryPolicy, interval, limit_seconds, retry_after_seconds
from kling_elements.preflight import PreflightPolicy
from kling_elements.requests import CreateRequest, has_external_id, with_external_id
from kling_elements.tasks import external_id_of, task_of
from kling_elements_client.api.elements import create_element, get_element
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import ContractError, KlingError, ResponseError, TransportError
from kling_elements_client.models import CreateElementResponse, Task, TaskInfo


class Patience:
    """How often, and for how long altogether, one create is tried."""

    def __init__(self, policy: RetryPolicy, clock: Clock, max_wait_seconds: float | None) -> None:
        """Begins to count; a limit given here takes the place of the policy's."""
        self._policy = policy
        self._clock = clock
        self._deadline = clock.monotonic() + limit_seconds(policy, max_wait_seconds)
        self._failures = 0
        self._unconnected = 0
        self._duplicates = 0

    def seconds_after(self, error: KlingError) -> float | None:
        """How long to wait after a failed attempt, or None where no further one is to be made."""
        unconnected = isinstance(error, TransportError) and not error.may_have_been_sent
        self._unconnected = self._unconnected + 1 if unconnected else 0
        self._duplicates += is_duplicate(error)
        if self._unconnected >= self._policy.max_connect_attempts:
            return None
        if self._duplicates >= self._policy.max_duplicate_look_ups:
            return None
        spread = 1 + self._policy.jitter * self._clock.chance()
        asked = retry_after_seconds(error.headers, self._clock.now()) if isinstance(error, ResponseError) else 0.0
        seconds = max(asked, interval(self._policy, self._failures) * spread)
        self._failures += 1
        return seconds if self._clock.monotonic() + seconds <= self._deadline else None


async def create(io: Outside, request: CreateRequest, patience: Patience, policy: PreflightPolicy) -> Task:
    """Sends a request, and again only if it provably left nothing behind and waiting helps."""
    body, external_id = _checked(request, policy)
    with _marked(external_id, in_doubt=False):
        body = await preflight.look(io, body, policy)
    return await _post(io, body, external_id, patience)


async def create_or_adopt(io: Outside, request: CreateRequest, patience: Patience, policy: PreflightPolicy) -> Task:
    """Sends a request unless its task is there already, and looks after each attempt that may have made it."""
    body, external_id = _checked(request, policy)
    failure: KlingError | None = None  # of the last attempt, until a look-up at a later time has shown nothing
    in_doubt = has_external_id(request)  # whether an attempt, here or in another process, may have made the task
    sent = False
    while True:
        with _marked(external_id, in_doubt=in_doubt):
            found = await _look_up(io, external_id, patience)
        if found is not None:
            io.log(f"external_task_id {external_id}: adopted task {found.task_id}")
            return _with_id(found, external_id)
        in_doubt = in_doubt and sent
        with _marked(external_id, in_doubt=in_doubt):
            if failure is not None:
                failure = await _give_time(io, failure, patience)
                continue
            if not sent:
                body = await preflight.look(io, body, policy)
            sent = True
            result = await _attempt(io, body, external_id, patience)
        if isinstance(result, Task):
            return result
        failure, in_doubt = result, True


async def _attempt(io: Outside, body: CheckedRequest, external_id: str, patience: Patience) -> Task | KlingError:
    """The task, or the failure after which it is to be looked for."""
    try:
        return await _post(io, body, external_id, patience)
    except KlingError as error:
        if not is_duplicate(error) and verdict_on(error).retry is not Retry.AFTER_LOOK_UP:
            raise
        return error


async def _give_time(io: Outside, failure: KlingError, patience: Patience) -> KlingError | None:
    """Waits before the next look-up. The failure remains if it is that of a duplicate, which is never sent again."""
    seconds = patience.seconds_after(failure)
    if seconds is None:
        raise failure
    await io.sleep(seconds)
    return failure if is_duplicate(failure) else None


def _checked(request: CreateRequest, policy: PreflightPolicy) -> tuple[CheckedRequest, str]:
    """The request as it will be sent, with an external id, and that id."""
    try:
        named, external_id = with_external_id(request)
    except ContractError as error:
        error.outcome = verdict_on(error).outcome
        raise
    return preflight.check(named, policy), external_id


@contextmanager
def _marked(external_id: str, *, in_doubt: bool) -> Iterator[None]:
    """Puts onto errors what they mean for the create that they end."""
    try:
        yield
    except KlingError as error:
        error.outcome = Outcome.MAY_EXIST if in_doubt else error.outcome or Outcome.NOT_CREATED
        error.external_task_id = external_id
        raise
    except BaseException as error:
        if in_doubt:
            _note(error, external_id)
        raise


async def _post(io: Outside, body: CheckedRequest, external_id: str, patience: Patience) -> Task:
    while True:
        io.log(f"external_task_id {external_id}: creating")
        try:
            task = _named_task(await io.call(create_element, body=body))
        except KlingError as error:
            said = verdict_on(error)
            error.outcome, error.external_task_id = said.outcome, external_id
            io.log(f"external_task_id {external_id}: {said.outcome}: {error}")
            seconds = patience.seconds_after(error) if said.retry is Retry.AFTER_WAITING else None
            if seconds is None:
                raise
        except BaseException as error:
            _note(error, external_id)
            raise
        else:
            io.log(f"external_task_id {external_id}: created task {task.task_id}")
            return _with_id(task, external_id)
        await io.sleep(seconds)


def _note(error: BaseException, external_id: str) -> None:
    """A cancellation or Ctrl+C must not take the only trace of a task along."""
    says = f"external_task_id {external_id}: the subject may exist"
    if says not in getattr(error, "__notes__", ()):
        error.add_note(says)


def _named_task(answer: CreateElementResponse) -> Task:
    task = task_of(answer)
    if task is None:
        raise NoTaskError("the gateway answered with success, but named no task")
    return task


async def _look_up(io: Outside, external_id: str, patience: Patience) -> Task | None:
    """The task of an external id, or None if the gateway says that there is none."""
    while True:
        try:
            task = task_of(await io.call(get_element, id=external_id))
        except KlingError as error:
            if is_absent(error):
                return None
            if offers_no_look_up(error):
                raise LookUpUnavailableError(f"this gateway does not offer look-up; {_WAY_OUT}: {error}") from error
            seconds = patience.seconds_after(error) if can_ask_again(error) else None
            if seconds is None:
                raise
        else:
            if task is None:
                raise LookUpUnavailableError(f"this gateway answers look-ups without naming a task; {_WAY_OUT}")
            if external_id_of(task) not in (None, external_id) or str(task.task_id) == external_id:
                raise LookUpUnavailableError(f"this gateway answers a look-up with the task of another id; {_WAY_OUT}")
            return task
        await io.sleep(seconds)


_WAY_OUT = "create_or_adopt needs it, create does not"


def _with_id(task: Task, external_id: str) -> Task:
    """The task with the external id that was sent, which not every gateway repeats."""
    if not isinstance(task.task_info, TaskInfo):
        task.task_info = TaskInfo()
    task.task_info.external_task_id = external_id
    return task


__all__ = ["Patience", "create", "create_or_adopt"]
