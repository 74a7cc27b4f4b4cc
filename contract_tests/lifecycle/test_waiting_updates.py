"""`on_update` of `wait` and `wait_all` is called with the task, once for each change of its status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    Client,
    ScriptedClient,
    StubReply,
    finished_task,
    refusal,
    steps_by_task,
    task,
)
from kling_elements import KlingError, TaskFailedError, WaitTimeoutError
from kling_elements_client.models import Task

_BEGUN, _GOES_ON, _SILENT = task(), task(status="processing"), task(status=None)
_FAILED = task(status="failed", task_status_msg="no face")


def _recorder(seen: list[Any]) -> Callable[[Task], None]:
    return lambda task: seen.append((task.task_id, task.task_status))


@pytest.mark.parametrize(
    ("expected", "waited", "script"),
    [
        pytest.param(["succeed"], "7", [finished_task()], id="done at the first look-up"),
        pytest.param(
            ["submitted", "processing", "succeed"],
            "7",
            [_BEGUN, _BEGUN, _GOES_ON, _GOES_ON, finished_task()],
            id="each change once",
        ),
        pytest.param(
            ["processing", "succeed"],
            Task(task_id="7", task_status="submitted"),
            [_BEGUN, _GOES_ON, finished_task()],
            id="what the caller knows is not a change",
        ),
        pytest.param(
            ["submitted", "succeed"],
            "7",
            [ABSENT, _BEGUN, LOST, refusal(503), _BEGUN, finished_task()],
            id="a look-up that fails is not a change",
        ),
        pytest.param(
            ["submitted", "succeed"],
            "7",
            [_BEGUN, _SILENT, _BEGUN, finished_task()],
            id="a response without a status is not",
        ),
        pytest.param(
            ["succeed"],
            "7",
            [task(status="succeed", task_result={"elements": []}), finished_task()],
            id="an element that is named later is not",
        ),
        pytest.param(
            ["resting", "succeed"], "7", [task(status="resting"), finished_task()], id="a word that is not known"
        ),
    ],
)
def test_each_change_of_a_status_is_reported_once(
    client_class: Client, expected: list[str], waited: Any, script: list[Any]
) -> None:
    seen: list[Any] = []
    client = ScriptedClient(client_class, *script)

    assert 9 == client.wait(waited, on_update=_recorder(seen)).element_id
    assert [("7", status) for status in expected] == seen
    assert client.gateway.is_finished()


def test_a_task_that_has_ended_already_has_no_change(client_class: Client) -> None:
    seen: list[Any] = []
    done = Task.from_dict({"task_id": "7", "task_status": "succeed", "task_result": {"elements": [{"element_id": 9}]}})

    assert 9 == ScriptedClient(client_class).wait(done, on_update=_recorder(seen)).element_id
    assert [] == seen


@pytest.mark.parametrize(
    ("error", "last", "script"), [(TaskFailedError, "failed", [_BEGUN, _FAILED]), (WaitTimeoutError, None, [_BEGUN])]
)
def test_the_last_change_comes_before_an_error(
    client_class: Client, error: type[Exception], last: str | None, script: list[StubReply]
) -> None:
    seen: list[Any] = []
    limit = None if last else 0
    raised = ScriptedClient(client_class, *script).error_of(
        "wait", "7", on_update=_recorder(seen), max_wait_seconds=limit
    )

    assert error is type(raised)
    assert ["submitted", last] == [status for _, status in seen] + ([] if last else [None])


def test_the_changes_of_several_tasks_are_reported_as_they_come(client_class: Client) -> None:
    """A task that is passed twice is reported once for each change."""
    seen: list[Any] = []
    steps = steps_by_task(
        {"1": [task("1"), task("1"), *[finished_task("1")] * 2], "2": [task("2"), finished_task("2")]}
    )

    assert 3 == len(ScriptedClient(client_class, *steps).wait_all(["1", "2", "1"], on_update=_recorder(seen)))
    for task_id in "12":
        assert ["submitted", "succeed"] == [status for seen_id, status in seen if seen_id == task_id]


@pytest.mark.parametrize("name", ["wait", "wait_all"])
@pytest.mark.parametrize("kind", [ZeroDivisionError, KlingError, KeyboardInterrupt, asyncio.CancelledError])
def test_an_exception_in_on_update_ends_the_wait(client_class: Client, name: str, kind: type[BaseException]) -> None:
    """The wait doesn't take it for a temporary failure, whatever its class."""
    error = kind("mine")
    steps = steps_by_task({"7": [_BEGUN], "8": [task("8")]})
    client = ScriptedClient(client_class, *steps)

    def fail(_: Task) -> None:
        raise error

    with pytest.raises(kind) as caught:
        getattr(client, name)("7" if name == "wait" else ["7", "8"], on_update=fail)

    assert error is caught.value or isinstance(error, asyncio.CancelledError)  # a task of asyncio raises a new one
    assert len(client.gateway.requests) <= (1 if name == "wait" else 2)
    assert [] == client.clock.slept
