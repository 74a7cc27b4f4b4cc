"""How a subject is created at most once. All I/O goes through `Outside`.

`create` sends a request, and again only while it is certain that nothing was created.

`get_or_create` goes by what is known of the external id:

- *unknown*: an earlier call may have used it. It is looked up.
- *absent*: a look-up shows nothing, and no attempt of this call is in doubt. The request is sent.
- *in doubt*: an attempt of this call may have created the subject, or was refused because the id was used before. It
  is looked up at once and after a wait, since look-ups may lag behind creates. If that shows nothing, the request is
  sent again, as the service refuses an id that was used; unless the refusal says that sending it again cannot help.
  Then the id is looked up until patience ends, or where no attempt of this call can have used it, a few times.
- *found*: the task is adopted, if its subject can be used.
"""

from __future__ import annotations

from kling_elements import preflight
from kling_elements.elements import element_of
from kling_elements.errors import ExternalIdUsedError, LookUpUnavailableError, NoTaskError
from kling_elements.outcomes import (
    Outcome,
    Retry,
    can_ask_again,
    is_absent,
    is_certain_duplicate,
    is_duplicate,
    offers_no_look_up,
    verdict_on,
)
from kling_elements.outside import Outside
from kling_elements.patience import Patience
from kling_elements.preflight import PreflightPolicy
from kling_elements.requests import CreateRequest, has_external_id, with_external_id
from kling_elements.tasks import task_of
from kling_elements.trail import Trail
from kling_elements_client.api.elements import create_element, get_element
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import KlingError, ResponseError
from kling_elements_client.models import CreateElementResponse, Task, TaskInfo
from kling_elements_runtime.texts import shown
from kling_elements_runtime.types import Response, is_id


async def create(
    io: Outside, trail: Trail, request: CreateRequest, patience: Patience, policy: PreflightPolicy
) -> Task:
    """Send a request, and again only if it provably left nothing behind and waiting helps."""
    body = await preflight.look(io, check(io, trail, request, policy), policy)
    while True:
        try:
            return await send(io, trail, body)
        except KlingError as error:
            if verdict_on(error, io.contract).retry is not Retry.AFTER_WAITING:
                raise
            failure = error
        await patience.wait_after(io, failure)


async def get_or_create(
    io: Outside, trail: Trail, request: CreateRequest, patience: Patience, policy: PreflightPolicy
) -> Task:
    """Send a request unless its task is there already, and look for the task of each attempt that may have made it."""
    body = check(io, trail, request, policy)
    # unknown: an id of the caller's own may have been used before
    trail.outcome = Outcome.MAY_EXIST if has_external_id(request) else Outcome.NOT_CREATED
    found = await _look_up(io, trail, patience)
    if found is None:
        # absent
        trail.outcome = Outcome.NOT_CREATED
        body = await preflight.look(io, body, policy)
    is_ours = False  # whether an attempt of this call may have made the task
    while found is None:
        try:
            return await send(io, trail, body)
        except KlingError as error:
            failure = error
        said = verdict_on(failure, io.contract)
        is_ours = is_ours or (said.outcome is Outcome.MAY_EXIST and not is_duplicate(failure, io.contract))
        if trail.outcome is Outcome.MAY_EXIST:
            # in doubt
            most = None if is_ours else patience.policy.max_duplicate_look_ups
            found = await _search(io, trail, patience, failure, most)
        elif said.retry is Retry.AFTER_WAITING:
            # still absent
            await patience.wait_after(io, failure)
        else:
            raise failure
    # found
    return _adopted(io, trail, found)


def check(io: Outside, trail: Trail, request: CreateRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Return a request as it will be sent, under an external id that the trail keeps.

    Raises:
        ContractError: Its `external_task_id` is no text.
    """
    named, trail.external_id = with_external_id(request, io.contract)
    return preflight.check(io, named, policy)


async def send(io: Outside, trail: Trail, body: CheckedRequest) -> Task:
    """Send a request once, and keep the trail of what comes of it.

    Raises:
        KlingError: It was not created, or that is not known: see the trail.
    """
    before = trail.outcome
    io.open()
    io.log(f"external_task_id {trail.external_id}: creating")
    trail.about_to_send()
    try:
        task = _created(io, await io.call(create_element, body=body), trail)
    except KlingError as error:
        said = verdict_on(error, io.contract).outcome
        if before is Outcome.NOT_CREATED:  # a refusal tells nothing of an earlier attempt
            trail.outcome = said
        io.log(f"external_task_id {trail.external_id}: {said}: {error}")
        raise
    trail.outcome = Outcome.CREATED
    io.log(f"external_task_id {trail.external_id}: created task {task.task_id}")
    return task


def _created(io: Outside, answer: Response[CreateElementResponse], trail: Trail) -> Task:
    """Return the task of an answer, if it is that of this create.

    Connections have been seen to carry the answer to an earlier request.
    """
    task = task_of(answer, io.contract)
    if task is None:
        raise NoTaskError("the gateway answered with success, but named no task")
    if not _may_be_of(task, trail):
        says = f"task {shown(task.task_id)} of another external_task_id, {shown(task.external_task_id)}"
        raise NoTaskError(f"the gateway answered with {says}; look for the subject by the id that was sent")
    return with_id(task, trail)


async def _search(io: Outside, trail: Trail, patience: Patience, failure: KlingError, most: int | None) -> Task | None:
    """Look for the task that an attempt may have made, or None where sending it again is the next step.

    Args:
        io: The outside.
        trail: What is known so far.
        patience: How long to go on.
        failure: What came of the attempt.
        most: How many look-ups may show nothing; None for as many as patience has.

    Raises:
        KlingError: It cannot be looked up.
        ExternalIdUsedError: The id was used, but nothing is found by it.
    """
    may_send = verdict_on(failure, io.contract).retry is not Retry.NEVER and not is_duplicate(failure, io.contract)
    look_ups = 0
    while True:
        found = await _look_up(io, trail, patience)
        look_ups += 1
        if found is not None or (may_send and look_ups > 1):
            return found
        seconds = patience.seconds_after(failure) if most is None or look_ups < most else None
        if seconds is None:
            if isinstance(failure, ResponseError) and is_duplicate(failure, io.contract):
                raise _used(io, trail, failure, is_ours=most is None) from failure
            raise failure
        await io.sleep(seconds)


def _used(io: Outside, trail: Trail, failure: ResponseError, *, is_ours: bool) -> ExternalIdUsedError:
    """Return the error for an id that was used although look-ups find nothing by it, which says why that can be."""
    says = f"external_task_id {trail.external_id} is refused as used before, but look-ups find nothing by it"
    if is_ours:
        says += ": an attempt of this call may have made the subject, and look-ups not show it yet; call again later"
    else:
        says += (
            ": a create of another process may not be shown yet, the subject may have been deleted, or the id belongs "
            "to something else of the account, such as a video; call again later, and take another id only if you know "
            "that no subject is meant to have this one"
        )
    if not is_certain_duplicate(failure, io.contract):
        says += "; or the request has another mistake, as the code stands for these, too"
    return ExternalIdUsedError(f"{says}: {failure}", failure.answer)


async def _look_up(io: Outside, trail: Trail, patience: Patience) -> Task | None:
    """Return the task of the external id, or None if the gateway says that there is none."""
    while True:
        try:
            task = task_of(await io.call(get_element, id=trail.external_id), io.contract)
        except KlingError as error:
            if is_absent(error):
                return None
            if offers_no_look_up(error):
                raise LookUpUnavailableError(f"this gateway does not offer look-up; {_WAY_OUT}: {error}") from error
            if not can_ask_again(error, io.contract):
                raise
            failure = error
        else:
            if task is None:
                raise LookUpUnavailableError(f"this gateway answers look-ups without naming a task; {_WAY_OUT}")
            if not _may_be_of(task, trail) or str(task.task_id) == trail.external_id:
                raise LookUpUnavailableError(f"this gateway answers a look-up with the task of another id; {_WAY_OUT}")
            return task
        await patience.wait_after(io, failure)


_WAY_OUT = "get_or_create needs it, create does not"


def _adopted(io: Outside, trail: Trail, task: Task) -> Task:
    """Return a task that was found.

    Raises:
        ElementUnavailableError: Its subject was deleted, or failed.
    """
    trail.outcome = Outcome.CREATED
    task = with_id(task, trail)
    if any(is_id(element.element_id) for element in task.all_elements):
        element_of(task, io.contract)
    io.log(f"external_task_id {trail.external_id}: adopted task {task.task_id}")
    return task


def _may_be_of(task: Task, trail: Trail) -> bool:
    """Return whether a task is of the external id that was sent, as far as the answer tells."""
    return task.external_task_id in (None, trail.external_id)


def with_id(task: Task, trail: Trail) -> Task:
    """Return the task with the external id that was sent, which not every gateway repeats."""
    if not isinstance(task.task_info, TaskInfo):
        task.task_info = TaskInfo()
    task.task_info.external_task_id = trail.external_id
    return task
