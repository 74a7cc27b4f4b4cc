"""`get_or_create` makes at most one element, however often you call it and whichever answers are lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import (
    ABSENT,
    DUPLICATE,
    LOST,
    NAMED,
    REFUSED,
    Client,
    FailedCall,
    ScriptedClient,
    Step,
    StubReply,
    both_dialects,
    refusal,
    task,
)
from contract_tests.support.tables import for_each_row
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
_BUSY = refusal(429, 1302)
_IN_DOUBT: list[tuple[str, Step]] = [
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
    """The responses of a gateway, the calls that they lead to, and the task that is returned: 7 is created, 5 found."""

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
_LATE: list[Step] = [ABSENT, LOST, ABSENT, ABSENT]  # a create in doubt, then two look-ups that find nothing
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
        script=[*_LATE, DUPLICATE, _FOUND],
    ),
    _Adoption(
        id="duplicate of an attempt that look-ups show late",
        calls="look create look look create look look look look",
        slept=[1, 2, 4, 8],
        script=[*_LATE, DUPLICATE, ABSENT, ABSENT, ABSENT, _FOUND],
    ),
    _Adoption(id="the response to another create", calls="look create look", script=[ABSENT, _ANOTHERS, _FOUND]),
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
        script=[*_LATE, refusal(429, 1102), _FOUND],
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
        script=[*_LATE, LOST, ABSENT, ABSENT, task()],
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


_ELSE = task("6", task_info={"external_task_id": "e-2"})
_SAME_WORD = task("e-1", task_info={"external_task_id": "e-2"})  # the system's id happens to be the caller's
_NO_LOOK_UP = [
    refusal(404),
    StubReply(404, b"<html>"),
    refusal(404, 1202),
    refusal(405),
    refusal(501),
    StubReply(200, {}),
    refusal(200, 0),
    _ELSE,
    _SAME_WORD,
    task("e-1"),
]


_SIX = [1, 2, 4, 8, 16, 29]  # seconds between look-ups, until time is up
_in_doubt = partial(FailedCall, outcome="may_exist")
_FAILURES = [
    *(_in_doubt(id=str(step), kind=LookUpUnavailableError, calls="look", script=[step]) for step in _NO_LOOK_UP),
    *(
        _in_doubt(
            id=f"lost, {step}", kind=LookUpUnavailableError, calls="look create look", script=[ABSENT, LOST, step]
        )
        for step in _NO_LOOK_UP
    ),
    _in_doubt(id="token refused", kind=AuthenticationError, calls="look", script=[refusal(401, 1002)]),
    _in_doubt(id="arrears", kind=RateLimitError, calls="look", script=[refusal(429, 1101)]),
    _in_doubt(
        id="no connection", kind=ConnectionFailedError, calls="look look look", slept=[1, 2], script=[REFUSED] * 3
    ),
    *(
        FailedCall(id=name, kind=StatusError, outcome="not_created", calls="look create", script=[ABSENT, step])
        for name, step in [("refused", refusal(400, 1301)), ("refused without a code", refusal(409))]
    ),
    FailedCall(
        id="no connection for the create",
        kind=ConnectionFailedError,
        outcome="not_created",
        calls="look create create create",
        slept=[1, 2],
        script=[ABSENT, *[REFUSED] * 3],
    ),
    _in_doubt(
        id="token expired",
        kind=AuthenticationError,
        calls="look create look",
        script=[ABSENT, LOST, refusal(401, 1004)],
    ),
    _in_doubt(
        id="refused after one in doubt",
        kind=StatusError,
        calls="look create look look create look look look look look look",
        slept=_SIX,
        script=[*_LATE, refusal(400, 1301), *[ABSENT] * 6],
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
        script=[ABSENT, LOST, *[refusal(503)] * 7],
    ),
    *(
        _in_doubt(
            id=f"look-ups answered with {step}",
            kind=kind,
            calls="look look look look look look look",
            slept=_SIX,
            script=[step] * 7,
        )
        for kind, step in [(ServerError, refusal(503)), (InvalidResponseError, StubReply(200, b"<html>"))]
    ),
]


@for_each_row(_FAILURES)
@both_dialects
def test_an_error_says_whether_the_element_may_exist(client_class: Client, dialect: str, row: FailedCall) -> None:
    """If one attempt is in doubt, the outcome stays in doubt even if a later attempt is refused."""
    client = ScriptedClient(client_class, *row.script, dialect=dialect)

    error = client.error_of("get_or_create", NAMED)

    row.check(client, error)
    assert "e-1" == error.external_task_id


@pytest.mark.parametrize("step", [refusal(404), refusal(401, 1000), REFUSED, StubReply(200, {})])
def test_a_fresh_id_cannot_exist_before_the_first_create(client_class: Client, step: Step) -> None:
    """Your own id may have been used before, a fresh one has not."""
    error = ScriptedClient(client_class, *[step] * 3).error_of("get_or_create", BODY)

    assert "not_created" == error.outcome


@pytest.mark.parametrize("step", _NO_LOOK_UP)
def test_a_gateway_without_look_ups_is_named_as_the_cause(client_class: Client, step: StubReply) -> None:
    """The message also says what you can use instead."""
    error = ScriptedClient(client_class, step).error_of("get_or_create", NAMED)

    assert str(error).startswith("this gateway ")
    assert "get_or_create needs look-up: use create instead" in str(error)


@pytest.mark.parametrize(
    ("calls", "limit"), [("look create look", 0), ("look create look look create look", 2), ("look create look", 1.9)]
)
def test_no_further_attempt_begins_after_the_limit(client_class: Client, calls: str, limit: float) -> None:
    """The last request is a look-up."""
    script = [ABSENT if call == "look" else LOST for call in calls.split()]
    client = ScriptedClient(client_class, *script)

    error = client.error_of("get_or_create", NAMED, max_wait_seconds=limit)

    assert isinstance(error, TransportError)
    assert "may_exist" == error.outcome
    assert calls == client.gateway.calls()


def test_the_policy_limits_the_look_ups_after_a_duplicate(client_class: Client) -> None:
    """The duplicate need not exist, because gateways use the same code for other mistakes."""
    script = [ABSENT, DUPLICATE, ABSENT]
    client = ScriptedClient(client_class, *script, retry=RetryPolicy(max_duplicate_look_ups=1))

    assert "may_exist" == client.error_of("get_or_create", NAMED).outcome
    assert "look create look" == client.gateway.calls()


_OURS = "an attempt of this call may have created the element, and look-ups don't show it yet; call again later"
_NOT_OURS = "a create of another process may not be visible yet, the element may have been deleted, or the id belongs"
_UNSURE = "or the request has another mistake, because the service uses this code for others, too"


@pytest.mark.parametrize(
    ("causes", "dialect", "script"),
    [
        ([_NOT_OURS], "live", [ABSENT, DUPLICATE, *[ABSENT] * 3]),
        ([_NOT_OURS, _UNSURE], "documented", [ABSENT, DUPLICATE, *[ABSENT] * 3]),
        ([_OURS], "live", [ABSENT, LOST, ABSENT, ABSENT, DUPLICATE, *[ABSENT] * 6]),
        ([_OURS, _UNSURE], "documented", [ABSENT, LOST, ABSENT, ABSENT, DUPLICATE, *[ABSENT] * 6]),
    ],
)
def test_a_duplicate_that_is_not_found_lists_the_possible_causes(
    client_class: Client, causes: list[str], dialect: str, script: list[Step]
) -> None:
    """The message also says what to do next, and the error keeps the code and the text of the refusal."""
    error = ScriptedClient(client_class, *script, dialect=dialect).error_of("get_or_create", NAMED)

    assert isinstance(error, ExternalIdUsedError)
    assert str(error).startswith("external_task_id e-1 is refused as used before, but look-ups don't find it: ")
    assert causes == [cause for cause in (_OURS, _NOT_OURS, _UNSURE) if cause in str(error)]
    assert (400, 1201) == (error.status_code, error.code)
    assert str(error.message) in str(error)
    assert "use another id only if you know" in str(error) or _OURS in causes


def test_look_ups_may_lag_behind_creates(client_class: Client) -> None:
    """If look-ups lag by ten seconds, the most that was observed, and a response is lost, one element is made."""
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
    """If the gateway still shows the element, the error has its task, and the id cannot be reused."""
    for script in ([_with_status(word)], [ABSENT, LOST, _with_status(word)], [ABSENT, DUPLICATE, _with_status(word)]):
        error = ScriptedClient(client_class, *script).error_of("get_or_create", NAMED)

        assert isinstance(error, ElementUnavailableError)
        assert ("created", "e-1") == (error.outcome, error.external_task_id)
        assert ("5", "e-1") == (error.task.task_id, error.task.task_info.external_task_id)  # type: ignore[union-attr]


@pytest.mark.parametrize("reply", [_with_status("succeed"), task("5", "failed"), task("5", "succeed"), task("5", None)])
def test_a_task_without_an_unusable_element_is_adopted(client_class: Client, reply: StubReply) -> None:
    """An adopted task may be in progress or have failed; `wait` finds out which."""
    assert "5" == ScriptedClient(client_class, reply).get_or_create(NAMED).task_id
