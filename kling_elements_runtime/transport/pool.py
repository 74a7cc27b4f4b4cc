"""The connections to one gateway: at most so many at a time, the one used last first, none twice at once.

httpcore's own pool is not used. It loses places for good when calls are cancelled while they wait in it
(httpcore#1093), it looks through all connections for each request, and it hands out connections that hold bytes behind
an answer. But ours are pools of httpcore's to look at: they give way to it while a tool has replaced its function.

What is done with connections is decided by one coroutine, `_exchange`, which threads run without an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import httpcore
from attrs import frozen

from kling_elements_runtime.blocking import finish
from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport import httpcore_internals
from kling_elements_runtime.transport.bodies import SENT, UNREADABLE, AnswerBody, Sending
from kling_elements_runtime.transport.idle import SAFE_METHODS, C, Idle
from kling_elements_runtime.transport.originals import Originals
from kling_elements_runtime.transport.route import Route
from kling_elements_runtime.transport.sockets import AsyncBackend, Backend
from kling_elements_runtime.transport.turns import Turns

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

    pieces = staticmethod(Sending.pieces)

    def __init__(self, route: Route) -> None:
        """Take the way to the gateway; no connection is opened yet."""
        super().__init__(network_backend=Backend(), **route.options())
        self._route = route
        self.origin = route.origin
        self.idle = Idle[httpcore.ConnectionInterface].of(route)
        self._turns = Turns(route.max_connections)

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do as `exchange`, unless a tool is to have the request or it goes to another host."""
        if not _OWN.are_in_place() or request.url.origin != self.origin:
            return super().handle_request(request)
        return self.exchange(request).as_httpcore()

    def exchange(self, request: httpcore.Request) -> Received:
        """Send a request to the gateway and return the answer.

        Raises:
            httpcore.PoolTimeout: No connection became free in time.
            httpcore exceptions: No answer came.
        """
        if not self._turns.wait(_pool_seconds(request)):
            raise httpcore.PoolTimeout(_in_use(self._route))
        try:
            return finish(_exchange(self, request))
        finally:
            self._turns.leave()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        """Return a connection that is not open yet."""
        httpcore_internals.trust(self, self._route, origin)
        return super().create_connection(origin)

    def close(self) -> None:
        """Close the connections that wait; those in use are closed once they are done."""
        self.discard(self.idle.close())
        super().close()

    async def handle(self, connection: httpcore.ConnectionInterface, request: httpcore.Request) -> httpcore.Response:
        """See `_Port`."""
        return connection.handle_request(request)

    async def read(self, response: httpcore.Response, answer: AnswerBody) -> None:
        """See `_Port`."""
        try:
            answer.take(response.iter_stream())
        finally:
            response.close()

    def discard(self, connections: list[httpcore.ConnectionInterface]) -> None:
        """See `_Port`."""
        for connection in connections:
            connection.close()


class AsyncPool(httpcore.AsyncConnectionPool):
    """Connections for the tasks of one event loop."""

    pieces = staticmethod(Sending.pieces_async)

    def __init__(self, route: Route) -> None:
        """Take the way to the gateway; no connection is opened yet."""
        super().__init__(network_backend=AsyncBackend(), **route.options())
        self._route = route
        self.origin = route.origin
        self.idle = Idle[httpcore.AsyncConnectionInterface].of(route)
        self._turns = asyncio.BoundedSemaphore(route.max_connections)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Do as `exchange`; see `Pool.handle_request`."""
        if not _OWN_ASYNC.are_in_place() or request.url.origin != self.origin:
            return await super().handle_async_request(request)
        return (await self.exchange(request)).as_httpcore()

    async def exchange(self, request: httpcore.Request) -> Received:
        """Send a request and return the answer; see `Pool.exchange`."""
        try:
            async with asyncio.timeout(_pool_seconds(request) if self._turns.locked() else None):
                await self._turns.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout(_in_use(self._route)) from None
        try:
            return await _exchange(self, request)
        finally:
            self._turns.release()

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """Return a connection that is not open yet."""
        httpcore_internals.trust(self, self._route, origin)
        return super().create_connection(origin)

    def close_waiting(self) -> None:
        """Close the connections that wait, also where their event loop has ended; others close once they are done."""
        self.discard(self.idle.close())

    async def aclose(self) -> None:
        """Do as `close_waiting`, on the event loop."""
        self.close_waiting()
        await super().aclose()

    async def handle(
        self, connection: httpcore.AsyncConnectionInterface, request: httpcore.Request
    ) -> httpcore.Response:
        """See `_Port`."""
        return await connection.handle_async_request(request)

    async def read(self, response: httpcore.Response, answer: AnswerBody) -> None:
        """See `_Port`."""
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


class _Port(Protocol[C]):
    """What differs between threads and an event loop where a request is exchanged for its answer.

    Attributes:
        idle: The connections that wait.
        origin: The gateway.
        pieces: What `request.stream` is made by: `Sending.pieces`, or as that.
    """

    idle: Idle[C]
    origin: httpcore.Origin
    pieces: Callable[..., Any]

    def create_connection(self, origin: httpcore.Origin) -> C:
        """Return a connection that is not open yet."""
        ...

    async def handle(self, connection: C, request: httpcore.Request) -> httpcore.Response:
        """Send a request over a connection, and return the answer, whose body is still to be read."""
        ...

    async def read(self, response: httpcore.Response, answer: AnswerBody) -> None:
        """Read the body of an answer, as far as it is wanted, and close the answer."""
        ...

    def discard(self, connections: list[C]) -> None:
        """Close connections."""
        ...


async def _exchange(port: _Port[C], request: httpcore.Request) -> Received:
    """Send a request over a connection that was kept, or a new one, and return the answer."""
    kept, useless = port.idle.take(request.method)
    port.discard(useless)
    body = request.stream
    if kept is not None:
        try:
            return await _carry(port, kept, request, body, partial(httpcore_internals.check_kept, kept))
        except _LOST as error:
            if not _can_be_sent_again(request, error):
                raise
    return await _carry(port, port.create_connection(port.origin), request, body)


async def _carry(
    port: _Port[C],
    connection: C,
    request: httpcore.Request,
    body: Any,
    before_last: Callable[[], None] = lambda: None,
) -> Received:
    """Send a request over one connection, which is kept afterwards if it is as new, and closed else."""
    is_reusable = False
    request.stream = port.pieces(_sending(request), body, _length(request), before_last)
    try:
        response = await port.handle(connection, request)
        answer = AnswerBody(encoding_of(response.headers))
        await port.read(response, answer)
        received = Received.of(response.status, response.headers, answer, response.extensions)
        is_reusable = answer.problem is None and httpcore_internals.is_reusable(connection)
        return received
    finally:
        port.discard(port.idle.put(connection) if is_reusable else [connection])


def _sending(request: httpcore.Request) -> Sending:
    sending: Sending = request.extensions.setdefault(SENT, Sending())
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


def _in_use(route: Route) -> str:
    return (
        f"all {route.max_connections} connections of this client are in use, and none became free in time; "
        "ask for less at a time, or allow more by http_client={'limits': httpx.Limits(max_connections=...)}"
    )


def _can_be_sent_again(request: httpcore.Request, error: Exception) -> bool:
    """Return whether a request may go out once more, over another connection, after one that was kept was lost."""
    return request.method in SAFE_METHODS or not _sending(request).may_have_arrived(error)
