"""The errors of several calls. They form one tree with the errors of a single call, `kling_elements_client.errors`.

    KlingError
        ContractError               also a ValueError: the request breaks the contract, and was not sent
        MediaError                  also a ValueError: a file, or what lies at an address, cannot be used
        TransportError              no answer came, for another reason than the next two
            ConnectionFailedError   the connection could not be made, or it broke
            RequestTimeoutError     also a TimeoutError: a step of the request took too long
        ResponseError               the gateway answered, but not with a success that the contract knows
            StatusError             the HTTP status means failure
                AuthenticationError     401
                PermissionDeniedError   403
                NotFoundError           the answer says that there is nothing of this id
                RateLimitError          429
                ServerError             5xx
            BusinessError           the envelope says failure, under a status that means success
            InvalidResponseError    the answer is not what the contract promises
            ExternalIdUsedError     the `external_task_id` was used before, but nothing is found by it
        NoTaskError                 the answer is a success that names no task
        LookUpUnavailableError      the gateway cannot look tasks up by `external_task_id`
        TaskError                   a task did not end in an element that can be used
            TaskFailedError         it failed
            ElementUnavailableError its element was deleted, or failed
            UnknownStatusError      its status is a word that is not known
            WaitTimeoutError        also a TimeoutError: it was still under way when the time was up
        SeveralError                some of several tasks or creates ended in an error
            WaitAllError            tasks
            CreateAllError          creates
        WebhookError                also a ValueError: a notification cannot be believed or read
        WebhookUsageError           also a ValueError: an argument of `webhooks.parse` cannot be used

Arguments of a wrong type raise TypeError, and other arguments that cannot be used raise ValueError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from kling_elements.outcomes import Outcome
from kling_elements_client.errors import ContractError, KlingError, ResponseError, Violation
from kling_elements_client.models import Element, Task
from kling_elements_runtime.texts import printable


class LookUpUnavailableError(KlingError):
    """The gateway does not offer look-up by the external id, so nothing can be adopted."""


class ExternalIdUsedError(ResponseError):
    """The gateway refuses the `external_task_id` as used before, but look-ups find nothing by it. The message says why.

    It has what the refusal has: `code`, `message` and so on.
    """


class NoTaskError(KlingError):
    """The gateway answered with success, but named no task. After a create the subject may exist."""


class TaskError(KlingError):
    """A task did not end, or did not end in a subject. The task itself exists.

    Attributes:
        task: The last state that was seen.
    """

    outcome: str | None = Outcome.CREATED

    def __init__(self, reason: str, task: Task) -> None:
        super().__init__(printable(reason))  # it quotes the gateway
        self.task = task
        self.external_task_id = task.external_task_id

    def _arguments(self) -> tuple[Any, ...]:
        return str(self), self.task


class TaskFailedError(TaskError):
    """The task ended as `failed`; the message has the service's reason. Waiting longer cannot help."""


class ElementUnavailableError(TaskError):
    """The task made a subject that cannot be used any more: by its own status it was deleted, or failed."""


class UnknownStatusError(TaskError):
    """The task's status remained a word that is not known here, or it succeeded without naming a subject."""


class WaitTimeoutError(TaskError, TimeoutError):
    """The task was still under way when the time was up. Waiting for it again can help."""


class SeveralError(KlingError):
    """Some of several things that were asked for at once failed.

    Attributes:
        results: What came of each, in the order in which they were asked for; an error where it failed.
        outcome: What the errors agree on, or else `may_exist`.
    """

    _things: ClassVar[str]

    def __init__(self, results: Sequence[Element | Task | KlingError]) -> None:
        errors = [result for result in results if isinstance(result, KlingError)]
        counts = Counter(map(str, errors))
        told = "; ".join(text if count == 1 else f"{text} ({count} times)" for text, count in counts.items())
        super().__init__(f"{len(errors)} of {len(results)} {self._things} ended in an error: {told}")
        self.results = list(results)
        outcomes = {error.outcome for error in errors}
        self.outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.MAY_EXIST

    def _arguments(self) -> tuple[Any, ...]:
        return (self.results,)


class WaitAllError(SeveralError):
    """Some of several tasks did not end in a subject; `results` has the subject or the error of each."""

    _things = "tasks"


class CreateAllError(SeveralError):
    """Some of several subjects were not created, or nobody knows; `results` has the task or the error of each."""

    _things = "creates"


def redact(error: KlingError, hide: Callable[[str], str]) -> None:
    """Take the token out of what an error says: it may quote the gateway, which has been seen to repeat it.

    Args:
        error: The error, which is changed.
        hide: Takes the token out of a text.
    """
    error.args = tuple(hide(part) if isinstance(part, str) else part for part in error.args)
    if isinstance(error, ContractError):
        error.violations = [Violation(hide(v.pointer), v.rule, hide(v.message)) for v in error.violations]
    for result in error.results if isinstance(error, SeveralError) else ():
        if isinstance(result, KlingError):
            redact(result, hide)


__all__ = [
    "CreateAllError",
    "ElementUnavailableError",
    "ExternalIdUsedError",
    "LookUpUnavailableError",
    "NoTaskError",
    "SeveralError",
    "TaskError",
    "TaskFailedError",
    "UnknownStatusError",
    "WaitAllError",
    "WaitTimeoutError",
    "redact",
]
