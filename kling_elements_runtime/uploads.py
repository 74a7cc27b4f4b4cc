"""Image files inside a request: as Base64 text in memory, or as files that are encoded while they are sent."""

from __future__ import annotations

import binascii
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import pybase64

from kling_elements_runtime.errors import MediaError, raising_media_errors

_PIECE = 192 * 1024  # bytes that are encoded at a time, a multiple of three; larger ones gain nothing and hold the loop
_GROUP = 4  # characters of Base64 for three bytes


class UnreadableError(Exception):
    """The file cannot be read as what it should be."""


class Reader(Protocol):
    """The bytes of a file, wherever they are.

    `size` is the file's size in bytes. `peek` gives bytes from an offset on; fewer where the file ends.
    """

    @property
    def size(self) -> int: ...
    def peek(self, offset: int, count: int) -> bytes: ...


class Content(Reader, Protocol):
    """A file that is sent as Base64 text: `pieces` gives it piece by piece, from its beginning each time."""

    def pieces(self) -> Iterator[bytes]: ...


class EncodedImage(str):
    """The Base64 text of a file that this package encoded itself, so that it need not be checked again."""

    __slots__ = ()


def encode(content: bytes) -> EncodedImage:
    """Return the Base64 text of a file."""
    return EncodedImage(pybase64.b64encode_as_string(content))


def encoded_length(size: int) -> int:
    """Return how many characters the Base64 text of a file of so many bytes has."""
    return (size + 2) // 3 * _GROUP


def decoded_size(text: str) -> int:
    """Return how many bytes a padded Base64 text holds, without decoding it."""
    return len(text) // _GROUP * 3 - text.count("=", -2)


def _is_whole_base64(piece: str) -> bool:
    try:
        return len(pybase64.b64decode(piece, validate=True)) == decoded_size(piece)
    except binascii.Error:
        return False


class InlineBytes:
    """A file that is there as bytes.

    Attributes:
        content: The bytes.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return len(self.content)

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer where the file ends."""
        return self.content[offset : offset + count]

    def pieces(self) -> Iterator[bytes]:
        """Yield the Base64 text, piece by piece."""
        starts = range(0, self.size, _PIECE)
        return (pybase64.b64encode(self.peek(start, _PIECE)) for start in starts)


class InlineText:
    """A file that is there as padded Base64 text; only what is asked for is decoded."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return decoded_size(self._text)

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer where the file ends.

        Raises:
            UnreadableError: The text is no Base64 there.
        """
        group, skip = divmod(offset, 3)
        groups = (skip + count + 2) // 3
        try:
            window = binascii.a2b_base64(self._text[group * _GROUP : (group + groups) * _GROUP], strict_mode=True)
        except ValueError as error:
            raise UnreadableError("no Base64") from error
        return window[skip : skip + count]

    def is_base64(self) -> bool:
        """Return whether all of the text is padded Base64 (RFC 4648, section 4) without white space."""
        text = self._text
        if isinstance(text, EncodedImage):
            return True
        if len(text) % _GROUP or not text.isascii():
            return False
        return text.find("=", 0, -2) < 0 and all(map(_is_whole_base64, self._slices()))

    def _slices(self) -> Iterator[str]:
        step = encoded_length(_PIECE)
        return (self._text[start : start + step] for start in range(0, len(self._text), step))

    def pieces(self) -> Iterator[bytes]:
        """Yield the text, piece by piece."""
        return (piece.encode("ascii") for piece in self._slices())


class InlineFile:
    """A local file, held to be what it was when it was first looked at: a change is an error, never a corrupt request.

    Attributes:
        path: Where it is.
        size: Its size in bytes.
    """

    def __init__(self, path: Path) -> None:
        """Look at the file, without opening it.

        Raises:
            MediaError: It cannot be looked at, or is not a file.
        """
        self.path = path
        with raising_media_errors(path, "read"):
            status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(str(path), "is not a file")
        self.size = status.st_size
        self._identity = _identity(status)

    def __repr__(self) -> str:
        return f"InlineFile({str(self.path)!r}, <{self.size} bytes>)"

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer where the file ends.

        Raises:
            MediaError: The file cannot be read, or is no longer what it was.
        """
        with self._open() as file:
            file.seek(offset)
            return file.read(count)

    def pieces(self) -> Iterator[bytes]:
        """Yield the Base64 text, piece by piece; the last one only if the file is still what it was.

        Raises:
            MediaError: As `peek`.
        """
        with self._open() as file:
            for start in range(0, self.size, _PIECE):
                piece = file.read(min(_PIECE, self.size - start))
                self._compare(file)
                yield pybase64.b64encode(piece)

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        with raising_media_errors(self.path, "read"), self.path.open("rb") as file:
            self._compare(file)
            yield file

    def _compare(self, file: BinaryIO) -> None:
        """Compare the open file with the one that the path named at first. A shorter or longer one has another size."""
        if _identity(os.fstat(file.fileno())) != self._identity:
            raise MediaError(
                str(self.path), "was changed since it was checked; nothing was sent of it that could be used"
            )


def _identity(status: os.stat_result) -> tuple[int, ...]:
    # tools such as `rsync --inplace` put the time of modification back, which they cannot do to that of the last change
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
