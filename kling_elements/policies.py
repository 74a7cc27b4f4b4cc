"""The policies for retries and polling, and how to compute intervals and limits from them."""

from __future__ import annotations

import email.utils
import math
import re
from datetime import UTC, datetime

import httpx
from attrs import field, frozen
from attrs.validators import optional

from kling_elements.numbers import Number, count, count_or_0

_seconds = Number("a number of seconds, 0 or more", lambda value: value >= 0)
_positive = Number("a number above 0", lambda value: value > 0)
_at_least_1 = Number("a number, 1 or more", lambda value: value >= 1)
_fraction = Number("a finite number, 0 or more", lambda value: 0 <= value < math.inf)

_MAX_SECONDS = 1e9  # about 30 years; clocks refuse to sleep for ever


@frozen(kw_only=True)
class RetryPolicy:
    """When to retry a call: a query, a deletion, or a create that provably created nothing.

    The client waits as long as `Retry-After` says, if the time limit allows it.

    Attributes:
        first_interval_seconds: Seconds before the second attempt.
        factor: The factor from each interval to the next.
        max_interval_seconds: The longest interval in seconds, without jitter.
        jitter: The largest fraction of an interval that is added at random, so that clients don't all retry at once.
        max_wait_seconds: Seconds after the first attempt in which others may begin, or 0 for a single attempt. Each
            attempt may take as long as its timeouts allow, because a large upload may need that.
        max_retries: The maximum number of attempts after the first, or None to limit only the time. The number does not
            limit `create_all`, which resends creates that were refused temporarily.
        max_connect_attempts: The maximum number of attempts in a row that fail to connect.
        max_duplicate_look_ups: The maximum number of look-ups by `get_or_create` of a task whose `external_task_id` is
            refused as used, although none of its own attempts can have used it. There may be no such task, because the
            service uses the same business code for other mistakes.

    Raises:
        TypeError: A value is not a number.
        ValueError: A value is too small.
    """

    first_interval_seconds: float = field(default=1.0, validator=_positive)
    factor: float = field(default=2.0, validator=_at_least_1)
    max_interval_seconds: float = field(default=30.0, validator=_positive)
    jitter: float = field(default=0.25, validator=_fraction)
    max_wait_seconds: float = field(default=60.0, validator=_seconds)
    max_retries: int | None = field(default=None, validator=optional(count_or_0))
    max_connect_attempts: int = field(default=3, validator=count)
    max_duplicate_look_ups: int = field(default=3, validator=count)


@frozen(kw_only=True)
class PollPolicy:
    """The intervals and limits for looking up a task that is in progress.

    Attributes:
        first_interval_seconds: Seconds before the second look-up.
        factor: The factor from each interval to the next.
        max_interval_seconds: The longest interval in seconds.

        max_wait_seconds: Seconds after which waiting ends, look-ups included, or 0 for a single look-up.
        max_unknown_seconds: Seconds after which waiting ends if look-ups return nothing that the client understands:
            no such task, no status, an unknown status, or a success without an element.

    Raises:
        TypeError: A value is not a number.
        ValueError: A value is too small.
    """

    first_interval_seconds: float = field(default=1.0, validator=_positive)
    factor: float = field(default=1.5, validator=_at_least_1)
    max_interval_seconds: float = field(default=15.0, validator=_positive)
    max_wait_seconds: float = field(default=300.0, validator=_seconds)
    # look-ups showed 152 of 152 tasks at once; the longest lag ever seen is 10 s
    max_unknown_seconds: float = field(default=30.0, validator=_seconds)


def limit_seconds(policy: RetryPolicy | PollPolicy, max_wait_seconds: float | None) -> float:
    """Return the time limit in seconds: the call's own, or the policy's if that is None.

    Raises:
        TypeError: The limit is not a number.
        ValueError: The limit is below 0, or NaN.
    """
    if max_wait_seconds is None:
        return min(policy.max_wait_seconds, _MAX_SECONDS)
    _seconds.check("max_wait_seconds", max_wait_seconds)
    return min(max_wait_seconds, _MAX_SECONDS)


def deadline_seconds(max_wait_seconds: float | None) -> float | None:
    """Return the seconds after which a call must be over, or None if only its steps are limited.

    If the call's own limit is 0, there is a single attempt, which may take as long as it needs.
    """
    return min(max_wait_seconds, _MAX_SECONDS) if max_wait_seconds else None


def interval(policy: RetryPolicy | PollPolicy, attempt: int) -> float:
    """Return the seconds to wait after an attempt, without jitter. The first attempt has number 0."""
    try:
        seconds = policy.first_interval_seconds * policy.factor ** min(attempt, 64)
    except OverflowError:
        return policy.max_interval_seconds
    return min(policy.max_interval_seconds, seconds)


def retry_after_seconds(headers: httpx.Headers, now: datetime) -> float:
    """Return the seconds to wait that `Retry-After` asks for (RFC 9110, section 10.2.3), or 0 without this header.

    The result is at most about 30 years, because clocks cannot sleep much longer.

    Args:
        headers: The response's headers.
        now: The current time, with a time zone, to compare with a date in the header.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text), _MAX_SECONDS)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    until = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return min(max(0.0, math.ceil((until - now).total_seconds())), _MAX_SECONDS)


__all__ = ["PollPolicy", "RetryPolicy", "deadline_seconds", "interval", "limit_seconds", "retry_after_seconds"]
