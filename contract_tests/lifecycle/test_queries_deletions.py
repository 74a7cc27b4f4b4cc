"""An element is deleted by its exact id, and a second deletion is not an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.reading.paths import DELETION
from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    REFUSED,
    Client,
    ScriptedClient,
    Step,
    StubReply,
    refusal,
    task,
)
from kling_elements_client.errors import (
    NotFoundError,
    StatusError,
)
from kling_elements_client.models import Element, Task, TaskResult

_ELEMENT = Element(element_id=2**63 - 1)


@pytest.mark.parametrize(
    ("element_id", "argument"),
    [
        ("829482348234823", 829482348234823),
        ("0042", "0042"),
        ("9223372036854775807", _ELEMENT),
        ("a", Element(element_id="a")),
        ("5", Element(element_id=5)),
        ("9223372036854775807", Task(task_id="7", task_result=TaskResult(elements=[_ELEMENT]))),
    ],
)
def test_an_element_is_deleted_by_its_exact_id(client_class: Client, element_id: str, argument: Any) -> None:
    """The id is sent as a string, in one request."""
    client = ScriptedClient(client_class, task("5", "succeed"))

    assert "5" == client.delete(argument).task_id
    assert [{"element_id": element_id}] == client.gateway.bodies()
    assert [DELETION] == [request.url.path for request in client.gateway.requests]


_DELETED_ALREADY = StubReply(
    400, {"code": 1201, "message": "Element already be deleted for id: 9", "request_id": "r-1"}
)


@pytest.mark.parametrize(
    "script",
    [
        [_DELETED_ALREADY],
        [StubReply(200, {"code": "1201", "message": "Element already be deleted for id: 9"})],
        [LOST, _DELETED_ALREADY],
        [LOST, ABSENT],
        [refusal(503), refusal(429, 1302), ABSENT],
        [refusal(500, 5000), REFUSED, ABSENT],
    ],
)
def test_a_second_deletion_is_not_an_error(client_class: Client, script: list[Step]) -> None:
    """An absent element isn't one either, if an earlier attempt may have deleted it."""
    client = ScriptedClient(client_class, *script)

    assert None is client.delete("9")
    assert client.gateway.is_finished()


@pytest.mark.parametrize("script", [[ABSENT], [REFUSED, ABSENT], [refusal(429, 1302), ABSENT]])
def test_deleting_an_element_that_never_existed_is_an_error(client_class: Client, script: list[Step]) -> None:
    assert isinstance(ScriptedClient(client_class, *script).error_of("delete", "9"), NotFoundError)


def test_another_refusal_with_the_same_code_is_an_error(client_class: Client) -> None:
    """Only the message shows whether the element was deleted before."""
    error = ScriptedClient(client_class, StubReply(400, {"code": 1201, "message": "Element is in use"})).error_of(
        "delete", "9"
    )

    assert (StatusError, None) == (type(error), error.outcome)


@pytest.mark.parametrize("body", [{}, {"code": 0}, {"code": 0, "data": None}, {"data": {"task_status": "succeed"}}])
def test_the_response_to_a_deletion_need_not_contain_a_task(client_class: Client, body: Any) -> None:
    """A success status is enough."""
    assert None is ScriptedClient(client_class, StubReply(200, body)).delete("9")


@pytest.mark.parametrize(
    ("message", "argument"),
    [
        ("not an empty string$", ""),
        ("not float$", Element.from_dict({"element_id": 5.5})),
        ("not Unset$", Element()),
        ("not NoneType$", Element(element_id=None)),
        (
            r"^the task has no element yet: pass the element that wait\(\) returned, or look up the task again$",
            Task(task_id="7"),
        ),
        (
            "^the task has 2 elements: pass the element to delete$",
            Task(task_result=TaskResult(elements=[_ELEMENT] * 2)),
        ),
        ("not Unset$", Task(task_result=TaskResult(elements=[Element()]))),
    ],
)
def test_an_argument_without_exactly_one_element_is_refused(client_class: Client, message: str, argument: Any) -> None:
    """Nothing is sent, because a wrong id could delete another element."""
    with pytest.raises(ValueError, match=message):
        ScriptedClient(client_class).delete(argument)


@pytest.mark.parametrize("element", [829482348234823.0, float("nan"), True, False, b"9", ["9"], None])
def test_an_element_of_the_wrong_type_is_not_deleted(client_class: Client, element: Any) -> None:
    """A float is refused, because it has lost digits and could be another element's id."""
    with pytest.raises(TypeError, match=f"or the id itself as int or str, not {type(element).__name__}$"):
        ScriptedClient(client_class).delete(element)


def test_an_element_id_keeps_every_digit(client_class: Client) -> None:
    """A deletion sends exactly the id that a look-up returned."""
    exact = 9007199254740993  # one more than a floating-point number can hold
    for written in (str(exact), f"{exact}.0", "9.007199254740993e15", json.dumps(str(exact))):
        body = f'{{"data": {{"task_id": "7", "task_result": {{"elements": [{{"element_id": {written}}}]}}}}}}'
        client = ScriptedClient(client_class, StubReply(200, body.encode()), StubReply(200, {}))

        client.delete(client.get("7"))

        assert [{"element_id": str(exact)}] == client.gateway.bodies()
