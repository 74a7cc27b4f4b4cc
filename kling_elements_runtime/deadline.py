"""Limit the total time of all calls in a block, and the time of each step.

Timeouts limit only the steps of a request: a server that sends one byte a minute never exceeds one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)
_step_seconds: ContextVar[Mapping[str, float] | None] = ContextVar("step_seconds", default=None)
_abandoned: ContextVar[threading.Event | None] = ContextVar("abandoned", default=None)


class within:  # noqa: N801 - it is used as the function of a block, and costs less than one that is a generator
    """Limit the total time of all requests in a block; after that, they raise `TransportError`. None adds no limit.

    An inner block never gets more time than the outer one has left. The limit applies to the thread or task that runs
    the block.
    """

    __slots__ = ("_outer", "_outer_steps", "_seconds", "_step_seconds")

    def __init__(self, seconds: float | None, step_seconds: Mapping[str, float] | None = None) -> None:
        """Set the limits. The clock starts when the block is entered.

        Args:
            seconds: The seconds that all requests may take together.
            step_seconds: The seconds to `connect`, `read`, `write` and wait for a `pool`ed connection, or None for
                those of the outer block, or else the client's.
        """
        self._seconds = seconds
        self._step_seconds = step_seconds

    def __enter__(self) -> None:
        """Start the clock."""
        end = _ends_at.get()
        if self._seconds is not None:
            own = time.monotonic() + self._seconds
            end = own if end is None else min(end, own)
        self._outer = _ends_at.set(end)
        if self._step_seconds is not None:
            self._outer_steps = _step_seconds.set(self._step_seconds)

    def __exit__(self, *_: object) -> None:
        """Restore the limits of the outer block."""
        # a coroutine that is unfinished when its loop ends is closed in another context, which has nothing to reset
        with suppress(ValueError):
            _ends_at.reset(self._outer)
            if self._step_seconds is not None:
                _step_seconds.reset(self._outer_steps)


def step_seconds() -> Mapping[str, float] | None:
    """Return the timeouts of the innermost block that sets any, in seconds by step, or None if no block does."""
    return _step_seconds.get()


def stop_when(abandoned: threading.Event) -> None:
    """End this context's time once an event is set, which means that the caller has given up."""
    _abandoned.set(abandoned)


def seconds_left() -> float | None:
    """Return the seconds until the deadline, 0 or less once it has passed, or None if there is none."""
    end, abandoned = _ends_at.get(), _abandoned.get()
    if abandoned is not None and abandoned.is_set():
        return 0.0
    return None if end is None else end - time.monotonic()
