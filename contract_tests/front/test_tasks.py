"""A task is read from every shape of a response, and its id is never lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.reading.response_cases import (
    NO_NAMES,
    NO_WORDS,
    OTHER_NAMES,
    OUTPUT_TYPES,
    TASK_CASES,
    WORDS,
    TaskCase,
)
from contract_tests.support import read_tasks
from contract_tests.support.tables import for_each_row
from kling_elements.tasks import (
    Progress,
    find_task,
    progress_of,
    task_from_object,
    tasks_of_response,
)
from kling_elements_client import UNSET
from kling_elements_client.contract import CONTRACT
from kling_elements_client.models import Element, Task, TaskListResponse, TaskResult, TaskStatus
from kling_elements_client.types import Response, Unset


@pytest.mark.parametrize(
    ("expected", "source"),
    [
        ({}, {}),
        ({"task_id": "7", "task_status": "failed"}, {"id": "7", "status": "failed"}),
        ({"task_id": "7"}, {"task_id": "7"}),
        ({"task_id": "7", "id": "8"}, {"task_id": "7", "id": "8"}),
        ({"task_id": "8"}, {"task_id": None, "id": "8"}),
        ({"task_id": "8"}, {"task_id": [1], "id": "8"}),
        ({"task_id": [1]}, {"task_id": [1]}),
        ({"task_status": "succeed"}, {"task_status": "succeeded"}),
        ({"task_status": "succeed"}, {"status": "succeeded"}),
        ({"task_status": "succeed"}, {"status": "Succeeded"}),
        ({"task_status": "succeed"}, {"task_status": "SUCCESS"}),
        ({"task_status": "succeed"}, {"task_status": "completed"}),
        ({"task_status": "failed"}, {"status": "FAILURE"}),
        ({"task_status": "failed"}, {"status": "Failed"}),
        ({"task_status": "IN_PROGRESS"}, {"status": "IN_PROGRESS"}),
        ({"task_status": "Processing"}, {"status": "Processing"}),
        ({"task_status": "paused"}, {"status": "paused"}),
        ({"task_status": 200}, {"status": 200}),
        ({"task_status_msg": "no"}, {"message": "no"}),
        ({"task_status_msg": "no"}, {"fail_reason": "no"}),
        ({"task_status_msg": "no"}, {"message": "", "fail_reason": "no"}),
        ({"task_status_msg": "no", "fail_reason": "other"}, {"message": "no", "fail_reason": "other"}),
        ({"task_status_msg": "no", "message": "other"}, {"task_status_msg": "no", "message": "other"}),
        ({"created_at": 1, "updated_at": 2}, {"create_time": 1, "update_time": 2}),
        ({"created_at": 1, "create_time": 2, "x": 3}, {"created_at": 1, "create_time": 2, "x": 3}),
        ({"task_info": {"external_task_id": "e"}, "external_id": "e"}, {"external_id": "e"}),
        ({"task_info": {"external_task_id": "e"}, "external_task_id": "e"}, {"external_task_id": "e"}),
        (
            {"task_info": {"external_task_id": "e", "x": 1}, "external_id": "e"},
            {"task_info": {"external_task_id": "", "x": 1}, "external_id": "e"},
        ),
        (
            {"task_info": {"external_task_id": "e"}, "external_id": "other"},
            {"task_info": {"external_task_id": "e"}, "external_id": "other"},
        ),
        ({"task_info": [1], "external_id": "e"}, {"task_info": [1], "external_id": "e"}),
        (
            {"task_result": {"element_id": 5, "elements": [{"element_id": 5}]}},
            {"task_result": {"element_id": 5}},
        ),
        (
            {"task_result": {"element_id": 5, "name": "M", "elements": [{"element_id": 5, "element_name": "M"}]}},
            {"task_result": {"element_id": 5, "name": "M", "elements": []}},
        ),
        (
            {"task_result": {"element_id": 5, "elements": [{"element_id": 6}]}},
            {"task_result": {"element_id": 5, "elements": [{"element_id": 6}]}},
        ),
        ({"task_result": {"element_id": [5]}}, {"task_result": {"element_id": [5]}}),
        ({"task_result": {"elements": [5, None]}}, {"task_result": {"elements": [5, None]}}),
    ],
)
def test_both_shapes_of_a_task_become_one(expected: Any, source: Any) -> None:
    """Newer names are read if the documented ones are missing. The source stays unchanged."""
    before = dict(source)

    assert expected == task_from_object(source, CONTRACT).to_dict()
    assert before == source


@pytest.mark.parametrize(
    ("schema", "name", "alternative"),
    [
        (schema, name, alternative)
        for schema, names in OTHER_NAMES.items()
        for name, alternatives in names.items()
        for alternative in alternatives
    ],
)
def test_every_alternative_name_of_a_property_is_read(schema: str, name: str, alternative: str) -> None:
    """Each alias is read as one property only."""
    assert {name} == read_tasks.documented_names(schema, alternative)


@pytest.mark.parametrize(
    ("schema", "alternative"), [(schema, name) for schema, names in NO_NAMES.items() for name in names]
)
def test_an_unknown_name_is_kept_as_it_is(schema: str, alternative: str) -> None:
    """Names that differ in case count as unknown."""
    assert set() == read_tasks.documented_names(schema, alternative)


@pytest.mark.parametrize("word", [*WORDS, *NO_WORDS])
def test_a_status_word_is_read_in_upper_and_lower_case(word: str) -> None:
    """A word for success or failure becomes the documented word; any other word stays unchanged."""
    progress, written = WORDS.get(word, ("UNKNOWN", word))

    for spelling in (word, word.upper(), word.title()):
        assert (progress, written if progress in ("SUCCEEDED", "FAILED") else spelling) == read_tasks.word(spelling)


@pytest.mark.parametrize(("output_type", "expected"), OUTPUT_TYPES.items())
def test_an_output_of_another_type_is_not_an_element(output_type: str, expected: bool) -> None:  # noqa: FBT001
    """Other outputs in the newer API's list are left out."""
    assert expected is read_tasks.is_element(output_type)


@for_each_row(TASK_CASES, "case")
def test_a_task_is_read_only_from_the_places_in_the_contract(case: TaskCase) -> None:
    expected = None if case.task_id is None else (case.task_id, case.element_id)

    assert expected == read_tasks.ids(find_task(case.body, CONTRACT, case.schema))


def test_outputs_that_are_not_a_list_are_not_elements() -> None:
    """Other outputs are kept as an additional property."""
    parsed = task_from_object({"id": "7", "outputs": "none"}, CONTRACT)

    assert [] == parsed.elements
    assert {"outputs": "none"} == parsed.additional_properties


_MADE = {"elements": [{"element_id": 9}]}
_KLINGS = {"task_id": "8", "task_status": "succeed", "task_status_msg": "", "task_result": _MADE, "created_at": 1}
_ENVELOPED = {"code": 0, "message": "SUCCEED", "request_id": "r", "data": _KLINGS}
_OUTER = {"task_id": "task_7", "status": "SUCCESS", "fail_reason": "", "progress": "100%", "data": _ENVELOPED}


@pytest.mark.parametrize(
    ("expected", "response"),
    [
        (("8", "succeed", "", 9), {"code": 0, "data": _KLINGS}),
        (("task_7", "succeed", "", 9), {"code": "success", "message": "", "data": _OUTER}),
        (("task_7", "succeed", "bad", 9), {"code": "success", "data": {**_OUTER, "fail_reason": "bad"}}),
        (
            ("task_7", "failed", "no face", None),
            {
                "code": "success",
                "data": {
                    "task_id": "task_7",
                    "status": "FAILURE",
                    "fail_reason": "no face",
                    "data": {**_ENVELOPED, "data": {"task_id": "8", "task_status": "failed"}},
                },
            },
        ),
        (
            ("task_7", "IN_PROGRESS", "inner", None),
            {
                "code": "success",
                "data": {
                    "task_id": "task_7",
                    "status": "IN_PROGRESS",
                    "fail_reason": "",
                    "data": {"code": 0, "message": "SUCCEED", "data": {"task_id": "8", "task_status_msg": "inner"}},
                },
            },
        ),
        (("8", "succeed", "", 9), {"code": "success", "data": {"status": "SUCCESS", "data": _ENVELOPED}}),
        (("8", "succeed", "", 9), {"code": "success", "data": {"data": _KLINGS}}),
        (("7", "succeed", "ok", None), {"id": "7", "status": "completed", "message": "ok"}),
        (("7", "succeed", None, None), {"code": 0, "message": "ok", "id": "7", "status": "completed"}),
        (("7", "succeed", None, None), {"request_id": "r", "message": "ok", "id": "7", "status": "completed"}),
        (("7", "succeed", "", 9), {"code": 0, "id": "7", "data": {**_KLINGS, "task_id": None}}),
        (("8", "succeed", "", 9), {"id": "7", "status": "failed", "data": _KLINGS}),
        (None, {"code": 0, "data": {"task_status": "succeed"}}),
        (None, {"code": 0, "data": [_KLINGS]}),
        (None, {"code": 0, "data": {"data": {"data": {"data": _KLINGS}}}}),
        (None, {}),
    ],
)
def test_the_outermost_place_with_an_id_is_the_task(expected: Any, response: Any) -> None:
    """Inner places fill in missing properties. Properties of an envelope are left out."""
    parsed = find_task(response, CONTRACT)

    summary = parsed and (
        parsed.task_id,
        parsed.task_status,
        None if isinstance(parsed.task_status_msg, Unset) else parsed.task_status_msg,
        next((element.element_id for element in parsed.elements), None),
    )
    assert expected == summary


def test_unknown_properties_of_every_place_are_kept() -> None:
    """A gateway's own task keeps its properties, but the envelopes inside it are dropped."""
    parsed = find_task(
        {"code": "success", "data": {**_OUTER, "data": {**_ENVELOPED, "data": {**_KLINGS, "x": 1}}}}, CONTRACT
    )

    assert parsed is not None
    assert {"progress": "100%", "x": 1} == parsed.additional_properties
    assert 1 == parsed.created_at


_NEWER = {
    "id": "7",
    "status": "succeeded",
    "outputs": [{"type": "video", "id": "1"}, {"type": "element", "id": "9"}, {"id": 9007199254740993}, 5],
}


def _answered(page: TaskListResponse) -> Response[TaskListResponse]:
    return Response(status_code=200, content=b"", headers=httpx.Headers(), parsed=page)


def test_a_list_is_read_like_look_ups() -> None:
    """A list may contain tasks of any shape, even without an id."""
    response = TaskListResponse.from_dict({"data": [_KLINGS, _OUTER, _NEWER, {"status": "failed"}]})

    tasks = tasks_of_response(_answered(response), CONTRACT)

    assert ["8", "task_7", "7", UNSET] == [read_task.task_id for read_task in tasks]
    assert ["succeed", "succeed", "succeed", "failed"] == [read_task.task_status for read_task in tasks]
    assert [1, 1, 2, 0] == [len(read_task.elements) for read_task in tasks]
    for empty in (TaskListResponse(), TaskListResponse(data=None)):
        assert [] == tasks_of_response(_answered(empty), CONTRACT)


_ODD: Any = [1]


def _done(*ids: Any) -> TaskResult:
    return TaskResult(elements=[Element(element_id=element_id) for element_id in ids])


@pytest.mark.parametrize(
    ("expected", "task"),
    [
        (Progress.PENDING, Task(task_status="submitted")),
        (Progress.PENDING, Task(task_status=TaskStatus.PROCESSING)),
        (Progress.FAILED, Task(task_status="failed", task_result=_done(5))),
        (Progress.SUCCEEDED, Task(task_status="succeed", task_result=_done(5))),
        (Progress.SUCCEEDED, Task(task_status="succeed", task_result=_done(None, "5"))),
        (
            Progress.SUCCEEDED,
            task_from_object({"status": "succeeded", "task_result": {"elements": [{"element_id": 5}]}}, CONTRACT),
        ),
        (Progress.SUCCEEDED, Task(task_status="SUCCESS", task_result=_done(5))),
        (Progress.FAILED, Task(task_status="FAILURE")),
        *((Progress.PENDING, Task(task_status=word)) for word in ("queued", "pending", "in_progress", "not_start")),
        *((Progress.PENDING, Task(task_status=word)) for word in ("QUEUED", "Pending", "IN_PROGRESS", "NOT_START")),
        (Progress.WITHOUT_ELEMENT, Task(task_status="succeed")),
        (Progress.WITHOUT_ELEMENT, Task(task_status="succeed", task_result=_done())),
        (Progress.WITHOUT_ELEMENT, Task(task_status="succeed", task_result=_done(None, "", 0, 1.5, _ODD))),
        (Progress.WITHOUT_ELEMENT, Task(task_status="succeed", task_result=TaskResult(elements=None))),
        *((Progress.WITHOUT_STATUS, Task(task_status=status)) for status in ("", None)),
        (Progress.WITHOUT_STATUS, Task()),
        *((Progress.UNKNOWN, Task(task_status=status)) for status in ("paused", "succeed ", "succeeds", _ODD)),
    ],
)
def test_progress_distinguishes_the_cases_that_callers_must_handle(expected: Progress, task: Task) -> None:
    """Unknown statuses, missing ones and successes without an element have different progress."""
    assert expected is progress_of(task, CONTRACT)
