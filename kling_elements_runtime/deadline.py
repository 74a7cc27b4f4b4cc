"""Limit the time of the calls in a block, whatever the server does, and of each of their steps.

Time-outs bound each step of a request, and a server that drips one byte a minute keeps to every one of them.
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
    """Have the requests of a block over after some seconds, or raise `TransportError`; None sets no end of its own.

    A block within another never gets more time than that one has left. It holds for the thread or task that runs it.
    """

    __slots__ = ("_outer", "_outer_steps", "_seconds", "_step_seconds")

    def __init__(self, seconds: float | None, step_seconds: Mapping[str, float] | None = None) -> None:
        """Take the seconds; they begin with the block.

        Args:
            seconds: The seconds after which requests are over.
            step_seconds: The seconds to `connect`, `read`, `write` and wait for a `pool`ed connection; None if those
                around the block apply, or else the client's.
        """
        self._seconds = seconds
        self._step_seconds = step_seconds

    def __enter__(self) -> None:
        """Begin."""
        end = _ends_at.get()
        if self._seconds is not None:
            own = time.monotonic() + self._seconds
            end = own if end is None else min(end, own)
        self._outer = _ends_at.set(end)
        if self._step_seconds is not None:
            self._outer_steps = _step_seconds.set(self._step_seconds)

    def __exit__(self, *_: object) -> None:
        """Let the block around this one count again."""
        # a coroutine that is left over when its loop ends is closed in another context, which has nothing to reset
        with suppress(ValueError):
            _ends_at.reset(self._outer)
            if self._step_seconds is not None:
                _step_seconds.reset(self._outer_steps)


def step_seconds() -> Mapping[str, float] | None:
    """Return the time-outs of steps that hold here, in seconds; None if they are the client's."""
    return _step_seconds.get()


def end_once(abandoned: threading.Event) -> None:
    """Have the time of the running context be up once an event is set, as nobody waits for what runs in it any more."""
    _abandoned.set(abandoned)


def seconds_left() -> float | None:
    """Return the seconds until the end, 0 or below once that has passed; None if there is no end."""
    end, abandoned = _ends_at.get(), _abandoned.get()
    if abandoned is not None and abandoned.is_set():
        return 0.0
    return None if end is None else end - time.monotonic()
