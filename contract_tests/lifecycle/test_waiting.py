"""`wait` looks up a task less and less often until it ends, and raises the reason if it cannot succeed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx
import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    REFUSED,
    Client,
    FailedCall,
    ScriptedClient,
    Step,
    StubReply,
    both_dialects,
    finished_task,
    refusal,
    task,
)
from contract_tests.support.tables import for_each_row
from kling_elements import Outcome, PollPolicy
from kling_elements.errors import (
    ElementUnavailableError,
    NoTaskError,
    TaskError,
    TaskFailedError,
    UnknownStatusError,
    WaitTimeoutError,
)
from kling_elements_client.errors import (
    AuthenticationError,
    ContractError,
    KlingError,
    NotFoundError,
    RateLimitError,
    StatusError,
)
from kling_elements_client.models import Element, Task, TaskInfo, TaskResult

_BEGUN, _GOES_ON = task(), task(status="processing")
_FAILED = task(status="failed", task_status_msg="no face", task_info={"external_task_id": "e-1"})
_NEW_WORD, _EMPTY = task(status="resting"), task(status="succeed", task_result={"elements": []})
# seconds between look-ups, because unclear responses may last 30 s
_UNCLEAR = [1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625]
_TASK = Task(task_id="7", task_info=TaskInfo(external_task_id="e-1"))
_NEWER = StubReply(200, {"id": "7", "status": "succeeded", "task_result": {"elements": [{"element_id": 9}]}})
_HALF = task(status="succeed", task_result={"elements": [{"element_name": "Ada"}, {"element_id": 9}]})


def test_each_change_of_a_status_is_logged_once(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kling_elements")
    ScriptedClient(client_class, _BEGUN, _BEGUN, _GOES_ON, _GOES_ON, finished_task()).wait("7")

    assert ["task 7: submitted", "task 7: processing", "task 7: succeed"] == [
        record.getMessage() for record in caplog.records if record.name == "kling_elements"
    ]


@pytest.mark.parametrize(
    ("slept", "script"),
    [
        pytest.param([], [finished_task()], id="done already"),
        pytest.param([1], [_BEGUN, finished_task()], id="done soon"),
        pytest.param([1, 1.5, 2.25], [_BEGUN, _GOES_ON, _GOES_ON, finished_task()], id="processing"),
        pytest.param([1], [_BEGUN, _NEWER], id="newer spelling, without an envelope"),
        pytest.param(
            [1], [_BEGUN, task("7", "succeeded", task_result={"elements": [{"element_id": 9}]})], id="succeeded"
        ),
        pytest.param([], [_HALF], id="the element that has an id"),
        pytest.param([1], [_EMPTY, finished_task()], id="succeeded before its element is named"),
        pytest.param(_UNCLEAR, [_NEW_WORD] * 7 + [finished_task()], id="unknown word that passes"),
        pytest.param(_UNCLEAR, [ABSENT] * 7 + [finished_task()], id="not found yet"),
        pytest.param([1, 1.5, 2.25], [ABSENT, _BEGUN, ABSENT, finished_task()], id="found by some look-ups"),
        pytest.param([1, 1.5, 2.25], [_NEW_WORD, task(status=None), ABSENT, finished_task()], id="no word"),
        *(
            pytest.param([1], [step, finished_task()], id=f"survives {name}")
            for name, step in {
                **{str(status): refusal(status) for status in (408, 429, 499, 500, 502, 503, 504, 520, 524)},
                **{str(code): refusal(500, code) for code in (1302, 1303, 5000, "5001", 5002)},
                "lost": LOST,
                "refused": REFUSED,
                "broken": httpx.RemoteProtocolError,
                "page": StubReply(200, b"<html>"),
                "odd": StubReply(200, {"data": [1]}),
            }.items()
        ),
        pytest.param(
            [20, 1.5],
            [refusal(429, 1302, retry_after="20"), _BEGUN, finished_task()],
            id="the gateway asks for a while",
        ),
        pytest.param(
            [299], [refusal(503, retry_after="299"), finished_task()], id="the gateway asks for as long as there is"
        ),
    ],
)
@pytest.mark.parametrize("waited", ["7", 7, _TASK, Task(task_id=7, task_status="submitted")])
@both_dialects
def test_wait_returns_the_element_as_soon_as_it_exists(
    client_class: Client, dialect: str, waited: Any, slept: list[float], script: list[Step]
) -> None:
    """Temporary failures and unclear responses do not end the wait, and the intervals grow."""
    client = ScriptedClient(client_class, *script, dialect=dialect)

    assert 9 == client.wait(waited).element_id
    assert slept == client.clock.slept
    assert client.gateway.is_finished()
    assert {f"{ELEMENTS}/7"} == {r.url.path for r in client.gateway.requests}


def test_intervals_between_look_ups_grow_to_the_maximum(client_class: Client) -> None:
    """Any further look-ups keep the maximum interval."""
    client = ScriptedClient(
        client_class, *[_GOES_ON] * 90, finished_task(), poll=PollPolicy(factor=1e5, max_interval_seconds=3)
    )

    assert 9 == client.wait("7").element_id
    assert [1, *[3] * 89] == client.clock.slept


@pytest.mark.parametrize("outcome", ["made", "failed"])
def test_a_task_that_has_ended_is_not_looked_up(client_class: Client, outcome: str) -> None:
    client = ScriptedClient(client_class)
    if outcome == "made":
        done = Task(task_status="succeed", task_id="7", task_result=TaskResult(elements=[Element(element_id="9")]))

        assert "9" == client.wait(done).element_id
        assert [Element(element_id="9")] * 10_000 == client.wait_all([done] * 10_000)
    else:
        assert isinstance(client.error_of("wait", Task(task_id="7", task_status="failed")), TaskFailedError)
    assert "" == client.gateway.calls()


def test_a_task_without_a_system_id_is_looked_up_by_your_own_id(client_class: Client) -> None:
    """Such a task comes from a create whose response was lost."""
    client = ScriptedClient(client_class, finished_task())

    client.wait(Task(task_info=TaskInfo(external_task_id="e-1")))

    assert "e-1" == client.gateway.requests[0].url.path.rpartition("/")[2]


_NAMELESS = "task 7 has succeeded, but its response still contains no element after 32.2 s"
_SILENT = "task 7 is still without a status after"
_FAILED_TOO = "the last look-up failed:"
_LATE = "task 7 is still processing after 9.67 s"
_TEN = [1, 1.5, 2.25, 2.625, 1.3125, 0.65625, 0.328125]  # half of the time left is kept for the last look-up
_LOOKED = f"GET https://gateway.example.com{ELEMENTS}/7: HTTP"
_GONE, _EXPIRED = f"{_LOOKED} 404, code 1203", f"{_LOOKED} 401, code 1004, no"
_DELETED = task("7", "succeed", task_result={"elements": [{"element_id": 9, "status": "deleted"}]})


def _failed_wait(says: str, script: Sequence[Step], **more: Any) -> FailedCall:
    """Return a failed call with one look-up for each response. Its message is also its id."""
    return FailedCall(id=says, says=says, calls=" ".join(["look"] * len(script)), script=script, **more)


_existing = partial(_failed_wait, outcome="created")
_in_doubt = partial(_failed_wait, outcome="may_exist")
_unclear = partial(_existing, kind=UnknownStatusError, slept=_UNCLEAR)


@for_each_row(
    [
        _existing(kind=TaskFailedError, says="task 7 failed: no face", slept=[1], script=[_BEGUN, _FAILED]),
        _existing(kind=TaskFailedError, says="task 7 failed: no reason given", script=[task(status="failed")]),
        _existing(kind=ElementUnavailableError, says="the element 9 of task 7", slept=[1], script=[_BEGUN, _DELETED]),
        _unclear(says="task 7 still has the unknown status resting after 32.2 s", script=[_NEW_WORD] * 8),
        _unclear(says=_NAMELESS, script=[_EMPTY] * 8),
        _unclear(says="task 7 is still without a status after 32.2 s", script=[task(status="")] * 8),
        _unclear(says=_NAMELESS, script=[*[ABSENT, _NEW_WORD] * 3, LOST, _EMPTY]),
        _in_doubt(kind=NotFoundError, says=_GONE, slept=_UNCLEAR, script=[ABSENT] * 8),
        _existing(kind=NotFoundError, says=_GONE, slept=_UNCLEAR, script=[_NEW_WORD, *[ABSENT] * 7]),
        _existing(kind=NotFoundError, says=_GONE, slept=_UNCLEAR, script=[_NEW_WORD, refusal(503), *[ABSENT] * 6]),
        _in_doubt(kind=AuthenticationError, says=_EXPIRED, script=[refusal(401, 1004)]),
        _in_doubt(kind=AuthenticationError, says=_EXPIRED, slept=[1], script=[ABSENT, refusal(401, 1004)]),
        _in_doubt(kind=StatusError, says=f"{_LOOKED} 404, no", script=[refusal(404)]),
        _existing(
            kind=RateLimitError, says=f"{_LOOKED} 429, code 1101, no", slept=[1], script=[_BEGUN, refusal(429, 1101)]
        ),
        _in_doubt(
            kind=StatusError, says=f"{_LOOKED} 307, to /, empty body", script=[StubReply(307, b"", {"Location": "/"})]
        ),
        _in_doubt(
            kind=NoTaskError, says="the gateway's response to the look-up contains no task", script=[StubReply(200, {})]
        ),
        _in_doubt(
            kind=NoTaskError, says="the gateway's response to the look-up contains no task", script=[StubReply(200, {})]
        ),
    ]
)
def test_a_wait_that_cannot_succeed_raises_the_reason(client_class: Client, row: FailedCall) -> None:
    """The outcome says whether the task is known to exist."""
    client = ScriptedClient(client_class, *row.script)

    row.check(client, client.error_of("wait", "7"))


_late = partial(_failed_wait, kind=WaitTimeoutError)


@for_each_row(
    [
        _late(outcome="created", says=_LATE, slept=_TEN, script=[_BEGUN, *[_GOES_ON] * 7]),
        _late(
            outcome="created",
            says="task 7 still has the unknown status resting after 9",
            slept=_TEN,
            script=[_BEGUN, _NEW_WORD] * 4,
        ),
        _late(outcome="created", says=f"{_LATE}; {_FAILED_TOO} Read", slept=_TEN, script=[_GOES_ON] * 7 + [LOST]),
        _late(outcome="may_exist", says=f"{_SILENT} 9.67 s; the", slept=_TEN, script=[refusal(503)] * 8),
        _late(
            outcome="may_exist",
            says=f"{_SILENT} 0 s; the gateway asks to wait 60 s; {_FAILED_TOO}",
            script=[refusal(503, retry_after="60")],
        ),
        _late(outcome="may_exist", says=f"{_SILENT} 0 s", script=[refusal(503, retry_after="10")]),
        _existing(kind=NotFoundError, says=_LOOKED, slept=_TEN, script=[_BEGUN, *[ABSENT] * 7]),
        _in_doubt(kind=NotFoundError, says=_LOOKED, slept=_TEN, script=[ABSENT] * 8),
    ]
)
def test_wait_ends_within_its_limit(client_class: Client, row: FailedCall) -> None:
    """The wait ends at once if the gateway asks for more than the remaining time. The error has the last state."""
    client = ScriptedClient(client_class, *row.script)

    row.check(client, client.error_of("wait", "7", max_wait_seconds=10))


def test_short_intervals_are_kept_until_the_limit(client_class: Client) -> None:
    """The limit and the intervals may be shorter than a second."""
    client = ScriptedClient(client_class, *[_BEGUN] * 5, poll=PollPolicy(first_interval_seconds=0.01, factor=1))

    assert isinstance(client.error_of("wait", "7", max_wait_seconds=0.055), WaitTimeoutError)
    assert [0.01] * 4 == client.clock.slept


@pytest.mark.parametrize("step", [ABSENT, refusal(401, 1000), refusal(404), *[refusal(503), LOST]])
def test_a_task_from_a_response_is_known_to_exist(client_class: Client, step: Step) -> None:
    """The outcome is `created` even if the look-up finds nothing."""
    error = ScriptedClient(client_class, step).error_of("wait", _TASK, max_wait_seconds=0)

    assert Outcome.CREATED == error.outcome


def test_a_wait_error_has_the_last_state_of_the_task(client_class: Client) -> None:
    """The error also has the external id, for your next attempt."""
    failed = ScriptedClient(client_class, _BEGUN, _FAILED).error_of("wait", "7")
    late = ScriptedClient(client_class, task(status="processing", task_info={"external_task_id": "e-2"}))
    timed_out = late.error_of("wait", "7", max_wait_seconds=0)
    unseen = ScriptedClient(client_class, refusal(503)).error_of("wait", _TASK, max_wait_seconds=0)

    assert issubclass(WaitTimeoutError, TimeoutError)
    assert isinstance(failed, TaskError)
    assert ("failed", "e-1") == (failed.task.task_status, failed.external_task_id)
    assert isinstance(timed_out, WaitTimeoutError)
    assert ("processing", "e-2") == (timed_out.task.task_status, timed_out.external_task_id)
    assert isinstance(unseen, WaitTimeoutError)
    assert _TASK == unseen.task
    assert isinstance(unseen.__cause__, KlingError)


def test_only_unclear_responses_in_a_row_end_a_wait(client_class: Client) -> None:
    """A known status resets their time, and a temporary failure doesn't."""
    script = [_NEW_WORD, _BEGUN, _NEW_WORD, refusal(502), _NEW_WORD]
    client = ScriptedClient(client_class, *script, poll=PollPolicy(factor=1, max_unknown_seconds=2))
    at_once = ScriptedClient(client_class, ABSENT, poll=PollPolicy(max_unknown_seconds=0))

    assert str(client.error_of("wait", "7")).endswith("after 2 s")
    assert client.gateway.is_finished()
    assert isinstance(at_once.error_of("wait", "7"), NotFoundError)


def test_the_policy_sets_the_limit_unless_you_pass_one(client_class: Client) -> None:
    """A limit of 0 allows one look-up."""
    cases: list[tuple[Any, Any]] = [({}, {"max_wait_seconds": 0}), ({"poll": PollPolicy(max_wait_seconds=0)}, {})]
    for settings, options in cases:
        client = ScriptedClient(client_class, _BEGUN, **settings)

        assert str(client.error_of("wait", "7", **options)).endswith("after 0 s")
        assert [] == client.clock.slept


def test_a_slow_look_up_is_the_last(client_class: Client) -> None:
    """The look-up takes longer than the remaining time."""

    def slow(_: httpx.Request) -> httpx.Response:
        client.clock.seconds += 1e6
        return _GOES_ON.response()

    client = ScriptedClient(client_class, _BEGUN, slow)

    assert isinstance(client.error_of("wait", "7"), WaitTimeoutError)
    assert [1] == client.clock.slept


def test_wait_refuses_an_id_that_fits_into_no_path(client_class: Client) -> None:
    """The look-up is not repeated."""
    assert isinstance(ScriptedClient(client_class).error_of("wait", ".."), ContractError)
