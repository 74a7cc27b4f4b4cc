"""Create an element at most once. All I/O goes through `Effects`.

`create` sends a request. It repeats the request only while it is certain that nothing was created.

`get_or_create` acts on the state of the external id. `_Doubt` says whether it is absent or in doubt:

- *unknown*: an earlier call may have used the id. Look it up.
- *absent*: the look-up shows nothing, and no attempt of this call is in doubt. Send the request.
- *in doubt*: an attempt of this call may have created the element, or was refused because the id was used before. Look
  up the id at once, and again after a wait, because look-ups may lag behind creates. If both show nothing, send the
  request again, because the service refuses an id that was used. If the refusal says that sending again can't help,
  keep looking instead until the time is up, or only a few times if no attempt of this call can have used the id.
- *found*: return the task, if its element is usable.
"""

from __future__ import annotations

import math

from attrs import frozen

from kling_elements.elements import element_of
from kling_elements.errors import ExternalIdUsedError, LookUpUnavailableError, NoTaskError
from kling_elements.lifecycle import preflight
from kling_elements.lifecycle.create_record import CreateRecord
from kling_elements.lifecycle.create_request import CreateRequest, has_external_id, with_external_id
from kling_elements.lifecycle.effects import Effects
from kling_elements.lifecycle.preflight import PreflightPolicy
from kling_elements.lifecycle.retry_budget import RetryBudget
from kling_elements.outcomes import (
    Outcome,
    Retry,
    is_absent,
    is_certain_duplicate,
    is_duplicate,
    is_retryable_query,
    offers_no_look_up,
    verdict_for_error,
)
from kling_elements.policies import RetryPolicy
from kling_elements.tasks import task_of_response
from kling_elements_client.api.elements import create_element, get_element
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import KlingError, ResponseError
from kling_elements_client.models import CreateElementResponse, Task, TaskInfo
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import for_message
from kling_elements_runtime.types import Response, is_id


async def create(
    effects: Effects, record: CreateRecord, request: CreateRequest, budget: RetryBudget, policy: PreflightPolicy
) -> Task:
    """Send a request. Repeat it only if it provably created nothing and waiting may help."""
    body = await preflight.check_remote(effects, check(effects, record, request, policy), policy)
    while True:
        try:
            return await send(effects, record, body)
        except KlingError as error:
            if verdict_for_error(error, effects.contract).retry is not Retry.AFTER_WAITING:
                raise
            failure = error
        await budget.wait_after(effects, failure)


async def get_or_create(
    effects: Effects, record: CreateRecord, request: CreateRequest, budget: RetryBudget, policy: PreflightPolicy
) -> Task:
    """Return the task of an external id. If look-ups show none, create it."""
    body = check(effects, record, request, policy)
    record.outcome = Outcome.MAY_EXIST if has_external_id(request) else Outcome.NOT_CREATED
    task = await _look_up(effects, record, budget)
    if task is not None:
        return _adopt(effects, record, task)
    record.outcome = Outcome.NOT_CREATED
    body = await preflight.check_remote(effects, body, policy)
    return await _create_or_find(effects, record, body, budget)


@frozen
class _Doubt:
    """Whether an external id is absent or in doubt, after the attempts that this call has made.

    Attributes:
        is_in_doubt: Whether an attempt may have created the task, or was refused because the id was used before.
        may_be_ours: Whether an attempt of this call may have created the task.
    """

    is_in_doubt: bool = False
    may_be_ours: bool = False

    def after(self, failure: KlingError, contract: Contract) -> _Doubt:
        """Return the doubt after another attempt has failed. No failure removes a doubt."""
        may_exist = verdict_for_error(failure, contract).outcome is Outcome.MAY_EXIST
        may_be_ours = may_exist and not is_duplicate(failure, contract)
        return _Doubt(self.is_in_doubt or may_exist, self.may_be_ours or may_be_ours)

    def max_look_ups(self, policy: RetryPolicy) -> float:
        """Return after how many look-ups without a task to stop; infinity to limit only the time."""
        return math.inf if self.may_be_ours else policy.max_duplicate_look_ups


async def _create_or_find(effects: Effects, record: CreateRecord, body: CheckedRequest, budget: RetryBudget) -> Task:
    """Send a request until its task is known. While the external id is in doubt, look the task up first."""
    doubt = _Doubt()
    while True:
        try:
            return await send(effects, record, body)
        except KlingError as error:
            failure = error
        doubt = doubt.after(failure, effects.contract)
        if doubt.is_in_doubt:
            task = await _search(effects, record, budget, failure, doubt)
            if task is not None:
                return _adopt(effects, record, task)
        elif verdict_for_error(failure, effects.contract).retry is Retry.AFTER_WAITING:  # still absent
            await budget.wait_after(effects, failure)
        else:
            raise failure


def check(effects: Effects, record: CreateRecord, request: CreateRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Return a request as it will be sent, and record its external id.

    Raises:
        ContractError: The `external_task_id` is not a string.
    """
    request, record.external_id = with_external_id(request, effects.contract)
    return preflight.check(effects, request, policy)


async def send(effects: Effects, record: CreateRecord, body: CheckedRequest) -> Task:
    """Send a request once, and record the outcome.

    Raises:
        KlingError: The element was not created, or may not have been; see the record.
    """
    outcome_before = record.outcome
    effects.open()
    effects.log(f"external_task_id {record.external_id}: creating")
    record.begin_sending()
    try:
        task = _read_created_task(effects, await effects.call(create_element, body=body), record)
    except KlingError as error:
        outcome = verdict_for_error(error, effects.contract).outcome
        if outcome_before is Outcome.NOT_CREATED:  # a refusal says nothing about an earlier attempt
            record.outcome = outcome
        effects.log(f"external_task_id {record.external_id}: {outcome}: {error}")
        raise
    record.outcome = Outcome.CREATED
    effects.log(f"external_task_id {record.external_id}: created task {task.task_id}")
    return task


def _read_created_task(effects: Effects, response: Response[CreateElementResponse], record: CreateRecord) -> Task:
    """Return the task in the response to a create.

    Raises:
        NoTaskError: The response contains no task, or the task of another create. Some connections have delivered the
            response to an earlier request.
    """
    task = task_of_response(response, effects.contract)
    if task is None:
        raise NoTaskError("the gateway reported success, but its response contains no task")
    if not _may_be_of(task, record):
        raise NoTaskError(
            f"the gateway's response contains task {for_message(task.task_id)} of another external_task_id, "
            f"{for_message(task.external_task_id)}; look up the external_task_id that you sent"
        )
    add_external_id(task, record)
    return task


async def _search(
    effects: Effects, record: CreateRecord, budget: RetryBudget, failure: KlingError, doubt: _Doubt
) -> Task | None:
    """Return the task that an attempt may have created, or None if the next step is to send the request again.

    Args:
        effects: Performs all I/O.
        record: What is known about the create.
        budget: How often, and for how long in total, to try.
        failure: The error that the attempt ended in.
        doubt: What the attempts say about the external id, which decides how often to look.

    Raises:
        KlingError: The look-up failed.
        ExternalIdUsedError: The id was used before, but look-ups show no task.
    """
    retry = verdict_for_error(failure, effects.contract).retry
    can_send = retry is not Retry.NEVER and not is_duplicate(failure, effects.contract)
    look_ups = 0
    while True:
        task = await _look_up(effects, record, budget)
        look_ups += 1
        if task is not None or (can_send and look_ups > 1):
            return task
        may_continue = look_ups < doubt.max_look_ups(budget.policy)
        seconds = budget.seconds_after(failure) if may_continue else None
        if seconds is not None:
            await effects.sleep(seconds)
        elif isinstance(failure, ResponseError) and is_duplicate(failure, effects.contract):
            raise _id_used_error(effects, record, failure, doubt) from failure
        else:
            raise failure


def _id_used_error(
    effects: Effects, record: CreateRecord, failure: ResponseError, doubt: _Doubt
) -> ExternalIdUsedError:
    """Return the error for an id that was used although look-ups show no task, with the possible reasons."""
    message = f"external_task_id {record.external_id} is refused as used before, but look-ups don't find it"
    if doubt.may_be_ours:
        message += (
            ": an attempt of this call may have created the element, and look-ups don't show it yet; call again later"
        )
    else:
        message += (
            ": a create of another process may not be visible yet, the element may have been deleted, or the id "
            "belongs to something else in the account, such as a video; call again later, and use another id only "
            "if you know that no element is meant to have this one"
        )
    if not is_certain_duplicate(failure, effects.contract):
        message += "; or the request contains another mistake, because the service uses this code for several"
    return ExternalIdUsedError(f"{message}: {failure}", failure.response)


async def _look_up(effects: Effects, record: CreateRecord, budget: RetryBudget) -> Task | None:
    """Return the task of the external id, or None if the gateway says that there is none."""
    while True:
        try:
            task = task_of_response(await effects.call(get_element, id=record.external_id), effects.contract)
        except KlingError as error:
            if is_absent(error):
                return None
            if offers_no_look_up(error):
                raise LookUpUnavailableError(
                    f"this gateway cannot look up tasks by external_task_id; {_ADVICE}: {error}"
                ) from error
            if not is_retryable_query(error, effects.contract):
                raise
            failure = error
        else:
            return _check_external_id(task, record)
        await budget.wait_after(effects, failure)


def _check_external_id(task: Task | None, record: CreateRecord) -> Task:
    """Return the task in the response to a look-up, after checking that it belongs to the external id.

    Raises:
        LookUpUnavailableError: The response contains no task, or the task of another id.
    """
    if task is None:
        raise LookUpUnavailableError(f"this gateway responds to look-ups without a task; {_ADVICE}")
    if not _may_be_of(task, record) or str(task.task_id) == record.external_id:
        raise LookUpUnavailableError(f"this gateway responds to a look-up with the task of another id; {_ADVICE}")
    return task


_ADVICE = "get_or_create needs look-ups, so use create instead"


def _adopt(effects: Effects, record: CreateRecord, task: Task) -> Task:
    """Return a task that a look-up found, if its element is usable.

    Raises:
        ElementUnavailableError: The element was deleted, or it failed.
    """
    record.outcome = Outcome.CREATED
    add_external_id(task, record)
    if any(is_id(element.element_id) for element in task.all_elements):
        element_of(task, effects.contract)
    effects.log(f"external_task_id {record.external_id}: adopted task {task.task_id}")
    return task


def _may_be_of(task: Task, record: CreateRecord) -> bool:
    """Return whether a task may have the external id that was sent. Some responses leave out the id."""
    return task.external_task_id in (None, record.external_id)


def add_external_id(task: Task, record: CreateRecord) -> None:
    """Add the external id that was sent to a task, because not every gateway repeats it."""
    if not isinstance(task.task_info, TaskInfo):
        task.task_info = TaskInfo()
    task.task_info.external_task_id = record.external_id
