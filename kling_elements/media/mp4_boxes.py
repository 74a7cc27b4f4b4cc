"""Read the boxes of MP4 and MOV files (ISO/IEC 14496-12, QuickTime File Format).

Only the boxes at the top level of a file and those in its header, the `moov` box, are read; the media are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from kling_elements.media.images import RandomAccessFile
from kling_elements_runtime.uploads import DamagedFileError

_HEADER_BYTES = 8  # a size of 4 bytes and a type of 4 bytes
_LONG_HEADER_BYTES = 16  # the same, followed by a size of 8 bytes
_MAX_OFFSET = 2**63 - 1  # bytes; the limit of systems and servers

_READ_AHEAD_BYTES = 16 * 1024  # contain the header of an ordinary clip, and cost less than another request
_AFTER_MOOV_BYTES = 64  # they show where the next boxes begin, often padding and media
_MAX_READS = 24  # so that a file of many fragments stays within the requests of a remote budget
_MAX_MOOV_BYTES = 32 * 1024 * 1024  # hours of video need less
_MAX_FTYP_BYTES = 1024  # real boxes have less than 100
_MAX_CHILDREN = 256  # boxes in a box; real ones have a few dozen

_START_BYTES = 256  # enough to recognize a format
_STARTS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_MEDIA: Final = frozenset({b"mdat", b"moof"})
_PARTS: Final = _MEDIA | {b"moov", b"styp", b"sidx", b"ssix", b"emsg", b"prft"}  # these boxes show that media follow


class BrokenBoxError(Exception):
    """A box is damaged. The message is a predicate whose subject is the file, such as `is cut off`."""


def code_name(code: bytes) -> str:
    """Return a four-letter code as printable text."""
    return "".join(character if character.isprintable() else "?" for character in code.decode("latin-1")).strip()


@frozen
class Box:
    """A box of a file.

    Attributes:
        kind: The type, four bytes.
        content: The content, without type and size.
    """

    kind: bytes
    content: memoryview

    def children(self, skip: int = 0) -> Iterator[Box]:
        """Yield the boxes inside this one, after `skip` bytes. Up to seven bytes after the last box are padding.

        Raises:
            BrokenBoxError: A box is longer than this one or shorter than its own header, or there are too many.
        """
        content = self.content[skip:]
        for _ in range(_MAX_CHILDREN):
            if len(content) < _HEADER_BYTES:
                return
            kind, header, size = _header_fields(content[:_LONG_HEADER_BYTES], len(content))
            if size > len(content):
                raise BrokenBoxError(f"is damaged: its box '{code_name(kind)}' is longer than the box that contains it")
            yield Box(kind, content[header:size])
            content = content[size:]
        raise BrokenBoxError(f"is damaged: its box '{code_name(self.kind)}' contains more than {_MAX_CHILDREN} others")

    def find(self, *path: bytes) -> Box | None:
        """Return the first box at a path of types inside this one, or None if it does not exist.

        Raises:
            BrokenBoxError: A box before it is damaged, as for `children`.
        """
        current: Box | None = self
        for kind in path:
            current = next((box for box in current.children() if box.kind == kind), None) if current else None
        return current

    def require(self, *path: bytes) -> Box:
        """Return the first box at a path of types inside this one.

        Raises:
            BrokenBoxError: The box does not exist, or a box before it is damaged.
        """
        box = self.find(*path)
        if box is None:
            raise BrokenBoxError(f"is damaged: its box '{code_name(self.kind)}' contains no '{code_name(path[-1])}'")
        return box

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        """Unpack the numbers at a byte offset.

        Args:
            layout: The format of the numbers, as for `struct`.
            offset: The offset of the first number in the content.


        Raises:
            BrokenBoxError: The box is too short.
        """
        try:
            return struct.unpack_from(layout, self.content, offset)
        except struct.error as error:
            raise BrokenBoxError(f"is damaged: its box '{code_name(self.kind)}' is too short") from error


def _header_fields(header: bytes | memoryview, space: int) -> tuple[bytes, int, int]:
    """Return the type of a box, the length of its header in bytes, and its whole size in bytes.

    Args:
        header: The first 16 bytes of the box, or 8 if the box ends there.
        space: The number of bytes left. A box without a size takes all of them.

    Raises:
        BrokenBoxError: The box is shorter than its own header.
    """
    size, kind = struct.unpack_from(">I4s", header)
    length = _HEADER_BYTES
    if size == 1:
        size, length = int.from_bytes(header[_HEADER_BYTES:_LONG_HEADER_BYTES]), _LONG_HEADER_BYTES
    elif size == 0:
        size = space
    if size < length:
        raise BrokenBoxError(f"is damaged: its box '{code_name(kind)}' claims to have {size} bytes")
    return kind, length, size


@frozen(kw_only=True)
class Outline:
    """A summary of the boxes at the top level of a file.

    Attributes:
        start: The first bytes of the file, or empty bytes if it cannot be read.
        brands: The brands in the `ftyp` box, the major brand first. Empty without such a box.
        header: The `moov` box, or None if the file has none.
        is_faststart: Whether the header comes before the media.
        has_fragments: Whether there are `moof` boxes.
        is_complete: Whether all boxes were visited. Without `trouble`, the file is then complete.
        trouble: The problem with the file as a predicate, such as `is cut off`, or None if there is none.
    """

    start: bytes
    brands: tuple[bytes, ...] = ()
    header: Box | None = None
    is_faststart: bool = False
    has_fragments: bool = False
    is_complete: bool = False
    trouble: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether the file begins like an MP4 or MOV file. Otherwise only its first bytes were read."""
        return self.start[4:8] in _STARTS


def read_outline(file: RandomAccessFile) -> Outline:
    """Visit the boxes at the top level of a file, and read its header.

    Raises:
        MediaError: The file cannot be read.
    """
    walk = _BoxWalk(file)
    trouble = None
    try:
        walk.run()
    except BrokenBoxError as error:
        trouble = str(error)
    except DamagedFileError:
        trouble = "cannot be decoded"
    return Outline(
        start=walk.start,
        brands=walk.brands,
        header=walk.header,
        is_faststart=walk.is_faststart,
        has_fragments=b"moof" in walk.box_kinds,
        is_complete=walk.is_complete and file.size is not None,
        trouble=trouble,
    )


class _BoxWalk:
    """A walk over the boxes at the top level of a file. After an error, it describes the boxes before the error."""

    def __init__(self, file: RandomAccessFile) -> None:
        self.start = b""
        self.brands: tuple[bytes, ...] = ()
        self.header: Box | None = None
        self.is_faststart = False
        self.is_complete = False
        self.box_kinds: set[bytes] = set()
        self._file = file
        self._buffer = _Buffer(file)

    def run(self) -> None:
        """Visit the boxes if the file begins like an MP4 or MOV file.

        Raises:
            BrokenBoxError: The boxes contradict the file's size or each other.
        """
        self.start = self._buffer.read(0, _START_BYTES)
        if self.start[4:8] in _STARTS:
            self._visit_boxes()
            self._check_parts()

    def _visit_boxes(self) -> None:
        position = 0
        while not self.is_complete and self._buffer.reads < _MAX_READS and not self._has_seen_enough():
            position = self._visit(position)
            self.is_complete = position >= self._limit

    def _has_seen_enough(self) -> bool:
        """Return whether to stop early. Without the file's size, boxes after header and media are not needed.

        Requesting them might even end in an error.
        """
        return self._file.size is None and self.header is not None and not self.box_kinds.isdisjoint(_MEDIA)

    def _visit(self, position: int) -> int:
        """Visit the box at a position. Return the position of the next box, or the limit after the last one."""
        header = self._buffer.read(position, _LONG_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return self._limit
        try:
            return self._read_box(header, position)
        except BrokenBoxError:
            if not self._is_trailer(header):
                raise
            return self._limit

    def _check_parts(self) -> None:
        """Check that the file has a header and media."""
        if self.header is None and self.is_complete:
            raise BrokenBoxError("has no 'moov' box; it is an unfinished recording, or cut off")
        if self.header is None:
            raise BrokenBoxError("has too many parts before its 'moov' box, or none; save it again with an editor")
        if self.is_complete and self.box_kinds.isdisjoint(_MEDIA):
            raise BrokenBoxError("is cut off: no media follow its header")

    @property
    def _limit(self) -> int:
        """The end of the file, or the latest possible end if the size is unknown."""
        return _MAX_OFFSET if self._file.size is None else self._file.size

    def _is_trailer(self, header: bytes) -> bool:
        """Return whether the data after a complete video is not a box.

        Cameras, editors and web forms append such data, and players ignore it.
        """
        return self.header is not None and not self.box_kinds.isdisjoint(_MEDIA) and header[4:8] not in _PARTS

    def _read_box(self, header: bytes, position: int) -> int:
        """Store the information in one box, and return the position after it."""
        kind, length, count = _header_fields(header, self._limit - position)
        end = position + count
        start, count = position + length, count - length
        if kind == b"ftyp" and not self.brands:
            self.brands = _brands(self._buffer.read(start, min(count, _MAX_FTYP_BYTES)))
        if end > self._limit:
            self.box_kinds.add(kind)
            raise _cut_off_error(kind)
        if kind == b"moov" and self.header is None:
            self.header = Box(kind, memoryview(self._read_header(start, count)))
            self.is_faststart = not self.box_kinds & _MEDIA
        self.box_kinds.add(kind)
        return end

    def _read_header(self, start: int, count: int) -> bytes:
        if count > _MAX_MOOV_BYTES:
            raise BrokenBoxError(f"has a 'moov' box of more than {_MAX_MOOV_BYTES} bytes, which is too large to read")
        content = self._buffer.read(start, count + _AFTER_MOOV_BYTES)[:count]
        if len(content) < count:
            raise _cut_off_error(b"moov")
        return content


class _Buffer:
    """Reads a file in large chunks, because each read may cost a request.

    Attributes:
        reads: The number of times that the file was read.
    """

    def __init__(self, file: RandomAccessFile) -> None:
        self.reads = 0
        self._file = file
        self._offset = 0
        self._chunk = b""
        self._is_last = False

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on, or fewer if the file ends."""
        if not self._holds(offset, count):
            self._load(offset, max(count, _READ_AHEAD_BYTES))
        start = offset - self._offset
        return self._chunk[start : start + count]

    def _holds(self, offset: int, count: int) -> bool:
        available = self._offset + len(self._chunk) - offset
        return offset >= self._offset and available >= (0 if self._is_last else count)

    def _load(self, offset: int, count: int) -> None:
        self.reads += 1
        self._chunk = self._file.peek(offset, count)
        self._offset = offset
        self._is_last = len(self._chunk) < count


def _cut_off_error(kind: bytes) -> BrokenBoxError:
    return BrokenBoxError(f"is cut off within its box '{code_name(kind)}', or that box claims to be longer than it is")


def _brands(content: bytes) -> tuple[bytes, ...]:
    """Return the major brand and the compatible brands, without the version between them."""
    codes = [content[at : at + 4] for at in range(0, len(content), 4)]
    return (*codes[:1], *codes[2:])
