"""The connections to one gateway: at most so many at a time, the one used last first, none twice at once.

httpcore's own pool is not used. It loses places for good when calls are cancelled while they wait in it
(httpcore#1093), it looks through all connections for each request, and it hands out connections that hold bytes behind
an answer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpcore
from attrs import frozen

from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport.bodies import AnswerBody

C = TypeVar("C", httpcore.ConnectionInterface, httpcore.AsyncConnectionInterface)

_MAX_IDLE_SECONDS = 1.0  # of a connection that carries what must not be sent twice: servers close idle ones at any time
_SAFE_METHODS = (b"GET", b"HEAD", b"OPTIONS")


@frozen
class Received:
    """An answer with its body.

    Attributes:
        status: The HTTP status.
        headers: The headers as they came; those of an encoding are left out where it was undone.
        content: The body, decoded.
        problem: Why there is no more of the body, or None.
        extensions: What httpcore says of the answer.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes
    problem: str | None
    extensions: dict[str, Any]


@frozen
class Limits:
    """How many connections there may be.

    Attributes:
        at_once: Requests at a time.
        idle: Connections that are kept for later requests.
    """

    at_once: int
    idle: int


class _Idle(Generic[C]):
    """Connections that wait for the next request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[tuple[float, C]] = deque()

    def take(self, method: bytes) -> tuple[C | None, list[C]]:
        """Return a connection for a request, if there is one, and those that are of no use any more."""
        useless: list[C] = []
        while self._waiting:
            since, connection = self._waiting[-1]
            if method not in _SAFE_METHODS and time.monotonic() - since > _MAX_IDLE_SECONDS:
                break
            self._waiting.pop()
            if connection.is_available() and not connection.has_expired():
                return connection, useless
            useless.append(connection)
        return None, useless

    def put(self, connection: C) -> list[C]:
        """Keep a connection; return those that are too many, the oldest first."""
        self._waiting.append((time.monotonic(), connection))
        return [self._waiting.popleft()[1] for _ in range(len(self._waiting) - self._limit)]

    def clear(self) -> list[C]:
        """Return all connections, which wait no longer."""
        taken = [connection for _, connection in self._waiting]
        self._waiting.clear()
        return taken


class Pool:
    """Connections for threads."""

    def __init__(self, connect: Callable[[], httpcore.ConnectionInterface], limits: Limits) -> None:
        """Take what makes a connection that is not open yet."""
        self._connect = connect
        self._limits = limits
        self._free = threading.BoundedSemaphore(limits.at_once)
        self._idle = _Idle[httpcore.ConnectionInterface](limits.idle)
        self._lock = threading.Lock()
        self._is_closed = False

    def exchange(self, request: httpcore.Request) -> Received:
        """Send a request and return the answer.

        Raises:
            httpcore.PoolTimeout: No connection became free in time.
            httpcore exceptions: No answer came.
        """
        if not self._free.acquire(timeout=_pool_seconds(request)):
            raise httpcore.PoolTimeout(_in_use(self._limits))
        try:
            return self._exchange(request)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close the connections that wait; those in use are closed once they are done."""
        with self._lock:
            self._is_closed = True
            waiting = self._idle.clear()
        _close(waiting)

    def _exchange(self, request: httpcore.Request) -> Received:
        with self._lock:
            connection, useless = self._idle.take(request.method)
        _close(useless)
        connection = connection or self._connect()
        is_reusable = False
        try:
            response = connection.handle_request(request)
            body = AnswerBody(_encoding(response.headers))
            try:
                for piece in response.iter_stream():
                    if not body.add(piece):
                        break
            finally:
                response.close()
            is_reusable = _is_reusable(connection)
            return _received(response, body)
        finally:
            with self._lock:
                useless = self._idle.put(connection) if is_reusable and not self._is_closed else [connection]
            _close(useless)


class AsyncPool:
    """Connections for the tasks of one event loop."""

    def __init__(self, connect: Callable[[], httpcore.AsyncConnectionInterface], limits: Limits) -> None:
        """Take what makes a connection that is not open yet."""
        self._connect = connect
        self._limits = limits
        self._free = asyncio.BoundedSemaphore(limits.at_once)
        self._idle = _Idle[httpcore.AsyncConnectionInterface](limits.idle)
        self._is_closed = False

    async def exchange(self, request: httpcore.Request) -> Received:
        """Send a request and return the answer; see `Pool.exchange`."""
        try:
            async with asyncio.timeout(_pool_seconds(request)):
                await self._free.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout(_in_use(self._limits)) from None
        try:
            return await self._exchange(request)
        finally:
            self._free.release()

    async def aclose(self) -> None:
        """Close the connections that wait; those in use are closed once they are done."""
        self._is_closed = True
        await _aclose(self._idle.clear())

    async def _exchange(self, request: httpcore.Request) -> Received:
        connection, useless = self._idle.take(request.method)
        connection = connection or self._connect()
        is_reusable = False
        try:
            await _aclose(useless)
            response = await connection.handle_async_request(request)
            body = AnswerBody(_encoding(response.headers))
            try:
                async for piece in response.aiter_stream():
                    if not body.add(piece):
                        break
            finally:
                await response.aclose()
            is_reusable = _is_reusable(connection)
            return _received(response, body)
        finally:
            await _aclose(self._idle.put(connection) if is_reusable and not self._is_closed else [connection])


def _pool_seconds(request: httpcore.Request) -> float | None:
    """Return how long a request may wait for a connection."""
    limit: float | None = request.extensions.get("timeout", {}).get("pool")
    left = seconds_left()
    if left is None:
        return limit
    return max(0.0, left if limit is None else min(limit, left))


def _in_use(limits: Limits) -> str:
    return (
        f"all {limits.at_once} connections of this client are in use, and none became free in time; ask for less at a "
        "time, or allow more by httpx_args={'limits': httpx.Limits(max_connections=...)}"
    )


def _encoding(headers: list[tuple[bytes, bytes]]) -> str:
    return ", ".join(value.decode("latin-1") for name, value in headers if name.lower() == b"content-encoding")


def _received(response: httpcore.Response, body: AnswerBody) -> Received:
    headers = response.headers
    if _encoding(headers):  # undone, so it must not be undone again
        left_out = (b"content-encoding", b"content-length")
        headers = [(name, value) for name, value in headers if name.lower() not in left_out]
    return Received(response.status, headers, body.content(), body.problem, dict(response.extensions))


def _is_reusable(connection: Any) -> bool:
    """Return whether a connection is ready for another request, and holds nothing that came behind the answer.

    What came is in the parser already, where the next request would take it for its answer.
    """
    if not connection.is_idle():
        return False
    while (inner := getattr(connection, "_connection", None)) is not None:  # what it goes through, as a proxy
        connection = inner
    parser = getattr(connection, "_h11_state", None)
    return parser is None or not parser.trailing_data[0]


def _close(connections: list[httpcore.ConnectionInterface]) -> None:
    for connection in connections:
        connection.close()


async def _aclose(connections: list[httpcore.AsyncConnectionInterface]) -> None:
    # Nothing here waits: closing a socket takes no time, and what TLS would say at the end is left out. So no
    # cancellation can come in between.
    for connection in connections:
        await connection.aclose()


__all__ = ["AsyncPool", "Limits", "Pool", "Received"]
