"""A task is read from every shape of a response, and its id is never lost."""

from __future__ import annotations

import json
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
from contract_tests.support.scripted import NAMED, Client, ScriptedClient, StubReply
from contract_tests.support.tables import for_each_row
from kling_elements.errors import NoTaskError
from kling_elements.lifecycle.create_request import task_id_from
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

_NO_OBJECTS: list[Any] = [None, "x", 5, 1.5, True, [], [1], {}, {"a": 1}]
_NO_IDS: list[Any] = [None, "", 1.5, True, [], [1], {}, {"a": 1}]
_FLAT = {"object": "task", "model": "kling", "progress": 0, "created_at": 1}


def _nested_reply(levels: int) -> StubReply:
    deep = "[" * levels + "]" * levels
    return StubReply(200, f'{{"code": 0, "data": {{"task_id": "7", "task_status": {deep}, "x": {deep}}}}}'.encode())


@pytest.mark.parametrize(
    ("task_id", "body"),
    [
        ("7", {"code": 0, "data": {"task_id": "7"}}),
        ("7", {"data": {"task_id": "7"}}),
        ("7", {"task_id": "7"}),
        ("7", {"id": "7"}),
        ("7", {"id": "7", "status": "submitted", **_FLAT}),
        (7, {"id": 7, "status": 200, **_FLAT}),
        (2**63 - 1, {"code": 0, "data": {"task_id": 2**63 - 1}}),
        (-1, {"data": {"task_id": -1}}),
        ("7", {"code": 0, "data": {"id": "7", "status": "submitted"}}),
        ("7", {"code": 0, "data": {"task_id": "7", "id": "8"}, "id": "9"}),
        ("7", {"code": 0, "data": {"task_id": "", "id": "7"}}),
        ("7", {"code": 0, "data": {"task_id": None}, "task_id": "7"}),
        ("7", {"code": 0, "data": {"task_status": "submitted"}, "id": "7"}),
        ("7", {"code": 0, "data": None, "task_id": "7", "id": "8"}),
        ("7", {"code": 0, "data": {}, "task_id": "", "id": "7"}),
        *(("7", {"code": code, "data": {"task_id": "7"}}) for code in (5000, 1200, 1201, 1302, 42)),
        *(("7", {"code": str(code), "data": {"task_id": "7"}}) for code in (5000, 1302, "x", "")),
        *(("7", {"code": code, "id": "7"}) for code in (5000, 1200, 1302)),
        *(("7", {"code": odd, "id": "7"}) for odd in _NO_OBJECTS),
        *(("7", {"code": 5000, "data": odd, "task_id": "7"}) for odd in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_info": odd}}) for odd in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_info": {"external_task_id": odd}}}) for odd in _NO_IDS),
        *(("7", {"data": {"task_id": "7", "task_status": odd}}) for odd in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_result": odd}}) for odd in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_result": {"elements": odd}}}) for odd in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "task_result": {"elements": [odd]}}}) for odd in _NO_OBJECTS),
        *(("7", {"data": {"task_id": "7", "created_at": time}}) for time in ("x", 1.5, -1, [1])),
        *(("7", {"data": {"task_id": odd}, "id": "7"}) for odd in ([1], {"a": 1}, True, 1.5)),
        *(("7", {"task_id": odd, "id": "7"}) for odd in ([1], {"a": 1}, True, 1.5)),
        ("7", {"data": {"task_id": "7"}, "error": {"message": "odd", "code": "5000"}}),
        ("7", {"data": {"task_id": "7"}, "message": 5, "request_id": [1], "extra": {"a": [1]}}),
        ("\ud83d", {"data": {"task_id": "\ud83d"}}),
        ("7", {"data": {"task_id": "7", "\ud83d": "\ud83d"}}),
        *(("7", _nested_reply(levels)) for levels in (10, 62)),
        ("7", StubReply(200, b'{"data": {"task_id": "7", "x": NaN, "y": 1e999, "z": Infinity}}')),
        ("7", StubReply(200, b'{"data": {"task_id": "1"}, "data": {"task_id": "7"}}')),
        ("7", StubReply(201, b'{"data": {"task_id": "7"}}', {"Content-Type": "text/html"})),
        ("7", StubReply(202, b'\xef\xbb\xbf{"id": "7"}')),
        *(
            ("7", StubReply(status, {"code": 5000, "data": {"task_id": "7"}}))
            for status in (300, 302, 500, 503, 504, 524)
        ),
        ("7", StubReply(500, {"error": {"code": "x"}, "task_id": "7"})),
        ("7", StubReply(200, json.dumps({"id": "7"}).encode("utf-16"))),
    ],
)
def test_the_id_of_a_created_task_is_never_lost(client_class: Client, task_id: Any, body: Any) -> None:
    """The id is kept even if everything else is malformed, and whatever the code is, and so is the id that was sent."""
    created = ScriptedClient(client_class, body if isinstance(body, StubReply) else StubReply(200, body)).create(NAMED)

    assert isinstance(created, Task)
    assert (task_id, type(task_id)) == (created.task_id, type(created.task_id))
    assert "e-1" == created.external_task_id
    assert progress_of(created, CONTRACT) in Progress
    assert str(task_id) == task_id_from(created)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, {"id": "8f2a-ray", "error": {"code": "bad_gateway"}}),
        (500, {"code": 5000, "message": "internal error", "id": "req-77"}),
        (503, {"id": "abc", "title": "Service Unavailable", "status": 503}),
        (307, {"id": "abc"}),
    ],
)
def test_the_id_of_a_failed_request_is_not_a_task_id(client_class: Client, status: int, body: Any) -> None:
    """Proxies number their refusals; only `task_id` says that there is a task."""
    error = ScriptedClient(client_class, StubReply(status, body)).error_of("create", NAMED)

    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)


@pytest.mark.parametrize("status", [400, 401, 409, 429])
def test_a_refusal_that_names_a_task_is_still_a_refusal(client_class: Client, status: int) -> None:
    """If the status is 4xx, nothing was created; the task may be an earlier one of the same external id."""
    error = ScriptedClient(client_class, StubReply(status, {"code": 1200, "data": {"task_id": "7"}})).error_of(
        "create", NAMED
    )

    assert ("not_created", "e-1") == (error.outcome, error.external_task_id)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 0, "message": "success", "data": {}},
        {"data": {"task_id": ""}, "id": None},
        *({"data": {"task_id": odd}} for odd in (0, False, True, 1.5, [], [1], {}, {"a": 1})),
        *({"id": odd} for odd in (0, "", True, 1.5, [1], {"a": 1})),
        {"task_info": {"external_task_id": "e-1"}},
    ],
)
def test_a_response_that_names_no_task_is_in_doubt(client_class: Client, body: Any) -> None:
    """Only a string or an integer is an id."""
    error = ScriptedClient(client_class, StubReply(200, body)).error_of("create", NAMED)

    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)


def test_a_success_without_a_task_is_an_error(client_class: Client) -> None:
    """The contract allows the response, so the response itself is valid."""
    error = ScriptedClient(client_class, StubReply(200, {"code": 0})).error_of("create", NAMED)

    assert isinstance(error, NoTaskError)
    assert "the gateway answered with success, but named no task" == str(error)


def test_other_properties_of_a_response_are_kept(client_class: Client) -> None:
    """Properties of the top level and of the task are kept; the envelope is not part of the task."""
    flat = StubReply(200, {"code": 0, "request_id": "r", "message": "ok", "id": "7", **_FLAT})
    info = {"external_task_id": "e-1", "more": 1}
    client = ScriptedClient(client_class, flat, StubReply(200, {"data": {"task_id": "7", "task_info": info}}))

    first, second = client.create(NAMED), client.create(NAMED)

    assert {"object": "task", "model": "kling", "progress": 0} == first.additional_properties
    assert (1, "UNSET") == (first.created_at, repr(first.task_status_msg))
    assert info == second.task_info.to_dict()


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
    """The newer names are read if the documented ones are missing, and the source is not changed."""
    before = dict(source)

    assert expected == task_from_object(source, CONTRACT).to_dict()
    assert before == source


@pytest.mark.parametrize(
    ("schema", "name", "other"),
    [
        (schema, name, other)
        for schema, names in OTHER_NAMES.items()
        for name, others in names.items()
        for other in others
    ],
)
def test_every_other_name_of_a_property_is_read(schema: str, name: str, other: str) -> None:
    """Each alias is read as one property only."""
    assert {name} == read_tasks.documented_names(schema, other)


@pytest.mark.parametrize(("schema", "other"), [(schema, name) for schema, names in NO_NAMES.items() for name in names])
def test_an_unknown_name_is_kept_as_it_is(schema: str, other: str) -> None:
    """Upper and lower case make a difference."""
    assert set() == read_tasks.documented_names(schema, other)


@pytest.mark.parametrize("word", [*WORDS, *NO_WORDS])
def test_a_status_word_is_read_in_upper_and_lower_case(word: str) -> None:
    """A word of success or failure becomes the documented word; any other word stays as it is."""
    progress, written = WORDS.get(word, ("UNKNOWN", word))

    for spelling in (word, word.upper(), word.title()):
        assert (progress, written if progress in ("SUCCEEDED", "FAILED") else spelling) == read_tasks.word(spelling)


@pytest.mark.parametrize(("output_type", "expected"), OUTPUT_TYPES.items())
def test_an_output_of_another_type_is_not_an_element(output_type: str, expected: bool) -> None:  # noqa: FBT001
    """The newer API lists everything that a task made."""
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
def test_the_outermost_place_that_names_an_id_is_the_task(expected: Any, response: Any) -> None:
    """Inner places fill in missing properties, and the words of an envelope are not the task's."""
    parsed = find_task(response, CONTRACT)

    summary = parsed and (
        parsed.task_id,
        parsed.task_status,
        None if isinstance(parsed.task_status_msg, Unset) else parsed.task_status_msg,
        next((element.element_id for element in parsed.elements), None),
    )
    assert expected == summary


def test_unknown_properties_of_every_place_are_kept() -> None:
    """A gateway's own properties are kept; those of an envelope between its task and the service's are not."""
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
    """A list may have tasks of any shape, even without an id."""
    response = TaskListResponse.from_dict({"data": [_KLINGS, _OUTER, _NEWER, {"status": "failed"}]})

    tasks = tasks_of_response(_answered(response), CONTRACT)

    assert ["8", "task_7", "7", UNSET] == [made.task_id for made in tasks]
    assert ["succeed", "succeed", "succeed", "failed"] == [made.task_status for made in tasks]
    assert [1, 1, 2, 0] == [len(made.elements) for made in tasks]
    for empty in (TaskListResponse(), TaskListResponse(data=None)):
        assert [] == tasks_of_response(_answered(empty), CONTRACT)


_ODD: Any = [1]


def _done(*ids: Any) -> TaskResult:
    return TaskResult(elements=[Element(element_id=element_id) for element_id in ids])


@pytest.mark.parametrize(
    ("expected", "made"),
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
def test_progress_distinguishes_what_you_can_act_on(expected: Progress, made: Task) -> None:
    """An unknown word, a missing word and a success without an element each have their own progress."""
    assert expected is progress_of(made, CONTRACT)
