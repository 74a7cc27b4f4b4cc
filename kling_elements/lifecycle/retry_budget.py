"""Decide how often, and for how long in total, to try a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kling_elements.clock import Clock
from kling_elements.lifecycle.effects import Effects
from kling_elements.outcomes import is_retryable_query
from kling_elements.policies import RetryPolicy, interval, limit_seconds, retry_after_seconds
from kling_elements_client.errors import InvalidResponseError, KlingError, ResponseError, TransportError

T = TypeVar("T")


class RetryBudget:
    """The decision after each failed attempt of a call whether to make another, and when.

    After the policy's limit, no attempt begins. A call's own limit includes its attempts, so half of the remaining time
    is reserved for the attempt after a wait. If the limit is 0, there is a single attempt.

    Attributes:
        policy: The intervals, and the maximum numbers of attempts.
    """

    def __init__(self, policy: RetryPolicy, clock: Clock, max_wait_seconds: float | None) -> None:
        """Create a budget whose time starts now.

        Args:
            policy: The intervals, and the limit of calls without their own.
            clock: The clock to read the time from.
            max_wait_seconds: The limit of this call, in seconds, or None for the policy's.

        Raises:
            TypeError: The limit is not a number.
            ValueError: The limit is below 0, or NaN.
        """
        self.policy = policy
        self._clock = clock
        self._ends_at = clock.monotonic() + limit_seconds(policy, max_wait_seconds)
        self._bounds_attempts = bool(max_wait_seconds)
        self._failures = 0
        self._unconnected = 0

    def seconds_after(self, error: KlingError) -> float | None:
        """Return the seconds to wait after a failed attempt, or None if no further attempt is allowed."""
        unconnected = isinstance(error, TransportError) and not error.may_have_been_sent
        self._unconnected = self._unconnected + 1 if unconnected else 0
        if self._unconnected >= self.policy.max_connect_attempts or self._failures == self.policy.max_retries:
            return None
        usual_seconds = interval(self.policy, self._failures) * (1 + self.policy.jitter * self._clock.chance())
        self._failures += 1
        requested_seconds = requested_wait_seconds(error, self._clock)
        seconds_left = self._ends_at - self._clock.monotonic()
        if not self._bounds_attempts:
            if seconds_left <= 0 or requested_seconds > seconds_left:
                return None
            return max(requested_seconds, min(usual_seconds, seconds_left))
        half_of_seconds_left = seconds_left / 2
        if half_of_seconds_left < self.policy.first_interval_seconds or requested_seconds >= seconds_left:
            return None
        return max(requested_seconds, min(usual_seconds, half_of_seconds_left))

    async def wait_after(self, effects: Effects, error: KlingError) -> None:
        """Wait until the next attempt.

        Raises:
            KlingError: The error itself, if no further attempt is allowed.
        """
        seconds = self.seconds_after(error)
        if seconds is None:
            raise error
        await effects.sleep(seconds)


def requested_wait_seconds(error: KlingError, clock: Clock) -> float:
    """Return the wait that the response to a failed attempt asks for, in seconds, or 0 if it asks for none."""
    return retry_after_seconds(error.headers, clock.now()) if isinstance(error, ResponseError) else 0.0


async def retry_query(effects: Effects, budget: RetryBudget, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call without side effects until it succeeds or its budget is used up.

    If a response breaks the contract, the call is not repeated, because the next response would be the same.

    Raises:
        KlingError: The last attempt failed.
    """
    while True:
        try:
            return await attempt()
        except KlingError as error:
            if not is_retryable_query(error, effects.contract) or isinstance(error, InvalidResponseError):
                raise
            failure = error
        await budget.wait_after(effects, failure)
