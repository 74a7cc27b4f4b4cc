"""Keep idle connections for the next request."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, Self, TypeVar

import httpcore

from kling_elements_runtime.transport.route import Route

C = TypeVar("C", httpcore.ConnectionInterface, httpcore.AsyncConnectionInterface)

SAFE_METHODS = (b"GET", b"HEAD", b"OPTIONS")


class IdleConnections(Generic[C]):
    """Idle connections, which wait for the next request. Thread-safe."""

    def __init__(self, limit: int, max_seconds: float | None, reuse_seconds: float) -> None:
        """Create an empty collection.

        Args:
            limit: The maximum number of idle connections.
            max_seconds: The seconds after which an idle connection is closed, or None for no limit.
            reuse_seconds: The maximum idle time of a connection for a request that must not be sent twice.
        """
        self._limit = limit
        self._max_seconds = max_seconds
        self._reuse_seconds = reuse_seconds
        self._waiting: deque[tuple[float, C]] = deque()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, route: Route) -> Self:
        """Create an empty collection with the limits of a route."""
        return cls(route.max_idle, route.limits.keepalive_expiry, route.reuse_seconds)

    def take(self, method: bytes) -> tuple[C | None, list[C]]:
        """Return a connection for a request, or None, and the stale connections that the caller must close."""
        now = time.monotonic()
        stale: list[C] = []
        with self._lock:
            while self._waiting and self._max_seconds is not None and now - self._waiting[0][0] > self._max_seconds:
                stale.append(self._waiting.popleft()[1])
            while self._waiting:
                since, connection = self._waiting[-1]
                if method not in SAFE_METHODS and now - since > self._reuse_seconds:
                    stale.append(self._waiting.popleft()[1])  # so that the new connection does not exceed the maximum
                    break
                self._waiting.pop()
                if connection.is_available() and not connection.has_expired():
                    return connection, stale
                stale.append(connection)
        return None, stale

    def put(self, connection: C) -> list[C]:
        """Add a connection. Return those above the limit, oldest first, which the caller must close."""
        with self._lock:
            self._waiting.append((time.monotonic(), connection))
            return [self._waiting.popleft()[1] for _ in range(len(self._waiting) - self._limit)]

    def close(self) -> list[C]:
        """Remove and return all connections. From now on, `put` keeps none."""
        with self._lock:
            self._limit = 0
            connections = [connection for _, connection in self._waiting]
            self._waiting.clear()
            return connections
