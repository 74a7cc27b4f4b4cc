"""Split a JPEG or PNG in memory into its parts, from its beginning to its end."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from kling_elements_runtime.image_headers import (
    EOI,
    PNG_SIGNATURE,
    SOS,
    PictureHeader,
    jpeg_segments,
)
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes

APPLICATION_MARKERS = frozenset({*range(0xE0, 0xF0), 0xFE})
"""Markers of segments that contain no part of the picture: APPn and COM."""

_MARKER_AFTER_PIXELS = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")  # pixels may contain RST
_TABLES = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})  # markers with a segment that pixels need
_CHUNK_START = struct.Struct(">I4s")  # length of the data, type
_CRC_LENGTH = 4  # bytes


class Part(NamedTuple):
    """A chunk of a PNG, or a marker of a JPEG with its segment.

    Attributes:
        kind: The type of the chunk, or the second byte of the marker.
        start: The offset of its first byte.
        data: The offset of its data; in a JPEG, of the length field.
        end: The offset of the first byte after it.
    """

    kind: bytes
    start: int
    data: int
    end: int


def png_chunks(content: bytes) -> Iterator[Part]:
    """Yield the chunks of a PNG, with IEND as the last one.

    Raises:
        DamagedFileError: The file is cut off.
    """
    position, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        try:
            length, kind = _CHUNK_START.unpack_from(content, position)
        except struct.error as error:
            raise DamagedFileError("the file is cut off") from error
        data = position + _CHUNK_START.size
        end = data + length + _CRC_LENGTH
        if end > len(content):
            raise DamagedFileError("the file is cut off")

        yield Part(kind, position, data, end)
        position = end


def jpeg_parts(content: bytes, position: int) -> Iterator[Part]:
    """Yield the segments of a JPEG after the header of its first scan, between its pixels, with EOI as the last one.

    Args:
        content: The file.
        position: The offset of the first pixels.
    """
    while (match := _MARKER_AFTER_PIXELS.search(content, position)) is not None:
        marker, data = match[1], match.end()
        has_segment = marker[0] in APPLICATION_MARKERS or marker[0] in _TABLES
        position = data + int.from_bytes(content[data : data + 2]) if has_segment else data
        yield Part(marker, match.start(), data, position)
        if marker[0] == EOI:
            return


def count_scans(content: bytes, header: PictureHeader) -> int:
    """Return the number of scans in a JPEG, at least one. Scans in its metadata or after its end do not count.

    Raises:
        DamagedFileError: Its segments cannot be separated.
    """
    *_, last = jpeg_segments(InlineBytes(content), header.end)
    position = last.offset + last.length
    return 1 + sum(part.kind[0] == SOS for part in jpeg_parts(content, position))
