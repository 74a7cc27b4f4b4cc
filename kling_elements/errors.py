"""The errors that the clients add to those of `kling_elements_client.errors`. They form one tree.

    KlingError
        ContractError               also a ValueError: the request breaks the contract, and was not sent
        MediaError                  also a ValueError: a file, or the media at a URL, cannot be used
        TransportError              no response came, for a reason other than the next two
            ConnectionFailedError   the connection could not be made, or it broke
            RequestTimeoutError     also a TimeoutError: a step of the request took too long
        OperationNotOfferedError    the gateway does not offer this call
        ResponseError               a response came, but it means failure or breaks the contract
            StatusError             the HTTP status means failure
                AuthenticationError     401
                PermissionDeniedError   403
                NotFoundError           the response says that there is no such task or element
                RateLimitError          429
                ServerError             5xx
            BusinessError           the envelope says failure, although the status means success
            InvalidResponseError    the response breaks the contract
            ExternalIdUsedError     the `external_task_id` was used before, but look-ups show no task
        NoTaskError                 the response means success, but contains no task
        LookUpUnavailableError      the gateway cannot look up tasks by `external_task_id`
        TaskError                   a task did not create a usable element
            TaskFailedError         it failed
            ElementUnavailableError its element was deleted or has failed
            UnknownStatusError      its status is unknown
            WaitTimeoutError        also a TimeoutError: it was still in progress when the time was up
        BatchError                  some of several tasks or creates failed
            WaitAllError            tasks
            CreateAllError          creates
        WebhookError                also a ValueError: a notification cannot be trusted or read
        WebhookUsageError           also a ValueError: an argument of `webhooks.parse` is invalid

An argument of the wrong type raises a TypeError; an argument with an invalid value raises a ValueError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from attrs import evolve

from kling_elements.outcomes import Outcome
from kling_elements_client.errors import ContractError, KlingError, MediaError, ResponseError
from kling_elements_client.models import Element, Task
from kling_elements_runtime.texts import printable


class LookUpUnavailableError(KlingError):
    """The gateway does not offer look-up by external id, which `get_or_create` needs. Use `create` instead."""


class ExternalIdUsedError(ResponseError):
    """The gateway refuses the `external_task_id` as used before, but look-ups show no task.

    The message lists the possible reasons. `code`, `message` and the other attributes describe the refusal.
    """


class NoTaskError(KlingError):
    """The gateway reported success, but its response contains no task. After a create, the element may exist."""


class TaskError(KlingError):
    """A task has not ended, or has ended without a usable element. The task itself exists.

    Attributes:
        task: The task in its last known state.
    """

    outcome: str | None = Outcome.CREATED

    def __init__(self, reason: str, task: Task) -> None:
        super().__init__(printable(reason))  # the reason may quote the gateway
        self.task = task
        self.external_task_id = task.external_task_id

    def _arguments(self) -> tuple[Any, ...]:
        return str(self), self.task


class TaskFailedError(TaskError):
    """The task failed; the message includes the service's reason. Waiting longer doesn't help."""


class ElementUnavailableError(TaskError):
    """The task created an element, but its status says that it was deleted or has failed."""


class UnknownStatusError(TaskError):
    """The task's status remained unknown, or the task succeeded without an element in its response."""


class WaitTimeoutError(TaskError, TimeoutError):
    """The task was still in progress when the time was up. You can wait for it again."""


class BatchError(KlingError):
    """Some of several tasks or creates failed.

    Attributes:
        results: The result or the error of each, in the order in which you passed them.
        outcome: The outcome that all errors share, or `may_exist` if they differ.
    """

    _plural: ClassVar[str]

    def __init__(self, results: Sequence[Element | Task | KlingError]) -> None:
        errors = [result for result in results if isinstance(result, KlingError)]
        counts = Counter(map(str, errors))
        details = "; ".join(text if count == 1 else f"{text} ({count} times)" for text, count in counts.items())
        super().__init__(f"{len(errors)} of {len(results)} {self._plural} ended in an error: {details}")
        self.results = list(results)
        outcomes = {error.outcome for error in errors}
        self.outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.MAY_EXIST

    def _arguments(self) -> tuple[Any, ...]:
        return (self.results,)


class WaitAllError(BatchError):
    """Some of several tasks did not create an element; `results` lists an element or an error for each."""

    _plural = "tasks"


class CreateAllError(BatchError):
    """Some of several elements were not created, or may not have been; `results` lists a task or an error for each."""

    _plural = "creates"


def redact(error: KlingError, hide: Callable[[str], str]) -> None:
    """Remove the token from an error. The error may quote the gateway, and some gateways repeat the token.

    Args:
        error: The error. It is changed in place.
        hide: A function that removes the token from a string.
    """
    error.args = tuple(hide(part) if isinstance(part, str) else part for part in error.args)
    if isinstance(error, MediaError):  # a path or a URL of a file may contain the token
        error.source, error.reason = hide(error.source), hide(error.reason)
    if isinstance(error, ContractError | MediaError):
        error.violations = [evolve(v, pointer=hide(v.pointer), message=hide(v.message)) for v in error.violations]
    for result in error.results if isinstance(error, BatchError) else ():
        if isinstance(result, KlingError):
            redact(result, hide)


__all__ = [
    "BatchError",
    "CreateAllError",
    "ElementUnavailableError",
    "ExternalIdUsedError",
    "LookUpUnavailableError",
    "NoTaskError",
    "TaskError",
    "TaskFailedError",
    "UnknownStatusError",
    "WaitAllError",
    "WaitTimeoutError",
    "redact",
]
