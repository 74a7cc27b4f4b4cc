"""`get_or_create` creates at most one element, however often you call it and whichever responses are lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import pytest

from contract_tests.support.scripted import (
    ABSENT,
    DUPLICATE,
    LOST,
    NAMED,
    REFUSED,
    Client,
    ScriptedClient,
    Step,
    StubReply,
    both_dialects,
    refusal,
    task,
)
from contract_tests.support.tables import for_each_row
from kling_elements.errors import ElementUnavailableError

_FOUND = task("5", task_info={"external_task_id": "e-1"})
_ANOTHERS = task("4", task_info={"external_task_id": "e-0"})
_BUSY = refusal(429, 1302)
_STEPS_IN_DOUBT: list[tuple[str, Step]] = [
    ("lost", LOST),
    ("5000", refusal(500, 5000)),
    ("5001", refusal(503, 5001)),
    ("5002", refusal(504, "5002")),
    ("proxy", StubReply(502, b"<html>bad gateway</html>")),
    ("524", StubReply(524, b"")),
    ("408", refusal(408)),
    ("no task", StubReply(200, {})),
    ("cut short", StubReply(200, b'{"code": 0, "da')),
    ("unknown code", refusal(200, 42)),
    ("redirect", StubReply(307, b"", {"Location": "https://elsewhere.example.com/"})),
]


@dataclass(frozen=True, kw_only=True)
class _Adoption:
    """Responses of a gateway, the calls that follow, and the returned task: 7 if it was created, 5 if it was found."""

    id: str
    script: Sequence[Step]
    calls: str
    slept: Sequence[float] = ()
    task_id: str = "5"


_LOOK_UPS: list[tuple[str, list[float], Step]] = [
    ("fails first", [1], refusal(503)),
    ("is lost", [1], LOST),
    ("never leaves", [1], REFUSED),
    ("meets an internal error", [1], refusal(500, 5000)),
    ("is busy", [9], refusal(429, 1302, retry_after="9")),
]
_IN_DOUBT_UNSEEN: list[Step] = [ABSENT, LOST, ABSENT, ABSENT]  # a create in doubt, then two look-ups that find nothing
_ADOPTIONS = [
    _Adoption(id="new", task_id="7", calls="look create", script=[ABSENT, task()]),
    _Adoption(
        id="new, with a gateway that says 200", task_id="7", calls="look create", script=[refusal(200, "1203"), task()]
    ),
    _Adoption(id="there already", calls="look", script=[_FOUND]),
    _Adoption(id="there, and the gateway does not repeat the id", calls="look", script=[task("5")]),
    _Adoption(id="there, flat, and failed", calls="look", script=[StubReply(200, {"id": 5, "status": "failed"})]),
    *(
        _Adoption(id=f"{name}, found", calls="look create look", script=[ABSENT, step, _FOUND])
        for name, step in _STEPS_IN_DOUBT
    ),
    *(
        _Adoption(
            id=f"{name}, again",
            task_id="7",
            calls="look create look look create",
            slept=[1],
            script=[ABSENT, step, ABSENT, ABSENT, task()],
        )
        for name, step in _STEPS_IN_DOUBT
    ),
    _Adoption(id="to be seen later", calls="look create look look", slept=[1], script=[ABSENT, LOST, ABSENT, _FOUND]),
    _Adoption(id="duplicate", calls="look create look", script=[ABSENT, DUPLICATE, _FOUND]),
    _Adoption(
        id="duplicate, by another status", calls="look create look", script=[ABSENT, refusal(409, "1201"), _FOUND]
    ),
    _Adoption(
        id="duplicate, late",
        calls="look create look look look",
        slept=[1, 2],
        script=[ABSENT, DUPLICATE, ABSENT, ABSENT, _FOUND],
    ),
    _Adoption(
        id="duplicate of an attempt that was lost",
        calls="look create look look create look",
        slept=[1],
        script=[*_IN_DOUBT_UNSEEN, DUPLICATE, _FOUND],
    ),
    _Adoption(
        id="duplicate of an attempt that look-ups show late",
        calls="look create look look create look look look look",
        slept=[1, 2, 4, 8],
        script=[*_IN_DOUBT_UNSEEN, DUPLICATE, ABSENT, ABSENT, ABSENT, _FOUND],
    ),
    _Adoption(id="the response to another create", calls="look create look", script=[ABSENT, _ANOTHERS, _FOUND]),
    _Adoption(
        id="the place is taken by an attempt of this call",
        calls="look create look look create look",
        slept=[1],
        script=[*_IN_DOUBT_UNSEEN, _BUSY, _FOUND],
    ),
    _Adoption(
        id="what is used up was used by an attempt of this call",
        calls="look create look look create look",
        slept=[1],
        script=[*_IN_DOUBT_UNSEEN, refusal(429, 1102), _FOUND],
    ),
    _Adoption(id="busy", task_id="7", calls="look create create", slept=[1], script=[ABSENT, _BUSY, task()]),
    _Adoption(
        id="no connection",
        task_id="7",
        calls="look create create create",
        slept=[1, 2],
        script=[ABSENT, REFUSED, REFUSED, task()],
    ),
    _Adoption(id="busy, then lost", calls="look create create look", slept=[1], script=[ABSENT, _BUSY, LOST, _FOUND]),
    *(
        _Adoption(
            id=f"look-up {name}", task_id="7", calls="look look create", slept=slept, script=[step, ABSENT, task()]
        )
        for name, slept, step in _LOOK_UPS
    ),
    _Adoption(
        id="look-up fails in doubt",
        calls="look create look look",
        slept=[1],
        script=[ABSENT, LOST, refusal(502), _FOUND],
    ),
    _Adoption(
        id="maintenance that says how long",
        task_id="7",
        calls="look create look look create",
        slept=[20],
        script=[ABSENT, refusal(503, 5001, retry_after="20"), ABSENT, ABSENT, task()],
    ),
    _Adoption(
        id="lost twice",
        task_id="7",
        calls="look create look look create look look create",
        slept=[1, 2],
        script=[*_IN_DOUBT_UNSEEN, LOST, ABSENT, ABSENT, task()],
    ),
]


@for_each_row(_ADOPTIONS)
@both_dialects
def test_get_or_create_makes_one_element(client_class: Client, dialect: str, row: _Adoption) -> None:
    """A create is repeated only if two look-ups, one at once and one after a wait, have found nothing."""
    client = ScriptedClient(client_class, *row.script, dialect=dialect)

    returned = client.get_or_create(NAMED)

    assert (row.task_id, "e-1") == (str(returned.task_id), returned.task_info.external_task_id)
    assert row.calls == client.gateway.calls()
    assert list(row.slept) == client.clock.slept
    assert client.gateway.is_finished()
    assert all(body == NAMED for body in client.gateway.bodies())


def test_look_ups_may_lag_behind_creates(client_class: Client) -> None:
    """One element is created if look-ups lag by 10 s, the longest observed lag."""
    created_at: list[float] = []

    def gateway(request: httpx.Request) -> Step:
        now = client.clock.seconds
        if request.method == "POST":
            if created_at:
                return DUPLICATE
            created_at.append(now)
            raise LOST("scripted")
        visible = created_at and now - created_at[0] >= 10
        return _FOUND if visible else ABSENT

    client = ScriptedClient(client_class, *[gateway] * 20)

    assert "5" == client.get_or_create(NAMED).task_id
    assert [1, 2, 4, 8] == client.clock.slept


def _with_status(word: str) -> StubReply:
    return task("5", "succeed", task_result={"elements": [{"element_id": 9, "status": word}]})


@pytest.mark.parametrize("word", ["deleted", "failed", "DELETED"])
def test_an_unusable_element_is_not_adopted(client_class: Client, word: str) -> None:
    """The error contains the task, because its external id can't be reused."""
    for script in ([_with_status(word)], [ABSENT, LOST, _with_status(word)], [ABSENT, DUPLICATE, _with_status(word)]):
        error = ScriptedClient(client_class, *script).error_of("get_or_create", NAMED)

        assert isinstance(error, ElementUnavailableError)
        assert ("created", "e-1") == (error.outcome, error.external_task_id)
        assert ("5", "e-1") == (error.task.task_id, error.task.task_info.external_task_id)  # type: ignore[union-attr]


@pytest.mark.parametrize("reply", [_with_status("succeed"), task("5", "failed"), task("5", "succeed"), task("5", None)])
def test_a_task_without_an_unusable_element_is_adopted(client_class: Client, reply: StubReply) -> None:
    """The task may be unfinished or may have failed, which `wait` finds out."""
    assert "5" == ScriptedClient(client_class, reply).get_or_create(NAMED).task_id
