"""FairSemaphore of threads that want one of a few places."""

from __future__ import annotations

import threading
from collections import deque


class FairSemaphore:
    """Places for so many threads at a time. Who came first has the next one that becomes free.

    A semaphore of the standard library gives it to whichever thread happens to run. That is the one that has just left,
    so that of twenty threads two would keep both places for themselves.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    def acquire(self, seconds: float | None) -> bool:
        """Wait for a place, and return whether there is one, which has to be left again."""
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
        """Wait no longer; return False if the place came at the last moment."""
        with self._lock:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True
