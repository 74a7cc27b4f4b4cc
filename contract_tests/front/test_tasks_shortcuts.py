"""Tasks and elements have shortcuts: `elements`, `external_task_id`, `is_finished`, `id`, `request_id`."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract_tests.reading.response_cases import UNUSABLE, WORDS
from contract_tests.support.running import TOKEN
from contract_tests.support.scripted import NAMED, Client, ScriptedClient, StubReply
from kling_elements.tasks import Progress, find_task, progress_of
from kling_elements_client.contract import CONTRACT
from kling_elements_client.models import Element, Task, TaskInfo, TaskResult, TaskStatus

_ODD: Any = [1]
_IDS = {
    "9007199254740993": 9007199254740993,
    "9223372036854775807": 9223372036854775807,
    "007": "007",
    "e_01J2Z5": "e_01J2Z5",
}


def _task(*elements: Any, status: Any = "succeed") -> Task:
    return Task(task_id="7", task_status=status, task_result=TaskResult(elements=list(elements)))


@pytest.mark.parametrize(("expected", "element_id"), _IDS.items(), ids=_IDS)
def test_an_element_has_its_id_as_a_string_exact_to_the_last_digit(expected: str, element_id: Any) -> None:
    """A 64-bit integer keeps every digit, and a string stays unchanged."""
    element = Element(element_id=element_id)

    assert expected == element.id
    assert element_id == element.element_id
    assert {"element_id": element_id} == element.to_dict()


_NO_IDS: list[Any] = [None, "", 0, True, 1.5, [1]]


@pytest.mark.parametrize("lacking", [Element(), *(Element(element_id=malformed) for malformed in _NO_IDS)])
def test_an_element_without_an_id_says_so_and_is_not_usable(lacking: Element) -> None:
    """Otherwise an empty id could slip into a request for a video."""
    with pytest.raises(AttributeError, match="this element has no id"):
        _ = lacking.id
    assert not lacking.is_usable
    assert [] == _task(lacking).elements
    assert [lacking] == _task(lacking).all_elements


@pytest.mark.parametrize("status", [word for word, is_unusable in UNUSABLE.items() if is_unusable])
def test_a_deleted_or_failed_element_is_only_in_all_elements(status: str) -> None:
    """`elements` leaves it out, whatever the case of its status."""
    for word in (status, status.upper()):
        gone, there = Element(element_id=1, status=word), Element(element_id=2, status="succeed")
        task = _task(gone, there)

        assert [there] == task.elements
        assert [gone, there] == task.all_elements


def test_a_task_without_elements_has_none() -> None:
    """This holds even if the rest of the response is malformed."""
    malformed: Any = [5, None, Element(element_id=1), {}]

    for task in (
        Task(),
        Task(task_result=None),
        Task(task_result=_ODD),
        Task(task_result=TaskResult(elements=_ODD[0])),
    ):
        assert [] == task.elements == task.all_elements
    assert [Element(element_id=1)] == _task(*malformed).elements == _task(*malformed).all_elements


@pytest.mark.parametrize(
    ("expected", "info"),
    [
        ("e-1", TaskInfo(external_task_id="e-1")),
        ("12", TaskInfo.from_dict({"external_task_id": 12})),
        *((None, TaskInfo.from_dict({"external_task_id": malformed})) for malformed in ("", None, True, {"a": 1})),
        *((None, info) for info in (TaskInfo(), None, _ODD)),
    ],
)
def test_your_own_id_of_a_task_is_a_string_or_none(expected: str | None, info: Any) -> None:
    """An empty string counts as missing, as in a request."""
    assert expected == Task(task_info=info).external_task_id


@pytest.mark.parametrize(("status", "progress"), [(word, means) for word, (means, _) in WORDS.items()])
def test_a_task_is_finished_if_its_status_says_success_or_failure(status: str, progress: str) -> None:
    """All words of all gateways for success or failure count, in any case."""
    for word in (status, status.upper()):
        assert (progress != "PENDING") == _task(status=word).is_finished


@pytest.mark.parametrize("status", [None, "", "paused", "succeed ", _ODD, 5])
def test_a_task_of_an_unknown_status_is_not_finished(status: Any) -> None:
    """The client doesn't guess the meaning of a new status word."""
    assert not _task(status=status).is_finished
    assert not Task().is_finished
    assert _task(status=TaskStatus.FAILED).is_finished


def test_shortcuts_are_not_part_of_the_json_or_of_equality() -> None:
    """Shortcuts do not change the JSON, comparisons or the repr. Copies keep them."""
    source = {"task_id": "7", "task_status": "succeed", "task_result": {"elements": [{"element_id": 9}]}}
    plain, task = Task.from_dict(source), Task.from_dict(source)
    task.request_id = "r-1"
    task.elements[0].request_id = "r-1"

    assert plain == task
    assert source == task.to_dict() == plain.to_dict()
    assert repr(plain) == repr(task)
    assert "r-1" not in repr(task)
    assert (None, None) == (plain.request_id, plain.elements[0].request_id) == (Task().request_id, Element().request_id)
    for clone in (copy.copy(task), copy.deepcopy(task), pickle.loads(pickle.dumps(task))):
        assert ("r-1", "r-1") == (clone.request_id, clone.elements[0].request_id)


_MADE = {"task_id": "7", "task_status": "succeed", "task_result": {"elements": [{"element_id": 9}]}}
_NEWER = {"id": "7", "status": "succeeded", "outputs": [{"type": "element", "id": "9"}]}


@dataclass(frozen=True)
class _Response:
    """A response about a task, and the request id that the task should have."""

    expected: str | None
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


_HEADER = {"X-Request-Id": "h-1"}
_RESPONSES = {
    "of the envelope": _Response("r-1", {"code": 0, "request_id": "r-1", "data": _MADE}),
    "of the envelope, not of the header": _Response("r-1", {"code": 0, "request_id": "r-1", "data": _MADE}, _HEADER),
    "of an envelope around the newer shape": _Response(
        "r-1", {"code": 0, "request_id": "r-1", "data": _NEWER}, _HEADER
    ),
    "of an envelope within another one": _Response(
        "r-2", {"code": "success", "data": {"code": 0, "request_id": "r-2", "data": _MADE}}, _HEADER
    ),
    "of the outer one of two envelopes": _Response(
        "r-1", {"code": 0, "request_id": "r-1", "data": {"code": 0, "request_id": "r-2", "data": _MADE}}
    ),
    "beside the task": _Response("r-1", {"code": 0, "request_id": "r-1", **_MADE}, _HEADER),
    "of the header": _Response("h-1", {"code": 0, "data": _MADE}, _HEADER),
    "of the header of a response without an envelope": _Response("h-1", _NEWER, _HEADER),
    "of the header, because the body's is empty": _Response("h-1", {"request_id": "", "data": _MADE}, _HEADER),
    "none": _Response(None, {"code": 0, "data": _MADE}),
}


@pytest.mark.parametrize("response", _RESPONSES.values(), ids=_RESPONSES)
def test_the_request_id_of_a_success_comes_with_the_task_and_its_elements(
    client_class: Client, response: _Response
) -> None:
    """Look-ups and waits take the request id from the response's body, or else from its header."""
    reply = StubReply(200, response.body, response.headers)

    task = ScriptedClient(client_class, reply).get("7")
    assert response.expected == task.request_id
    assert ["9"] == [element.id for element in task.elements]
    assert [response.expected] == [element.request_id for element in task.elements]
    element = ScriptedClient(client_class, reply).wait("7")
    assert ("9", response.expected) == (element.id, element.request_id)
    assert ("7", True) == (task.task_id, task.is_finished)


@pytest.mark.parametrize("name", ["of the envelope, not of the header", "of the header"])
def test_the_request_id_of_a_create_comes_with_the_task(client_class: Client, name: str) -> None:
    """You can then quote it if the task fails later."""
    response = _RESPONSES[name]
    reply = StubReply(200, response.body, response.headers)

    assert response.expected == ScriptedClient(client_class, reply).create(NAMED).request_id


@pytest.mark.parametrize(
    "response",
    [
        _Response("r-1", {"code": 0, "request_id": "r-1", "data": [_MADE, {**_NEWER, "id": "8"}]}, _HEADER),
        _Response("h-1", {"items": [_MADE, {**_NEWER, "id": "8"}]}, _HEADER),
        _Response("h-1", {"data": [_MADE, {"status": "failed"}]}, _HEADER),
    ],
    ids=["of the envelope", "of the header", "of a task without an id"],
)
def test_each_task_of_a_page_has_the_request_id_of_the_page(client_class: Client, response: _Response) -> None:
    """The list is found wherever a gateway puts it."""
    tasks = ScriptedClient(client_class, StubReply(200, response.body, response.headers)).take(2, "list")

    assert [response.expected] * 2 == [task.request_id for task in tasks]


def test_the_task_of_a_deletion_has_its_request_id(client_class: Client) -> None:
    """The request id is in the envelope around the task."""
    reply = StubReply(200, {"code": 0, "request_id": "r-1", "data": {"task_id": "7"}}, _HEADER)

    assert "r-1" == ScriptedClient(client_class, reply).delete("9").request_id


def test_a_request_id_in_a_header_does_not_spread_the_token(client_class: Client) -> None:
    """A request id that contains the token is hidden, because people send request ids to support."""
    task = ScriptedClient(client_class, StubReply(200, _MADE, {"X-Request-Id": f"r-{TOKEN}"})).get("7")

    assert "r-***" == task.request_id


def test_a_task_that_is_read_from_a_body_takes_the_request_id_of_its_envelope() -> None:
    """A notification, for example, has no response headers."""
    body = {"code": 0, "request_id": "r-1", "data": _MADE}

    for task in (find_task(body, CONTRACT), find_task(body, CONTRACT, request_id="h-1")):
        assert task is not None
        assert "r-1" == task.request_id
        assert Progress.SUCCEEDED is progress_of(task, CONTRACT)
