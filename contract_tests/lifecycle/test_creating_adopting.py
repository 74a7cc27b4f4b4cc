"""A create that looks before it sends makes one subject at most, however often it is called and whatever gets lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from contract_tests.support.scripted import (
    ABSENT,
    BODY,
    DUPLICATE,
    LOST,
    NAMED,
    REFUSED,
    Client,
    Failure,
    Reply,
    Scripted,
    Step,
    both_dialects,
    no,
    task,
)
from contract_tests.support.tables import each
from kling_elements import RetryPolicy
from kling_elements.errors import ElementUnavailableError, ExternalIdUsedError, LookUpUnavailableError
from kling_elements_client.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StatusError,
    TransportError,
)

_FOUND = task("5", task_info={"external_task_id": "e-1"})
_ANOTHERS = task("4", task_info={"external_task_id": "e-0"})
_BUSY = no(429, 1302)
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


@dataclass(frozen=True, kw_only=True)
class _Adoption:
    """What a gateway answers, what it was asked, and which task is returned: 7 was created, 5 was found."""

    id: str
    script: Sequence[Step]
    calls: str
    slept: Sequence[float] = ()
    task_id: str = "5"


_LOOK_UPS: list[tuple[str, list[float], Step]] = [
    ("fails first", [1], no(503)),
    ("is lost", [1], LOST),
    ("never leaves", [1], REFUSED),
    ("meets an internal error", [1], no(500, 5000)),
    ("is busy", [9], no(429, 1302, retry_after="9")),
]
_LATE: list[Step] = [ABSENT, LOST, ABSENT, ABSENT]  # an attempt is in doubt, and two look-ups show nothing
_ADOPTIONS = [
    _Adoption(id="new", task_id="7", calls="look create", script=[ABSENT, task()]),
    _Adoption(id="new at a gateway that says 200", task_id="7", calls="look create", script=[no(200, "1203"), task()]),
    _Adoption(id="there already", calls="look", script=[_FOUND]),
    _Adoption(id="there, and the gateway does not repeat the id", calls="look", script=[task("5")]),
    _Adoption(id="there, flat, and failed", calls="look", script=[Reply(200, {"id": 5, "status": "failed"})]),
    *(
        _Adoption(id=f"{name}, found", calls="look create look", script=[ABSENT, step, _FOUND])
        for name, step in _IN_DOUBT
    ),
    *(
        _Adoption(
            id=f"{name}, again",
            task_id="7",
            calls="look create look look create",
            slept=[1],
            script=[ABSENT, step, ABSENT, ABSENT, task()],
        )
        for name, step in _IN_DOUBT
    ),
    _Adoption(id="to be seen later", calls="look create look look", slept=[1], script=[ABSENT, LOST, ABSENT, _FOUND]),
    _Adoption(id="duplicate", calls="look create look", script=[ABSENT, DUPLICATE, _FOUND]),
    _Adoption(id="duplicate, by another status", calls="look create look", script=[ABSENT, no(409, "1201"), _FOUND]),
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
        script=[*_LATE, DUPLICATE, _FOUND],
    ),
    _Adoption(
        id="duplicate of an attempt that look-ups show late",
        calls="look create look look create look look look look",
        slept=[1, 2, 4, 8],
        script=[*_LATE, DUPLICATE, ABSENT, ABSENT, ABSENT, _FOUND],
    ),
    _Adoption(id="the answer to another create", calls="look create look", script=[ABSENT, _ANOTHERS, _FOUND]),
    _Adoption(
        id="the place is taken by an attempt of this call",
        calls="look create look look create look",
        slept=[1],
        script=[*_LATE, _BUSY, _FOUND],
    ),
    _Adoption(
        id="what is used up was used by an attempt of this call",
        calls="look create look look create look",
        slept=[1],
        script=[*_LATE, no(429, 1102), _FOUND],
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
        id="look-up fails in doubt", calls="look create look look", slept=[1], script=[ABSENT, LOST, no(502), _FOUND]
    ),
    _Adoption(
        id="maintenance that says how long",
        task_id="7",
        calls="look create look look create",
        slept=[20],
        script=[ABSENT, no(503, 5001, retry_after="20"), ABSENT, ABSENT, task()],
    ),
    _Adoption(
        id="lost twice",
        task_id="7",
        calls="look create look look create look look create",
        slept=[1, 2],
        script=[*_LATE, LOST, ABSENT, ABSENT, task()],
    ),
]


@each(_ADOPTIONS)
@both_dialects
def test_one_subject_comes_of_it(client_class: Client, dialect: str, row: _Adoption) -> None:
    """Nothing is sent again before a look-up, at once and after a while, has shown nothing."""
    scripted = Scripted(client_class, *row.script, dialect=dialect)

    found = scripted.get_or_create(NAMED)

    assert (row.task_id, "e-1") == (str(found.task_id), found.task_info.external_task_id)
    assert row.calls == scripted.gateway.calls()
    assert list(row.slept) == scripted.clock.slept
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


_SIX = [1, 2, 4, 8, 16, 29]  # seconds between look-ups, until time is up
_in_doubt = partial(Failure, outcome="may_exist")
_UNTOLD = [
    *(_in_doubt(id=str(step), kind=LookUpUnavailableError, calls="look", script=[step]) for step in _NO_LOOK_UP),
    *(
        _in_doubt(
            id=f"lost, {step}", kind=LookUpUnavailableError, calls="look create look", script=[ABSENT, LOST, step]
        )
        for step in _NO_LOOK_UP
    ),
    _in_doubt(id="token refused", kind=AuthenticationError, calls="look", script=[no(401, 1002)]),
    _in_doubt(id="arrears", kind=RateLimitError, calls="look", script=[no(429, 1101)]),
    _in_doubt(
        id="no connection", kind=ConnectionFailedError, calls="look look look", slept=[1, 2], script=[REFUSED] * 3
    ),
    *(
        Failure(id=name, kind=StatusError, outcome="not_created", calls="look create", script=[ABSENT, step])
        for name, step in [("refused", no(400, 1301)), ("refused without a code", no(409))]
    ),
    Failure(
        id="no connection for the create",
        kind=ConnectionFailedError,
        outcome="not_created",
        calls="look create create create",
        slept=[1, 2],
        script=[ABSENT, *[REFUSED] * 3],
    ),
    _in_doubt(
        id="token expired", kind=AuthenticationError, calls="look create look", script=[ABSENT, LOST, no(401, 1004)]
    ),
    _in_doubt(
        id="refused after one in doubt",
        kind=StatusError,
        calls="look create look look create look look look look look look",
        slept=_SIX,
        script=[*_LATE, no(400, 1301), *[ABSENT] * 6],
    ),
    _in_doubt(
        id="no connection after one in doubt",
        kind=ConnectionFailedError,
        calls="look create look look create look look create look look create look",
        slept=[1, 2, 4],
        script=[*_LATE, REFUSED, ABSENT, ABSENT, REFUSED, ABSENT, ABSENT, REFUSED, ABSENT],
    ),
    _in_doubt(
        id="duplicate of what is not there",
        kind=ExternalIdUsedError,
        calls="look create look look look",
        slept=[1, 2],
        script=[ABSENT, DUPLICATE, ABSENT, ABSENT, ABSENT],
    ),
    _in_doubt(
        id="duplicate of an attempt that look-ups never show",
        kind=ExternalIdUsedError,
        calls="look create look look create look look look look look look",
        slept=_SIX,
        script=[*_LATE, DUPLICATE, *[ABSENT] * 6],
    ),
    _in_doubt(
        id="look-ups fail in doubt",
        kind=ServerError,
        calls="look create look look look look look look look",
        slept=_SIX,
        script=[ABSENT, LOST, *[no(503)] * 7],
    ),
    *(
        _in_doubt(
            id=f"look-ups answered with {step}",
            kind=kind,
            calls="look look look look look look look",
            slept=_SIX,
            script=[step] * 7,
        )
        for kind, step in [(ServerError, no(503)), (InvalidResponseError, Reply(200, b"<html>"))]
    ),
]


@each(_UNTOLD)
@both_dialects
def test_what_cannot_be_told_is_said(client_class: Client, dialect: str, row: Failure) -> None:
    """An attempt in doubt keeps it in doubt, even if a later one is refused."""
    scripted = Scripted(client_class, *row.script, dialect=dialect)

    error = scripted.failing("get_or_create", NAMED)

    row.check(scripted, error)
    assert "e-1" == error.external_task_id


@pytest.mark.parametrize("step", [no(404), no(401, 1000), REFUSED, Reply(200, {})])
def test_with_a_fresh_id_nothing_can_be_there_before_anything_was_sent(client_class: Client, step: Step) -> None:
    """An id of the caller's own may have been used before; a fresh one was not."""
    error = Scripted(client_class, *[step] * 3).failing("get_or_create", BODY)

    assert "not_created" == error.outcome


@pytest.mark.parametrize("step", _NO_LOOK_UP)
def test_a_gateway_without_look_up_is_told_clearly(client_class: Client, step: Reply) -> None:
    """And what serves in place of it."""
    error = Scripted(client_class, step).failing("get_or_create", NAMED)

    assert str(error).startswith("this gateway ")
    assert "get_or_create needs look-up: use create instead" in str(error)


@pytest.mark.parametrize(
    ("calls", "limit"), [("look create look", 0), ("look create look look create look", 2), ("look create look", 1.9)]
)
def test_no_further_attempt_begins_after_the_limit(client_class: Client, calls: str, limit: float) -> None:
    """The last thing that is done is a look-up."""
    script = [ABSENT if call == "look" else LOST for call in calls.split()]
    scripted = Scripted(client_class, *script)

    error = scripted.failing("get_or_create", NAMED, max_wait_seconds=limit)

    assert isinstance(error, TransportError)
    assert "may_exist" == error.outcome
    assert calls == scripted.gateway.calls()


def test_how_often_a_duplicate_is_looked_for_is_the_policys(client_class: Client) -> None:
    """The same code stands for other mistakes, so it need not be there."""
    script = [ABSENT, DUPLICATE, ABSENT]
    scripted = Scripted(client_class, *script, retry=RetryPolicy(max_duplicate_look_ups=1))

    assert "may_exist" == scripted.failing("get_or_create", NAMED).outcome
    assert "look create look" == scripted.gateway.calls()


_OURS = "an attempt of this call may have made the element, and look-ups not show it yet; call again later"
_NOT_OURS = "a create of another process may not be shown yet, the element may have been deleted, or the id belongs to"
_UNSURE = "or the request has another mistake, because the service uses this code for others, too"


@pytest.mark.parametrize(
    ("says", "dialect", "script"),
    [
        ([_NOT_OURS], "live", [ABSENT, DUPLICATE, *[ABSENT] * 3]),
        ([_NOT_OURS, _UNSURE], "documented", [ABSENT, DUPLICATE, *[ABSENT] * 3]),
        ([_OURS], "live", [ABSENT, LOST, ABSENT, ABSENT, DUPLICATE, *[ABSENT] * 6]),
        ([_OURS, _UNSURE], "documented", [ABSENT, LOST, ABSENT, ABSENT, DUPLICATE, *[ABSENT] * 6]),
    ],
)
def test_a_duplicate_that_is_not_found_says_what_it_can_be(
    client_class: Client, says: list[str], dialect: str, script: list[Step]
) -> None:
    """And what to do, with all that the refusal has."""
    error = Scripted(client_class, *script, dialect=dialect).failing("get_or_create", NAMED)

    assert isinstance(error, ExternalIdUsedError)
    assert str(error).startswith("external_task_id e-1 is refused as used before, but look-ups find nothing by it: ")
    assert says == [each for each in (_OURS, _NOT_OURS, _UNSURE) if each in str(error)]
    assert (400, 1201) == (error.status_code, error.code)
    assert str(error.message) in str(error)
    assert "use another id only if you know" in str(error) or _OURS in says


def test_look_ups_may_lag_behind_creates(client_class: Client) -> None:
    """By ten seconds, as the worst that was met, with an answer that is lost: still there is one subject."""
    created_at: list[float] = []

    def gateway(request: httpx.Request) -> Step:
        now = scripted.clock.seconds
        if request.method == "POST":
            if created_at:
                return DUPLICATE
            created_at.append(now)
            raise LOST("scripted")
        visible = created_at and now - created_at[0] >= 10
        return _FOUND if visible else ABSENT

    scripted = Scripted(client_class, *[gateway] * 20)

    assert "5" == scripted.get_or_create(NAMED).task_id
    assert [1, 2, 4, 8] == scripted.clock.slept


def _with_status(word: str) -> Reply:
    return task("5", "succeed", task_result={"elements": [{"element_id": 9, "status": word}]})


@pytest.mark.parametrize("word", ["deleted", "failed", "DELETED"])
def test_a_subject_that_cannot_be_used_is_not_adopted(client_class: Client, word: str) -> None:
    """Where the gateway goes on showing it: the task is on the error, and the id stays used."""
    for script in ([_with_status(word)], [ABSENT, LOST, _with_status(word)], [ABSENT, DUPLICATE, _with_status(word)]):
        error = Scripted(client_class, *script).failing("get_or_create", NAMED)

        assert isinstance(error, ElementUnavailableError)
        assert ("created", "e-1") == (error.outcome, error.external_task_id)
        assert ("5", "e-1") == (error.task.task_id, error.task.task_info.external_task_id)  # type: ignore[union-attr]


@pytest.mark.parametrize("found", [_with_status("succeed"), task("5", "failed"), task("5", "succeed"), task("5", None)])
def test_a_task_without_such_a_subject_is_adopted(client_class: Client, found: Reply) -> None:
    """It may be under way, or have failed: `wait` says so."""
    assert "5" == Scripted(client_class, found).get_or_create(NAMED).task_id
