"""Decide whether an element may exist after a failure, and whether to retry. This module does no I/O."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from kling_elements_client.errors import (
    BusinessError,
    ContractError,
    KlingError,
    MediaError,
    NotFoundError,
    ResponseError,
    TransportError,
)
from kling_elements_runtime.contract import Contract


class Phase(StrEnum):
    """The stage at which a create ended."""

    REFUSED_HERE = "refused_here"
    """The request broke the contract, or its media could not be read. No whole request was sent."""
    NEVER_LEFT = "never_left"
    """No connection was made: the name had no address, or the connection was refused or timed out."""
    NO_RESPONSE = "no_response"
    """At least a part of the request was sent, but no complete response came."""
    ANSWERED = "answered"
    """A response came, without a task."""
    ACCEPTED = "accepted"
    """A response came, with the task."""


class Outcome(StrEnum):
    """Whether a call created an element."""

    NOT_CREATED = "not_created"
    MAY_EXIST = "may_exist"
    CREATED = "created"


class Retry(StrEnum):
    """Whether, and when, to send the same request again."""

    NEVER = "never"
    AFTER_WAITING = "after-waiting"
    AFTER_LOOK_UP = "after-look-up"
    """Only if a look-up shows that nothing was created."""


@frozen
class Verdict:
    """Whether a failed call may have created an element, and whether to send it again.

    Attributes:
        outcome: Whether an element was created.
        retry: Whether, and when, to send the request again.
    """

    outcome: Outcome
    retry: Retry


_BY_PHASE = {
    Phase.REFUSED_HERE: Verdict(Outcome.NOT_CREATED, Retry.NEVER),
    Phase.NEVER_LEFT: Verdict(Outcome.NOT_CREATED, Retry.AFTER_WAITING),
    Phase.NO_RESPONSE: Verdict(Outcome.MAY_EXIST, Retry.AFTER_LOOK_UP),
    Phase.ACCEPTED: Verdict(Outcome.CREATED, Retry.NEVER),
}
_BY_CODE = {  # keyed by the column `created` of the contract's table
    "never": Outcome.NOT_CREATED,
    "earlier": Outcome.MAY_EXIST,
    "perhaps": Outcome.MAY_EXIST,
}
# With these statuses, a proxy says that it gave up waiting. The service may still have done the work.
_GATEWAY_GAVE_UP_STATUSES = (408, 499)
_TOO_MANY_STATUS = 429
_CREATE, _DELETE = "createElement", "deleteElement"  # copied, because the modules that define them load httpx
_NO_SUCH_CALL_STATUSES = (404, 405, 501)
_INVALID_STATUSES = (400, 422)


def verdict_for_phase(
    contract: Contract, phase: Phase, status: int | None = None, code: int | str | None = None
) -> Verdict:
    """Decide whether a failed call may have created an element, and whether to send it again.

    If the contract knows the business code, the code decides, whatever the status is. Otherwise a 4xx is a refusal, and
    a 429 is a temporary one. After any other response without a task, an element may exist.

    Args:
        contract: The contract with the table of codes.
        phase: The stage at which the create ended.
        status: The HTTP status, if a response came.
        code: The business code of the response, if it has one.
    """
    if phase in _BY_PHASE:
        return _BY_PHASE[phase]
    if (row := contract.business_code(code)) is not None:
        return Verdict(_BY_CODE[row.created], Retry(row.retry))
    if status is not None and 400 <= status < 500 and status not in _GATEWAY_GAVE_UP_STATUSES:  # noqa: PLR2004 - HTTP's own
        return Verdict(Outcome.NOT_CREATED, Retry.AFTER_WAITING if status == _TOO_MANY_STATUS else Retry.NEVER)
    return Verdict(Outcome.MAY_EXIST, Retry.AFTER_LOOK_UP)


def verdict_for_error(error: KlingError, contract: Contract) -> Verdict:
    """Return the verdict on a create that ended in an error of the generated client."""
    match error:
        case ContractError() | MediaError():
            return verdict_for_phase(contract, Phase.REFUSED_HERE)
        case TransportError(may_have_been_sent=False):
            return verdict_for_phase(contract, Phase.NEVER_LEFT)
        case ResponseError(status_code=status, code=code):
            return verdict_for_phase(contract, Phase.ANSWERED, status, code)
        case _:  # no response, or a success that contains no task
            return verdict_for_phase(contract, Phase.NO_RESPONSE)


def is_absent(error: KlingError) -> bool:
    """Return whether a response says that there is no such task or element, in any dialect (`x-absent`)."""
    return isinstance(error, NotFoundError)


def is_duplicate(error: KlingError, contract: Contract) -> bool:
    """Return whether a create was refused with a code that may mean that its `external_task_id` was used before."""
    return _means(contract, error, _CREATE, "x-duplicate")


def is_certain_duplicate(error: KlingError, contract: Contract) -> bool:
    """Return whether even the message of a refusal says that the `external_task_id` was used before."""
    return _means(contract, error, _CREATE, "x-duplicate", only_worded=True)


def is_too_many(error: KlingError, contract: Contract) -> bool:
    """Return whether a create was refused because too many tasks are in progress (`x-too-many`)."""
    return _means(contract, error, _CREATE, "x-too-many")


def is_deleted_already(error: KlingError, contract: Contract) -> bool:
    """Return whether a deletion was refused because the element was deleted before (`x-deleted-already`)."""
    return _means(contract, error, _DELETE, "x-deleted-already")


def offers_no_look_up(error: KlingError) -> bool:
    """Return whether a failed look-up shows that the gateway can never find a task by its external id.

    Either the gateway does not offer the call, or it responds with a code of its own (`task_not_exist`), which shows
    that it only searches its own list.
    """
    if not isinstance(error, ResponseError) or is_absent(error):
        return False
    return error.status_code in _NO_SUCH_CALL_STATUSES or _is_refused_in_words(error)


def is_retryable_query(error: KlingError, contract: Contract) -> bool:
    """Return whether to repeat a failed query.

    Queries have no side effects, so any failure that may be temporary is retryable.
    """
    if not isinstance(error, ResponseError):
        return isinstance(error, TransportError)
    if (row := contract.business_code(error.code)) is not None:
        return Retry(row.retry) is not Retry.NEVER
    if _is_refused_in_words(error):
        return False
    return error.status_code in (*_GATEWAY_GAVE_UP_STATUSES, _TOO_MANY_STATUS) or not 300 <= error.status_code < 500  # noqa: PLR2004 - HTTP's


def _is_refused_in_words(error: ResponseError) -> bool:
    """Return whether the code of a refusal is a word, as gateways use them. The service itself only uses numbers."""
    is_word = isinstance(error.code, str) and any(map(str.isalpha, error.code))
    return is_word and (isinstance(error, BusinessError) or error.status_code in _INVALID_STATUSES)


def _means(
    contract: Contract, error: KlingError, operation_id: str, keyword: str, *, only_worded: bool = False
) -> bool:
    return isinstance(error, ResponseError) and contract.means(
        operation_id, keyword, error.code, error.message, only_worded=only_worded
    )


__all__ = [
    "Outcome",
    "Phase",
    "Retry",
    "Verdict",
    "is_absent",
    "is_certain_duplicate",
    "is_deleted_already",
    "is_duplicate",
    "is_retryable_query",
    "is_too_many",
    "offers_no_look_up",
    "verdict_for_error",
    "verdict_for_phase",
]
