"""By when a call has to be over, whatever the server does: a time that holds for everything within a block.

Time-outs bound each step of a request, and a server that drips one byte a minute keeps to every one of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)
_abandoned: ContextVar[threading.Event | None] = ContextVar("abandoned", default=None)


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Have the requests of a block over after some seconds, or raise `TransportError`; None sets no end of its own.

    A block within another never gets more time than that one has left. It holds for the thread or task that runs it.
    """
    outer, own = _ends_at.get(), None if seconds is None else time.monotonic() + seconds
    ends = [end for end in (outer, own) if end is not None]
    token = _ends_at.set(min(ends, default=None))
    try:
        yield
    finally:
        # a coroutine that is left over when its loop ends is closed in another context, which has nothing to reset
        with suppress(ValueError):
            _ends_at.reset(token)


def end_once(abandoned: threading.Event) -> None:
    """Have the time of the running context be up once an event is set, as nobody waits for what runs in it any more."""
    _abandoned.set(abandoned)


def seconds_left() -> float | None:
    """Return the seconds until the end, 0 or below once that has passed; None where there is no end."""
    end, abandoned = _ends_at.get(), _abandoned.get()
    if abandoned is not None and abandoned.is_set():
        return 0.0
    return None if end is None else end - time.monotonic()
