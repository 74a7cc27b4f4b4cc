"""Create an element at most once. All I/O goes through `Outside`.

`create` sends a request. It sends the request again only while it is certain that nothing was created.

`get_or_create` decides by what is known about the external id:

- *unknown*: an earlier call may have used the id. Look it up.
- *absent*: the look-up shows nothing, and no attempt of this call is in doubt. Send the request.
- *in doubt*: an attempt of this call may have created the element, or was refused because the id was used before. Look
  the id up at once and again after a wait, because look-ups may lag behind creates. If both show nothing, send the
  request again, because the service refuses an id that was used. If the refusal says that sending again can't help, go
  on looking instead: until the time is up, or only a few times if no attempt of this call can have used the id.
- *found*: return the task, if its element can be used.
"""

from __future__ import annotations

from kling_elements.elements import element_of
from kling_elements.errors import ExternalIdUsedError, LookUpUnavailableError, NoTaskError
from kling_elements.lifecycle import preflight
from kling_elements.lifecycle.create_request import CreateRequest, has_external_id, with_external_id
from kling_elements.lifecycle.outside import Outside
from kling_elements.lifecycle.patience import Patience
from kling_elements.lifecycle.preflight import PreflightPolicy
from kling_elements.lifecycle.trail import Trail
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
from kling_elements.tasks import task_of_response
from kling_elements_client.api.elements import create_element, get_element
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import KlingError, ResponseError
from kling_elements_client.models import CreateElementResponse, Task, TaskInfo
from kling_elements_runtime.texts import for_message
from kling_elements_runtime.types import Response, is_id


async def create(
    io: Outside, trail: Trail, request: CreateRequest, patience: Patience, policy: PreflightPolicy
) -> Task:
    """Send a request, and again only if it provably created nothing and waiting helps."""
    body = await preflight.check_remote(io, check(io, trail, request, policy), policy)
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
    """Return the task of an external id. If a look-up shows none, create it."""
    body = check(io, trail, request, policy)
    trail.outcome = Outcome.MAY_EXIST if has_external_id(request) else Outcome.NOT_CREATED
    task = await _look_up(io, trail, patience)
    if task is not None:
        return _adopt(io, trail, task)
    trail.outcome = Outcome.NOT_CREATED
    body = await preflight.check_remote(io, body, policy)
    return await _create_or_find(io, trail, body, patience)


async def _create_or_find(io: Outside, trail: Trail, body: CheckedRequest, patience: Patience) -> Task:
    """Send a request until its task is known, and look for the task after each attempt that may have created it."""
    may_be_ours = False  # whether an attempt of this call may have created the task
    while True:
        try:
            return await send(io, trail, body)
        except KlingError as error:
            failure = error
        verdict = verdict_on(failure, io.contract)
        if verdict.outcome is Outcome.MAY_EXIST and not is_duplicate(failure, io.contract):
            may_be_ours = True
        if trail.outcome is Outcome.MAY_EXIST:  # in doubt
            max_look_ups = None if may_be_ours else patience.policy.max_duplicate_look_ups
            task = await _search(io, trail, patience, failure, max_look_ups)
            if task is not None:
                return _adopt(io, trail, task)
        elif verdict.retry is Retry.AFTER_WAITING:  # still absent
            await patience.wait_after(io, failure)
        else:
            raise failure


def check(io: Outside, trail: Trail, request: CreateRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Return a request as it will be sent, and keep its external id in the trail.

    Raises:
        ContractError: The `external_task_id` is not a string.
    """
    named, trail.external_id = with_external_id(request, io.contract)
    return preflight.check(io, named, policy)


async def send(io: Outside, trail: Trail, body: CheckedRequest) -> Task:
    """Send a request once, and keep the outcome in the trail.

    Raises:
        KlingError: The element was not created, or the response leaves that open; see the trail.
    """
    before = trail.outcome
    io.open()
    io.log(f"external_task_id {trail.external_id}: creating")
    trail.about_to_send()
    try:
        task = _created_task(io, await io.call(create_element, body=body), trail)
    except KlingError as error:
        outcome = verdict_on(error, io.contract).outcome
        if before is Outcome.NOT_CREATED:  # a refusal says nothing about an earlier attempt
            trail.outcome = outcome
        io.log(f"external_task_id {trail.external_id}: {outcome}: {error}")
        raise
    trail.outcome = Outcome.CREATED
    io.log(f"external_task_id {trail.external_id}: created task {task.task_id}")
    return task


def _created_task(io: Outside, response: Response[CreateElementResponse], trail: Trail) -> Task:
    """Return the task in a response, if it belongs to this create.

    Connections have been seen to deliver the response to an earlier request.
    """
    task = task_of_response(response, io.contract)
    if task is None:
        raise NoTaskError("the gateway answered with success, but named no task")
    if not _may_be_of(task, trail):
        other = f"task {for_message(task.task_id)} of another external_task_id, {for_message(task.external_task_id)}"
        raise NoTaskError(f"the gateway answered with {other}; look for the element by the id that was sent")
    return with_id(task, trail)


async def _search(
    io: Outside, trail: Trail, patience: Patience, failure: KlingError, max_look_ups: int | None
) -> Task | None:
    """Return the task that an attempt may have created; None if the request is to be sent again next.

    Args:
        io: Performs all I/O.
        trail: What is known about the create.
        patience: How long to keep trying.
        failure: The error that the attempt ended in.
        max_look_ups: How many look-ups may show nothing; None if only the time limits them.

    Raises:
        KlingError: The look-up failed.
        ExternalIdUsedError: The id was used before, but look-ups show no task.
    """
    can_send = verdict_on(failure, io.contract).retry is not Retry.NEVER and not is_duplicate(failure, io.contract)
    look_ups = 0
    while True:
        task = await _look_up(io, trail, patience)
        look_ups += 1
        if task is not None or (can_send and look_ups > 1):
            return task
        may_go_on = max_look_ups is None or look_ups < max_look_ups
        seconds = patience.seconds_after(failure) if may_go_on else None
        if seconds is not None:
            await io.sleep(seconds)
        elif isinstance(failure, ResponseError) and is_duplicate(failure, io.contract):
            raise _id_used_error(io, trail, failure, may_be_ours=max_look_ups is None) from failure
        else:
            raise failure


def _id_used_error(io: Outside, trail: Trail, failure: ResponseError, *, may_be_ours: bool) -> ExternalIdUsedError:
    """Return the error for an id that was used although look-ups show no task. It gives the possible reasons."""
    message = f"external_task_id {trail.external_id} is refused as used before, but look-ups don't find it"
    if may_be_ours:
        message += (
            ": an attempt of this call may have created the element, and look-ups don't show it yet; call again later"
        )
    else:
        message += (
            ": a create of another process may not be visible yet, the element may have been deleted, or the id "
            "belongs to something else in the account, such as a video; call again later, and use another id only "
            "if you know that no element is meant to have this one"
        )
    if not is_certain_duplicate(failure, io.contract):
        message += "; or the request has another mistake, because the service uses this code for others, too"
    return ExternalIdUsedError(f"{message}: {failure}", failure.response)


async def _look_up(io: Outside, trail: Trail, patience: Patience) -> Task | None:
    """Return the task of the external id; None if the gateway says that there is none."""
    while True:
        try:
            task = task_of_response(await io.call(get_element, id=trail.external_id), io.contract)
        except KlingError as error:
            if is_absent(error):
                return None
            if offers_no_look_up(error):
                raise LookUpUnavailableError(f"this gateway does not offer look-up; {_ADVICE}: {error}") from error
            if not can_ask_again(error, io.contract):
                raise
            failure = error
        else:
            return _check_owner(task, trail)
        await patience.wait_after(io, failure)


def _check_owner(task: Task | None, trail: Trail) -> Task:
    """Return the task that a look-up showed.

    Raises:
        LookUpUnavailableError: The response contains no task, or the task of another id.
    """
    if task is None:
        raise LookUpUnavailableError(f"this gateway answers look-ups without naming a task; {_ADVICE}")
    if not _may_be_of(task, trail) or str(task.task_id) == trail.external_id:
        raise LookUpUnavailableError(f"this gateway answers a look-up with the task of another id; {_ADVICE}")
    return task


_ADVICE = "get_or_create needs look-up: use create instead"


def _adopt(io: Outside, trail: Trail, task: Task) -> Task:
    """Return a task that a look-up showed, if its element can be used.

    Raises:
        ElementUnavailableError: The element was deleted, or failed.
    """
    trail.outcome = Outcome.CREATED
    task = with_id(task, trail)
    if any(is_id(element.element_id) for element in task.all_elements):
        element_of(task, io.contract)
    io.log(f"external_task_id {trail.external_id}: adopted task {task.task_id}")
    return task


def _may_be_of(task: Task, trail: Trail) -> bool:
    """Return whether a task can belong to the external id that was sent; a response without an id fits every id."""
    return task.external_task_id in (None, trail.external_id)


def with_id(task: Task, trail: Trail) -> Task:
    """Return the task with the external id that was sent, because not every gateway repeats it."""
    if not isinstance(task.task_info, TaskInfo):
        task.task_info = TaskInfo()
    task.task_info.external_task_id = trail.external_id
    return task
