"""How often a call is tried, and for how long in total."""

from __future__ import annotations

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import Client, FakeClock, ScriptedClient, refusal, task
from kling_elements import RetryPolicy
from kling_elements.lifecycle.retry_budget import RetryBudget
from kling_elements_client.errors import KlingError, RateLimitError, TransportError

_BUSY = refusal(429, 1302)


@pytest.mark.parametrize(
    ("slept", "limit"),
    [
        ([], 0),
        ([0.5], 0.5),
        ([1], 1),
        ([1, 2], 3),
        ([1, 2, 1], 4),
        ([1, 2, 4, 0.5], 7.5),
        ([1, 2, 4, 8, 16, 29], 60),
        ([1, 2, 4, 8, 16, 30], 61),
    ],
)
def test_no_attempt_begins_after_the_limit_of_the_policy(
    client_class: Client, slept: list[float], limit: float
) -> None:
    """The last wait is shortened to the remaining time."""
    client = ScriptedClient(client_class, *[_BUSY] * (len(slept) + 1), retry=RetryPolicy(max_wait_seconds=limit))

    assert isinstance(client.error_of("create", BODY), RateLimitError)
    assert slept == client.clock.slept
    assert client.gateway.is_finished()


@pytest.mark.parametrize(
    ("slept", "limit"),
    [
        ([], 0),
        ([], 0.5),
        ([], 1.9),
        ([1], 2),
        ([1, 1], 3),
        ([1, 2, 2, 1], 7),
        ([1, 2, 4, 8, 16, 14.5, 7.25, 3.625, 1.8125], 60),
    ],
)
def test_a_limit_of_the_call_leaves_time_for_the_last_attempt(
    client_class: Client, slept: list[float], limit: float
) -> None:
    """A wait takes at most half of the remaining time, but never less than the policy's first interval."""
    client = ScriptedClient(client_class, *[_BUSY] * (len(slept) + 1))

    assert isinstance(client.error_of("create", BODY, max_wait_seconds=limit), RateLimitError)
    assert slept == client.clock.slept
    assert client.gateway.is_finished()


@pytest.mark.parametrize(("slept", "seconds"), [([9.5], 9.5), ([], 10), ([], 11)])
def test_the_client_waits_as_long_as_the_gateway_asks_within_the_limit(
    client_class: Client, slept: list[float], seconds: float
) -> None:
    """If the requested wait exceeds the limit, the call ends at once."""
    client = ScriptedClient(client_class, refusal(429, 1302, retry_after=str(seconds)), task())

    if slept:
        assert "7" == client.create(BODY, max_wait_seconds=10).task_id
    else:
        assert isinstance(client.error_of("create", BODY, max_wait_seconds=10), RateLimitError)
    assert slept == client.clock.slept


def test_a_create_may_be_retried_without_limit(client_class: Client) -> None:
    client = ScriptedClient(client_class, *[_BUSY] * 200, task())

    assert "7" == client.create(BODY, max_wait_seconds=float("inf")).task_id
    assert [1, 2, 4, 8, 16, *[30] * 195] == client.clock.slept


def test_jitter_keeps_clients_apart(client_class: Client) -> None:
    """Jitter lengthens waits by at most the policy's fraction, and shortens none that the gateway requests."""
    policy = RetryPolicy(first_interval_seconds=2, factor=3, max_interval_seconds=10, jitter=0.5)
    client = ScriptedClient(
        client_class, _BUSY, _BUSY, _BUSY, refusal(429, 1302, retry_after="12"), task(), retry=policy
    )
    client.clock.luck = 0.8

    client.create(BODY)

    assert [2.8, pytest.approx(8.4), 14, 14] == client.clock.slept


def test_the_policy_limits_failed_connections() -> None:
    """A limit of one allows no retry. A successful connection resets the count."""
    clock = FakeClock()
    failed, busy = TransportError("no", may_have_been_sent=False), KlingError("no")
    once = RetryBudget(RetryPolicy(max_connect_attempts=1), clock, None)
    twice = RetryBudget(RetryPolicy(max_connect_attempts=2), clock, None)

    assert None is once.seconds_after(failed)
    assert [1, 2, 4, None] == [twice.seconds_after(error) for error in (failed, busy, failed, failed)]
