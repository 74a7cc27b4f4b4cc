"""HTTP as ASGI tells it: reads request bodies within bounds and sends answers. Knows nothing of the contract."""

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
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
Fields: TypeAlias = Mapping[bytes, bytes]

ABORT = "kling.abort"
"""The extension of the scope by which a server lets the application cut the connection."""

DRAIN_MAX_BYTES = 1 << 28
"""Bytes of an unwanted body that are taken off the wire."""

DRAIN_MAX_SECONDS = 10.0
"""Seconds that an unwanted body may take to arrive."""

_MAX_LENGTH_DIGITS = 18  # longer ones do not fit the 64 bits of any real body


class BodyTooLargeError(Exception):
    """The body is larger than the caller of `RequestBody.read` wants."""


class DisconnectedError(Exception):
    """The peer went away before its request was complete: there is nobody to answer."""


class ConnectionCutError(httpx.RemoteProtocolError):
    """The connection is cut without an answer, and there is none: the application is called in process.

    To whoever calls it through httpx this is what a cut connection is there.
    """


def fields_of(headers: Headers) -> Fields:
    """Return headers by their names in lower case. A repeated one is joined by commas, as HTTP means it."""
    fields: dict[bytes, bytes] = {}
    for written, value in headers:
        name = written.lower()
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


def header(headers: Fields, name: bytes) -> str | None:
    """Return a header's value, or None."""
    value = headers.get(name)
    return None if value is None else value.decode("latin-1").strip(" \t")


class RequestBody:
    """The body of one request, read at most once."""

    def __init__(self, headers: Fields, receive: Receive) -> None:
        """Take the request's headers and its source of messages; nothing is read yet."""
        self._receive = receive
        self._declared_bytes = _declared_bytes(headers)
        self._begun = False
        self.ended = False
        self._expects_go_ahead = (header(headers, b"expect") or "").lower() == "100-continue"

    @property
    def held_back(self) -> bool:
        """Whether the peer waits for a go-ahead that it never got, and so sends no body once it is refused."""
        return self._expects_go_ahead and not self._begun

    async def read(self, max_bytes: int) -> bytearray:
        """Return the whole body.

        Raises:
            BodyTooLargeError: It is, or says that it is, larger than `max_bytes`; no more than these were kept.
            DisconnectedError: The peer went away.
        """
        if self._declared_bytes > max_bytes:
            raise BodyTooLargeError
        body = bytearray()
        while not self.ended:
            chunk = await self._next_chunk()
            if len(body) + len(chunk) > max_bytes:
                raise BodyTooLargeError
            body += chunk
        return body

    async def drain(self, max_bytes: int, max_seconds: float) -> None:
        """Take the rest of the body off the wire and drop it, within bounds.

        A server that closes a connection with unread bytes resets it, and the peer, still sending, loses the answer.

        Raises:
            DisconnectedError: The peer went away.
        """
        try:
            async with asyncio.timeout(max_seconds):
                while not self.ended and max_bytes >= 0:
                    max_bytes -= len(await self._next_chunk())
        except TimeoutError:
            return

    async def wait_for_disconnect(self) -> NoReturn:
        """Take and drop whatever still comes.

        Raises:
            DisconnectedError: The peer is gone.
        """
        while True:
            await self._next_chunk()

    async def _next_chunk(self) -> bytes:
        self._begun = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        self.ended = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk


async def respond(scope: Scope, send: Send, reply: Reply, body: RequestBody) -> None:
    """Give an answer in its manner, then take what is left of the request.

    Raises:
        DisconnectedError: The peer went away.
        ConnectionCutError: The connection is to be cut, and the server has no means to.
    """
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    if reply.cut:
        await _cut(scope, body)
    headers = [(b"content-length", str(len(reply.body)).encode()), *reply.headers]
    if body.held_back:
        headers.append((b"connection", b"close"))
    drains = not (body.ended or body.held_back)
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


async def live(receive: Receive, send: Send, start: Callable[[], None], stop: Callable[[], Awaitable[None]]) -> None:
    """Follow the lifespan protocol: start and stop when the server does."""
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
    """Return what Content-Length says, 0 where it says nothing that can be trusted: the bytes are counted anyway."""
    digits = header(headers, b"content-length") or "0"
    if not (digits.isascii() and digits.isdigit()):
        return 0
    return int(digits.lstrip("0")[: _MAX_LENGTH_DIGITS + 1] or "0")
