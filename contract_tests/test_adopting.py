"""A create that looks before it sends makes one subject at most, however often it is called and whatever gets lost."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contract_tests.scripted import (
    ABSENT,
    BODY,
    LOST,
    NAMED,
    REFUSED,
    Client,
    Reply,
    Scripted,
    Step,
    both,
    no,
    task,
)
from kling_elements import RetryPolicy
from kling_elements.errors import LookUpUnavailableError
from kling_elements_client.errors import (
    AuthenticationError,
    ContractError,
    InvalidResponse,
    KlingError,
    ServerError,
    StatusError,
    TransportError,
)

_FOUND = task("5", task_info={"external_task_id": "e-1"})
_DUPLICATE, _BUSY = no(400, 1201), no(429, 1302)
_IN_DOUBT: list[tuple[str, Step]] = [
    ("lost", LOST),
    ("5000", no(500, 5000)),
    ("5001", no(503, 5001)),
    ("5002", no(504, "5002")),
    ("proxy", Reply(502, b"<html>bad gateway</html>")),
    ("524", Reply(524, b"")),
    ("408", no(408)),
    ("no task", Reply(200, {})),
    ("cut short", Reply(200, b'{"code": 0, "da')),
    ("unknown code", no(200, 42)),
    ("redirect", Reply(307, b"", {"Location": "https://elsewhere.example.com/"})),
]


@pytest.mark.parametrize(
    ("task_id", "calls", "slept", "script"),
    [
        pytest.param("7", "look create", [], [ABSENT, task()], id="new"),
        pytest.param("7", "look create", [], [no(200, "1203"), task()], id="new at a gateway that says 200"),
        pytest.param("5", "look", [], [_FOUND], id="there already"),
        pytest.param("5", "look", [], [task("5")], id="there, and the gateway does not repeat the id"),
        pytest.param("5", "look", [], [Reply(200, {"id": 5, "status": "failed"})], id="there, flat, and failed"),
        *(
            pytest.param("5", "look create look", [], [ABSENT, step, _FOUND], id=f"{name}, found")
            for name, step in _IN_DOUBT
        ),
        *(
            pytest.param(
                "7", "look create look look create", [1], [ABSENT, step, ABSENT, ABSENT, task()], id=f"{name}, again"
            )
            for name, step in _IN_DOUBT
        ),
        pytest.param("5", "look create look look", [1], [ABSENT, LOST, ABSENT, _FOUND], id="to be seen later"),
        pytest.param("5", "look create look", [], [ABSENT, _DUPLICATE, _FOUND], id="duplicate"),
        pytest.param("5", "look create look", [], [ABSENT, no(409, "1201"), _FOUND], id="duplicate, by another status"),
        pytest.param(
            "5",
            "look create look look look",
            [1, 2],
            [ABSENT, _DUPLICATE, ABSENT, ABSENT, _FOUND],
            id="duplicate, late",
        ),
        pytest.param(
            "5",
            "look create look look create look",
            [1],
            [ABSENT, LOST, ABSENT, ABSENT, _DUPLICATE, _FOUND],
            id="duplicate of an attempt that was lost",
        ),
        pytest.param("7", "look create create", [1], [ABSENT, _BUSY, task()], id="busy"),
        pytest.param("7", "look create create create", [1, 2], [ABSENT, REFUSED, REFUSED, task()], id="no connection"),
        pytest.param("5", "look create create look", [1], [ABSENT, _BUSY, LOST, _FOUND], id="busy, then lost"),
        pytest.param("7", "look look create", [1], [no(503), ABSENT, task()], id="look-up fails first"),
        pytest.param("7", "look look create", [1], [LOST, ABSENT, task()], id="look-up is lost"),
        pytest.param("7", "look look create", [1], [REFUSED, ABSENT, task()], id="look-up never leaves"),
        pytest.param(
            "7", "look look create", [1], [no(500, 5000), ABSENT, task()], id="look-up meets an internal error"
        ),
        pytest.param(
            "7", "look look create", [9], [no(429, 1302, retry_after="9"), ABSENT, task()], id="look-up is busy"
        ),
        pytest.param("5", "look create look look", [1], [ABSENT, LOST, no(502), _FOUND], id="look-up fails in doubt"),
        pytest.param(
            "7",
            "look create look look create",
            [20],
            [ABSENT, no(503, 5001, retry_after="20"), ABSENT, ABSENT, task()],
            id="maintenance that says how long",
        ),
        pytest.param(
            "7",
            "look create look look create look look create",
            [1, 2],
            [ABSENT, LOST, ABSENT, ABSENT, LOST, ABSENT, ABSENT, task()],
            id="lost twice",
        ),
    ],
)
@both
def test_one_subject_comes_of_it(
    client: Client, task_id: Any, calls: str, slept: list[float], script: list[Step]
) -> None:
    """Nothing is sent again before a look-up, at once and after a while, has shown nothing."""
    scripted = Scripted(client, *script)

    found = scripted.create_or_adopt(NAMED)

    assert (task_id, "e-1") == (str(found.task_id), found.task_info.external_task_id)
    assert calls == scripted.gateway.calls()
    assert slept == scripted.clock.slept
    assert scripted.gateway.finished()
    assert all(body == NAMED for body in scripted.gateway.bodies())


_ELSE = task("6", task_info={"external_task_id": "e-2"})
_SAME_WORD = task("e-1", task_info={"external_task_id": "e-2"})  # the id of the system's is the caller's by chance
_NO_LOOK_UP = [
    no(404),
    Reply(404, b"<html>"),
    no(404, 1202),
    no(405),
    no(501),
    Reply(200, {}),
    no(200, 0),
    _ELSE,
    _SAME_WORD,
    task("e-1"),
]


@pytest.mark.parametrize(
    ("kind", "outcome", "calls", "slept", "script"),
    [
        *(pytest.param(LookUpUnavailableError, "may_exist", "look", [], [step], id=str(step)) for step in _NO_LOOK_UP),
        *(
            pytest.param(
                LookUpUnavailableError, "may_exist", "look create look", [], [ABSENT, LOST, step], id=f"lost, {step}"
            )
            for step in _NO_LOOK_UP
        ),
        pytest.param(AuthenticationError, "may_exist", "look", [], [no(401, 1002)], id="token refused"),
        pytest.param(StatusError, "may_exist", "look", [], [no(429, 1101)], id="arrears"),
        pytest.param(TransportError, "may_exist", "look look look", [1, 2], [REFUSED] * 3, id="no connection"),
        pytest.param(StatusError, "not_created", "look create", [], [ABSENT, no(400, 1301)], id="refused"),
        pytest.param(StatusError, "not_created", "look create", [], [ABSENT, no(409)], id="refused without a code"),
        pytest.param(
            TransportError, "not_created", "look create create create", [1, 2], [ABSENT, *[REFUSED] * 3], id="x"
        ),
        pytest.param(
            AuthenticationError, "may_exist", "look create look", [], [ABSENT, LOST, no(401, 1004)], id="token expired"
        ),
        pytest.param(
            StatusError,
            "may_exist",
            "look create look look create",
            [1],
            [ABSENT, LOST, ABSENT, ABSENT, no(400, 1301)],
            id="refused after one in doubt",
        ),
        pytest.param(
            TransportError,
            "may_exist",
            "look create look look create create create",
            [1, 2, 4],
            [ABSENT, LOST, ABSENT, ABSENT, *[REFUSED] * 3],
            id="no connection after one in doubt",
        ),
        pytest.param(
            StatusError,
            "may_exist",
            "look create look look look",
            [1, 2],
            [ABSENT, _DUPLICATE, ABSENT, ABSENT, ABSENT],
            id="duplicate of what is not there",
        ),
        pytest.param(
            ServerError,
            "may_exist",
            "look create look look look look look look",
            [1, 2, 4, 8, 16],
            [ABSENT, LOST, *[no(503)] * 6],
            id="look-ups fail in doubt",
        ),
        pytest.param(
            ServerError,
            "may_exist",
            "look look look look look look",
            [1, 2, 4, 8, 16],
            [no(503)] * 6,
            id="no look-up",
        ),
        pytest.param(
            InvalidResponse,
            "may_exist",
            "look look look look look look",
            [1, 2, 4, 8, 16],
            [Reply(200, b"<html>")] * 6,
            id="look-ups answered with a page",
        ),
    ],
)
@both
def test_what_cannot_be_told_is_said(  # noqa: PLR0913, PLR0917
    client: Client, kind: type[KlingError], outcome: str, calls: str, slept: list[float], script: list[Step]
) -> None:
    """An attempt in doubt keeps it in doubt, even if a later one is refused."""
    scripted = Scripted(client, *script)

    error = scripted.failing("create_or_adopt", NAMED)

    assert isinstance(error, kind)
    assert (outcome, "e-1") == (error.outcome, error.external_task_id)
    assert calls == scripted.gateway.calls()
    assert slept == scripted.clock.slept
    assert scripted.gateway.finished()


@pytest.mark.parametrize("step", [no(404), no(401, 1000), REFUSED, Reply(200, {})])
@both
def test_with_a_fresh_id_nothing_can_be_there_before_anything_was_sent(client: Client, step: Step) -> None:
    """An id of the caller's own may have been used before; a fresh one was not."""
    error = Scripted(client, *[step] * 3).failing("create_or_adopt", BODY)

    assert "not_created" == error.outcome


@pytest.mark.parametrize("step", _NO_LOOK_UP)
@both
def test_a_gateway_without_look_up_is_told_clearly(client: Client, step: Reply) -> None:
    """And what serves in place of it."""
    error = Scripted(client, step).failing("create_or_adopt", NAMED)

    assert str(error).startswith("this gateway ")
    assert "create_or_adopt needs it, create does not" in str(error)


@pytest.mark.parametrize(
    ("calls", "limit"), [("look create look", 0), ("look create look look create look", 1), ("look create look", 0.9)]
)
@both
def test_no_further_attempt_begins_after_the_limit(client: Client, calls: str, limit: float) -> None:
    """The last thing that is done is a look-up."""
    script = [ABSENT if call == "look" else LOST for call in calls.split()]
    scripted = Scripted(client, *script)

    error = scripted.failing("create_or_adopt", NAMED, max_wait_seconds=limit)

    assert isinstance(error, TransportError)
    assert "may_exist" == error.outcome
    assert calls == scripted.gateway.calls()


@both
def test_how_often_a_duplicate_is_looked_for_is_the_policys(client: Client) -> None:
    """The same code stands for other mistakes, so it need not be there."""
    script = [ABSENT, _DUPLICATE, ABSENT]
    scripted = Scripted(client, *script, retry=RetryPolicy(max_duplicate_look_ups=1))

    assert "may_exist" == scripted.failing("create_or_adopt", NAMED).outcome
    assert "look create look" == scripted.gateway.calls()


@pytest.mark.parametrize(
    "external_id", ["a/b", "a b", "?x=1#y", "%2F", "...", "../x", "任务", "e\u0301", "\u0000", "x" * 2000]
)
@both
def test_an_id_is_one_part_of_the_path(client: Client, external_id: str) -> None:
    """Whatever is in it is encoded, so that it leads to no other call."""
    scripted = Scripted(client, ABSENT, task())

    scripted.create_or_adopt({**BODY, "external_task_id": external_id})

    target = f"/kling/v1/general/advanced-custom-elements/{quote(external_id, safe='')}"
    assert target == scripted.gateway.requests[0].url.raw_path.decode()
    assert [external_id] == [body["external_task_id"] for body in scripted.gateway.bodies()]


@pytest.mark.parametrize("external_id", [".", "..", "\ud83d"])
@both
def test_an_id_that_no_path_can_carry_is_refused(client: Client, external_id: str) -> None:
    """Before anything is sent, as it could not be looked up afterwards."""
    scripted = Scripted(client)

    error = scripted.failing("create_or_adopt", {**BODY, "external_task_id": external_id})

    assert isinstance(error, ContractError)
    assert ("may_exist", external_id) == (error.outcome, error.external_task_id)
    assert "" == scripted.gateway.calls()


@both
def test_a_request_that_breaks_the_contract_is_not_sent(client: Client) -> None:
    """Nothing was created by it."""
    scripted = Scripted(client, ABSENT)

    error = scripted.failing("create_or_adopt", {**NAMED, "element_name": ""})

    assert isinstance(error, ContractError)
    assert ("not_created", "look") == (error.outcome, scripted.gateway.calls())


@both
def test_without_an_id_a_fresh_one_serves(client: Client) -> None:
    """It is the same all along."""
    scripted = Scripted(client, ABSENT, LOST, ABSENT, ABSENT, task())

    external_id = scripted.create_or_adopt(BODY).task_info.external_task_id

    assert [external_id] * 2 == [body["external_task_id"] for body in scripted.gateway.bodies()]
    looked = [request.url.path.rpartition("/")[2] for request in scripted.gateway.requests if request.method == "GET"]
    assert [external_id] * 3 == looked


_NOTE = "external_task_id e-1: the subject may exist"


@pytest.mark.parametrize(
    ("notes", "script"),
    [
        ([_NOTE], []),
        ([_NOTE], [ABSENT]),
        ([_NOTE], [ABSENT, LOST]),
        ([_NOTE], [ABSENT, LOST, ABSENT]),
        ([_NOTE], [ABSENT, LOST, ABSENT, ABSENT]),
        ([_NOTE], [ABSENT, _DUPLICATE]),
        ([_NOTE], [no(503)]),
    ],
)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
@both
def test_an_interruption_in_doubt_carries_the_id(
    client: Client, kind: type[BaseException], notes: list[str], script: list[Step]
) -> None:
    """The id is the caller's own, so an earlier call may have used it."""
    scripted = Scripted(client, *script, kind)

    with pytest.raises(kind) as caught:
        scripted.create_or_adopt(NAMED)

    assert notes == getattr(caught.value, "__notes__", [])


@both
def test_an_interruption_between_attempts_carries_the_id(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh UUID stands nowhere else."""
    scripted = Scripted(client, ABSENT, httpx.ReadError, ABSENT)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scripted.clock, "let_pass", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        scripted.create_or_adopt(NAMED)

    assert [_NOTE] == caught.value.__notes__
