"""The exit codes, and the exit code for each error."""

from __future__ import annotations

from enum import IntEnum

from kling_elements.errors import ElementUnavailableError, TaskError, TaskFailedError
from kling_elements.outcomes import Outcome
from kling_elements_client.errors import (
    ContractError,
    KlingError,
    MediaError,
    OperationNotOfferedError,
    TransportError,
)


class Exit(IntEnum):
    """The exit code of a command. Scripts rely on these numbers."""

    DONE = 0
    REFUSED_HERE = 1
    """The contract or the media rules refuse the input, or the gateway offers no such call. Nothing was sent."""
    USAGE = 2
    """An argument, an option or a setting is missing or wrong."""
    REFUSED_BY_GATEWAY = 3
    """The gateway refused the request."""
    UNKNOWN = 4
    """The outcome is unknown, or the task has not ended yet. The message says which command to run next."""
    TASK_FAILED = 5
    """The task failed, or its element cannot be used."""
    NOT_REACHED = 6
    """The gateway could not be reached. Nothing was created."""


class CommandError(Exception):
    """A command failed.

    Attributes:
        exit: The exit code.
        next: The command to run next, or an empty string.
    """

    def __init__(self, message: str, exit: Exit, next: str = "") -> None:  # noqa: A002 - the field's own words
        super().__init__(message)
        self.exit = exit
        self.next = next


def exit_code_for(error: KlingError) -> Exit:
    """Return the exit code for an error of the client."""
    match error:
        case TaskFailedError() | ElementUnavailableError():
            return Exit.TASK_FAILED
        case TaskError() | KlingError(outcome=Outcome.MAY_EXIST):
            return Exit.UNKNOWN
        case TransportError():
            return Exit.NOT_REACHED
        case ContractError() | MediaError() | OperationNotOfferedError() | ValueError():
            return Exit.REFUSED_HERE
        case _:
            return Exit.REFUSED_BY_GATEWAY
