"""One table decides for both clients what a failed create means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import LOST, NAMED, REFUSED, Client, ScriptedClient, StubReply, refusal
from contract_tests.support.tables import for_each_row
from kling_elements import Outcome
from kling_elements.outcomes import (
    Phase,
    Retry,
    Verdict,
    is_absent,
    is_certain_duplicate,
    is_deleted_already,
    is_duplicate,
    is_retryable_query,
    offers_no_look_up,
    verdict_for_error,
    verdict_for_phase,
)
from kling_elements_client import contract
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import (
    BusinessError,
    ContractError,
    InvalidResponseError,
    KlingError,
    NotFoundError,
    ResponseSummary,
    TransportError,
    Violation,
)
from kling_elements_runtime.errors import error_class_for

_NO, _MAYBE, _YES = Outcome.NOT_CREATED, Outcome.MAY_EXIST, Outcome.CREATED
_NEVER, _WAIT, _LOOK = Retry.NEVER, Retry.AFTER_WAITING, Retry.AFTER_LOOK_UP


@dataclass(frozen=True, kw_only=True)
class _Row:
    """The meaning of a response to a create."""

    status: int
    code: int | None = None
    outcome: Outcome = _NO
    retry: Retry = _NEVER

    @property
    def id(self) -> str:
        return f"{self.status}" if self.code is None else f"{self.status}, {self.code}"


_in_doubt = partial(_Row, outcome=_MAYBE, retry=_LOOK)
_CODES = [  # the vendor's table, read a second time
    *(_Row(status=401, code=code) for code in (1000, 1001, 1002, 1003, 1004)),
    *(_Row(status=429, code=code) for code in (1100, 1101, 1102)),
    _Row(status=403, code=1103),
    _Row(status=400, code=1200),
    _Row(status=400, code=1201, outcome=_MAYBE),
    _Row(status=404, code=1202),
    _Row(status=404, code=1203),
    _Row(status=400, code=1300),
    _Row(status=400, code=1301),
    _Row(status=429, code=1302, retry=_WAIT),
    _Row(status=429, code=1303, retry=_WAIT),
    _Row(status=429, code=1304),
    _in_doubt(status=500, code=5000),
    _in_doubt(status=503, code=5001),
    _in_doubt(status=504, code=5002),
]
_REFUSALS = [400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 416, 418, 421, 422, 425, 426, 428]
_REFUSALS += [431, 451, 498]
_AMBIGUOUS_STATUSES = [100, 200, 201, 202, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 399]
_AMBIGUOUS_STATUSES += [408, 499, 500, 501, 502, 503, 504, 507, 520, 521, 522, 523, 524, 525, 599, 600]
_STATUSES = [
    *(_Row(status=status) for status in _REFUSALS),
    _Row(status=429, retry=_WAIT),
    *(_in_doubt(status=status) for status in _AMBIGUOUS_STATUSES),
]
_UNKNOWN_CODES: list[Any] = [
    *(None, 0, "0", -1302, 1, 42, 1005, 1305, 5003, 13020, 10**30),
    *("", " ", "x", "-1302", "+1302", "1302.0", "1302x", " 1302", "1302 ", "0x516", "1_302", "1" * 5000),
    *(
        "١٣٠٢",
        "\uff11\uff13\uff10\uff12",
        "rate_limit_exceeded",
        "\ud83d",
    ),  # digits of other scripts do not count
]


@for_each_row(_CODES)
def test_a_known_code_decides_even_if_the_status_differs(row: _Row) -> None:
    """The code may also be a string, even with leading zeros."""
    spellings: list[Any] = [row.code, str(row.code), f"000{row.code}"]
    for status, code in product((row.status, None, 200, 302, 400, 408, 418, 500, 502), spellings):
        assert Verdict(row.outcome, row.retry) == verdict_for_phase(CONTRACT, Phase.ANSWERED, status, code)


def test_the_contract_has_exactly_the_vendors_codes() -> None:
    """The test compares the contract with the vendor's table, code by code."""
    assert [(row.code, row.status) for row in _CODES] == [
        (row.code, row.http_status) for row in contract.business_codes().values()
    ]


@for_each_row(_STATUSES)
def test_without_a_known_code_the_status_decides(row: _Row) -> None:
    """A 4xx is a refusal (429 a temporary one) unless a proxy gave up waiting; everything else is in doubt."""
    for code in _UNKNOWN_CODES:
        assert Verdict(row.outcome, row.retry) == verdict_for_phase(CONTRACT, Phase.ANSWERED, row.status, code)


def test_a_response_without_a_status_is_in_doubt() -> None:
    assert (
        Verdict(_MAYBE, _LOOK)
        == verdict_for_phase(CONTRACT, Phase.ANSWERED)
        == verdict_for_phase(CONTRACT, Phase.ANSWERED, None, 42)
    )


@pytest.mark.parametrize(
    ("phase", "outcome", "retry"),
    [
        (Phase.REFUSED_HERE, _NO, _NEVER),
        (Phase.NEVER_LEFT, _NO, _WAIT),
        (Phase.NO_RESPONSE, _MAYBE, _LOOK),
        (Phase.ACCEPTED, _YES, _NEVER),
    ],
)
def test_without_a_response_the_phase_decides(phase: Phase, outcome: Outcome, retry: Retry) -> None:
    """A status and a code are ignored in that case."""
    for status, code in product((None, 200, 400, 500), (None, 1200, 1302, 5000)):
        assert Verdict(outcome, retry) == verdict_for_phase(CONTRACT, phase, status, code)


def test_a_create_in_doubt_is_never_repeated_without_a_look_up() -> None:
    """A create is repeated at once only if nothing was created, and after a look-up if something may exist."""
    codes = [*_UNKNOWN_CODES, *(row.code for row in _CODES)]
    verdicts = {
        verdict_for_phase(CONTRACT, phase, status, code)
        for phase, status, code in product(Phase, (None, *range(100, 601)), codes)
    }

    expected = {(_NO, _NEVER), (_NO, _WAIT), (_MAYBE, _LOOK), (_YES, _NEVER)}
    assert {*expected, (_MAYBE, _NEVER)} == {(v.outcome, v.retry) for v in verdicts}  # the last one is a duplicate's


def test_outcomes_are_the_documented_words() -> None:
    """Outcomes are strings, so that you can compare and log them."""
    assert ["not_created", "may_exist", "created"] == [str(outcome) for outcome in Outcome]
    assert _MAYBE == "may_exist"


def _error(status: int, code: Any = None, message: str | None = None) -> KlingError:
    """Return the error for the response to a look-up."""
    response = ResponseSummary(
        status_code=status, headers=httpx.Headers(), code=code, message=message, request_id=None, excerpt=""
    )
    if contract.means("getElement", "x-absent", code, message):
        return NotFoundError("absent", response)
    return error_class_for(status)("refused", response) if status >= 300 else BusinessError("refused", response)


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (Verdict(_NO, _NEVER), ContractError([Violation("", "R03", "no")])),
        (Verdict(_NO, _WAIT), TransportError("no", may_have_been_sent=False)),
        (Verdict(_MAYBE, _LOOK), TransportError("no", may_have_been_sent=True)),
        (Verdict(_MAYBE, _LOOK), KlingError("no")),
        (Verdict(_NO, _WAIT), _error(200, "1303")),
        (Verdict(_MAYBE, _LOOK), _error(201, 42)),
        (Verdict(_NO, _NEVER), _error(409)),
        (Verdict(_MAYBE, _LOOK), _error(502)),
        (Verdict(_NO, _NEVER), InvalidResponseError("odd", _error(200, 1200).response)),  # type: ignore[attr-defined]
    ],
)
def test_every_kind_of_error_has_a_verdict(expected: Verdict, error: KlingError) -> None:
    """The code of a response counts even if the rest is unreadable."""
    assert expected == verdict_for_error(error, CONTRACT)


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (True, TransportError("no", may_have_been_sent=False)),
        (True, TransportError("no", may_have_been_sent=True)),
        (False, ContractError([])),
        (False, KlingError("no")),
        *((row.code in (1302, 1303, 5000, 5001, 5002), _error(row.status, str(row.code))) for row in _CODES),
        *((False, _error(status)) for status in (300, 302, 400, 401, 403, 404, 405, 409, 425, 498)),
        *((False, _error(status, "task_not_exist")) for status in (200, 201, 400, 404, 422)),
        *((True, _error(status, "task_not_exist")) for status in (408, 429, 500, 502)),
        *((True, _error(status, 42)) for status in (200, 204, 408, 429, 499, 500, 501, 502, 503, 504, 520, 524, 599)),
    ],
)
def test_a_query_is_repeated_if_the_failure_may_be_temporary(expected: bool, error: KlingError) -> None:  # noqa: FBT001
    """Queries have no side effects, so only a permanent refusal ends them."""
    assert expected is is_retryable_query(error, CONTRACT)


_ABSENT = "Task not found by id/external id: e-1"


@pytest.mark.parametrize("status", [200, 400, 404, 422, 500])
@pytest.mark.parametrize(
    ("code", "message"), [(1203, None), ("1203", "no such resource"), (1201, _ABSENT), ("1201", _ABSENT)]
)
def test_a_task_is_absent_if_the_response_says_so(status: int, code: Any, message: str | None) -> None:
    """The responses of both dialects count, whatever their status is."""
    error = _error(status, code, message)

    assert is_absent(error)
    assert not offers_no_look_up(error)
    assert not is_retryable_query(error, CONTRACT)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, None, _ABSENT),
        (404, 1202, _ABSENT),
        (400, 1200, _ABSENT),
        (400, 1201, "Invalid parameters"),
        (400, 1201, f"{_ABSENT}".lower()),
        (400, 1201, f"No: {_ABSENT}"),
        (400, 1201, None),
        (410, 42, None),
    ],
)
def test_no_other_response_means_that_a_task_is_absent(status: int, code: Any, message: str | None) -> None:
    """A bare 404 proves nothing, nor does code 1201 with another message."""
    assert not is_absent(_error(status, code, message))
    assert not is_absent(TransportError("no", may_have_been_sent=True))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((404, None), (404, 1202), (405, None), (501, None), (501, 42)),
        *((status, "task_not_exist") for status in (200, 201, 400, 404, 422)),
        *((status, "invalid_request") for status in (200, 400)),
    ],
)
def test_a_gateway_without_look_ups_is_recognised(status: int, code: Any) -> None:
    """Such a gateway responds with 404, 405 or 501, or uses a word as the code of its refusal."""
    assert offers_no_look_up(_error(status, code))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, None) for status in (200, 400, 401, 410, 422, 429, 500, 503)),
        *((status, "task_not_exist") for status in (401, 403, 408, 429, 500, 503)),
        *((400, code) for code in (1200, "1200", 42, "42", "-1", "***")),
        *((200, code) for code in (5000, "5000", 42, "42")),
    ],
)
def test_other_failures_do_not_mean_that_a_gateway_lacks_look_ups(status: int, code: Any) -> None:
    """A numeric code shows that the service answered, and other statuses may be temporary."""
    assert not offers_no_look_up(_error(status, code))
    assert not offers_no_look_up(TransportError("no", may_have_been_sent=True))


_TAKEN = "External_task_id e-1 already exists"


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize(
    ("certain", "code", "message"),
    [
        (True, 1201, _TAKEN),
        (True, "1201", _TAKEN),
        (False, 1201, "Invalid key"),
        (False, 1201, _ABSENT),
        (False, "1201", None),
    ],
)
def test_a_duplicate_is_certain_only_if_the_message_says_so(
    certain: bool,  # noqa: FBT001
    code: Any,
    message: str | None,
    status: int,
) -> None:
    """Code 1201 is not enough, because the service also uses it for other mistakes."""
    error = error_class_for(status)("refused", ResponseSummary(status, httpx.Headers(), code, message, None, ""))

    assert is_duplicate(error, CONTRACT)
    assert certain is is_certain_duplicate(error, CONTRACT)


def test_no_other_code_means_a_duplicate() -> None:
    """A message about a duplicate is not enough."""
    others = [_error(row.status, row.code, _TAKEN) for row in _CODES if row.code != 1201]
    others += [_error(409, None, _TAKEN), _error(409, 42, _TAKEN), TransportError(_TAKEN, may_have_been_sent=True)]

    assert [] == [error for error in others if is_duplicate(error, CONTRACT) or is_certain_duplicate(error, CONTRACT)]


@pytest.mark.parametrize(
    ("expected", "code", "message"),
    [
        (True, 1201, "Element already be deleted for id: 9"),
        (True, "1201", "Element already be deleted"),
        (False, 1201, "Element not found"),
        (False, 1201, None),
        (False, 1203, "Element already be deleted for id: 9"),
        (False, None, "Element already be deleted for id: 9"),
    ],
)
def test_a_second_deletion_is_recognised_by_its_message(expected: bool, code: Any, message: str | None) -> None:  # noqa: FBT001
    """The code is not enough, because the service also uses it for other mistakes."""
    assert expected is is_deleted_already(_error(400, code, message), CONTRACT)
    assert not is_deleted_already(TransportError("no", may_have_been_sent=True), CONTRACT)


def test_a_code_may_be_a_string() -> None:
    """A string of digits is read as the code, and any other string is not a known code."""
    waits = [
        verdict_for_phase(CONTRACT, Phase.ANSWERED, 400, code).retry
        for code in (1302, "1302", "x", "", None, "1" * 5000)
    ]

    assert [Retry.AFTER_WAITING] * 2 + [Retry.NEVER] * 4 == waits


@for_each_row([*_CODES, *(row for row in _STATUSES if 200 <= row.status < 600)])
def test_both_clients_follow_the_table(client_class: Client, row: _Row) -> None:
    """The error has the outcome in the row and the external id. Only a temporary refusal leads to a second attempt."""
    response = refusal(row.status, str(row.code) if row.code else None) if row.status != 204 else StubReply(204, b"")
    client = ScriptedClient(client_class, response, response)

    error = client.error_of("create", NAMED, max_wait_seconds=2)

    assert (row.outcome, "e-1") == (error.outcome, error.external_task_id)
    assert (2 if row.retry is _WAIT else 1) == len(client.gateway.requests)


@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        (_NO, REFUSED),
        (_MAYBE, LOST),
        (_MAYBE, StubReply(200, {})),
        (_MAYBE, StubReply(200, b"")),
        (_MAYBE, StubReply(200, b"<html>")),
        (_MAYBE, StubReply(200, {"code": 0, "data": None})),
        (_MAYBE, StubReply(200, {"code": "0", "data": {"task_status": "submitted"}})),
        (_MAYBE, StubReply(200, {"error": {"message": "odd"}})),
        (_NO, StubReply(200, {"error": {"message": "odd", "code": "1200"}})),
        (_NO, StubReply(200, {"code": 1301, "data": 5})),
    ],
)
def test_every_failed_create_has_an_outcome(client_class: Client, outcome: Outcome, step: Any) -> None:
    """If a success contains no task, the create is in doubt."""
    client = ScriptedClient(client_class, step)

    error = client.error_of("create", BODY, max_wait_seconds=0)

    assert outcome == error.outcome
    assert error.external_task_id
    assert "create" == client.gateway.calls()
