"""What goes out and comes back: how far a request's body got, and an answer's that has a limit."""

from __future__ import annotations

import math
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from io import BytesIO
from typing import Final

import httpcore
import httpx

MAX_ANSWER_BYTES: Final = 1 << 23
"""Bytes of an answer, as they come and decoded. A page of 500 things has about 1 MB."""
SENT: Final = "kling_elements_runtime.sent"
"""The extension of a request that has its `SendProgress`, where our own connections carry it."""
UNREADABLE: Final = "kling_elements_runtime.unreadable"
"""The extension of a response that says why there is no more of its body."""
ENCODINGS: Final = "gzip"
"""What is asked for by `Accept-Encoding`."""

_PIECE = 1 << 16  # bytes that are decoded at a time: a bomb yields no more than that at once
_MAX_PIECES = 1 << 17  # of an answer; each takes time, however small it is
_MAX_PART = 1 << 20  # bytes of a request that are written at a time
_WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
_TIME_IS_UP = (TimeoutError, httpcore.TimeoutException, httpx.TimeoutException)


class SendProgress:
    """How much of one request was handed to the network.

    A server that heeds `Content-Length` does nothing before it has all of it.
    """

    def __init__(self) -> None:
        """Begin with nothing: not even the headers are written."""
        self._length: float | None = None
        self._written = 0  # bytes of the body
        self._perhaps = 0  # and of a piece that is under way on an event loop

    def pieces(
        self, body: Iterable[bytes], length: int | None, before_last: Callable[[], None] = lambda: None
    ) -> Iterator[bytes]:
        """Yield a body piece by piece, and take note of how many were written.

        Args:
            body: The pieces.
            length: How many bytes they have; None if nobody knows.
            before_last: What is called before the piece that completes the body; it may raise something instead.
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
        """Do as `pieces` on an event loop."""
        self._begin(length)
        async for whole in body:
            for piece in _parts(whole):
                if self._is_last(piece):
                    before_last()
                self._perhaps = len(piece)
                yield piece
                self._written, self._perhaps = self._written + len(piece), 0
        self._end()

    def may_have_arrived(self, error: BaseException) -> bool:
        """Return whether the server may have all of the request, after an error.

        A write that failed says that something is left. One that an event loop gave up because the time was up does
        not: the piece may have gone out in the same moment.
        """
        sent = self._written + (self._perhaps if isinstance(error, _TIME_IS_UP) else 0)
        return self._length is not None and sent >= self._length

    def _begin(self, length: int | None) -> None:
        self._length = math.inf if length is None else length
        self._written = self._perhaps = 0

    def _is_last(self, piece: bytes) -> bool:
        return self._length is not None and self._written + len(piece) >= self._length

    def _end(self) -> None:
        self._length = self._written


def _parts(piece: bytes) -> Iterable[bytes]:
    """Return a piece of a body in parts that are not too large, so that one that is under way is little of it."""
    if len(piece) <= _MAX_PART:
        return (piece,)
    return (piece[start : start + _MAX_PART] for start in range(0, len(piece), _MAX_PART))


class AnswerBody:
    """The body of one answer, put together and decoded up to a limit.

    Attributes:
        problem: Why there is no more of it; None as long as it is in order.
    """

    def __init__(self, encoding: str = "") -> None:
        """Take the header `Content-Encoding`, which is empty if there is none."""
        self._encoding = encoding.strip().lower()
        self._gzip = zlib.decompressobj(_WITH_GZIP_HEADER) if self._encoding in ("gzip", "x-gzip") else None
        self._content = BytesIO()  # many small pieces in a list would take several times their size
        self._came = 0  # bytes
        self._pieces = 0
        self.problem: str | None = None

    def add(self, piece: bytes) -> bool:
        """Take a piece; return whether more are wanted."""
        self._came += len(piece)
        self._pieces += 1
        if self._gzip is not None:
            self._decode(piece, self._gzip)
        elif self._encoding in ("", "identity"):
            self._keep(piece)
        elif piece:
            self.problem = f"the answer is encoded as {self._encoding[:40]!r}, and only {ENCODINGS} was asked for"
        if self._came > MAX_ANSWER_BYTES:
            self.problem = _TOO_LARGE
        elif self._pieces > _MAX_PIECES:
            self.problem = f"the answer comes in more than {_MAX_PIECES} pieces"
        return self.problem is None

    def take(self, pieces: Iterable[bytes]) -> None:
        """Take pieces one by one, as long as more are wanted."""
        for piece in pieces:
            if not self.add(piece):
                break

    async def take_async(self, pieces: AsyncIterable[bytes]) -> None:
        """Do as `take` on an event loop."""
        async for piece in pieces:
            if not self.add(piece):
                break

    def content(self) -> bytes:
        """Return what there is of it, decoded, after the last piece."""
        if self._gzip is not None and not self._gzip.eof and self._came:
            self.problem = self.problem or "the answer is compressed, and breaks off"
        return self._content.getvalue()

    def _keep(self, piece: bytes) -> None:
        room = MAX_ANSWER_BYTES - self._content.tell()
        self._content.write(piece[:room])
        if len(piece) > room:
            self.problem = _TOO_LARGE

    def _decode(self, piece: bytes, gzip: zlib._Decompress) -> None:
        try:
            while piece and not gzip.eof and self.problem is None:  # what follows the end is left out, as httpx does
                self._keep(gzip.decompress(piece, _PIECE))
                piece = gzip.unconsumed_tail
        except zlib.error:
            self.problem = "the answer is compressed, and damaged"


_TOO_LARGE = f"the answer is larger than {MAX_ANSWER_BYTES} bytes"
