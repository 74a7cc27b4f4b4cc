"""Let threads wait for a place in the order in which they arrive."""

from __future__ import annotations

import threading
from collections import deque


class FairSemaphore:
    """A semaphore that gives places to threads in the order in which they arrive.

    A semaphore of the standard library gives a place to the running thread, which has often just released one: of
    twenty threads, two would keep two places for themselves.
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
            if not self._stop_waiting(turn):
                self.release()
            raise
        return not self._stop_waiting(turn)

    def release(self) -> None:
        """Give a place back."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _stop_waiting(self, turn: threading.Lock) -> bool:
        """Stop waiting. Return False if the caller got a place at the last moment, which it must release."""
        with self._lock:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True
