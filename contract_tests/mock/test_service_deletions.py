"""The mock server deletes each element once, and answers in its dialect."""

from __future__ import annotations

import json

import pytest

from contract_tests.reading import dialect_cases as wording
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import ids


def test_a_deleted_element_is_missing_or_has_the_status_deleted(caller: Caller) -> None:
    """The dialect decides. A second deletion is refused, and other elements stay."""
    gone, stays = caller.create(external_task_id="e")["task_id"], caller.create()["task_id"]
    caller.app.clock.step(2)
    before, element = caller.get(gone), caller.element(gone)
    element_id = element["element_id"]
    response = caller.ask("POST", DELETION, {"element_id": str(element_id)})
    envelope = {"code": 0, "message": "SUCCEED", "request_id": response["request_id"]}
    after = {**before, "task_result": {"elements": [{**element, "status": "deleted"}]}}

    assert {**envelope, **wording.DELETION[caller.dialect](gone)} == response
    if wording.REMAINS[caller.dialect]:
        assert [after, after] == [caller.get(name) for name in (gone, "e")]
        assert [stays, gone] == [task["task_id"] for task in caller.page()]
        assert after == caller.page()[1]
    else:
        for name in (gone, "e"):
            assert wording.NO_TASK[caller.dialect](name) == caller.refusal("GET", f"{ELEMENTS}/{name}")
        assert [stays] == [task["task_id"] for task in caller.page()]
    for again in (element_id, str(element_id)):
        assert wording.DELETED_BEFORE[caller.dialect](again) == caller.refusal("POST", DELETION, {"element_id": again})
    assert [True, False] == [task["deleted"] for task in caller.every_task()]
    assert "succeed" == caller.element(stays)["status"]


def test_an_unfinished_element_cannot_be_deleted(caller: Caller) -> None:
    """Guessing its id doesn't help, and neither can a failed task's element be deleted."""
    refused = wording.NO_ELEMENT[caller.dialect]
    caller.queue("none", "fail")
    tasks_ids = [int(caller.create()["task_id"]) for _ in range(2)]
    guessed = [str(ids.element_id_of(task_id)) for task_id in tasks_ids]

    assert [refused, refused] == [caller.refusal("POST", DELETION, {"element_id": text}) for text in guessed]
    caller.app.clock.step(2)
    assert refused == caller.refusal("POST", DELETION, {"element_id": guessed[1]})
    assert 0 == caller.ask("POST", DELETION, {"element_id": guessed[0]})["code"]


@pytest.mark.parametrize("element_id", ["x", "0", "-3", "9007199254740993", "9007199254740996", "9" * 40, "\u0661"])
def test_an_unknown_element_cannot_be_deleted(element_id: str, caller: Caller) -> None:
    assert wording.NO_ELEMENT[caller.dialect] == caller.refusal("POST", DELETION, {"element_id": element_id})


def test_a_preset_cannot_be_deleted(caller: Caller) -> None:
    """The refusal gives that reason."""
    element_id = example("presets")["data"][0]["task_result"]["elements"][0]["element_id"]
    expected = (403, 1103, "no permission for this resource: an element of the official library cannot be deleted")

    assert expected == caller.refusal("POST", DELETION, {"element_id": str(element_id)})


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("the body: ", "{}"),
        ("the body: ", "[]"),
        ("/element_id: ", '{"element_id": 1.5}'),
        ("/element_id: ", '{"element_id": 9.0}'),
        ("/element_id: ", '{"element_id": 9.007199254740993e15}'),
        ("/element_id: ", '{"element_id": ""}'),
        ("/x: ", '{"element_id": "1", "x": 1}'),
        ("the body cannot be read: not JSON", '{"element_id": "1"'),
    ],
)
def test_a_deletion_is_checked_against_the_contract(expected: str, content: str, caller: Caller) -> None:
    """An invalid body is 400, and the message contains the place."""
    reply = caller.send("POST", DELETION, content=content.encode())
    response = json.loads(reply.body)

    assert (400, 1200) == (reply.status, response["code"])
    assert response["message"].startswith(expected)


def test_deletions_have_their_own_size_limit(caller: Caller) -> None:
    """The limit differs from the limit for creates."""
    text = b'{"element_id": "1"}'
    statuses = [caller.send("POST", DELETION, content=text.ljust(size)).status for size in (65_536, 65_537)]

    assert [wording.NO_ELEMENT[caller.dialect][0], 413] == statuses
