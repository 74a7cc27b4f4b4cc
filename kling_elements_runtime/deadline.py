"""By when a call has to be over, whatever the server does: a time that holds for everything within a block.

Time-outs bound each step of a request, and a server that drips one byte a minute keeps to every one of them.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)
_abandoned: ContextVar[threading.Event | None] = ContextVar("abandoned", default=None)


class within:  # noqa: N801 - it is used as the function of a block, and costs less than one that is a generator
    """Have the requests of a block over after some seconds, or raise `TransportError`; None sets no end of its own.

    A block within another never gets more time than that one has left. It holds for the thread or task that runs it.
    """

    __slots__ = ("_outer", "_seconds")

    def __init__(self, seconds: float | None) -> None:
        """Take the seconds; they begin with the block."""
        self._seconds = seconds

    def __enter__(self) -> None:
        """Begin."""
        end = _ends_at.get()
        if self._seconds is not None:
            own = time.monotonic() + self._seconds
            end = own if end is None else min(end, own)
        self._outer = _ends_at.set(end)

    def __exit__(self, *_: object) -> None:
        """Let the block around this one count again."""
        # a coroutine that is left over when its loop ends is closed in another context, which has nothing to reset
        with suppress(ValueError):
            _ends_at.reset(self._outer)


def end_once(abandoned: threading.Event) -> None:
    """Have the time of the running context be up once an event is set, as nobody waits for what runs in it any more."""
    _abandoned.set(abandoned)


def seconds_left() -> float | None:
    """Return the seconds until the end, 0 or below once that has passed; None where there is no end."""
    end, abandoned = _ends_at.get(), _abandoned.get()
    if abandoned is not None and abandoned.is_set():
        return 0.0
    return None if end is None else end - time.monotonic()
