"""The connections to one gateway: at most so many at a time, the one used last first, none twice at once.

httpcore's own pool is not used. It loses places for good when calls are cancelled while they wait in it
(httpcore#1093), it looks through all connections for each request, and it hands out connections that hold bytes behind
an answer. But ours are pools of httpcore's to look at: they give way to it while a tool has replaced its function.

What is done with connections is decided by one coroutine, `_exchange`, which threads run without an event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Protocol, Self, TypeVar

import httpcore
from attrs import frozen

from kling_elements_runtime.blocking import finish
from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport.bodies import SENT, UNREADABLE, AnswerBody, SendProgress
from kling_elements_runtime.transport.originals import Originals
from kling_elements_runtime.transport.route import Route
from kling_elements_runtime.transport.semaphore import FairSemaphore
from kling_elements_runtime.transport.sockets import AsyncBackend, Backend

C = TypeVar("C", httpcore.ConnectionInterface, httpcore.AsyncConnectionInterface)

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
        problem = {} if body.problem is None else {UNREADABLE: body.problem}
        return cls(status, headers, content, {**extensions, **problem})

    def as_httpcore(self) -> httpcore.Response:
        """Return it as httpcore has it."""
        return httpcore.Response(self.status, headers=self.headers, content=self.content, extensions=self.extensions)


def encoding_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the header `Content-Encoding`, empty if there is none."""
    return ", ".join(value.decode("latin-1") for name, value in headers if name.lower() == b"content-encoding")


class Pool(httpcore.ConnectionPool):
    """Connections for threads."""

    pieces = staticmethod(SendProgress.pieces)

    def __init__(self, route: Route) -> None:
        """Take the way to the gateway; no connection is opened yet."""
        super().__init__(network_backend=Backend(), **route.options())
        self._route = route
        self.origin = route.origin
        self.idle = _IdleConnections[httpcore.ConnectionInterface].of(route)
        self._places = FairSemaphore(route.max_connections)

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do as `exchange`, unless a tool is to have the request or it goes to another host."""
        if not _OWN.are_unpatched() or request.url.origin != self.origin:
            return super().handle_request(request)
        return self.exchange(request).as_httpcore()

    def exchange(self, request: httpcore.Request) -> Received:
        """Send a request to the gateway and return the answer.

        Raises:
            httpcore.PoolTimeout: No connection became free in time.
            httpcore exceptions: No answer came.
        """
        if not self._places.acquire(_pool_seconds(request)):
            raise httpcore.PoolTimeout(_all_in_use(self._route))
        try:
            return finish(_exchange(self, request))
        finally:
            self._places.release()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        """Return a connection that is not open yet."""
        _set_ssl_context(self, self._route, origin)
        return super().create_connection(origin)

    def close(self) -> None:
        """Close the connections that wait; those in use are closed once they are done."""
        self.discard(self.idle.close())
        super().close()

    async def send(self, connection: httpcore.ConnectionInterface, request: httpcore.Request) -> httpcore.Response:
        """See `_PoolLike`."""
        return connection.handle_request(request)

    async def read(self, response: httpcore.Response, answer: AnswerBody) -> None:
        """See `_PoolLike`."""
        try:
            answer.take(response.iter_stream())
        finally:
            response.close()

    def discard(self, connections: list[httpcore.ConnectionInterface]) -> None:
        """See `_PoolLike`."""
        for connection in connections:
            connection.close()


class AsyncPool(httpcore.AsyncConnectionPool):
    """Connections for the tasks of one event loop."""

    pieces = staticmethod(SendProgress.pieces_async)

    def __init__(self, route: Route) -> None:
        """Take the way to the gateway; no connection is opened yet."""
        super().__init__(network_backend=AsyncBackend(), **route.options())
        self._route = route
        self.origin = route.origin
        self.idle = _IdleConnections[httpcore.AsyncConnectionInterface].of(route)
        self._places = asyncio.BoundedSemaphore(route.max_connections)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do as `exchange`; see `Pool.handle_request`."""
        if not _OWN_ASYNC.are_unpatched() or request.url.origin != self.origin:
            return await super().handle_async_request(request)
        return (await self.exchange(request)).as_httpcore()

    async def exchange(self, request: httpcore.Request) -> Received:
        """Send a request and return the answer; see `Pool.exchange`."""
        try:
            async with asyncio.timeout(_pool_seconds(request) if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout(_all_in_use(self._route)) from None
        try:
            return await _exchange(self, request)
        finally:
            self._places.release()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """Return a connection that is not open yet."""
        _set_ssl_context(self, self._route, origin)
        return super().create_connection(origin)

    def close_waiting(self) -> None:
        """Close the connections that wait, also where their event loop has ended; others close once they are done."""
        self.discard(self.idle.close())

    async def aclose(self) -> None:
        """Do as `close_waiting`, on the event loop."""
        self.close_waiting()
        await super().aclose()

    async def send(self, connection: httpcore.AsyncConnectionInterface, request: httpcore.Request) -> httpcore.Response:
        """See `_PoolLike`."""
        return await connection.handle_async_request(request)

    async def read(self, response: httpcore.Response, answer: AnswerBody) -> None:
        """See `_PoolLike`."""
        try:
            await answer.take_async(response.aiter_stream())
        finally:
            await response.aclose()

    def discard(self, connections: list[httpcore.AsyncConnectionInterface]) -> None:
        """Close connections without waiting for anything, so that no cancellation and no ended loop comes in between.

        Closing a socket takes no time; what TLS could say at the end is left out.
        """
        for connection in connections:
            closing: Any = connection.aclose()
            with suppress(StopIteration):
                closing.send(None)


def _set_ssl_context(pool: Any, route: Route, origin: httpcore.Origin) -> None:
    """Give a pool of httpcore's what checks certificates, which is made on first use, as that takes long.

    Raises:
        AttributeError: This httpcore has it elsewhere, and would trust the usual authorities whatever the route says.
        httpcore.ConnectError: The certificates cannot be read.
    """
    if origin.scheme == b"https" and pool._ssl_context is None:  # noqa: SLF001 - read before it is set: see above
        pool._ssl_context = route.ssl_context()  # noqa: SLF001 - as the pools of ours derive from it


class _PoolLike(Protocol[C]):
    """What differs between threads and an event loop where a request is exchanged for its answer.

    Attributes:
        idle: The connections that wait.
        origin: The gateway.
        pieces: What `request.stream` is made by: `SendProgress.pieces`, or as that.
    """

    idle: _IdleConnections[C]
    origin: httpcore.Origin
    pieces: Callable[..., Any]

    def create_connection(self, origin: httpcore.Origin) -> C:
        """Return a connection that is not open yet."""
        ...

    async def send(self, connection: C, request: httpcore.Request) -> httpcore.Response:
        """Send a request over a connection, and return the answer, whose body is still to be read."""
        ...

    async def read(self, response: httpcore.Response, answer: AnswerBody) -> None:
        """Read the body of an answer, as far as it is wanted, and close the answer."""
        ...

    def discard(self, connections: list[C]) -> None:
        """Close connections."""
        ...


async def _exchange(pool: _PoolLike[C], request: httpcore.Request) -> Received:
    """Send a request over a connection that was kept, or a new one, and return the answer."""
    kept, useless = pool.idle.take(request.method)
    pool.discard(useless)
    body = request.stream
    if kept is not None:
        try:
            return await _exchange_over(pool, kept, request, body, partial(_check_kept, kept))
        except _LOST as error:
            if not _can_be_sent_again(request, error):
                raise
    return await _exchange_over(pool, pool.create_connection(pool.origin), request, body)


async def _exchange_over(
    pool: _PoolLike[C],
    connection: C,
    request: httpcore.Request,
    body: Any,
    before_last: Callable[[], None] = lambda: None,
) -> Received:
    """Send a request over one connection, which is kept afterwards if it is as new, and closed else."""
    is_reusable = False
    request.stream = pool.pieces(_progress(request), body, _length(request), before_last)
    try:
        response = await pool.send(connection, request)
        answer = AnswerBody(encoding_of(response.headers))
        await pool.read(response, answer)
        received = Received.of(response.status, response.headers, answer, response.extensions)
        is_reusable = answer.problem is None and _is_reusable(connection)
        return received
    finally:
        pool.discard(pool.idle.put(connection) if is_reusable else [connection])


class _IdleConnections(Generic[C]):
    """Connections that wait for the next request. It may be shared between threads."""

    def __init__(self, limit: int, max_seconds: float | None, reuse_seconds: float) -> None:
        """Take how many may wait, for how long, and for how long where what comes next must not be sent twice."""
        self._limit = limit
        self._max_seconds = max_seconds
        self._reuse_seconds = reuse_seconds
        self._waiting: deque[tuple[float, C]] = deque()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, route: Route) -> Self:
        """Return those of one way to the gateway."""
        return cls(route.max_kept, route.limits.keepalive_expiry, route.reuse_seconds)

    def take(self, method: bytes) -> tuple[C | None, list[C]]:
        """Return a connection for a request, if there is one, and those that are of no use any more."""
        now = time.monotonic()
        useless: list[C] = []
        with self._lock:
            while self._waiting and self._max_seconds is not None and now - self._waiting[0][0] > self._max_seconds:
                useless.append(self._waiting.popleft()[1])
            while self._waiting:
                since, connection = self._waiting[-1]
                if method not in _SAFE_METHODS and now - since > self._reuse_seconds:
                    break
                self._waiting.pop()
                if connection.is_available() and not connection.has_expired():
                    return connection, useless
                useless.append(connection)
        return None, useless

    def put(self, connection: C) -> list[C]:
        """Keep a connection; return those that are too many, the oldest first."""
        with self._lock:
            self._waiting.append((time.monotonic(), connection))
            return [self._waiting.popleft()[1] for _ in range(len(self._waiting) - self._limit)]

    def close(self) -> list[C]:
        """Return all connections, which wait no longer; none is kept from now on."""
        with self._lock:
            self._limit = 0
            taken = [connection for _, connection in self._waiting]
            self._waiting.clear()
            return taken


def _progress(request: httpcore.Request) -> SendProgress:
    sending: SendProgress = request.extensions.setdefault(SENT, SendProgress())
    return sending


def _length(request: httpcore.Request) -> int | None:
    """Return how long a request's body says it is; None if it does not, or not in a way that can be read."""
    length = next((value for name, value in request.headers if name.lower() == b"content-length"), b"")
    return int(length) if length.isdigit() else None


def _pool_seconds(request: httpcore.Request) -> float | None:
    """Return how long a request may wait for a connection."""
    limit: float | None = request.extensions.get("timeout", {}).get("pool")
    left = seconds_left()
    if left is None:
        return limit
    return max(0.0, left if limit is None else min(limit, left))


def _all_in_use(route: Route) -> str:
    return (
        f"all {route.max_connections} connections of this client are in use, and none became free in time; "
        "ask for less at a time, or allow more by http_client={'limits': httpx.Limits(max_connections=...)}"
    )


def _is_reusable(connection: Any) -> bool:
    """Return whether a connection is ready for another request, and holds nothing that came behind the answer.

    What came is in the parser already, where the next request would take it for its answer.
    """
    inner = _innermost(connection)
    return connection.is_idle() and (isinstance(inner, _HTTP2) or _is_silent(inner))


def _is_silent(inner: Any) -> bool:
    """Return whether nothing came behind an answer; False if that cannot be seen, as after a change of httpcore."""
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
    return request.method in _SAFE_METHODS or not _progress(request).may_have_arrived(error)
