"""The connections to one gateway: at most so many at a time, the one used last first, none twice at once.

httpcore's own pool is not used. It loses places for good when calls are cancelled while they wait in it
(httpcore#1093), it looks through all connections for each request, and it hands out connections that hold bytes behind
an answer. But ours are pools of httpcore's to look at: they give way to it while a tool has replaced its function.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import httpcore
from attrs import frozen

from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport.bodies import SENT, UNREADABLE, AnswerBody, Sending
from kling_elements_runtime.transport.originals import Originals
from kling_elements_runtime.transport.route import Route
from kling_elements_runtime.transport.sockets import AsyncBackend, Backend
from kling_elements_runtime.transport.turns import Turns

C = TypeVar("C", httpcore.ConnectionInterface, httpcore.AsyncConnectionInterface)

_MAX_IDLE_SECONDS = 1.0  # of a connection that carries what must not be sent twice: servers close idle ones at any time
_SAFE_METHODS = (b"GET", b"HEAD", b"OPTIONS")
_HTTP2 = (httpcore.HTTP2Connection, httpcore.AsyncHTTP2Connection)
_LOST = (httpcore.NetworkError, httpcore.RemoteProtocolError)
_OWN = Originals((httpcore.ConnectionPool, "handle_request"))
_OWN_ASYNC = Originals((httpcore.AsyncConnectionPool, "handle_async_request"))


@frozen
class Received:
    """An answer with its body.

    Attributes:
        status: The HTTP status.
        headers: The headers as they came; those of an encoding are left out where it was undone.
        content: The body, decoded.
        extensions: What httpcore says of the answer, and why there is no more of the body, if that is so.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes
    extensions: dict[str, Any]

    @classmethod
    def of(
        cls, status: int, headers: list[tuple[bytes, bytes]], body: AnswerBody, extensions: Mapping[str, Any]
    ) -> Received:
        """Return an answer whose body was read."""
        content = body.content()
        if encoding_of(headers):  # undone, so that it must not be undone again
            undone = (b"content-encoding", b"content-length")
            headers = [(name, value) for name, value in headers if name.lower() not in undone]
        told = {} if body.problem is None else {UNREADABLE: body.problem}
        return cls(status, headers, content, {**extensions, **told})

    def as_httpcore(self) -> httpcore.Response:
        """Return it as httpcore has it."""
        return httpcore.Response(self.status, headers=self.headers, content=self.content, extensions=self.extensions)


def encoding_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the header `Content-Encoding`, empty where there is none."""
    return ", ".join(value.decode("latin-1") for name, value in headers if name.lower() == b"content-encoding")


class Pool(httpcore.ConnectionPool):
    """Connections for threads."""

    def __init__(self, route: Route) -> None:
        """Take the way to the gateway; no connection is opened yet."""
        super().__init__(network_backend=Backend(), **route.options())
        self._route = route
        self._origin = route.origin
        self._turns = Turns(self._max_connections)
        self._idle = _Idle[httpcore.ConnectionInterface](self._max_keepalive_connections, self._keepalive_expiry)
        self._lock = threading.Lock()
        self._is_closed = False

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do as `exchange`, save where a tool is to have the request, or it goes to another host."""
        if not _OWN.are_in_place() or request.url.origin != self._origin:
            return super().handle_request(request)
        return self.exchange(request).as_httpcore()

    def exchange(self, request: httpcore.Request) -> Received:
        """Send a request to the gateway and return the answer.

        Raises:
            httpcore.PoolTimeout: No connection became free in time.
            httpcore exceptions: No answer came.
        """
        if not self._turns.wait(_pool_seconds(request)):
            raise httpcore.PoolTimeout(_in_use(self._max_connections))
        try:
            return self._exchange(request)
        finally:
            self._turns.leave()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        """Return a connection that is not open yet."""
        if self._ssl_context is None and origin.scheme == b"https":
            self._ssl_context = self._route.ssl_context()  # which takes long to make
        return super().create_connection(origin)

    def close(self) -> None:
        """Close the connections that wait; those in use are closed once they are done."""
        with self._lock:
            self._is_closed = True
            waiting = self._idle.clear()
        _close(waiting)
        super().close()

    def _exchange(self, request: httpcore.Request) -> Received:
        with self._lock:
            kept, useless = self._idle.take(request.method)
        _close(useless)
        body = request.stream
        if kept is not None:
            try:
                return self._carry(kept, request, body, partial(_check_kept, kept))
            except _LOST as error:
                if not _can_be_sent_again(request, error):
                    raise
        return self._carry(self.create_connection(self._origin), request, body)

    def _carry(
        self,
        connection: httpcore.ConnectionInterface,
        request: httpcore.Request,
        body: Any,
        before_last: Callable[[], None] = lambda: None,
    ) -> Received:
        is_reusable = False
        request.stream = _sending(request).pieces(body, _length(request), before_last)
        try:
            response = connection.handle_request(request)
            answer = AnswerBody(encoding_of(response.headers))
            try:
                for piece in response.iter_stream():
                    if not answer.add(piece):
                        break
            finally:
                response.close()
            received = Received.of(response.status, response.headers, answer, response.extensions)
            is_reusable = answer.problem is None and _is_reusable(connection)
            return received
        finally:
            with self._lock:
                useless = self._idle.put(connection) if is_reusable and not self._is_closed else [connection]
            _close(useless)


class AsyncPool(httpcore.AsyncConnectionPool):
    """Connections for the tasks of one event loop."""

    def __init__(self, route: Route) -> None:
        """Take the way to the gateway; no connection is opened yet."""
        super().__init__(network_backend=AsyncBackend(), **route.options())
        self._route = route
        self._origin = route.origin
        self._turns = asyncio.BoundedSemaphore(self._max_connections)
        self._idle = _Idle[httpcore.AsyncConnectionInterface](self._max_keepalive_connections, self._keepalive_expiry)
        self._is_closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do as `exchange`; see `Pool.handle_request`."""
        if not _OWN_ASYNC.are_in_place() or request.url.origin != self._origin:
            return await super().handle_async_request(request)
        return (await self.exchange(request)).as_httpcore()

    async def exchange(self, request: httpcore.Request) -> Received:
        """Send a request and return the answer; see `Pool.exchange`."""
        try:
            async with asyncio.timeout(_pool_seconds(request) if self._turns.locked() else None):
                await self._turns.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout(_in_use(self._max_connections)) from None
        try:
            return await self._exchange(request)
        finally:
            self._turns.release()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """Return a connection that is not open yet."""
        if self._ssl_context is None and origin.scheme == b"https":
            self._ssl_context = self._route.ssl_context()  # which takes long to make
        return super().create_connection(origin)

    def close_waiting(self) -> None:
        """Close the connections that wait, also where their event loop has ended; others close once they are done."""
        self._is_closed = True
        _close_async(self._idle.clear())

    async def aclose(self) -> None:
        """Do as `close_waiting`, on the event loop."""
        self.close_waiting()
        await super().aclose()

    async def _exchange(self, request: httpcore.Request) -> Received:
        kept, useless = self._idle.take(request.method)
        _close_async(useless)
        body = request.stream
        if kept is not None:
            try:
                return await self._carry(kept, request, body, partial(_check_kept, kept))
            except _LOST as error:
                if not _can_be_sent_again(request, error):
                    raise
        return await self._carry(self.create_connection(self._origin), request, body)

    async def _carry(
        self,
        connection: httpcore.AsyncConnectionInterface,
        request: httpcore.Request,
        body: Any,
        before_last: Callable[[], None] = lambda: None,
    ) -> Received:
        is_reusable = False
        request.stream = _sending(request).pieces_async(body, _length(request), before_last)
        try:
            response = await connection.handle_async_request(request)
            answer = AnswerBody(encoding_of(response.headers))
            try:
                async for piece in response.aiter_stream():
                    if not answer.add(piece):
                        break
            finally:
                await response.aclose()
            received = Received.of(response.status, response.headers, answer, response.extensions)
            is_reusable = answer.problem is None and _is_reusable(connection)
            return received
        finally:
            _close_async(self._idle.put(connection) if is_reusable and not self._is_closed else [connection])


class _Idle(Generic[C]):
    """Connections that wait for the next request."""

    def __init__(self, limit: int, max_seconds: float | None) -> None:
        """Take how many may wait, and for how long."""
        self._limit = limit
        self._max_seconds = max_seconds
        self._waiting: deque[tuple[float, C]] = deque()

    def take(self, method: bytes) -> tuple[C | None, list[C]]:
        """Return a connection for a request, if there is one, and those that are of no use any more."""
        now = time.monotonic()
        useless: list[C] = []
        while self._waiting and self._max_seconds is not None and now - self._waiting[0][0] > self._max_seconds:
            useless.append(self._waiting.popleft()[1])
        while self._waiting:
            since, connection = self._waiting[-1]
            if method not in _SAFE_METHODS and now - since > _MAX_IDLE_SECONDS:
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


def _sending(request: httpcore.Request) -> Sending:
    sending: Sending = request.extensions.setdefault(SENT, Sending())
    return sending


def _length(request: httpcore.Request) -> int | None:
    """Return how long a request's body says it is; None where it does not, or not in a way that can be read."""
    told = next((value for name, value in request.headers if name.lower() == b"content-length"), b"")
    return int(told) if told.isdigit() else None


def _pool_seconds(request: httpcore.Request) -> float | None:
    """Return how long a request may wait for a connection."""
    limit: float | None = request.extensions.get("timeout", {}).get("pool")
    left = seconds_left()
    if left is None:
        return limit
    return max(0.0, left if limit is None else min(limit, left))


def _in_use(most: int) -> str:
    return (
        f"all {most} connections of this client are in use, and none became free in time; ask for less at a time, or "
        "allow more by httpx_args={'limits': httpx.Limits(max_connections=...)}"
    )


def _is_reusable(connection: Any) -> bool:
    """Return whether a connection is ready for another request, and holds nothing that came behind the answer.

    What came is in the parser already, where the next request would take it for its answer.
    """
    inner = _innermost(connection)
    return connection.is_idle() and (isinstance(inner, _HTTP2) or _is_silent(inner))


def _is_silent(inner: Any) -> bool:
    """Return whether nothing came behind an answer; False where that cannot be seen, as after a change of httpcore."""
    parser = getattr(inner, "_h11_state", None)
    return parser is not None and not parser.trailing_data[0] and hasattr(inner, "_network_stream")


def _check_kept(connection: Any) -> None:
    """Raise RemoteProtocolError if the server has closed a connection that was kept, or says something unasked.

    Before the last piece of a request is written that does no harm yet. Over HTTP/2 something is said all the time.
    """
    inner = _innermost(connection)
    if not isinstance(inner, _HTTP2) and inner._network_stream.get_extra_info("is_readable"):  # noqa: SLF001
        raise httpcore.RemoteProtocolError("the server has closed the connection that was kept")


def _innermost(connection: Any) -> Any:
    """Return what speaks HTTP with the gateway, without what it goes through, such as a proxy."""
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    return connection


def _can_be_sent_again(request: httpcore.Request, error: Exception) -> bool:
    """Return whether a request may go out once more, over another connection, after one that was kept was lost."""
    return request.method in _SAFE_METHODS or not _sending(request).may_have_arrived(error)


def _close(connections: list[httpcore.ConnectionInterface]) -> None:
    for connection in connections:
        connection.close()


def _close_async(connections: list[httpcore.AsyncConnectionInterface]) -> None:
    """Close connections without waiting for anything, so that no cancellation and no ended loop comes in between.

    Closing a socket takes no time; what TLS could say at the end is left out.
    """
    for connection in connections:
        closing: Any = connection.aclose()
        with suppress(StopIteration):
            closing.send(None)
