"""Reads the boxes that MP4 and MOV files consist of (ISO/IEC 14496-12, QuickTime File Format).

These are the ones at the top of a file, and those within its header, the `moov` box. The media themselves are not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from kling_elements.media.images import File
from kling_elements_runtime.uploads import UnreadableError

_HEADER = 8  # bytes: size 4, type 4
_LONG_HEADER = 16  # bytes: the same, and a size of 8
_MAX_OFFSET = 2**63 - 1  # bytes; what systems and servers can be asked for

_AHEAD = 16 * 1024  # bytes read at once; a request costs more, and they hold the header of an ordinary clip
_BEHIND_HEADER = (
    64  # bytes read with a moov box, to save a read: where the next boxes begin, often padding and the media
)
_MAX_READS = 24  # so that a file of many fragments stays below the requests that a remote budget has
_MAX_HEADER = 32 * 1024 * 1024  # bytes of a moov box; hours of video have less
_MAX_BRANDS = 1024  # bytes of an ftyp box that are looked at; real ones have less than 100
_MAX_CHILDREN = 256  # boxes side by side within a box; real ones have some dozens

_START = 256  # bytes that tell what a file is
_STARTS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_MEDIA: Final = frozenset({b"mdat", b"moof"})
_PARTS: Final = _MEDIA | {b"moov", b"styp", b"sidx", b"ssix", b"emsg", b"prft"}  # with these the media go on


class BrokenBoxError(Exception):
    """The boxes are not what they should be; its text continues "the file ..."."""


def code_name(code: bytes) -> str:
    """Return a four-letter code as it can be printed."""
    return "".join(character if character.isprintable() else "?" for character in code.decode("latin-1")).strip()


@frozen
class Box:
    """A box that was read.

    Attributes:
        kind: Its type, four bytes.
        content: What stands behind its type and size.
    """

    kind: bytes
    content: memoryview

    def children(self, skip: int = 0) -> Iterator[Box]:
        """Yield the boxes within it, behind so many bytes. Up to seven bytes behind them are padding.

        Raises:
            BrokenBoxError: One is longer than this box, or shorter than its own header, or there are absurdly many.
        """
        content = self.content[skip:]
        for _ in range(_MAX_CHILDREN):
            if len(content) < _HEADER:
                return
            kind, header, size = _measures(content[:_LONG_HEADER], len(content))
            if size > len(content):
                raise BrokenBoxError(f"is broken: its box '{code_name(kind)}' is longer than the one around it")
            yield Box(kind, content[header:size])
            content = content[size:]
        raise BrokenBoxError(f"is broken: its box '{code_name(self.kind)}' holds more than {_MAX_CHILDREN} others")

    def find(self, *path: bytes) -> Box | None:
        """Return the first box of that type within it, or along a path of types; None where there is none.

        Raises:
            BrokenBoxError: As `children`, before it was found.
        """
        found: Box | None = self
        for kind in path:
            found = next((box for box in found.children() if box.kind == kind), None) if found else None
        return found

    def need(self, *path: bytes) -> Box:
        """Return the same as `find`, where there must be one.

        Raises:
            BrokenBoxError: There is none, or as `children`.
        """
        found = self.find(*path)
        if found is None:
            raise BrokenBoxError(f"is broken: its box '{code_name(self.kind)}' holds no '{code_name(path[-1])}'")
        return found

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        """Return numbers at an offset.

        Raises:
            BrokenBoxError: The box ends before.
        """
        try:
            return struct.unpack_from(layout, self.content, offset)
        except struct.error as error:
            raise BrokenBoxError(f"is broken: its box '{code_name(self.kind)}' is too short") from error


def _measures(header: bytes | memoryview, space: int) -> tuple[bytes, int, int]:
    """Return a box's type, the length of its header, and its whole size, which is at least that.

    Args:
        header: Its first 16 bytes; 8 where it ends there.
        space: The size of a box that goes on to the end.

    Raises:
        BrokenBoxError: It is shorter than its own header.
    """
    size, kind = struct.unpack_from(">I4s", header)
    length = _HEADER
    if size == 1:
        size, length = int.from_bytes(header[_HEADER:_LONG_HEADER]), _LONG_HEADER
    elif size == 0:
        size = space
    if size < length:
        raise BrokenBoxError(f"is broken: its box '{code_name(kind)}' claims to have {size} bytes")
    return kind, length, size


@frozen(kw_only=True)
class Outline:
    """What the boxes at the top of a file tell.

    Attributes:
        start: The file's first bytes; fewer, or none, where it ends before or cannot be read.
        brands: The brands that its `ftyp` box names, the major one first; empty where there is none.
        header: The `moov` box; None where none was found.
        is_faststart: Whether that comes before the media.
        has_fragments: Whether there are `moof` boxes.
        is_complete: Whether all boxes were looked at, so that no trouble means that the file is whole.
        trouble: What is wrong with the file, as a continuation of "the file ..."; None where nothing was found.
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
        """Whether it begins as MP4 and MOV files do; otherwise it was not looked at any further."""
        return self.start[4:8] in _STARTS


def outline(file: File) -> Outline:
    """Look at the boxes at the top of a file, and read its header.

    Raises:
        MediaError: It cannot be read.
    """
    walk = _Walk(file)
    trouble = None
    try:
        walk.run()
    except BrokenBoxError as error:
        trouble = str(error)
    except UnreadableError:
        trouble = "cannot be decoded"
    return Outline(
        start=walk.start,
        brands=walk.brands,
        header=walk.header,
        is_faststart=walk.is_faststart,
        has_fragments=b"moof" in walk.seen,
        is_complete=walk.is_complete and file.size is not None,
        trouble=trouble,
    )


class _Walk:
    """Goes from box to box, and keeps what it finds, also when it ends with an error."""

    def __init__(self, file: File) -> None:
        self.start = b""
        self.brands: tuple[bytes, ...] = ()
        self.header: Box | None = None
        self.is_faststart = False
        self.is_complete = False
        self.seen: set[bytes] = set()
        self._file = file
        self._reads = 0
        self._offset = 0  # of what was read last
        self._content = b""
        self._is_end = False  # whether that is the end of the file

    def run(self) -> None:
        """Raise BrokenBoxError where the boxes contradict the file's size or each other."""
        self.start = self._at(0, _START)
        if self.start[4:8] not in _STARTS:
            return
        position = 0
        while not self.is_complete and self._reads < _MAX_READS:
            header = self._at(position, _LONG_HEADER)
            if len(header) >= _HEADER:
                try:
                    position = self._look(header, position)
                except BrokenBoxError:
                    if not self._is_trailer(header):
                        raise
                    position = self._limit
            self.is_complete = len(header) < _HEADER or position >= self._limit
            if self._file.size is None and self.header and self.seen & _MEDIA:
                return  # without the size, what comes behind tells nothing, and to ask for it may end in an error
        if self.header is None and self.is_complete:
            raise BrokenBoxError("has no 'moov' box: it is an unfinished recording, or breaks off")
        if self.header is None:
            raise BrokenBoxError("has no 'moov' box among its first parts, and more parts than are looked at")
        if self.is_complete and not self.seen & _MEDIA:
            raise BrokenBoxError("breaks off: no media come behind its header")

    @property
    def _limit(self) -> int:
        """Where the file ends, or must end."""
        return _MAX_OFFSET if self._file.size is None else self._file.size

    def _is_trailer(self, header: bytes) -> bool:
        """Return whether what is no box comes behind a video that is whole.

        Cameras and editors put their own data there, web servers the end of a form. Players do not look at it.
        """
        return self.header is not None and not self.seen.isdisjoint(_MEDIA) and header[4:8] not in _PARTS

    def _look(self, header: bytes, position: int) -> int:
        """Keep what one box tells; return where it ends."""
        kind, length, count = _measures(header, self._limit - position)
        end = position + count
        start, count = position + length, count - length
        if kind == b"ftyp" and not self.brands:
            self.brands = _brands(self._at(start, min(count, _MAX_BRANDS)))
        if end > self._limit:
            self.seen.add(kind)
            raise _cut_off(kind)
        if kind == b"moov" and self.header is None:
            self.header = Box(kind, memoryview(self._header(start, count)))
            self.is_faststart = not self.seen & _MEDIA
        self.seen.add(kind)
        return end

    def _header(self, start: int, count: int) -> bytes:
        if count > _MAX_HEADER:
            raise BrokenBoxError(f"has a 'moov' box of more than the {_MAX_HEADER} bytes that are looked at")
        content = self._at(start, count + _BEHIND_HEADER)[:count]
        if len(content) < count:
            raise _cut_off(b"moov")
        return content

    def _at(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer where the file ends."""
        skip = offset - self._offset
        left = len(self._content) - skip
        if skip < 0 or left < (0 if self._is_end else count):
            asked = max(count, _AHEAD)
            self._reads += 1
            self._content = self._file.peek(offset, asked)
            self._offset, skip = offset, 0
            self._is_end = len(self._content) < asked
        return self._content[skip : skip + count]


def _cut_off(kind: bytes) -> BrokenBoxError:
    return BrokenBoxError(f"breaks off within its box '{code_name(kind)}', or that box claims to be longer than it is")


def _brands(content: bytes) -> tuple[bytes, ...]:
    """Return the major brand and the compatible ones; the version stands between them."""
    codes = [content[at : at + 4] for at in range(0, len(content), 4)]
    return (*codes[:1], *codes[2:])
