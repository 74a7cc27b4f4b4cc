"""How long to wait between attempts, and for how long altogether: frozen values, and the arithmetic on them."""

from __future__ import annotations

import email.utils
import math
import re
from datetime import UTC, datetime

import httpx
from attrs import field, frozen

from kling_elements.numbers import count, number

_not_negative = number("a number, 0 or more", lambda value: value >= 0, int, float)
_positive = number("a number above 0", lambda value: value > 0, int, float)
_at_least_1 = number("a number, 1 or more", lambda value: value >= 1, int, float)
_part = number("a finite number, 0 or more", lambda value: 0 <= value < math.inf, int, float)

_LONGEST_SECONDS = 1e9  # no clock sleeps for ever


@frozen(kw_only=True)
class RetryPolicy:
    """When a create that provably left nothing behind is sent again. A wait that the gateway asks for is granted.

    Attributes:
        first_seconds: Seconds before the second attempt.
        factor: How much longer each further interval is.
        longest_seconds: Seconds that no interval exceeds, jitter aside.
        jitter: The part of itself by which an interval is lengthened at most, at random, to keep clients apart.
        max_wait_seconds: Seconds from the first attempt after which none begins; 0 for a single attempt.
        max_connect_attempts: How many attempts in a row may fail before there is a connection.
        max_duplicate_look_ups: How often a task is looked up that a refusal as duplicate speaks of. The same business
            code stands for other mistakes, so it need not be there.

    Raises:
        ValueError: One of them is no number, or below what makes sense.
    """

    first_seconds: float = field(default=1.0, validator=_positive)
    factor: float = field(default=2.0, validator=_at_least_1)
    longest_seconds: float = field(default=30.0, validator=_positive)
    jitter: float = field(default=0.25, validator=_part)
    max_wait_seconds: float = field(default=60.0, validator=_not_negative)
    max_connect_attempts: int = field(default=3, validator=count)
    max_duplicate_look_ups: int = field(default=3, validator=count)


@frozen(kw_only=True)
class PollPolicy:
    """How often a task is looked up while it is under way.

    Attributes:
        first_seconds: Seconds before the second look-up.
        factor: How much longer each further interval is.
        longest_seconds: Seconds that no interval exceeds.
        max_wait_seconds: Seconds after which waiting ends.
        max_unknown_polls: How many look-ups in a row may show a status that is not known before waiting ends.

    Raises:
        ValueError: One of them is no number, or below what makes sense.
    """

    first_seconds: float = field(default=1.0, validator=_positive)
    factor: float = field(default=1.5, validator=_at_least_1)
    longest_seconds: float = field(default=15.0, validator=_positive)
    max_wait_seconds: float = field(default=300.0, validator=_not_negative)
    max_unknown_polls: int = field(default=5, validator=count)


def limit_seconds(policy: RetryPolicy | PollPolicy, given: float | None) -> float:
    """The seconds after which to stop: what was given, or else the policy's.

    Raises:
        ValueError: It is no number from 0 up.
    """
    if given is None:
        return min(policy.max_wait_seconds, _LONGEST_SECONDS)
    number: object = given
    if isinstance(number, bool) or not isinstance(number, int | float) or not number >= 0:
        raise ValueError(f"max_wait_seconds must be a number of seconds, 0 or more, not {given!r}")
    return min(given, _LONGEST_SECONDS)


def interval(policy: RetryPolicy | PollPolicy, attempt: int) -> float:
    """Seconds to wait after an attempt, the first being 0, without jitter."""
    try:
        grown = policy.first_seconds * policy.factor ** min(attempt, 64)
    except OverflowError:
        return policy.longest_seconds
    return min(policy.longest_seconds, grown)


def retry_after_seconds(headers: httpx.Headers, now: datetime) -> float:
    """The seconds to wait that an answer asks for by `Retry-After` (RFC 9110, section 10.2.3); 0 where it does not.

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


__all__ = ["PollPolicy", "RetryPolicy", "interval", "limit_seconds", "retry_after_seconds"]
