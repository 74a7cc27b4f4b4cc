"""A server of one file on this machine that supports HTTP Range, and misbehaves as a test demands."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import TypeAlias

from contract_tests.support.peers import Peer, listening

STEP = 8  # bytes of a number in the file, which is its own offset


class HangUp(Exception):  # noqa: N818 - not an error
    """Ends the connection."""


@dataclass
class RangeRequest:
    """A request that the server received.

    Attributes:
        target: Path and query.
        headers: The headers by name, in lower case.
    """

    target: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        """Return the requested range."""
        return self.headers.get("range", "").removeprefix("bytes=")


@dataclass
class ServedFile:
    """A file that is generated while it is sent, so that it can have any size.

    Attributes:
        size: In bytes.
    """

    size: int

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes between two offsets; each number in the file is its own offset."""
        first, stop = start // STEP, min(stop, self.size)
        numbers = b"".join((place * STEP).to_bytes(STEP) for place in range(first, -(-stop // STEP)))
        return numbers[start - first * STEP : max(stop - first * STEP, 0)]

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Return the bytes between two offsets in pieces of 4 KiB."""
        return (self.read(at, min(at + 4096, stop)) for at in range(start, min(stop, self.size), 4096))


Responder: TypeAlias = "Callable[[RangeRequest, RangeServer], Iterator[bytes]]"


def head(status: int, **headers: object) -> bytes:
    """Return a status line and headers, without the headers that are None."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"HTTP/1.1 {status} Reason\r\n{''.join(lines)}\r\n".encode()


def good_response(request: RangeRequest, server: RangeServer, **other: object) -> Iterator[bytes]:
    """Answer correctly, except for the values of some headers."""
    size = server.file.size
    first, last = map(int, request.range.split("-"))
    stop = min(last + 1, size)
    if first >= size:
        yield head(416, **{"content_range": f"bytes */{size}", "content_length": 0} | other)
        return
    headers = {"content_range": f"bytes {first}-{stop - 1}/{size}", "content_length": stop - first, "etag": '"1"'}
    yield head(206, **headers | other)
    yield from server.file.pieces(first, stop)


def _with_name(respond: Responder, kind: str, headers: dict[str, object]) -> Responder:
    """Give a responder a name, so that test ids can show it."""
    respond.__name__ = f"{kind} {headers}"
    return respond


def with_headers(**headers: object) -> Responder:
    """Return a responder that answers correctly, except for the values of some headers."""

    def respond(request: RangeRequest, server: RangeServer) -> Iterator[bytes]:
        return good_response(request, server, **headers)

    return _with_name(respond, "altered", headers)


def whole_file(**headers: object) -> Responder:
    """Return a responder that sends the whole file for any request, and then ends the connection."""

    def respond(_: RangeRequest, server: RangeServer) -> Iterator[bytes]:
        yield head(200, **{"content_length": server.file.size} | headers)
        yield from server.file.pieces(0, server.file.size)
        raise HangUp

    return respond


def chunked_response(**headers: object) -> Responder:
    """Return a responder that sends the whole file in chunked encoding."""

    def respond(_: RangeRequest, server: RangeServer) -> Iterator[bytes]:
        yield head(200, transfer_encoding="chunked", **headers)
        for piece in server.file.pieces(0, server.file.size):
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    return respond


def then_disconnect(request: RangeRequest, server: RangeServer) -> Iterator[bytes]:
    """Answer with the requested range, and then end the connection without notice."""
    yield from good_response(request, server)
    raise HangUp


def empty_response(status: int, **headers: object) -> Responder:
    """Return a responder that sends a status without a body."""
    return _with_name(lambda _, __: iter([head(status, **{"content_length": 0} | headers)]), f"bare {status}", headers)


def redirect(location: str, status: int = 302) -> Responder:
    """Return a responder that redirects. Its body is endless, because clients should not read it."""

    def respond(_: RangeRequest, __: RangeServer) -> Iterator[bytes]:
        yield head(status, location=location, content_length=10**12)
        yield from repeat(bytes(4096))

    return respond


def raw_response(*pieces: bytes) -> Responder:
    """Return a responder that sends these bytes, and then ends the connection."""

    def respond(_: RangeRequest, __: RangeServer) -> Iterator[bytes]:
        yield from pieces
        raise HangUp

    return respond


def hanging_response(after: bytes = b"") -> Responder:
    """Return a responder that sends some bytes, and then nothing until the server stops."""

    def respond(_: RangeRequest, server: RangeServer) -> Iterator[bytes]:
        yield after
        server.stopping.wait()
        raise HangUp

    return respond


def dripping_response(start: bytes, permits: threading.Semaphore) -> Responder:
    """Return a responder that sends some bytes, and then one byte for each permit."""

    def respond(_: RangeRequest, server: RangeServer) -> Iterator[bytes]:
        yield start
        while not server.stopping.is_set():
            if permits.acquire(timeout=0.01):
                yield b"x"

    return respond


def endless_response(start: bytes, piece: bytes) -> Responder:
    """Return a responder that sends some bytes, and then repeats others endlessly."""

    def respond(_: RangeRequest, __: RangeServer) -> Iterator[bytes]:
        yield start
        yield from repeat(piece)

    return respond


def in_turn(*responses: Responder) -> Responder:
    """Return a responder that uses these responders in turn, and then repeats the last one."""
    turns = chain(responses, repeat(responses[-1]))

    def respond(request: RangeRequest, server: RangeServer) -> Iterator[bytes]:
        return next(turns)(request, server)

    return respond


def by_path(**responses: Responder) -> Responder:
    """Return a responder that chooses one by the first part of the path."""
    return lambda request, server: responses[re.split(r"\W", request.target)[1]](request, server)


@dataclass
class RangeServer:
    """A running server.

    Attributes:
        file: The file that it serves.
        respond: How it answers.
        port: Its port.
        scheme: `http` or `https`.
        requests: The requests, in order.
        connections: The number of connections.
        sent: The number of bytes that were sent.
        ended: A semaphore with a permit for each closed connection.
        stopping: Set when the server is about to stop.
    """

    file: ServedFile
    respond: Responder
    port: int = 0
    scheme: str = "http"
    requests: list[RangeRequest] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address of the file."""
        return f"{self.scheme}://127.0.0.1:{self.port}/file"

    @property
    def ranges(self) -> list[str]:
        """Return the requested ranges."""
        return [request.range for request in self.requests]


@contextmanager
def range_server(
    respond: Responder = good_response, *, size: int = 100_000, tls: ssl.SSLContext | None = None
) -> Iterator[RangeServer]:
    """Run a server until the block ends."""
    state = RangeServer(ServedFile(size), respond, scheme="http" if tls is None else "https")

    def serve(peer: Peer) -> None:
        state.connections += 1
        try:
            with suppress(HangUp):
                while head_lines := peer.head():
                    line, *fields = head_lines.split("\r\n")
                    headers = {name.lower(): value for name, _, value in (header.partition(": ") for header in fields)}
                    state.requests.append(RangeRequest(line.split(" ")[1], headers))
                    for piece in state.respond(state.requests[-1], state):
                        peer.send(piece)
                        state.sent += len(piece)
        finally:
            peer.connected.close()
            state.ended.release()

    with listening(serve, tls) as server:
        state.port = server.port
        try:
            yield state
        finally:
            state.stopping.set()
