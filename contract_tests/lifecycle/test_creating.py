"""A create is sent once, and repeated only if it cannot have created anything."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import (
    LOST,
    NAMED,
    NOW,
    REFUSED,
    Client,
    ScriptedClient,
    Step,
    StubReply,
    refusal,
    task,
)
from kling_elements.errors import NoTaskError

_BUSY, _FULL = refusal(429, 1302), refusal(429, 1303)


def test_a_request_that_breaks_the_contract_is_sent_if_you_ignore_violations(client_class: Client) -> None:
    """The external id is sent with the request."""
    client = ScriptedClient(client_class, task(), on_violation="ignore")

    client.create({**NAMED, "element_name": ""})

    assert [("", "e-1")] == [(body["element_name"], body["external_task_id"]) for body in client.gateway.bodies()]


_NEVER_LEFT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
_ON_THE_WAY = [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]


@pytest.mark.parametrize(
    ("slept", "script"),
    [
        pytest.param([], [task()], id="at once"),
        *(pytest.param([1], [step, task()], id=step.__name__) for step in _NEVER_LEFT),
        pytest.param([1, 2], [REFUSED, REFUSED, task()], id="no connection twice"),
        pytest.param([1], [_BUSY, task()], id="rate limit"),
        pytest.param([1], [_FULL, task()], id="concurrency"),
        pytest.param([1], [refusal(429, "1303"), task()], id="code as text"),
        pytest.param([1], [refusal(200, 1303), task()], id="with a status of success"),
        pytest.param([1, 2, 4, 8, 16], [_FULL] * 5 + [task()], id="doubling"),
        pytest.param([1, 2, 4, 8], [REFUSED, REFUSED, _BUSY, REFUSED, task()], id="connections failing in a row count"),
        pytest.param([5, 2], [refusal(429, 1302, retry_after="5"), _BUSY, task()], id="the gateway asks for seconds"),
        pytest.param([1], [refusal(429, 1302, retry_after="0"), task()], id="the gateway asks for less"),
        pytest.param(
            [10],
            [refusal(429, 1302, retry_after="Wed, 10 Jun 2026 08:00:10 GMT"), task()],
            id="the gateway asks for a date",
        ),
        pytest.param(
            [1], [refusal(429, 1302, retry_after="Wed, 10 Jun 2026 07:00:00 GMT"), task()], id="a date that has passed"
        ),
        pytest.param([1], [refusal(429, 1302, retry_after="soon"), task()], id="what cannot be read"),
        pytest.param([1], [refusal(429), task()], id="429 without a code"),
        pytest.param([1, 2, 4, 8, 16, 29], [_FULL] * 6 + [task()], id="the last wait is cut to what is left"),
        pytest.param([60], [refusal(429, 1302, retry_after="60"), task()], id="just within the limit"),
    ],
)
def test_a_create_that_cannot_have_created_anything_is_repeated(
    client_class: Client, slept: list[float], script: list[Step]
) -> None:
    """Waits double from 1 s on unless the gateway asks for another one, and the id stays the same."""
    client = ScriptedClient(client_class, *script)

    assert "7" == client.create(BODY).task_id
    assert slept == client.clock.slept
    assert len(script) == len(client.gateway.requests)
    assert 1 == len({body["external_task_id"] for body in client.gateway.bodies()})
    assert client.gateway.is_finished()


@pytest.mark.parametrize(
    ("outcome", "slept", "script"),
    [
        *(pytest.param("may_exist", [], [step], id=step.__name__) for step in _ON_THE_WAY),
        *(pytest.param("not_created", [], [refusal(429, code)], id=str(code)) for code in (1100, 1101, 1102, 1304)),
        *(pytest.param("may_exist", [], [refusal(500, code)], id=str(code)) for code in (5000, 5001, 5002)),
        pytest.param("may_exist", [], [refusal(503, retry_after="1")], id="503 that asks to wait"),
        pytest.param("may_exist", [], [refusal(400, 1201)], id="duplicate"),
        pytest.param("may_exist", [1], [_BUSY, LOST], id="lost after a wait"),
        pytest.param("not_created", [1], [_BUSY, refusal(429, 1101)], id="refused after a wait"),
        pytest.param("not_created", [1, 2], [REFUSED] * 3, id="no connection at all"),
        pytest.param("not_created", [1, 2, 4, 8, 16, 29], [_FULL] * 7, id="busy all the time"),
        pytest.param("not_created", [], [refusal(429, 1302, retry_after="61")], id="beyond the limit"),
        pytest.param("not_created", [], [refusal(429, 1302, retry_after="31536000")], id="a year"),
        pytest.param("not_created", [], [refusal(429, 1302, retry_after="9" * 400)], id="for ever"),
        pytest.param(
            "not_created", [], [refusal(429, 1302, retry_after="Fri, 31 Dec 9999 23:59:59 GMT")], id="year 9999"
        ),
    ],
)
def test_any_other_failure_ends_a_create(
    client_class: Client, outcome: str, slept: list[float], script: list[Step]
) -> None:
    """The error says whether the element may exist, and has the id to look it up by."""
    client = ScriptedClient(client_class, *script)

    error = client.error_of("create", BODY)

    assert outcome == error.outcome
    assert slept == client.clock.slept
    assert {error.external_task_id} == {body["external_task_id"] for body in client.gateway.bodies()}
    assert client.gateway.is_finished()


_OTHER = {"external_task_id": "e-0"}


@pytest.mark.parametrize(
    "response",
    [
        task("5", task_info=_OTHER),
        task("5", external_id="e-0"),
        StubReply(200, {"id": "5", "status": "submitted", "external_id": "e-0"}),
        StubReply(500, {"code": 5000, "data": {"task_id": "5", "task_info": _OTHER}}),
        task("5", task_info={"external_task_id": 43}),
    ],
)
def test_the_response_to_another_create_is_rejected(client_class: Client, response: StubReply) -> None:
    """The create is then in doubt."""
    error = ScriptedClient(client_class, response).error_of("create", NAMED)

    assert isinstance(error, NoTaskError)
    assert "task 5 of another external_task_id, " in str(error)
    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)


@pytest.mark.parametrize("external_id", ["e-1", None, ""])
def test_a_response_need_not_repeat_the_id(client_class: Client, external_id: Any) -> None:
    """The task gets the id that was sent."""
    created = ScriptedClient(client_class, task("5", task_info={"external_task_id": external_id, "x": 1})).create(NAMED)

    assert {"external_task_id": "e-1", "x": 1} == created.task_info.to_dict()


def test_an_id_that_comes_back_as_a_number_is_the_same_id(client_class: Client) -> None:
    """A string of digits and the equal number count as one id, because gateways convert it."""
    created = ScriptedClient(client_class, task("5", task_info={"external_task_id": 42})).create(
        {**BODY, "external_task_id": "42"}
    )

    assert "42" == created.task_info.external_task_id


def test_a_retry_date_is_compared_with_the_clock(client_class: Client) -> None:
    """A date that has passed is ignored, and the usual interval applies."""
    late = StubReply(429, {"code": 1302}, {"Retry-After": "Wed, 10 Jun 2026 08:00:20 GMT"})
    client = ScriptedClient(client_class, late, late, task())

    client.create(BODY)

    assert [20, 2] == client.clock.slept
    assert 2026 == NOW.year
