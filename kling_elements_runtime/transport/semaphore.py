"""A fair semaphore for threads."""

from __future__ import annotations

import threading
from collections import deque


class FairSemaphore:
    """A semaphore whose threads get free places in the order in which they arrived.

    A semaphore of the standard library gives a place to the thread that happens to run. That is the one that has just
    released it: of twenty threads, two would keep two places for themselves.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    def acquire(self, seconds: float | None) -> bool:
        """Wait for a place, and return whether the caller got one, which it must release."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            if turn.acquire(timeout=-1 if seconds is None else seconds):
                return True
        except BaseException:  # Ctrl+C
            if not self._gave_up(turn):
                self.release()
            raise
        return not self._gave_up(turn)

    def release(self) -> None:
        """Give a place back."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _gave_up(self, turn: threading.Lock) -> bool:
        """Stop waiting, and return True; return False if the caller got a place at the last moment."""
        with self._lock:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True
