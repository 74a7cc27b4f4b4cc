"""The time that tasks live by. It runs with the wall clock or stands until it is stepped, and never goes back."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970: no calendar goes further."""
MS = 1000
"""Milliseconds in a second."""
_NS = 1_000_000  # in a millisecond


@dataclass(frozen=True, slots=True)
class Reading:
    """What has to be known of a clock to go on with it later.

    Attributes:
        ahead_ms: How far it is ahead of the wall clock.
        stands_at_ms: Where it stands, or None if it runs.
        seen_ms: A time that it is known to have shown.
    """

    ahead_ms: int
    stands_at_ms: int | None
    seen_ms: int = 0

    def now_ms(self, wall_ms: int) -> int:
        """Return the time by this clock."""
        return wall_ms + self.ahead_ms if self.stands_at_ms is None else self.stands_at_ms


class Clock:
    """Milliseconds since 1970-01-01 UTC. It may be read and stepped from any thread."""

    def __init__(self, *, manual: bool = False, earlier: Reading | None = None) -> None:
        """Start from the wall clock or, if there was an earlier clock, from where that one is by now.

        Args:
            manual: Whether the clock stands still and moves by `step` alone.
            earlier: The last reading of the clock that this one follows.
        """
        wall_ms = time.time_ns() // _NS
        # The wall clock may have been set back since; what was over then is not to begin anew.
        now_ms = max(earlier.now_ms(wall_ms), earlier.seen_ms) if earlier else wall_ms
        # From here on the wall clock is not asked again: it may be set back.
        self._wall_at_zero_ms = wall_ms - time.monotonic_ns() // _NS
        self._ahead_ms = max(now_ms - wall_ms, 0)
        self._stands_at_ms = now_ms if manual else None
        self._lock = threading.Lock()
        self.on_step: Callable[[], None] = lambda: None

    @property
    def is_manual(self) -> bool:
        """Whether it stands still unless it is stepped."""
        return self._stands_at_ms is not None

    @property
    def reading(self) -> Reading:
        """What a later clock has to know to follow this one."""
        return Reading(self._ahead_ms, self._stands_at_ms)

    def now(self) -> float:
        """Return the time in seconds."""
        return self.now_ms() / MS

    def now_ms(self) -> int:
        """Return the time in milliseconds."""
        return self.reading.now_ms(self._wall_at_zero_ms + time.monotonic_ns() // _NS)

    def step(self, seconds: float) -> float:
        """Move the clock forward, to the millisecond, tell `on_step`, and return the time in seconds.

        Raises:
            ValueError: The clock would go back, or beyond the year 9999.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError("a step must be a number of seconds, 0 or more")
        with self._lock:
            step_ms = round(seconds * MS)
            if self.now_ms() + step_ms > LATEST_MS:
                raise ValueError("a step must not lead beyond the year 9999")
            if self._stands_at_ms is None:
                self._ahead_ms += step_ms
            else:
                self._stands_at_ms += step_ms
            self.on_step()
        return self.now()
