"""HTTP as ASGI tells it: reads request bodies within bounds and sends answers. Knows nothing of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

DRAIN_MAX_BYTES = 1 << 28
"""Bytes of an unwanted body that are taken off the wire."""

DRAIN_MAX_SECONDS = 10.0
"""Seconds that an unwanted body may take to arrive."""

_MAX_LENGTH_DIGITS = 18  # longer ones do not fit the 64 bits of any real body


class BodyTooLargeError(Exception):
    """The body is larger than the caller of `RequestBody.read` wants."""


class DisconnectedError(Exception):
    """The peer went away before its request was complete: there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `body` is JSON text, `headers` are those beyond Content-Type and Content-Length."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def header(headers: Headers, name: bytes) -> str | None:
    """Return a header's value, or None. A repeated one is joined by commas, as HTTP means it."""
    values = [value.decode("latin-1") for key, value in headers if key.lower() == name]
    return ", ".join(values).strip(" \t") if values else None


class RequestBody:
    """The body of one request, read at most once."""

    def __init__(self, headers: Headers, receive: Receive) -> None:
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

    async def _next_chunk(self) -> bytes:
        self._begun = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        self.ended = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk


async def respond(send: Send, answer: Answer, body: RequestBody) -> None:
    """Send an answer at once, then take what is left of the request.

    Raises:
        DisconnectedError: The peer went away.
    """
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    if body.held_back:
        headers.append((b"connection", b"close"))
    drains = not (body.ended or body.held_back)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": drains})
    if drains:
        await body.drain(DRAIN_MAX_BYTES, DRAIN_MAX_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def live(receive: Receive, send: Send) -> None:
    """Follow the lifespan protocol: there is nothing to start and nothing to stop."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _declared_bytes(headers: Headers) -> int:
    """Return what Content-Length says, 0 where it says nothing that can be trusted: the bytes are counted anyway."""
    digits = header(headers, b"content-length") or "0"
    if not (digits.isascii() and digits.isdigit()):
        return 0
    return int(digits.lstrip("0")[: _MAX_LENGTH_DIGITS + 1] or "0")
