"""The exit codes, and the exit code for each error."""

from __future__ import annotations

import pytest

from kling_elements import (
    ContractError,
    ElementUnavailableError,
    KlingError,
    MediaError,
    Outcome,
    RequestTimeoutError,
    Task,
    TaskFailedError,
    UnknownStatusError,
)
from kling_elements.cli.exits import Exit, exit_code_for
from kling_elements.webhooks import WebhookError


def _task() -> Task:
    return Task.from_dict({"task_id": 1})


def _with_outcome(error: KlingError, outcome: Outcome) -> KlingError:
    error.outcome = outcome
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ContractError([]), Exit.REFUSED_HERE),
        (MediaError("a.jpg", "is not a file"), Exit.REFUSED_HERE),
        (WebhookError("no signature matches"), Exit.REFUSED_HERE),
        (KlingError("refused"), Exit.REFUSED_BY_GATEWAY),
        (_with_outcome(KlingError("lost"), Outcome.MAY_EXIST), Exit.UNKNOWN),
        (UnknownStatusError("odd", _task()), Exit.UNKNOWN),
        (TaskFailedError("no face", _task()), Exit.TASK_FAILED),
        (ElementUnavailableError("deleted", _task()), Exit.TASK_FAILED),
        (RequestTimeoutError("too slow", may_have_been_sent=True), Exit.NOT_REACHED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_exit_code(error: KlingError, code: Exit) -> None:
    """A failed task and an unfinished one have different exit codes."""
    assert code is exit_code_for(error)


def test_the_exit_codes_match_the_documents() -> None:
    assert {
        "DONE": 0,
        "REFUSED_HERE": 1,
        "USAGE": 2,
        "REFUSED_BY_GATEWAY": 3,
        "UNKNOWN": 4,
        "TASK_FAILED": 5,
        "NOT_REACHED": 6,
    } == {code.name: code.value for code in Exit}
