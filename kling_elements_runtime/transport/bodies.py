"""What goes out and comes back: a request's body that knows how far it got, and an answer's that has a limit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, Final

MAX_ANSWER_BYTES: Final = 1 << 23
"""Bytes of an answer, decoded. A page of 500 tasks has about 1 MB."""
ENCODINGS: Final = "gzip"
"""What is asked for by `Accept-Encoding`."""

_PIECE = 1 << 16  # bytes that are decoded at a time: a bomb yields no more than that at once
_WITH_GZIP_HEADER = zlib.MAX_WBITS | 16


class SentBody:
    """The body of one request, as the network takes it.

    Attributes:
        is_whole: Whether all of it, and so of the request, was handed to the network. Before that no server can have
            done what the request asks for.
    """

    def __init__(self, pieces: Any) -> None:
        """Take what yields the body piece by piece, for threads or for an event loop."""
        self._pieces: Iterable[bytes] | AsyncIterable[bytes] = pieces
        self.is_whole = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body piece by piece."""
        assert isinstance(self._pieces, Iterable)  # noqa: S101 - as httpx sees to
        yield from self._pieces
        self.is_whole = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body piece by piece."""
        assert isinstance(self._pieces, AsyncIterable)  # noqa: S101 - as httpx sees to
        async for piece in self._pieces:
            yield piece
        self.is_whole = True


class AnswerBody:
    """The body of one answer, put together and decoded up to a limit.

    Attributes:
        problem: Why there is no more of it; None as long as it is in order.
    """

    def __init__(self, encoding: str = "", max_bytes: int = MAX_ANSWER_BYTES) -> None:
        """Take the header `Content-Encoding`, which is empty where there is none, and the limit in bytes."""
        encoding = encoding.strip().lower()
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self._gzip = zlib.decompressobj(_WITH_GZIP_HEADER) if encoding in ("gzip", "x-gzip") else None
        self.problem: str | None = None
        if self._gzip is None and encoding not in ("", "identity"):
            self.problem = f"the answer is encoded as {encoding[:40]!r}, and only {ENCODINGS} was asked for"

    def add(self, piece: bytes) -> bool:
        """Take a piece; return whether more are wanted."""
        if self.problem is None and self._gzip is None:
            self._keep(piece)
        elif self.problem is None:
            try:
                self._decode(piece)
            except zlib.error:
                self.problem = "the answer is compressed, and damaged"
        return self.problem is None

    def content(self) -> bytes:
        """Return what there is of it, decoded."""
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        room = self._max_bytes - self._size
        self._pieces.append(piece[:room])
        self._size += len(piece)
        if len(piece) > room:
            self.problem = f"the answer is larger than {self._max_bytes} bytes"

    def _decode(self, piece: bytes) -> None:
        assert self._gzip is not None  # noqa: S101 - or it would be kept as it is
        waiting = piece
        while waiting and self.problem is None:
            self._keep(self._gzip.decompress(waiting, _PIECE))
            waiting = self._gzip.unconsumed_tail


__all__ = ["ENCODINGS", "MAX_ANSWER_BYTES", "AnswerBody", "SentBody"]
