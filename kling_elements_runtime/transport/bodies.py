"""Track how much of a request body was sent, and read response bodies up to a limit."""

from __future__ import annotations

import math
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any, Final

import httpcore
import httpx
from attrs import frozen

MAX_RESPONSE_BYTES: Final = 1 << 23
"""The maximum size of a response in bytes, both as received and decoded. A list of 500 objects has about 1 MB."""
SENT: Final = "kling_elements_runtime.sent"
"""The extension of a request with its `SendProgress`, if it is sent through our own connections."""
UNREADABLE: Final = "kling_elements_runtime.unreadable"
"""The extension of a response that says why its body is incomplete."""
ENCODINGS: Final = "gzip"
"""The value of `Accept-Encoding`."""

_DECODED_PIECE_BYTES = 1 << 16  # a compression bomb yields no more than this at once
_MAX_RESPONSE_PIECES = 1 << 17  # each takes time, however small it is
_MAX_WRITE_BYTES = 1 << 20
_WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
_TIME_IS_UP = (TimeoutError, httpcore.TimeoutException, httpx.TimeoutException)


class SendProgress:
    """The progress of one request: how much of it was passed to the network.

    A server that respects `Content-Length` does nothing before it has received the whole body.
    """

    def __init__(self) -> None:
        """Begin to track a request before its headers are written."""
        self._length: float | None = None
        self._written = 0  # bytes of the body
        self._being_written = 0  # bytes of the piece that is being written on an event loop

    def pieces(
        self, body: Iterable[bytes], length: int | None, before_last: Callable[[], None] = lambda: None
    ) -> Iterator[bytes]:
        """Yield a body piece by piece, and count the bytes that were written.

        Args:
            body: The pieces.
            length: The total number of bytes, or None if it is not known.
            before_last: Called before the piece that completes the body; an exception from it stops the request.
        """
        self._begin(length)
        for whole in body:
            for piece in _parts(whole):
                if self._is_last(piece):
                    before_last()
                yield piece
                self._written += len(piece)
        self._end()

    async def pieces_async(
        self, body: AsyncIterable[bytes], length: int | None, before_last: Callable[[], None] = lambda: None
    ) -> AsyncIterator[bytes]:
        """Yield a body on an event loop; the async version of `pieces`."""
        self._begin(length)
        async for whole in body:
            for piece in _parts(whole):
                if self._is_last(piece):
                    before_last()
                self._being_written = len(piece)
                yield piece
                self._written, self._being_written = self._written + len(piece), 0
        self._end()

    def may_have_arrived(self, error: BaseException) -> bool:
        """Return whether the server may have received the whole request before an error.

        After a failed write, part of the request is certainly missing. After a write on an event loop that timed out,
        it may be complete, because the piece may have been sent at the same moment.
        """
        sent = self._written + (self._being_written if isinstance(error, _TIME_IS_UP) else 0)
        return self._length is not None and sent >= self._length

    def _begin(self, length: int | None) -> None:
        self._length = math.inf if length is None else length
        self._written = self._being_written = 0

    def _is_last(self, piece: bytes) -> bool:
        return self._length is not None and self._written + len(piece) >= self._length

    def _end(self) -> None:
        self._length = self._written


def _parts(piece: bytes) -> Iterable[bytes]:
    """Split a large piece of a body, so that each write is small."""
    if len(piece) <= _MAX_WRITE_BYTES:
        return (piece,)
    return (piece[start : start + _MAX_WRITE_BYTES] for start in range(0, len(piece), _MAX_WRITE_BYTES))


class ResponseBody:
    """The body of one response, collected and decoded up to a limit.

    Attributes:
        problem: Why the body is incomplete, or None if nothing is wrong.
    """

    def __init__(self, encoding: str = "") -> None:
        """Create an empty body. `encoding` is the header `Content-Encoding`, or an empty string."""
        self._encoding = encoding.strip().lower()
        self._gzip = zlib.decompressobj(_WITH_GZIP_HEADER) if self._encoding in ("gzip", "x-gzip") else None
        self._content = BytesIO()  # many small pieces in a list would take several times their size
        self._received_bytes = 0  # bytes
        self._pieces = 0
        self.problem: str | None = None

    def add(self, piece: bytes) -> bool:
        """Add a piece, and return whether to read more."""
        self._received_bytes += len(piece)
        self._pieces += 1
        if self._gzip is not None:
            self._decode(piece, self._gzip)
        elif self._encoding in ("", "identity"):
            self._keep(piece)
        elif piece:
            self.problem = f"the response is encoded as {self._encoding[:40]!r}, but only {ENCODINGS} was requested"
        if self._received_bytes > MAX_RESPONSE_BYTES:
            self.problem = _TOO_LARGE
        elif self._pieces > _MAX_RESPONSE_PIECES:
            self.problem = f"the response has more than {_MAX_RESPONSE_PIECES} pieces"
        return self.problem is None

    def take(self, pieces: Iterable[bytes]) -> None:
        """Add pieces until the body is complete or a problem occurs."""
        for piece in pieces:
            if not self.add(piece):
                break

    async def take_async(self, pieces: AsyncIterable[bytes]) -> None:
        """Add pieces on an event loop; the async version of `take`."""
        async for piece in pieces:
            if not self.add(piece):
                break

    def content(self) -> bytes:
        """Return the decoded body. Call this after the last piece."""
        if self._gzip is not None and not self._gzip.eof and self._received_bytes:
            self.problem = self.problem or "the response is compressed, and is cut off"
        return self._content.getvalue()

    def _keep(self, piece: bytes) -> None:
        room = MAX_RESPONSE_BYTES - self._content.tell()
        self._content.write(piece[:room])
        if len(piece) > room:
            self.problem = _TOO_LARGE

    def _decode(self, piece: bytes, gzip: zlib._Decompress) -> None:
        try:
            while piece and not gzip.eof and self.problem is None:  # data after the end is ignored, as in httpx
                self._keep(gzip.decompress(piece, _DECODED_PIECE_BYTES))
                piece = gzip.unconsumed_tail
        except zlib.error:
            self.problem = "the response is compressed, and damaged"


@frozen
class ReceivedResponse:
    """A response with its body.

    Attributes:
        status: The HTTP status.
        headers: The headers as received, but without the encoding headers if the content was decoded.
        content: The body, decoded.
        extensions: httpcore's extensions of the response, and if the body is incomplete, the reason under `UNREADABLE`.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes
    extensions: dict[str, Any]

    @classmethod
    def of(
        cls, status: int, headers: list[tuple[bytes, bytes]], body: ResponseBody, extensions: Mapping[str, Any]
    ) -> ReceivedResponse:
        """Return the response with its body, which must have been read."""
        content = body.content()
        if encoding_of(headers):  # decoded already, so that nothing decodes it again
            encoding_headers = (b"content-encoding", b"content-length")
            headers = [(name, value) for name, value in headers if name.lower() not in encoding_headers]
        problem = {} if body.problem is None else {UNREADABLE: body.problem}
        return cls(status, headers, content, {**extensions, **problem})

    def as_httpcore(self) -> httpcore.Response:
        """Return the response as an `httpcore.Response`."""
        return httpcore.Response(self.status, headers=self.headers, content=self.content, extensions=self.extensions)


def encoding_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the header `Content-Encoding`, or an empty string if there is none."""
    return ", ".join(value.decode("latin-1") for name, value in headers if name.lower() == b"content-encoding")


_TOO_LARGE = f"the response is larger than {MAX_RESPONSE_BYTES} bytes"
