"""If `get_or_create` fails, the error says whether the element may exist, and what to do next."""

from __future__ import annotations

from functools import partial

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
from kling_elements.errors import ExternalIdUsedError, LookUpUnavailableError
from kling_elements_client.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StatusError,
    TransportError,
)

_IN_DOUBT_UNSEEN: list[Step] = [ABSENT, LOST, ABSENT, ABSENT]  # a create in doubt, then two look-ups that find nothing
_in_doubt = partial(FailedCall, outcome="may_exist")
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
        script=[*_IN_DOUBT_UNSEEN, refusal(400, 1301), *[ABSENT] * 6],
    ),
    _in_doubt(
        id="no connection after one in doubt",
        kind=ConnectionFailedError,
        calls="look create look look create look look create look look create look",
        slept=[1, 2, 4],
        script=[*_IN_DOUBT_UNSEEN, REFUSED, ABSENT, ABSENT, REFUSED, ABSENT, ABSENT, REFUSED, ABSENT],
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
        script=[*_IN_DOUBT_UNSEEN, DUPLICATE, *[ABSENT] * 6],
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
    """After one attempt in doubt, the outcome stays in doubt, even if a later attempt is refused."""
    client = ScriptedClient(client_class, *row.script, dialect=dialect)

    error = client.error_of("get_or_create", NAMED)

    row.check(client, error)
    assert "e-1" == error.external_task_id


@pytest.mark.parametrize("step", [refusal(404), refusal(401, 1000), REFUSED, StubReply(200, {})])
def test_a_fresh_id_cannot_exist_before_the_first_create(client_class: Client, step: Step) -> None:
    """The outcome is `not_created`, because only an id of your own can be in use."""
    error = ScriptedClient(client_class, *[step] * 3).error_of("get_or_create", BODY)

    assert "not_created" == error.outcome


@pytest.mark.parametrize("step", _NO_LOOK_UP)
def test_the_error_says_that_the_gateway_lacks_look_ups(client_class: Client, step: StubReply) -> None:
    """The message also says what to use instead."""
    error = ScriptedClient(client_class, step).error_of("get_or_create", NAMED)

    assert str(error).startswith("this gateway ")
    assert "get_or_create needs look-ups, so use create instead" in str(error)


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
    """The look-ups end, because the refusal's code may stand for another mistake."""
    script = [ABSENT, DUPLICATE, ABSENT]
    client = ScriptedClient(client_class, *script, retry=RetryPolicy(max_duplicate_look_ups=1))

    assert "may_exist" == client.error_of("get_or_create", NAMED).outcome
    assert "look create look" == client.gateway.calls()


_OURS = "an attempt of this call may have created the element, and look-ups don't show it yet; call again later"


_NOT_OURS = "a create of another process may not be visible yet, the element may have been deleted, or the id belongs"


_UNSURE = "or the request contains another mistake, because the service uses this code for several"


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
    """The message says what to do next. The error keeps the code and the message of the refusal."""
    error = ScriptedClient(client_class, *script, dialect=dialect).error_of("get_or_create", NAMED)

    assert isinstance(error, ExternalIdUsedError)
    assert str(error).startswith("external_task_id e-1 is refused as used before, but look-ups don't find it: ")
    assert causes == [cause for cause in (_OURS, _NOT_OURS, _UNSURE) if cause in str(error)]
    assert (400, 1201) == (error.status_code, error.code)
    assert str(error.message) in str(error)
    assert "use another id only if you know" in str(error) or _OURS in causes
