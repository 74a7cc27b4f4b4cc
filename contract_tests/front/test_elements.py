"""Only usable elements are returned."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from contract_tests.reading.response_cases import UNUSABLE
from contract_tests.support import read_tasks
from kling_elements.elements import element_of
from kling_elements.errors import ElementUnavailableError, TaskError, TaskFailedError, UnknownStatusError
from kling_elements_client.contract import CONTRACT
from kling_elements_client.models import Element, Task, TaskResult


def _task(*elements: Any) -> Task:
    return Task(task_id="7", task_status="succeed", task_result=TaskResult(elements=list(elements)))


@pytest.mark.parametrize("status", ["succeed", "SUCCEED", "new", "", None, 5])
def test_an_element_is_usable_unless_its_status_says_otherwise(status: Any) -> None:
    """An element is usable even if its status is unknown or missing."""
    element = Element(element_id=5, status=status)

    assert element is element_of(_task(element), CONTRACT)
    assert Element(element_id=5) == element_of(_task(Element(element_id=5)), CONTRACT)


@pytest.mark.parametrize("status", ["deleted", "failed", "DELETED", "Failed"])
def test_a_deleted_or_failed_element_is_an_error(status: str) -> None:
    """The message contains the ids of element and task, the status, and what to do. The error has the task."""
    task = _task(Element(element_id=9007199254740993, status=status))

    with pytest.raises(ElementUnavailableError) as caught:
        element_of(task, CONTRACT)
    error = caught.value

    assert (
        f"the element 9007199254740993 of task 7 cannot be used, because its status is {status}: "
        "create it again, with an external_task_id that was not used before"
    ) == str(error)
    assert task is error.task
    assert "created" == error.outcome
    assert isinstance(error, TaskError)
    assert task == pickle.loads(pickle.dumps(error)).task


@pytest.mark.parametrize(("status", "expected"), UNUSABLE.items())
def test_the_vendors_words_decide_if_an_element_is_usable(status: str, expected: bool) -> None:  # noqa: FBT001
    """The case of a status is ignored."""
    assert expected is read_tasks.unusable(status) is read_tasks.unusable(status.upper())


def test_the_first_usable_element_of_several_is_returned() -> None:
    """An element without an id is skipped."""
    deleted, usable = Element(element_id=5, status="deleted"), Element(element_id=6, status="succeed")

    assert usable is element_of(_task(Element(), 5, deleted, usable, Element(element_id=7)), CONTRACT)


@pytest.mark.parametrize("elements", [(), (Element(),), (Element(element_id=None),), (Element(element_id=0), 5)])
def test_a_succeeded_task_without_an_element_is_an_error(elements: tuple[Any, ...]) -> None:
    with pytest.raises(UnknownStatusError, match=r"^task 7 has succeeded, but its response contains no element$"):
        element_of(_task(*elements), CONTRACT)


def test_control_characters_in_an_id_are_escaped() -> None:
    """A gateway's id may contain any character."""
    task = _task(Element(element_id="5\x1b[2J\n" + "x" * 300, status="deleted"))

    with pytest.raises(ElementUnavailableError, match=r"^the element 5\\x1b\[2J\\nx{190} of task 7 cannot"):
        element_of(task, CONTRACT)


def test_control_characters_in_a_task_error_are_escaped() -> None:
    """A gateway's message may contain any character."""
    error = TaskFailedError("task 7 failed: \x1b]0;x\x07\nno \u202eface \ud800", Task(task_id="7"))

    assert r"task 7 failed: \x1b]0;x\x07\nno \u202eface \ud800" == str(error)
