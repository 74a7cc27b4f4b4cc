"""A connection pool for one gateway: limited in size, last in first out, one request per connection.

We don't use httpcore's own pool. It loses places forever if calls are cancelled while they wait in it (httpcore#1093),
searches all connections for each request, and reuses connections with leftover data after a response. Our pools
subclass httpcore's, and call its methods while a tool has patched them. `test_pool_reasons.py` shows these faults with
httpcore's pool.

One coroutine, `_exchange`, makes all decisions about connections. Threads run it without an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import httpcore

from kling_elements_runtime.blocking import finish
from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport import httpcore_internals
from kling_elements_runtime.transport.bodies import SENT, ReceivedResponse, ResponseBody, SendProgress, encoding_of
from kling_elements_runtime.transport.idle import SAFE_METHODS, C, IdleConnections
from kling_elements_runtime.transport.patch_detection import LibraryFunctions
from kling_elements_runtime.transport.route import Route
from kling_elements_runtime.transport.semaphore import FairSemaphore
from kling_elements_runtime.transport.sockets import AsyncBackend, Backend

_LOST = (httpcore.NetworkError, httpcore.RemoteProtocolError)
_FUNCTIONS = LibraryFunctions((httpcore.ConnectionPool, "handle_request"))
_ASYNC_FUNCTIONS = LibraryFunctions((httpcore.AsyncConnectionPool, "handle_async_request"))


class Pool(httpcore.ConnectionPool):
    """A pool of connections for threads."""

    pieces = staticmethod(SendProgress.pieces)

    def __init__(self, route: Route) -> None:
        """Create a pool for a route. It opens no connection yet."""
        super().__init__(network_backend=Backend(), **route.options())
        self._route = route
        self.origin = route.origin
        self.idle = IdleConnections[httpcore.ConnectionInterface].of(route)
        self._places = FairSemaphore(route.max_connections)

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Call `exchange`, unless a tool has patched httpcore or the request goes to another host."""
        if not _FUNCTIONS.are_unpatched() or request.url.origin != self.origin:
            return super().handle_request(request)
        return self.exchange(request).as_httpcore()

    def exchange(self, request: httpcore.Request) -> ReceivedResponse:
        """Send a request to the gateway and return the response.

        Raises:
            httpcore.PoolTimeout: No connection became free in time.
            httpcore exceptions: No response arrived.
        """
        if not self._places.acquire(_pool_seconds(request)):
            raise httpcore.PoolTimeout(_all_in_use(self._route))
        try:
            return finish(_exchange(self, request))
        finally:
            self._places.release()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        """Return a new connection, which is opened on first use."""
        httpcore_internals.set_ssl_context(self, self._route, origin)
        return super().create_connection(origin)

    def close(self) -> None:
        """Close the idle connections; those in use are closed after their responses."""
        self.discard(self.idle.close())
        super().close()

    async def send(self, connection: httpcore.ConnectionInterface, request: httpcore.Request) -> httpcore.Response:
        """Send a request over a connection, and return the response with its body unread."""
        return connection.handle_request(request)

    async def read(self, response: httpcore.Response, content: ResponseBody) -> None:
        """Read the body of a response up to its limit, and close the response."""
        try:
            content.take(response.iter_stream())
        finally:
            response.close()

    def discard(self, connections: list[httpcore.ConnectionInterface]) -> None:
        """Close connections."""
        for connection in connections:
            connection.close()


class AsyncPool(httpcore.AsyncConnectionPool):
    """A pool of connections for the tasks of one event loop."""

    pieces = staticmethod(SendProgress.pieces_async)

    def __init__(self, route: Route) -> None:
        """Create a pool for a route. It opens no connection yet."""
        super().__init__(network_backend=AsyncBackend(), **route.options())
        self._route = route
        self.origin = route.origin
        self.idle = IdleConnections[httpcore.AsyncConnectionInterface].of(route)
        self._places = asyncio.BoundedSemaphore(route.max_connections)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Call `exchange`, unless a tool has patched httpcore or the request goes to another host."""
        if not _ASYNC_FUNCTIONS.are_unpatched() or request.url.origin != self.origin:
            return await super().handle_async_request(request)
        return (await self.exchange(request)).as_httpcore()

    async def exchange(self, request: httpcore.Request) -> ReceivedResponse:
        """Send a request to the gateway and return the response; the async version of `Pool.exchange`."""
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
        """Return a new connection, which is opened on first use."""
        httpcore_internals.set_ssl_context(self, self._route, origin)
        return super().create_connection(origin)

    def close_waiting(self) -> None:
        """Close the idle connections, even if their event loop has ended. Others are closed after their responses."""
        self.discard(self.idle.close())

    async def aclose(self) -> None:
        """Close the idle connections, and httpcore's own pool."""
        self.close_waiting()
        await super().aclose()

    async def send(self, connection: httpcore.AsyncConnectionInterface, request: httpcore.Request) -> httpcore.Response:
        """Send a request over a connection, and return the response with its body unread."""
        return await connection.handle_async_request(request)

    async def read(self, response: httpcore.Response, content: ResponseBody) -> None:
        """Read the body of a response up to its limit, and close the response."""
        try:
            await content.take_async(response.aiter_stream())
        finally:
            await response.aclose()

    def discard(self, connections: list[httpcore.AsyncConnectionInterface]) -> None:
        """Close connections without waiting, so that neither a cancellation nor the end of the loop can interfere.

        Closing a socket takes no time, and TLS's closing message is not sent.
        """
        for connection in connections:
            closing: Any = connection.aclose()
            with suppress(StopIteration):
                closing.send(None)


class _PoolLike(Protocol[C]):
    """The interface of a pool for `_exchange`, blocking or asynchronous.

    Attributes:
        idle: The idle connections.
        origin: The gateway's scheme, host and port.
        pieces: `SendProgress.pieces` or `SendProgress.pieces_async`.
    """

    idle: IdleConnections[C]
    origin: httpcore.Origin
    pieces: Callable[..., Any]

    def create_connection(self, origin: httpcore.Origin) -> C:
        """Return a new connection, which is opened on first use."""
        ...

    async def send(self, connection: C, request: httpcore.Request) -> httpcore.Response:
        """Send a request over a connection, and return the response with its body unread."""
        ...

    async def read(self, response: httpcore.Response, content: ResponseBody) -> None:
        """Read the body of a response up to its limit, and close the response."""
        ...

    def discard(self, connections: list[C]) -> None:
        """Close connections."""
        ...


async def _exchange(pool: _PoolLike[C], request: httpcore.Request) -> ReceivedResponse:
    """Send a request over an idle connection, or else a new one, and return the response."""
    idle_connection, stale_connections = pool.idle.take(request.method)
    pool.discard(stale_connections)
    body = request.stream
    if idle_connection is not None:
        try:
            check = partial(httpcore_internals.check_still_usable, idle_connection)
            return await _exchange_over(pool, idle_connection, request, body, check)
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
) -> ReceivedResponse:
    """Send a request over one connection, and keep the connection if it can be reused; otherwise close it."""
    is_reusable = False
    request.stream = pool.pieces(_progress(request), body, _length(request), before_last)
    try:
        response = await pool.send(connection, request)
        content = ResponseBody(encoding_of(response.headers))
        await pool.read(response, content)
        received = ReceivedResponse.of(response.status, response.headers, content, response.extensions)
        is_reusable = content.problem is None and httpcore_internals.is_reusable(connection)
        return received
    finally:
        pool.discard(pool.idle.put(connection) if is_reusable else [connection])


def _progress(request: httpcore.Request) -> SendProgress:
    sending: SendProgress = request.extensions.setdefault(SENT, SendProgress())
    return sending


def _length(request: httpcore.Request) -> int | None:
    """Return the `Content-Length` of a request in bytes, or None if there is none, or it is not a number."""
    length = next((value for name, value in request.headers if name.lower() == b"content-length"), b"")
    return int(length) if length.isdigit() else None


def _pool_seconds(request: httpcore.Request) -> float | None:
    """Return the seconds that a request may wait for a connection, or None for no limit."""
    limit: float | None = request.extensions.get("timeout", {}).get("pool")
    left = seconds_left()
    if left is None:
        return limit
    return max(0.0, left if limit is None else min(limit, left))


def _all_in_use(route: Route) -> str:
    return (
        f"all {route.max_connections} connections of this client are in use, and none became free in time; send fewer "
        "requests at a time, or allow more connections with http_client={'limits': httpx.Limits(max_connections=...)}"
    )


def _can_be_sent_again(request: httpcore.Request, error: Exception) -> bool:
    """Return whether a request may be sent again, over another connection, after an idle one was lost."""
    return request.method in SAFE_METHODS or not _progress(request).may_have_arrived(error)
