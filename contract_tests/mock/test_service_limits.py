"""The mock server limits the unfinished tasks of a token, and its creates per second."""

from __future__ import annotations

import json

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import changed_contract
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import create_app


def test_too_many_concurrent_tasks_are_refused_with_1303() -> None:
    """Each token has its own count. Once a task ends, the next create succeeds."""
    caller = Caller(create_app(concurrency=2, manual_clock=True))
    other = Caller(caller.app, "sk-other")
    caller.create()
    caller.app.clock.step(1)
    caller.create()
    expected = (429, 1303, "more tasks at a time than the resource pack allows: at most 2 unfinished tasks")

    assert expected == caller.refusal("POST", ELEMENTS, BODY)
    other.create()
    caller.app.clock.step(1)
    caller.create()
    assert expected == caller.refusal("POST", ELEMENTS, BODY)
    assert 4 == len(caller.every_task())


def test_a_task_over_the_limit_is_refused_with_the_dialects_own_code() -> None:
    """Without one, the code of another dialect is used."""
    row = {"dialect": "live", "code": 1304}
    other = changed_contract(lambda document: document["paths"][ELEMENTS]["post"]["x-too-many"].append(row))
    for dialect, code in (("documented", 1303), ("live", 1304)):
        caller = Caller(create_app(contract=other, dialect=dialect, concurrency=1, manual_clock=True))
        caller.create()

        assert code == caller.refusal("POST", ELEMENTS, BODY)[1]


def test_too_many_creates_in_a_second_are_refused_with_1302() -> None:
    """The response says how long to wait, and a create after that time succeeds."""
    caller = Caller(create_app(rate=2, manual_clock=True))
    other = Caller(caller.app, "sk-other")
    caller.create()
    caller.app.clock.step(0.5)
    caller.create()
    reply = caller.send("POST", ELEMENTS, BODY)

    assert (429, 1302) == (reply.status, json.loads(reply.body)["code"])
    assert "rate limit exceeded: at most 2 creates per second" == json.loads(reply.body)["message"]
    assert (b"retry-after", b"1") in reply.headers
    other.create()
    caller.app.clock.step(0.5)
    caller.create()
    assert 1302 == caller.refusal("POST", ELEMENTS, BODY)[1]


def test_a_used_external_id_is_refused_before_the_limits_are_checked() -> None:
    """A create that is repeated after a lost response is refused as a duplicate."""
    caller = Caller(create_app(rate=1, concurrency=1, manual_clock=True))
    caller.create(external_task_id="e")

    assert 1201 == caller.refusal("POST", ELEMENTS, {**BODY, "external_task_id": "e"})[1]
    assert 1302 == caller.refusal("POST", ELEMENTS, BODY)[1]
    caller.app.clock.step(1)
    assert 1303 == caller.refusal("POST", ELEMENTS, BODY)[1]
