"""Decide when the next of many creates may be sent, by learning the service's limits from its refusals.

The service counts a task from its create to its end, and refuses a create that would be one too many (1303). It also
refuses creates that are sent too fast (1302). It doesn't announce its limits. This module does no I/O; it only reads
a clock.
"""

from __future__ import annotations

import math
from collections import deque

from kling_elements.clock import Clock
from kling_elements.numbers import count
from kling_elements.policies import RetryPolicy, interval

_MAX_IN_FLIGHT = 16  # creates that wait for their responses; more would only share the bandwidth
_FIRST_TRIAL_SECONDS = 10.0  # this long after a refusal, one more is tried
_MAX_TRIAL_SECONDS = 600.0
_MAX_REMEMBERED = 1000  # creates
_MARGIN = 1.1  # how much longer the gap is than the last accepted rate needs
_SLOWER, _FASTER = 1.25, 0.8  # factors for the gap after a refusal, and when trying a higher rate


class Limiter:
    """A counter of tasks in progress that learns how many the service allows, and how fast it allows creates.

    Report each event: `on_begin`, then exactly one of `on_created`, `on_too_many`, `on_too_fast` and `on_failed`, and
    `on_ended` when its task has ended. `seconds_to_wait` says when to begin the next create.

    Until a create is refused as one too many, the limit is twice the number of tasks in progress. The refusal shows how
    many are allowed. Later the limiter tries one more, and less and less often while that is refused. After a
    create is refused as too fast, creates are spaced by a gap, which shrinks with time.

    Attributes:
        in_flight: The number of creates that wait for their responses.
        in_progress: The number of tasks that were created and are not known to have ended.
    """

    def __init__(self, clock: Clock, policy: RetryPolicy, max_concurrent: int | None = None) -> None:
        """Create a limiter with no tasks in progress. Don't share it between threads.

        Args:
            clock: The source of time and chance.
            policy: The intervals to wait after refusals that don't say how long to wait.
            max_concurrent: The maximum number of tasks in progress, or None for as many as the service allows.

        Raises:
            ValueError: `max_concurrent` is not a whole number of 1 or more.
        """
        if max_concurrent is not None:
            count.check("max_concurrent", max_concurrent)
        self.in_flight = 0
        self.in_progress = 0
        self._clock = clock
        self._policy = policy
        self._max_tasks = max_concurrent or math.inf
        self._allowed: float = max_concurrent or 1
        self._is_growing = max_concurrent is None
        self._refusals = 0  # in a row
        self._not_before = -math.inf
        self._tries_more_at = math.inf
        self._trial_seconds = _FIRST_TRIAL_SECONDS
        self._is_trying_more = False
        self._began_at = -math.inf
        self._created_at = deque[float](maxlen=_MAX_REMEMBERED)
        self._gap_seconds = 0.0
        self._slowed_at = clock.monotonic()
        self._faster_seconds = _FIRST_TRIAL_SECONDS

    def seconds_to_wait(self) -> float:
        """Return the seconds until the next create may begin, or infinity if that depends on the next event."""
        now = self._clock.monotonic()
        if self.in_flight >= _MAX_IN_FLIGHT:
            return math.inf
        begins_at = max(self._not_before, self._began_at + self._gap_at(now))
        if self._in_use >= self._allowed:
            if self._in_use >= self._max_tasks or self._is_trying_more:
                return math.inf
            begins_at = max(begins_at, self._tries_more_at)
        return max(0.0, begins_at - now)

    def on_begin(self) -> None:
        """Record that a create was sent."""
        self._is_trying_more = self._is_trying_more or self._in_use >= self._allowed
        self.in_flight += 1
        self._began_at = self._clock.monotonic()

    def on_created(self) -> None:
        """Record that a call created a task, which is now in progress."""
        now = self._clock.monotonic()
        self.in_flight -= 1
        self.in_progress += 1
        self._refusals = 0
        self._created_at.append(now)
        if self._in_use > self._allowed:
            self._allowed = self._in_use
            self._try_more_later(now, _FIRST_TRIAL_SECONDS)
        if self._is_growing:
            self._allowed = max(self._allowed, 2 * self.in_progress)

    def on_ended(self) -> None:
        """Record that a task has ended."""
        self.in_progress -= 1

    def on_failed(self) -> None:
        """Record that a create failed, or may have failed, for a reason other than a limit."""
        self.in_flight -= 1
        self._is_trying_more = False

    def on_too_many(self, requested_seconds: float = 0.0) -> None:
        """Record that a create was refused as one task too many.

        Args:
            requested_seconds: The seconds to wait that the response asked for.
        """
        now = self._clock.monotonic()
        self.in_flight -= 1
        self._refusals += 1
        self._is_growing = False
        self._allowed = max(1, min(self._in_use, self._max_tasks))
        trial_seconds = self._trial_seconds
        if self._is_trying_more:
            trial_seconds = min(2 * trial_seconds, _MAX_TRIAL_SECONDS)
        self._try_more_later(now, trial_seconds)
        # If none of our own tasks can end, tasks of other programs use up the limit, so wait.
        self.pause(requested_seconds if self._in_use else max(requested_seconds, self._refusal_seconds()))

    def on_too_fast(self, requested_seconds: float = 0.0) -> None:
        """Record that a create was refused as sent too soon after others.

        Args:
            requested_seconds: The seconds to wait that the response asked for.
        """
        now = self._clock.monotonic()
        self.in_flight -= 1
        self._refusals += 1
        self._is_trying_more = False
        seconds = max(requested_seconds, self._refusal_seconds())
        if now >= self._not_before:  # count creates that were sent together as one refusal
            recent = sum(created_at > now - seconds for created_at in self._created_at)
            observed_gap = _MARGIN * seconds / recent if recent else 0.0
            self._gap_seconds = max(observed_gap, _SLOWER * self._gap_at(now))
            self._slowed_at = now
            self._faster_seconds = min(2 * self._faster_seconds, _MAX_TRIAL_SECONDS)
        self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Begin no creates for some seconds."""
        self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    @property
    def _in_use(self) -> int:
        """Return the number of tasks that may count towards the service's limit."""
        return self.in_flight + self.in_progress

    def _try_more_later(self, now: float, seconds: float) -> None:
        self._is_trying_more = False
        self._trial_seconds = seconds
        self._tries_more_at = now + seconds

    def _gap_at(self, now: float) -> float:
        """Return the seconds between two creates. The gap shrinks while no create is refused."""
        return self._gap_seconds * math.pow(_FASTER, (now - self._slowed_at) // self._faster_seconds)

    def _refusal_seconds(self) -> float:
        """Return the seconds to wait after the latest of several refusals in a row."""
        spread = 1 + self._policy.jitter * self._clock.chance()
        return interval(self._policy, self._refusals - 1) * spread
