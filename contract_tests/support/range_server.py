"""A server of one file on this machine that honours HTTP Range, and misbehaves as told."""

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

STEP = 8  # bytes of the file that name their own place


class HangUp(Exception):  # noqa: N818 - it is no error
    """The connection ends here."""


@dataclass
class Asked:
    """A request.

    Attributes:
        target: Path and query.
        headers: By their names in lower case.
    """

    target: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        """What part was asked for."""
        return self.headers.get("range", "").removeprefix("bytes=")


@dataclass
class File:
    """A file that is made while it is sent, so that it may be of any size.

    Attributes:
        size: In bytes.
    """

    size: int

    def read(self, start: int, stop: int) -> bytes:
        """Bytes from a place up to another; each number in it is the place where it stands."""
        first, stop = start // STEP, min(stop, self.size)
        numbers = b"".join((place * STEP).to_bytes(STEP) for place in range(first, -(-stop // STEP)))
        return numbers[start - first * STEP : max(stop - first * STEP, 0)]

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The same, some at a time."""
        return (self.read(at, min(at + 4096, stop)) for at in range(start, min(stop, self.size), 4096))


Answer: TypeAlias = "Callable[[Asked, RangeServer], Iterator[bytes]]"


def head(status: int, **headers: object) -> bytes:
    """A status line and headers; those that are None are left out."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"HTTP/1.1 {status} Answer\r\n{''.join(lines)}\r\n".encode()


def honest(asked: Asked, server: RangeServer, **other: object) -> Iterator[bytes]:
    """What a good server does, but for headers of other values."""
    size = server.file.size
    first, last = map(int, asked.range.split("-"))
    stop = min(last + 1, size)
    if first >= size:
        yield head(416, **{"content_range": f"bytes */{size}", "content_length": 0} | other)
        return
    told = {"content_range": f"bytes {first}-{stop - 1}/{size}", "content_length": stop - first, "etag": '"1"'}
    yield head(206, **told | other)
    yield from server.file.pieces(first, stop)


def _named(answer: Answer, kind: str, headers: dict[str, object]) -> Answer:
    """Give an answer a name, which the id of a test shows."""
    answer.__name__ = f"{kind} {headers}"
    return answer


def altered(**headers: object) -> Answer:
    """A part, with headers of other values."""

    def answer(asked: Asked, server: RangeServer) -> Iterator[bytes]:
        return honest(asked, server, **headers)

    return _named(answer, "altered", headers)


def whole(**headers: object) -> Answer:
    """All of the file, whatever was asked for; then the end of the connection."""

    def answer(_: Asked, server: RangeServer) -> Iterator[bytes]:
        yield head(200, **{"content_length": server.file.size} | headers)
        yield from server.file.pieces(0, server.file.size)
        raise HangUp

    return answer


def chunked(**headers: object) -> Answer:
    """All of the file, in chunks of its own."""

    def answer(_: Asked, server: RangeServer) -> Iterator[bytes]:
        yield head(200, transfer_encoding="chunked", **headers)
        for piece in server.file.pieces(0, server.file.size):
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    return answer


def leaving(asked: Asked, server: RangeServer) -> Iterator[bytes]:
    """A part, and then the end of the connection without a word."""
    yield from honest(asked, server)
    raise HangUp


def bare(status: int, **headers: object) -> Answer:
    """A status without a body."""
    return _named(lambda _, __: iter([head(status, **{"content_length": 0} | headers)]), f"bare {status}", headers)


def redirect(location: str, status: int = 302) -> Answer:
    """A redirect; its body never ends, since nobody should read it."""

    def answer(_: Asked, __: RangeServer) -> Iterator[bytes]:
        yield head(status, location=location, content_length=10**12)
        yield from repeat(bytes(4096))

    return answer


def sends(*pieces: bytes) -> Answer:
    """These bytes, and then the end of the connection."""

    def answer(_: Asked, __: RangeServer) -> Iterator[bytes]:
        yield from pieces
        raise HangUp

    return answer


def hangs(after: bytes = b"") -> Answer:
    """Some bytes, and then nothing for as long as the server runs."""

    def answer(_: Asked, server: RangeServer) -> Iterator[bytes]:
        yield after
        server.stopping.wait()
        raise HangUp

    return answer


def drips(start: bytes, permits: threading.Semaphore) -> Answer:
    """A beginning, and then a byte for each permit."""

    def answer(_: Asked, server: RangeServer) -> Iterator[bytes]:
        yield start
        while not server.stopping.is_set():
            if permits.acquire(timeout=0.01):
                yield b"x"

    return answer


def for_ever(start: bytes, piece: bytes) -> Answer:
    """A beginning, and then the same bytes again and again."""

    def answer(_: Asked, __: RangeServer) -> Iterator[bytes]:
        yield start
        yield from repeat(piece)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other, and then the last one."""
    turns = chain(answers, repeat(answers[-1]))

    def answer(asked: Asked, server: RangeServer) -> Iterator[bytes]:
        return next(turns)(asked, server)

    return answer


def by_path(**answers: Answer) -> Answer:
    """The answer of the name that the path begins with."""
    return lambda asked, server: answers[re.split(r"\W", asked.target)[1]](asked, server)


@dataclass
class RangeServer:
    """A server that runs.

    Attributes:
        file: What it serves.
        answer: How.
        port: Where it listens.
        scheme: `http` or `https`.
        asked: The requests that came, in order.
        connections: How many connections were made.
        sent: How many bytes it got rid of.
        ended: Has a permit for each connection that is closed.
        stopping: Set when it is about to end.
    """

    file: File
    answer: Answer
    port: int = 0
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The file's address."""
        return f"{self.scheme}://127.0.0.1:{self.port}/file"

    @property
    def ranges(self) -> list[str]:
        """The parts that were asked for."""
        return [asked.range for asked in self.asked]


@contextmanager
def range_server(
    answer: Answer = honest, *, size: int = 100_000, tls: ssl.SSLContext | None = None
) -> Iterator[RangeServer]:
    """A server that runs as long as the block."""
    told = RangeServer(File(size), answer, scheme="http" if tls is None else "https")

    def serve(peer: Peer) -> None:
        told.connections += 1
        try:
            with suppress(HangUp):
                while request := peer.head():
                    line, *fields = request.split("\r\n")
                    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in fields)}
                    told.asked.append(Asked(line.split(" ")[1], headers))
                    for piece in told.answer(told.asked[-1], told):
                        peer.send(piece)
                        told.sent += len(piece)
        finally:
            peer.connected.close()
            told.ended.release()

    with listening(serve, tls) as server:
        told.port = server.port
        try:
            yield told
        finally:
            told.stopping.set()
