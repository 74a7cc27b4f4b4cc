"""Read request bodies within limits, and send replies over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, NoReturn, TypeAlias

import httpx

from kling_elements.mock.reply import Reply

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
Fields: TypeAlias = Mapping[bytes, bytes]

ABORT = "kling.abort"
"""The scope extension through which the application can cut the connection."""

DRAIN_MAX_BYTES = 1 << 28
"""Bytes of an unwanted body that are read and dropped."""

DRAIN_MAX_SECONDS = 10.0
"""Seconds that an unwanted body may take to arrive."""

_MAX_LENGTH_DIGITS = 18  # a longer number doesn't fit into 64 bits


class BodyTooLargeError(Exception):
    """A body is larger than the limit of `RequestBody.read`."""


class DisconnectedError(Exception):
    """The peer disconnected before its request was complete, so nobody is left to answer."""


class ConnectionCutError(httpx.RemoteProtocolError):
    """A simulated cut of the connection, if you call the application in this process, without a connection.

    If you call the application through httpx, you see the error that httpx raises for a cut connection.
    """


def fields_of(headers: Headers) -> Fields:
    """Return headers by their names in lower case. Repeated headers are joined by commas, as HTTP defines."""
    fields: dict[bytes, bytes] = {}
    for raw_name, value in headers:
        name = raw_name.lower()
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


def header(headers: Fields, name: bytes) -> str | None:
    """Return a header's value, or None."""
    value = headers.get(name)
    return None if value is None else value.decode("latin-1").strip(" \t")


class RequestBody:
    """The body of one request, read at most once."""

    def __init__(self, headers: Fields, receive: Receive) -> None:
        self._receive = receive
        self._declared_bytes = _declared_bytes(headers)
        self._begun = False
        self.is_complete = False
        self._expects_go_ahead = (header(headers, b"expect") or "").lower() == "100-continue"

    @property
    def is_held_back(self) -> bool:
        """Whether the peer still waits for `100 Continue`. If you refuse its request now, it sends no body."""
        return self._expects_go_ahead and not self._begun

    async def read(self, max_bytes: int) -> bytearray:
        """Return the whole body.

        Raises:
            BodyTooLargeError: The body or its declared length is larger than `max_bytes`; no more is kept in memory.
            DisconnectedError: The peer disconnected.
        """
        if self._declared_bytes > max_bytes:
            raise BodyTooLargeError
        body = bytearray()
        while not self.is_complete:
            chunk = await self._next_chunk()
            if len(body) + len(chunk) > max_bytes:
                raise BodyTooLargeError
            body += chunk
        return body

    async def drain(self, max_bytes: int, max_seconds: float) -> None:
        """Read and drop the rest of the body, up to a limit of bytes and seconds.

        If a server closes a connection with unread bytes, the connection is reset, and a peer that still sends loses
        the response.

        Raises:
            DisconnectedError: The peer disconnected.
        """
        try:
            async with asyncio.timeout(max_seconds):
                while not self.is_complete and max_bytes >= 0:
                    max_bytes -= len(await self._next_chunk())
        except TimeoutError:
            return

    async def wait_for_disconnect(self) -> NoReturn:
        """Drop all messages until the peer disconnects.

        Raises:
            DisconnectedError: The peer disconnected.
        """
        while True:
            await self._next_chunk()

    async def _next_chunk(self) -> bytes:
        self._begun = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        self.is_complete = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk


async def respond(scope: Scope, send: Send, reply: Reply, body: RequestBody) -> None:
    """Send a reply, delayed, dripped or cut as it says. Then drop the rest of the request body.

    Raises:
        DisconnectedError: The peer disconnected.
        ConnectionCutError: The reply cuts the connection, but the server has no extension to do so.
    """
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    if reply.cut:
        await _cut(scope, body)
    headers = [(b"content-length", str(len(reply.body)).encode()), *reply.headers]
    if body.is_held_back:
        headers.append((b"connection", b"close"))
    drains = not (body.is_complete or body.is_held_back)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.drip_seconds:
        await _drip(send, reply)
        await send({"type": "http.response.body", "body": b"", "more_body": drains})
    else:
        await send({"type": "http.response.body", "body": reply.body, "more_body": drains})
    if drains:
        await body.drain(DRAIN_MAX_BYTES, DRAIN_MAX_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _cut(scope: Scope, body: RequestBody) -> NoReturn:
    abort = scope.get("extensions", {}).get(ABORT)
    if abort is None:
        raise ConnectionCutError("the connection was cut")
    abort()
    await body.wait_for_disconnect()


async def _drip(send: Send, reply: Reply) -> None:
    interval = reply.drip_seconds / len(reply.body)
    for byte in reply.body:
        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await asyncio.sleep(interval)


async def run_lifespan(
    receive: Receive, send: Send, start: Callable[[], None], stop: Callable[[], Awaitable[None]]
) -> None:
    """Follow the lifespan protocol: call `start` when the server starts, and `stop` when it shuts down."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            start()
        else:
            await stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _declared_bytes(headers: Fields) -> int:
    """Return Content-Length in bytes, or 0 if it is missing or invalid. `read` counts the bytes anyway."""
    digits = header(headers, b"content-length") or "0"
    if not (digits.isascii() and digits.isdigit()):
        return 0
    return int(digits.lstrip("0")[: _MAX_LENGTH_DIGITS + 1] or "0")
