"""When the next of many creates may be sent: learned from what the service refuses, as it does not say beforehand.

The service counts a task from its create to its end, and refuses a create that would be one too many (1303). It also
refuses creates that come too fast (1302). Decided here without any I/O, by a clock.
"""

from __future__ import annotations

import math
from collections import deque

from kling_elements.clock import Clock
from kling_elements.numbers import count
from kling_elements.policies import RetryPolicy, interval

_MOST_IN_FLIGHT = 16  # creates that wait for their answers; more would only share the line
_FIRST_TRIAL_SECONDS = 10.0  # from a refusal until more is tried
_LONGEST_TRIAL_SECONDS = 600.0
_MOST_REMEMBERED = 1000  # creates
_SPARE = 1.1  # by how much longer the gap between creates is than the rate that was met asks for
_SLOWER, _FASTER = 1.25, 0.8  # what becomes of the gap after a refusal, and when a higher rate is tried


class Limiter:
    """Knows how many tasks are under way, and learns how many may be and how fast they may be created.

    Tell it what happens: `begin`, then one of `created`, `refused_as_too_many`, `refused_as_too_fast` and `failed`, and
    `ended` once a task has ended. Ask it by `seconds_to_wait` when to begin the next create.

    Until a create is refused as one too many, twice as many tasks as there are may be under way. The refusal shows how
    many are allowed. One more is tried later, and less and less often as long as that is refused. A refusal as too fast
    sets a gap between creates, which shrinks with time.

    Attributes:
        in_flight: How many creates wait for their answers.
        under_way: How many tasks were created and have not ended, as far as is known.
    """

    def __init__(self, clock: Clock, policy: RetryPolicy, at_once: int | None = None) -> None:
        """Begin with nothing under way. It is not to be shared between threads.

        Args:
            clock: The time, and chance.
            policy: The intervals after refusals that do not say how long to wait.
            at_once: How many tasks may be under way at most; None for as many as the service allows.

        Raises:
            ValueError: `at_once` is no whole number from 1 up.
        """
        if at_once is not None:
            count.check("at_once", at_once)
        self.in_flight = 0
        self.under_way = 0
        self._clock = clock
        self._policy = policy
        self._most = at_once or math.inf
        self._allowed: float = at_once or 1
        self._is_growing = at_once is None
        self._refusals = 0  # in a row
        self._not_before = -math.inf
        self._tries_more_at = math.inf
        self._trial_seconds = _FIRST_TRIAL_SECONDS
        self._is_trying_more = False
        self._began_at = -math.inf
        self._created_at = deque[float](maxlen=_MOST_REMEMBERED)
        self._gap_seconds = 0.0
        self._slowed_at = clock.monotonic()
        self._faster_seconds = _FIRST_TRIAL_SECONDS

    def seconds_to_wait(self) -> float:
        """Return in how many seconds the next create may begin: 0 for now, infinity for not before there is news."""
        now = self._clock.monotonic()
        if self.in_flight >= _MOST_IN_FLIGHT:
            return math.inf
        begins_at = max(self._not_before, self._began_at + self._gap_at(now))
        if self._held >= self._allowed:
            if self._held >= self._most or self._is_trying_more:
                return math.inf
            begins_at = max(begins_at, self._tries_more_at)
        return max(0.0, begins_at - now)

    def begin(self) -> None:
        """Note that a create is sent."""
        self._is_trying_more = self._is_trying_more or self._held >= self._allowed
        self.in_flight += 1
        self._began_at = self._clock.monotonic()

    def created(self) -> None:
        """Note that a create has made a task, which is under way."""
        now = self._clock.monotonic()
        self.in_flight -= 1
        self.under_way += 1
        self._refusals = 0
        self._created_at.append(now)
        if self._held > self._allowed:
            self._allowed = self._held
            self._try_more_later(now, _FIRST_TRIAL_SECONDS)
        if self._is_growing:
            self._allowed = max(self._allowed, 2 * self.under_way)

    def ended(self) -> None:
        """Note that a task has ended."""
        self.under_way -= 1

    def failed(self) -> None:
        """Note that a create came to nothing, or nobody knows to what, for another reason than a limit."""
        self.in_flight -= 1
        self._is_trying_more = False

    def refused_as_too_many(self, asked_seconds: float = 0.0) -> None:
        """Note that a create was refused as one task too many.

        Args:
            asked_seconds: The seconds to wait that the answer asks for.
        """
        now = self._clock.monotonic()
        self.in_flight -= 1
        self._refusals += 1
        self._is_growing = False
        self._allowed = max(1, min(self._held, self._most))
        longer = min(2 * self._trial_seconds, _LONGEST_TRIAL_SECONDS) if self._is_trying_more else self._trial_seconds
        self._try_more_later(now, longer)
        # with none of our own that could end, tasks of others are in the way
        self.pause(asked_seconds if self._held else max(asked_seconds, self._usual_seconds()))

    def refused_as_too_fast(self, asked_seconds: float = 0.0) -> None:
        """Note that a create was refused as sent too soon after others.

        Args:
            asked_seconds: The seconds to wait that the answer asks for.
        """
        now = self._clock.monotonic()
        self.in_flight -= 1
        self._refusals += 1
        self._is_trying_more = False
        seconds = max(asked_seconds, self._usual_seconds())
        if now >= self._not_before:  # not one of several that were sent together
            count = sum(created_at > now - seconds for created_at in self._created_at)
            met = _SPARE * seconds / count if count else 0.0
            self._gap_seconds = max(met, _SLOWER * self._gap_at(now))
            self._slowed_at = now
            self._faster_seconds = min(2 * self._faster_seconds, _LONGEST_TRIAL_SECONDS)
        self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Let nothing begin for some seconds."""
        self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    @property
    def _held(self) -> int:
        """How many tasks the service may count."""
        return self.in_flight + self.under_way

    def _try_more_later(self, now: float, seconds: float) -> None:
        self._is_trying_more = False
        self._trial_seconds = seconds
        self._tries_more_at = now + seconds

    def _gap_at(self, now: float) -> float:
        """Return the seconds between two creates, fewer the longer none was refused."""
        return self._gap_seconds * math.pow(_FASTER, (now - self._slowed_at) // self._faster_seconds)

    def _usual_seconds(self) -> float:
        """Return the seconds to wait after the latest of several refusals in a row."""
        spread = 1 + self._policy.jitter * self._clock.chance()
        return interval(self._policy, self._refusals - 1) * spread
