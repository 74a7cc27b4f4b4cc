"""Represent the images of a request: as Base64 in memory, or as files that are encoded while they are sent."""

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

_PIECE_BYTES = 192 * 1024  # a multiple of three; larger pieces only block the loop longer
_GROUP_CHARACTERS = 4  # in Base64, for three bytes


class DamagedFileError(Exception):
    """The file does not have the expected format, or is damaged."""


class Reader(Protocol):
    """The bytes of a file, in memory or elsewhere.

    `size` is the file's size in bytes. `peek` returns bytes from an offset on, or fewer at the end of the file.
    """

    @property
    def size(self) -> int: ...
    def peek(self, offset: int, count: int) -> bytes: ...


class Base64Source(Reader, Protocol):
    """A file that is sent as Base64. Each call of `pieces` yields all of it, piece by piece."""

    def pieces(self) -> Iterator[bytes]: ...


class EncodedImage(str):
    """The Base64 text of a file that this package has encoded itself, and therefore need not check."""

    __slots__ = ()


def encode(content: bytes) -> EncodedImage:
    """Return the Base64 text of a file."""
    return EncodedImage(pybase64.b64encode_as_string(content))


def encoded_length(size: int) -> int:
    """Return the number of Base64 characters for a file of this size in bytes."""
    return (size + 2) // 3 * _GROUP_CHARACTERS


def decoded_size(text: str) -> int:
    """Return the number of bytes in a padded Base64 text, without decoding it."""
    return len(text) // _GROUP_CHARACTERS * 3 - text.count("=", -2)


def _is_whole_base64(piece: str) -> bool:
    try:
        return len(pybase64.b64decode(piece, validate=True)) == decoded_size(piece)
    except binascii.Error:
        return False


class InlineBytes:
    """A file in memory, as bytes.

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
        """Return bytes from an offset on, or fewer at the end of the file."""
        return self.content[offset : offset + count]

    def pieces(self) -> Iterator[bytes]:
        """Yield the Base64 text, piece by piece."""
        starts = range(0, self.size, _PIECE_BYTES)
        return (pybase64.b64encode(self.peek(start, _PIECE_BYTES)) for start in starts)


class InlineText:
    """A file in memory, as padded Base64 text. Only the requested parts are decoded."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return decoded_size(self._text)

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on, or fewer at the end of the file.

        Raises:
            DamagedFileError: The text is not Base64 there.
        """
        group, skip = divmod(offset, 3)
        groups = (skip + count + 2) // 3
        try:
            start, end = group * _GROUP_CHARACTERS, (group + groups) * _GROUP_CHARACTERS
            window = binascii.a2b_base64(self._text[start:end], strict_mode=True)
        except ValueError as error:
            raise DamagedFileError("the file is not Base64") from error
        return window[skip : skip + count]

    def is_base64(self) -> bool:
        """Return whether the whole text is padded Base64 (RFC 4648, section 4) without white space."""
        text = self._text
        if isinstance(text, EncodedImage):
            return True
        if len(text) % _GROUP_CHARACTERS or not text.isascii():
            return False
        return text.find("=", 0, -2) < 0 and all(map(_is_whole_base64, self._slices()))

    def _slices(self) -> Iterator[str]:
        step = encoded_length(_PIECE_BYTES)
        return (self._text[start : start + step] for start in range(0, len(self._text), step))

    def pieces(self) -> Iterator[bytes]:
        """Yield the text, piece by piece."""
        return (piece.encode("ascii") for piece in self._slices())


class InlineFile:
    """A local file. If it changes before it is sent, the request ends with an error and is never corrupt.

    Attributes:
        path: Its path.
        size: Its size in bytes.
    """

    def __init__(self, path: Path) -> None:
        """Record the state of the file, without opening it.

        Raises:
            MediaError: The path cannot be read, or is not a file.
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
        """Return bytes from an offset on, or fewer at the end of the file.

        Raises:
            MediaError: The file cannot be read, or has changed.
        """
        with self._open() as file:
            file.seek(offset)
            return file.read(count)

    def pieces(self) -> Iterator[bytes]:
        """Yield the Base64 text, piece by piece; the last one only if the file has not changed.

        Raises:
            MediaError: See `peek`.
        """
        with self._open() as file:
            for start in range(0, self.size, _PIECE_BYTES):
                piece = file.read(min(_PIECE_BYTES, self.size - start))
                self._compare(file)
                yield pybase64.b64encode(piece)

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        with raising_media_errors(self.path, "read"), self.path.open("rb") as file:
            self._compare(file)
            yield file

    def _compare(self, file: BinaryIO) -> None:
        """Raise MediaError if the open file is not in its first state any more, for example in size."""
        if _identity(os.fstat(file.fileno())) != self._identity:
            raise MediaError(
                str(self.path), "has changed since it was checked, so the request was not completed; send it again"
            )


def _identity(status: os.stat_result) -> tuple[int, ...]:
    # tools such as `rsync --inplace` reset the modification time, but they cannot reset the change time
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
