"""The clock that tasks follow. It runs with the wall clock, or moves only by `step`. It never goes back."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999 in milliseconds since 1970, the limit of Python's calendar."""
MS = 1000
"""Milliseconds in a second."""
_NS = 1_000_000  # nanoseconds in a millisecond


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The reading of a clock from which a later clock can continue.

    Attributes:
        ahead_ms: Milliseconds ahead of the wall clock.
        stopped_at_ms: The time of a manual clock, or None if the clock runs.
        seen_ms: The latest time that a response has shown.
    """

    ahead_ms: int
    stopped_at_ms: int | None
    seen_ms: int = 0

    def now_ms(self, wall_ms: int) -> int:
        """Return the time by this clock."""
        return wall_ms + self.ahead_ms if self.stopped_at_ms is None else self.stopped_at_ms


class TaskClock:
    """A clock in milliseconds since 1970-01-01 UTC. You can read and step it from any thread."""

    def __init__(self, *, manual: bool = False, earlier: ClockReading | None = None) -> None:
        """Start at the time of the wall clock, or at the time that an earlier clock would show now.

        Args:
            manual: Whether the clock moves only by `step`.
            earlier: The last reading of the clock to continue.
        """
        wall_ms = time.time_ns() // _NS
        # The wall clock may have been set back since; a finished task must stay finished.
        now_ms = max(earlier.now_ms(wall_ms), earlier.seen_ms) if earlier else wall_ms
        # Don't read the wall clock again, because it may be set back.
        self._wall_at_zero_ms = wall_ms - time.monotonic_ns() // _NS
        self._ahead_ms = max(now_ms - wall_ms, 0)
        self._stopped_at_ms = now_ms if manual else None
        self._lock = threading.Lock()
        self.on_step: Callable[[], None] = lambda: None

    @property
    def is_manual(self) -> bool:
        """Whether the clock moves only by `step`."""
        return self._stopped_at_ms is not None

    @property
    def reading(self) -> ClockReading:
        """The reading from which a later clock can continue."""
        return ClockReading(self._ahead_ms, self._stopped_at_ms)

    def now(self) -> float:
        """Return the time in seconds."""
        return self.now_ms() / MS

    def now_ms(self) -> int:
        """Return the time in milliseconds."""
        return self.reading.now_ms(self._wall_at_zero_ms + time.monotonic_ns() // _NS)

    def step(self, seconds: float) -> float:
        """Move the clock forward to the millisecond, call `on_step`, and return the time in seconds.

        Raises:
            ValueError: The clock would go back, or beyond the year 9999.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError("a step must be a number of seconds, 0 or more")
        with self._lock:
            step_ms = round(seconds * MS)
            if self.now_ms() + step_ms > LATEST_MS:
                raise ValueError("a step must not go beyond the year 9999")
            if self._stopped_at_ms is None:
                self._ahead_ms += step_ms
            else:
                self._stopped_at_ms += step_ms
            self.on_step()
        return self.now()
