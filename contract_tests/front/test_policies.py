"""Policies are frozen values, and no response of a gateway breaks the computation of waits."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.support.scripted import NOW
from kling_elements import PollPolicy, RetryPolicy
from kling_elements.policies import deadline_seconds, interval, limit_seconds, retry_after_seconds

_MAX_SECONDS = 1e9


def test_the_defaults_are_those_of_the_service() -> None:
    """The first wait is 1 s, and each further one twice as long."""
    retry, poll = RetryPolicy(), PollPolicy()

    assert (1, 2, 30, 60, 3, 3) == (
        *(retry.first_interval_seconds, retry.factor, retry.max_interval_seconds, retry.max_wait_seconds),
        *(retry.max_connect_attempts, retry.max_duplicate_look_ups),
    )
    assert 0 < retry.jitter < 1
    assert (1, 1.5, 15, 300, 30) == (
        *(
            poll.first_interval_seconds,
            poll.factor,
            poll.max_interval_seconds,
            poll.max_wait_seconds,
            poll.max_unknown_seconds,
        ),
    )


@pytest.mark.parametrize("kind", [RetryPolicy, PollPolicy])
def test_a_policy_is_a_value(kind: Any) -> None:
    """Policies are compared by their fields, are immutable, and take keyword arguments only."""
    policy = kind(max_wait_seconds=5)

    assert kind(max_wait_seconds=5) == policy != kind()
    assert hash(kind(max_wait_seconds=5)) == hash(policy)
    with pytest.raises(FrozenInstanceError):
        policy.max_wait_seconds = 6
    with pytest.raises(TypeError):
        kind(1)


_NOT_NUMBERS: list[Any] = ["1", None, [], 1j]
_COUNTS = ["max_connect_attempts", "max_duplicate_look_ups"]
_NOT_COUNTS = [(1.5, name) for name in _COUNTS]
_NUMBERS = ["first_interval_seconds", "max_interval_seconds", "factor", "max_wait_seconds"]
_UNKNOWN = "max_unknown_seconds"


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        *(
            (kind, name, bad)
            for kind in (RetryPolicy, PollPolicy)
            for name in _NUMBERS
            for bad in (-1, math.nan, -math.inf, *_NOT_NUMBERS)
        ),
        *((kind, name, 0) for kind in (RetryPolicy, PollPolicy) for name in _NUMBERS[:3]),
        *((kind, "factor", 0.99) for kind in (RetryPolicy, PollPolicy)),
        *((RetryPolicy, "jitter", bad) for bad in (-0.1, math.nan, math.inf, None)),
        *((RetryPolicy, name, bad) for name in _COUNTS for bad in (0, -1, 1.5, "1")),
        *((PollPolicy, _UNKNOWN, bad) for bad in (-1, math.nan, -math.inf, *_NOT_NUMBERS)),
    ],
)
def test_an_unusable_field_of_a_policy_is_refused(kind: Any, name: str, value: Any) -> None:
    """The error is raised when you create the policy, not during a retry."""
    error = TypeError if value in _NOT_NUMBERS or (value, name) in _NOT_COUNTS else ValueError
    with pytest.raises(error, match=f"^{name} must be a (finite |whole )?number.*, not "):
        kind(**{name: value})


@pytest.mark.parametrize(
    ("expected", "policy"),
    [
        ([1, 2, 4, 8, 16, 30, 30], RetryPolicy()),
        ([1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625, 15, 15], PollPolicy()),
        ([2, 2, 2], RetryPolicy(first_interval_seconds=2, factor=1)),
        ([3, 3], PollPolicy(first_interval_seconds=5, max_interval_seconds=3)),
        ([1, 3, 3], RetryPolicy(factor=math.inf, max_interval_seconds=3)),
        ([1, 3, 3], PollPolicy(factor=1e300, max_interval_seconds=3)),
        ([3, 3], PollPolicy(first_interval_seconds=math.inf, max_interval_seconds=3)),
    ],
)
def test_intervals_grow_up_to_the_maximum(expected: list[float], policy: Any) -> None:
    assert expected == [interval(policy, attempt) for attempt in range(len(expected))]


@pytest.mark.parametrize("factor", [1, 1.0001, 1.5, 2, 10, 1e5, 1e300, math.inf])
@pytest.mark.parametrize("first", [1e-300, 1, 1e300])
def test_intervals_never_shrink_or_overflow(first: float, factor: float) -> None:
    """The test tries any number of attempts."""
    policy = PollPolicy(first_interval_seconds=first, factor=factor, max_interval_seconds=9)
    intervals = [interval(policy, attempt) for attempt in [*range(100), 10**6, 10**18]]

    assert all(0 < earlier <= later <= 9 for earlier, later in pairwise(intervals))


@pytest.mark.parametrize("endless", [math.inf, 10**400])
def test_an_infinite_limit_becomes_a_very_long_one(endless: float) -> None:
    """The client replaces infinity, because no clock can sleep that long."""
    assert 1e9 == limit_seconds(PollPolicy(), endless)


@pytest.mark.parametrize("limit", [0, 0.0, 0.1, 5, 1e9])
def test_a_limit_replaces_that_of_the_policy(limit: float) -> None:
    """Any number from 0 up replaces it."""
    assert limit == limit_seconds(RetryPolicy(), limit)
    assert (60, 300, 7) == (
        *(limit_seconds(RetryPolicy(), None), limit_seconds(PollPolicy(), None)),
        limit_seconds(PollPolicy(max_wait_seconds=7), None),
    )


@pytest.mark.parametrize(("seconds", "limit"), [(None, None), (None, 0), (0.1, 0.1), (1e9, math.inf)])
def test_a_limit_that_you_pass_is_the_deadline_of_the_whole_call(seconds: float | None, limit: float | None) -> None:
    """A limit of 0 allows one attempt; without a limit, an upload may take as long as it needs."""
    assert seconds == deadline_seconds(limit)


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        *((ValueError, limit) for limit in (-1, -math.inf, math.nan)),
        *((TypeError, limit) for limit in (*_NOT_NUMBERS[:1], *_NOT_NUMBERS[2:], True, timedelta(seconds=5))),
    ],
)
def test_limit_seconds_refuses_a_value_that_is_not_a_number_of_seconds(error: type[Exception], limit: Any) -> None:
    """The message quotes the value, which can't be a secret."""
    with pytest.raises(error, match=r"^max_wait_seconds must be a number of seconds, 0 or more, not "):
        limit_seconds(PollPolicy(), limit)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, text) for text in ("", " ", "0", "00", "0.0", "-1", "-0", "+5", "5s", "1e3", "0x5", "1,2", "5, 5")),
        *((0, text) for text in ("\u0665", "\u00bd", "\uff15")),
        *((0, text) for text in ("soon", "nan", "inf", "-inf", "None", "5.", ".5", "1.2.3", "1_0")),
        *((5, text) for text in ("5", " 5 ", "05", "5.0", "0000000000000005")),
        (1.5, "1.5"),
        (120, "120"),
        (31_536_000, "31536000"),
        *((_MAX_SECONDS, text) for text in ("1000000000", "99999999999", "9" * 400, "9" * 5000, "9" * 400 + ".5")),
        (10, "Wed, 10 Jun 2026 08:00:10 GMT"),
        (10, "Wed, 10 Jun 2026 10:00:10 +0200"),
        (10, "Wed, 10 Jun 2026 08:00:10 -0000"),
        (10, "10 Jun 2026 08:00:10 GMT"),
        (10, "Wednesday, 10-Jun-26 08:00:10 GMT"),
        (10, "Mon, 10 Jun 2026 08:00:10 GMT"),
        (86_400, "Thu, 11 Jun 2026 08:00:00 GMT"),
        *((0, f"Wed, 10 Jun 2026 {time} GMT") for time in ("08:00:00", "07:59:59", "25:00:00", "08:60:10", "aa:00:00")),
        *((0, text) for text in ("Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 1999 23:59:59 GMT")),
        (_MAX_SECONDS, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (_MAX_SECONDS, "Fri, 31 Dec 9999 23:59:59 -2359"),
        *((0, f"Mon, {day} Jan {year} 00:00:00 GMT") for day, year in ((32, 2026), ("9" * 50, 2026), (1, "9" * 50))),
        *((0, f"Mon, 01 Jan 2026 00:00:00 {zone}") for zone in ("+9999", "+" + "9" * 30, "-2400")),
    ],
)
def test_retry_after_is_seconds_or_a_date(seconds: float, text: str) -> None:
    """An unreadable or past value means no wait, and no value exceeds what a clock can sleep."""
    assert seconds == retry_after_seconds(httpx.Headers([(b"Retry-After", text.encode())]), NOW)


def test_a_missing_or_repeated_retry_after_asks_for_no_wait() -> None:
    assert 0 == retry_after_seconds(httpx.Headers(), NOW)
    assert 0 == retry_after_seconds(httpx.Headers([("Retry-After", "5"), ("Retry-After", "6")]), NOW)


def test_a_wait_until_a_date_is_rounded_up() -> None:
    """Otherwise an early attempt would be refused again."""
    now = NOW + timedelta(milliseconds=1)

    assert 10 == retry_after_seconds(httpx.Headers({"Retry-After": "Wed, 10 Jun 2026 08:00:10 GMT"}), now)


_WORDS = [
    "Mon,",
    "Wed",
    "10",
    "32",
    "Jun",
    "2026",
    "26",
    "9999",
    "0",
    "08:00:10",
    "24:61",
    "8.0.1",
    "GMT",
    "EST",
    "+0200",
]
_WORDS += ["-0000", "+9999", "-2400", "9" * 20, "-", "+", ",", ":", "\t", "é"]


@given(text=st.lists(st.sampled_from(_WORDS) | st.text(max_size=5), max_size=8).map(" ".join))
def test_any_retry_after_text_gives_a_number_of_seconds(text: str) -> None:
    """The client accepts anything that a gateway sends in this header."""
    seconds = retry_after_seconds(httpx.Headers([(b"Retry-After", text.encode())]), NOW)

    assert 0 <= seconds <= _MAX_SECONDS
