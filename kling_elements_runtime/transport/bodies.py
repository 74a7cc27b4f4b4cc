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
"""Bytes of an answer, as they come and decoded. A page of 500 tasks has about 1 MB."""
ENCODINGS: Final = "gzip"
"""What is asked for by `Accept-Encoding`."""

_PIECE = 1 << 16  # bytes that are decoded at a time: a bomb yields no more than that at once
_WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
_TIME_IS_UP = (TimeoutError, httpcore.TimeoutException, httpx.TimeoutException)


class Sending:
    """How much of one request was handed to the network.

    A server that heeds `Content-Length` does nothing before it has all of it.
    """

    def __init__(self) -> None:
        """Begin with nothing: not even the headers are written."""
        self._length: float | None = None
        self._begun = 0  # bytes of the body whose writing was begun
        self._written = 0  # and ended

    def pieces(
        self, body: Iterable[bytes], length: int | None, before_last: Callable[[], None] = lambda: None
    ) -> Iterator[bytes]:
        """Yield a body piece by piece, and take note of how many were written.

        Args:
            body: The pieces.
            length: How many bytes they have; None where nobody knows.
            before_last: What is called before the piece that completes the body; it may raise something instead.
        """
        self._begin(length)
        for piece in body:
            self._count(piece, before_last)
            yield piece
            self._written = self._begun
        self._end()

    async def pieces_async(
        self, body: AsyncIterable[bytes], length: int | None, before_last: Callable[[], None] = lambda: None
    ) -> AsyncIterator[bytes]:
        """Do as `pieces` on an event loop."""
        self._begin(length)
        async for piece in body:
            self._count(piece, before_last)
            yield piece
            self._written = self._begun
        self._end()

    def may_have_arrived(self, error: BaseException) -> bool:
        """Return whether the server may have all of the request, after an error.

        A write that failed says that something is left. One that was given up because the time was up does not: the
        last piece may have gone out in the same moment.
        """
        sent = self._begun if isinstance(error, _TIME_IS_UP) else self._written
        return self._length is not None and sent >= self._length

    def _begin(self, length: int | None) -> None:
        self._length = math.inf if length is None else length
        self._begun = self._written = 0

    def _count(self, piece: bytes, before_last: Callable[[], None]) -> None:
        assert self._length is not None  # noqa: S101 - it was begun
        if self._begun + len(piece) >= self._length:
            before_last()
        self._begun += len(piece)

    def _end(self) -> None:
        self._length = self._written


class AnswerBody:
    """The body of one answer, put together and decoded up to a limit.

    Attributes:
        problem: Why there is no more of it; None as long as it is in order.
    """

    def __init__(self, encoding: str = "") -> None:
        """Take the header `Content-Encoding`, which is empty where there is none."""
        self._encoding = encoding.strip().lower()
        self._gzip = zlib.decompressobj(_WITH_GZIP_HEADER) if self._encoding in ("gzip", "x-gzip") else None
        self._content = BytesIO()  # many small pieces in a list would take several times their size
        self._came = 0  # bytes
        self.problem: str | None = None

    def add(self, piece: bytes) -> bool:
        """Take a piece; return whether more are wanted."""
        self._came += len(piece)
        if self._gzip is not None:
            self._decode(piece, self._gzip)
        elif self._encoding in ("", "identity"):
            self._keep(piece)
        elif piece:
            self.problem = f"the answer is encoded as {self._encoding[:40]!r}, and only {ENCODINGS} was asked for"
        if self._came > MAX_ANSWER_BYTES:
            self.problem = _TOO_LARGE
        return self.problem is None

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

__all__ = ["ENCODINGS", "MAX_ANSWER_BYTES", "AnswerBody", "Sending"]
