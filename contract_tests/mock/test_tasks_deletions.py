"""The mock server deletes subjects, once each, as its dialect has it."""

from __future__ import annotations

import json

import pytest

from contract_tests.reading import dialect_cases as said
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import ids


def test_a_deleted_subject_is_gone_or_says_that_it_is_deleted(caller: Caller) -> None:
    """From look-up and list, as the dialect has it; a second deletion is refused, and the others stay."""
    gone, stays = caller.create(external_task_id="e")["task_id"], caller.create()["task_id"]
    caller.app.clock.step(2)
    before, element = caller.get(gone), caller.element(gone)
    element_id = element["element_id"]
    answer = caller.ask("POST", DELETION, {"element_id": str(element_id)})
    envelope = {"code": 0, "message": "SUCCEED", "request_id": answer["request_id"]}
    after = {**before, "task_result": {"elements": [{**element, "status": "deleted"}]}}

    assert {**envelope, **said.DELETION[caller.dialect](gone)} == answer
    if said.REMAINS[caller.dialect]:
        assert [after, after] == [caller.get(name) for name in (gone, "e")]
        assert [stays, gone] == [task["task_id"] for task in caller.page()]
        assert after == caller.page()[1]
    else:
        for name in (gone, "e"):
            assert said.NO_TASK[caller.dialect](name) == caller.refusal("GET", f"{ELEMENTS}/{name}")
        assert [stays] == [task["task_id"] for task in caller.page()]
    for again in (element_id, str(element_id)):
        assert said.DELETED_BEFORE[caller.dialect](again) == caller.refusal("POST", DELETION, {"element_id": again})
    assert [True, False] == [task["deleted"] for task in caller.every_task()]
    assert "succeed" == caller.element(stays)["status"]


def test_a_subject_that_is_not_ready_cannot_be_deleted(caller: Caller) -> None:
    """Its id is not known yet, and guessing it does not help; nor does that of one that failed."""
    refused = said.NO_SUBJECT[caller.dialect]
    caller.queue("none", "fail")
    tasks_ids = [int(caller.create()["task_id"]) for _ in range(2)]
    guessed = [str(ids.element_id_of(task_id)) for task_id in tasks_ids]

    assert [refused, refused] == [caller.refusal("POST", DELETION, {"element_id": each}) for each in guessed]
    caller.app.clock.step(2)
    assert refused == caller.refusal("POST", DELETION, {"element_id": guessed[1]})
    assert 0 == caller.ask("POST", DELETION, {"element_id": guessed[0]})["code"]


@pytest.mark.parametrize("element_id", ["x", "0", "-3", "9007199254740993", "9007199254740996", "9" * 40, "\u0661"])
def test_an_unknown_subject_cannot_be_deleted(element_id: str, caller: Caller) -> None:
    """Whatever is no id of a subject of this token's is refused; how the service words that, only its table tells."""
    assert said.NO_SUBJECT[caller.dialect] == caller.refusal("POST", DELETION, {"element_id": element_id})


def test_a_preset_cannot_be_deleted(caller: Caller) -> None:
    """The refusal says that it is one."""
    element_id = example("presets")["data"][0]["task_result"]["elements"][0]["element_id"]
    expected = (403, 1103, "no permission for this resource: a subject of the official library cannot be deleted")

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
    """As every body is."""
    reply = caller.send("POST", DELETION, content=content.encode())
    answer = json.loads(reply.body)

    assert (400, 1200) == (reply.status, answer["code"])
    assert answer["message"].startswith(expected)


def test_a_deletion_has_a_limit_of_its_own(caller: Caller) -> None:
    """That of the contract, not that of a creation."""
    text = b'{"element_id": "1"}'
    statuses = [caller.send("POST", DELETION, content=text.ljust(size)).status for size in (65_536, 65_537)]

    assert [said.NO_SUBJECT[caller.dialect][0], 413] == statuses
