"""How often, and for how long altogether, one call is tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kling_elements.clock import Clock
from kling_elements.outcomes import can_ask_again
from kling_elements.outside import Outside
from kling_elements.policies import RetryPolicy, interval, limit_seconds, retry_after_seconds
from kling_elements_client.errors import InvalidResponseError, KlingError, ResponseError, TransportError

T = TypeVar("T")


class Patience:
    """Decides after each failed attempt of one call whether there is to be another, and when.

    The policy's limit says until when attempts may begin. A limit that is given for the call itself bounds all of it:
    half of what is left is kept for the attempt that follows a wait. With 0 there is a single attempt.

    Attributes:
        policy: The intervals, and how often something is tried.
    """

    def __init__(self, policy: RetryPolicy, clock: Clock, max_wait_seconds: float | None) -> None:
        """Begin to count.

        Args:
            policy: The intervals, and the limit where none is given.
            clock: The time.
            max_wait_seconds: The limit of this call; None for the policy's.

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
        """Return how long to wait after a failed attempt, in seconds; None where there is to be no further one."""
        unconnected = isinstance(error, TransportError) and not error.may_have_been_sent
        self._unconnected = self._unconnected + 1 if unconnected else 0
        if self._unconnected >= self.policy.max_connect_attempts or self._failures == self.policy.max_retries:
            return None
        usual = interval(self.policy, self._failures) * (1 + self.policy.jitter * self._clock.chance())
        self._failures += 1
        asked = asked_seconds(error, self._clock)
        left = self._ends_at - self._clock.monotonic()
        if not self._bounds_attempts:
            return max(asked, min(usual, left)) if left > 0 and asked <= left else None
        most = left / 2
        return max(asked, min(usual, most)) if most >= self.policy.first_seconds and asked < left else None

    async def wait_after(self, io: Outside, error: KlingError) -> None:
        """Wait until the next attempt.

        Raises:
            KlingError: The error itself, where there is to be none.
        """
        seconds = self.seconds_after(error)
        if seconds is None:
            raise error
        await io.sleep(seconds)


def asked_seconds(error: KlingError, clock: Clock) -> float:
    """Return the seconds to wait that a failed attempt's answer asks for; 0 where it asks for none."""
    return retry_after_seconds(error.headers, clock.now()) if isinstance(error, ResponseError) else 0.0


async def ask(io: Outside, patience: Patience, attempt: Callable[[], Awaitable[T]]) -> T:
    """Make a call that may be repeated, as it changes nothing, until it succeeds or patience ends.

    An answer that the contract does not know is not asked for again: it would be the same.

    Raises:
        KlingError: The last attempt failed.
    """
    while True:
        try:
            return await attempt()
        except KlingError as error:
            if not can_ask_again(error, io.contract) or isinstance(error, InvalidResponseError):
                raise
            failure = error
        await patience.wait_after(io, failure)
