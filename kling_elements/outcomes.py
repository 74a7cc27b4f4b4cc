"""What failures mean: may a subject exist, and can sending or asking again help? Decided here, without any I/O."""

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
    """How far a create got."""

    REFUSED_HERE = "refused_here"
    """The contract refused the request, or its media could not be read; no whole request was sent."""
    NEVER_LEFT = "never_left"
    """No connection came about: no address, refused, or a time-out before there was one."""
    NO_ANSWER = "no_answer"
    """The request, or a part of it, was on its way; no whole answer came."""
    ANSWERED = "answered"
    """An answer came that names no task."""
    ACCEPTED = "accepted"
    """An answer came that names the task."""


class Outcome(StrEnum):
    """Whether a create left a subject behind."""

    NOT_CREATED = "not_created"
    MAY_EXIST = "may_exist"
    CREATED = "created"


class Retry(StrEnum):
    """When sending the same request again can help."""

    NEVER = "never"
    AFTER_WAITING = "after-waiting"
    AFTER_LOOK_UP = "after-look-up"
    """Only once a look-up has shown that nothing was created."""


@frozen
class Verdict:
    """What is to be thought of a create.

    Attributes:
        outcome: Whether a subject was created.
        retry: When sending again can help.
    """

    outcome: Outcome
    retry: Retry


_BY_PHASE = {
    Phase.REFUSED_HERE: Verdict(Outcome.NOT_CREATED, Retry.NEVER),
    Phase.NEVER_LEFT: Verdict(Outcome.NOT_CREATED, Retry.AFTER_WAITING),
    Phase.NO_ANSWER: Verdict(Outcome.MAY_EXIST, Retry.AFTER_LOOK_UP),
    Phase.ACCEPTED: Verdict(Outcome.CREATED, Retry.NEVER),
}
_BY_CODE = {  # keyed by the column `created` of the contract's table
    "never": Outcome.NOT_CREATED,
    "earlier": Outcome.MAY_EXIST,
    "perhaps": Outcome.MAY_EXIST,
}
# Statuses below 500 with which a proxy says that it gave up waiting: what it passed on may have been done.
_GAVE_UP = (408, 499)
_TOO_MANY = 429
_NO_SUCH_CALL = (404, 405, 501)
_INVALID = (400, 422)


def verdict(contract: Contract, phase: Phase, status: int | None = None, code: int | str | None = None) -> Verdict:
    """Return what is to be thought of a create that got so far.

    A business code that the contract knows decides, whatever the status. Without one a 4xx is a refusal, which with
    429 ends after a while, and anything else that names no task may have created one.

    Args:
        contract: What says what codes mean.
        phase: How far it got.
        status: The HTTP status, where an answer came.
        code: The business code of the answer.
    """
    if phase in _BY_PHASE:
        return _BY_PHASE[phase]
    if (row := contract.business_code(code)) is not None:
        return Verdict(_BY_CODE[row.created], Retry(row.retry))
    if status is not None and 400 <= status < 500 and status not in _GAVE_UP:  # noqa: PLR2004 - HTTP's own
        return Verdict(Outcome.NOT_CREATED, Retry.AFTER_WAITING if status == _TOO_MANY else Retry.NEVER)
    return Verdict(Outcome.MAY_EXIST, Retry.AFTER_LOOK_UP)


def verdict_on(error: KlingError, contract: Contract) -> Verdict:
    """Return what is to be thought of a create that ended in an error of the generated client."""
    match error:
        case ContractError() | MediaError():
            return verdict(contract, Phase.REFUSED_HERE)
        case TransportError(may_have_been_sent=False):
            return verdict(contract, Phase.NEVER_LEFT)
        case ResponseError(status_code=status, code=code):
            return verdict(contract, Phase.ANSWERED, status, code)
        case _:  # no answer, or one of success that names no task
            return verdict(contract, Phase.NO_ANSWER)


def is_absent(error: KlingError) -> bool:
    """Return whether an answer says that there is no such thing, in whichever dialect (`x-absent`)."""
    return isinstance(error, NotFoundError)


def is_duplicate(error: KlingError, contract: Contract) -> bool:
    """Return whether a create was refused because its `external_task_id` may be that of an earlier one."""
    return _means(contract, error, "createElement", "x-duplicate")


def is_certain_duplicate(error: KlingError, contract: Contract) -> bool:
    """Return whether a create was refused in words that say so of its `external_task_id`, and not by the code alone."""
    return isinstance(error, ResponseError) and any(
        refusal.message is not None and refusal.fits(_number(contract, error.code), error.message)
        for refusal in contract.refusals("createElement", "x-duplicate")
    )


def is_too_many(error: KlingError, contract: Contract) -> bool:
    """Return whether a create was refused because as many tasks are under way as may be (`x-too-many`)."""
    return _means(contract, error, "createElement", "x-too-many")


def is_deleted_already(error: KlingError, contract: Contract) -> bool:
    """Return whether a deletion was refused because the subject was deleted before (`x-deleted-already`)."""
    return _means(contract, error, "deleteElement", "x-deleted-already")


def offers_no_look_up(error: KlingError) -> bool:
    """Return whether a failed look-up shows that the gateway never finds a task by the caller's own id.

    It has no such call, or it refuses in words of its own (`task_not_exist`), and so looks into a list of its own.
    """
    if not isinstance(error, ResponseError) or is_absent(error):
        return False
    return error.status_code in _NO_SUCH_CALL or _is_refused_in_words(error)


def can_ask_again(error: KlingError, contract: Contract) -> bool:
    """Return whether a query that failed may succeed if it is repeated: it changes nothing, so only hope decides."""
    if not isinstance(error, ResponseError):
        return isinstance(error, TransportError)
    if (row := contract.business_code(error.code)) is not None:
        return Retry(row.retry) is not Retry.NEVER
    if _is_refused_in_words(error):
        return False
    return error.status_code in (*_GAVE_UP, _TOO_MANY) or not 300 <= error.status_code < 500  # noqa: PLR2004 - HTTP's


def _is_refused_in_words(error: ResponseError) -> bool:
    """Return whether the code of a refusal is a word, of which the service behind the gateways has none."""
    is_word = isinstance(error.code, str) and any(map(str.isalpha, error.code))
    return is_word and (isinstance(error, BusinessError) or error.status_code in _INVALID)


def _means(contract: Contract, error: KlingError, operation_id: str, keyword: str) -> bool:
    return isinstance(error, ResponseError) and contract.means(operation_id, keyword, error.code, error.message)


def _number(contract: Contract, code: int | str | None) -> int | None:
    row = contract.business_code(code)
    return row.code if row else None


__all__ = [
    "Outcome",
    "Phase",
    "Retry",
    "Verdict",
    "can_ask_again",
    "is_absent",
    "is_certain_duplicate",
    "is_deleted_already",
    "is_duplicate",
    "is_too_many",
    "offers_no_look_up",
    "verdict",
    "verdict_on",
]
