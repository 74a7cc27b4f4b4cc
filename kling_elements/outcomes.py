"""What a failed create means: may a subject exist, and can sending again help? Decided here, without any I/O."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from kling_elements_client import contract
from kling_elements_client.errors import (
    ContractError,
    KlingError,
    MediaError,
    NotFoundError,
    ResponseError,
    TransportError,
)


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
_NO_SUCH_CALL = (404, 405, 501)


def verdict(phase: Phase, status: int | None = None, code: int | str | None = None) -> Verdict:
    """What is to be thought of a create that got so far.

    A business code that the contract knows decides, whatever the status. Without one a 4xx is a refusal, and anything
    else that names no task may have created one.

    Args:
        phase: How far it got.
        status: The HTTP status, where an answer came.
        code: The business code of the answer.
    """
    if phase in _BY_PHASE:
        return _BY_PHASE[phase]
    if (row := contract.business_code(code)) is not None:
        return Verdict(_BY_CODE[row.created], Retry(row.retry))
    if status is not None and 400 <= status < 500 and status not in _GAVE_UP:  # noqa: PLR2004 - HTTP's own
        return Verdict(Outcome.NOT_CREATED, Retry.NEVER)
    return Verdict(Outcome.MAY_EXIST, Retry.AFTER_LOOK_UP)


def verdict_on(error: KlingError) -> Verdict:
    """What is to be thought of a create that ended in an error of the generated client."""
    match error:
        case ContractError() | MediaError():
            return verdict(Phase.REFUSED_HERE)
        case TransportError(may_have_been_sent=False):
            return verdict(Phase.NEVER_LEFT)
        case ResponseError(status_code=status, code=code):
            return verdict(Phase.ANSWERED, status, code)
        case _:  # no answer, or one of success that names no task
            return verdict(Phase.NO_ANSWER)


def is_absent(error: KlingError) -> bool:
    """Return whether an answer says that there is no such thing, in whichever dialect (`x-absent`)."""
    return isinstance(error, NotFoundError)


def offers_no_look_up(error: KlingError) -> bool:
    """Whether a failed look-up shows that the gateway has no such call at all."""
    return isinstance(error, ResponseError) and error.status_code in _NO_SUCH_CALL and not is_absent(error)


def can_ask_again(error: KlingError) -> bool:
    """Whether a query that failed may succeed if it is repeated: queries change nothing, so only hope decides."""
    if not isinstance(error, ResponseError):
        return isinstance(error, TransportError)
    if (row := contract.business_code(error.code)) is not None:
        return Retry(row.retry) is not Retry.NEVER
    return error.status_code in (*_GAVE_UP, 429) or not 300 <= error.status_code < 500  # noqa: PLR2004 - HTTP's own


def is_duplicate(error: KlingError) -> bool:
    """Whether a create was refused because its `external_task_id` may be that of an earlier one."""
    return isinstance(error, ResponseError) and contract.means(
        "createElement", "x-duplicate", error.code, error.message
    )


__all__ = [
    "Outcome",
    "Phase",
    "Retry",
    "Verdict",
    "can_ask_again",
    "is_absent",
    "is_duplicate",
    "offers_no_look_up",
    "verdict",
    "verdict_on",
]
