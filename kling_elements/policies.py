"""How long to wait between attempts, and for how long altogether: frozen values, and the arithmetic on them."""

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
_part = Number("a finite number, 0 or more", lambda value: 0 <= value < math.inf)

_LONGEST_SECONDS = 1e9  # no clock sleeps for ever


@frozen(kw_only=True)
class RetryPolicy:
    """When a call is made again: a create that provably left nothing behind, and whatever only asks or deletes.

    A wait that the gateway asks for by `Retry-After` is granted, if there is so much time.

    Attributes:
        first_seconds: Seconds before the second attempt.
        factor: How much longer each further interval is.
        longest_seconds: Seconds that no interval exceeds, jitter aside.
        jitter: The part of itself by which an interval is lengthened at most, at random, to keep clients apart.
        max_wait_seconds: Seconds from the first attempt after which none begins; 0 for a single attempt. An attempt
            that has begun takes as long as its time-outs allow, as a large upload may.
        max_retries: How many further attempts may follow the first one; None if only the time is limited.
        max_connect_attempts: How many attempts in a row may fail before there is a connection.
        max_duplicate_look_ups: How often `get_or_create` looks a task up whose `external_task_id` is refused as used,
            where no attempt of its own can have used it. The same business code stands for other mistakes, so there
            need not be one.

    Raises:
        TypeError: One of them is not a number.
        ValueError: One of them is below what makes sense.
    """

    first_seconds: float = field(default=1.0, validator=_positive)
    factor: float = field(default=2.0, validator=_at_least_1)
    longest_seconds: float = field(default=30.0, validator=_positive)
    jitter: float = field(default=0.25, validator=_part)
    max_wait_seconds: float = field(default=60.0, validator=_seconds)
    max_retries: int | None = field(default=None, validator=optional(count_or_0))
    max_connect_attempts: int = field(default=3, validator=count)
    max_duplicate_look_ups: int = field(default=3, validator=count)


@frozen(kw_only=True)
class PollPolicy:
    """How often a task is looked up while it is under way.

    Attributes:
        first_seconds: Seconds before the second look-up.
        factor: How much longer each further interval is.
        longest_seconds: Seconds that no interval exceeds.
        max_wait_seconds: Seconds after which waiting ends, look-ups included; 0 for a single look-up.
        max_unknown_seconds: Seconds for which look-ups may show nothing that is understood before waiting ends: no such
            task, no status, one that is not known, or a success without an element.

    Raises:
        TypeError: One of them is not a number.
        ValueError: One of them is below what makes sense.
    """

    first_seconds: float = field(default=1.0, validator=_positive)
    factor: float = field(default=1.5, validator=_at_least_1)
    longest_seconds: float = field(default=15.0, validator=_positive)
    max_wait_seconds: float = field(default=300.0, validator=_seconds)
    # look-ups found 152 of 152 tasks at once; the longest lag that was met anywhere is 10 s
    max_unknown_seconds: float = field(default=30.0, validator=_seconds)


def limit_seconds(policy: RetryPolicy | PollPolicy, given: float | None) -> float:
    """Return the seconds after which to stop: what was given, or else the policy's.

    Raises:
        TypeError: It is not a number.
        ValueError: It is below 0, or NaN.
    """
    if given is None:
        return min(policy.max_wait_seconds, _LONGEST_SECONDS)
    _seconds.check("max_wait_seconds", given)
    return min(given, _LONGEST_SECONDS)


def deadline_seconds(given: float | None) -> float | None:
    """Return the seconds after which a call has to be over; None where only its steps are bounded.

    A limit that is given for the call bounds all of it; 0 asks for a single attempt, as long as that takes.
    """
    return min(given, _LONGEST_SECONDS) if given else None


def interval(policy: RetryPolicy | PollPolicy, attempt: int) -> float:
    """Return the seconds to wait after an attempt, the first being 0, without jitter."""
    try:
        grown = policy.first_seconds * policy.factor ** min(attempt, 64)
    except OverflowError:
        return policy.longest_seconds
    return min(policy.longest_seconds, grown)


def retry_after_seconds(headers: httpx.Headers, now: datetime) -> float:
    """Return the seconds to wait that an answer asks for by `Retry-After` (RFC 9110, section 10.2.3); 0 for none.

    More than a clock can wait for is cut to what it can, about 30 years.

    Args:
        headers: The answer's headers.
        now: The time by which a date is judged, with its zone.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text), _LONGEST_SECONDS)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    until = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return min(max(0.0, math.ceil((until - now).total_seconds())), _LONGEST_SECONDS)


__all__ = ["PollPolicy", "RetryPolicy", "deadline_seconds", "interval", "limit_seconds", "retry_after_seconds"]
