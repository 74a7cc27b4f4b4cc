"""Read the format and the sides in the header of an image file, byte by byte and without an image library."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SOI = b"\xff\xd8"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC have numbers among the frame headers
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST: markers without a segment
_ENDS = frozenset({0xD9, 0xDA})  # EOI and SOS: no frame header follows them
_MAX_STRAY = 4096  # bytes between segments, which decoders skip; fill bytes do not count
_POSSIBLE = {  # colour type and bits of a sample, in the PNG specification's table 11.1
    *((0, bits) for bits in (1, 2, 4, 8, 16)),
    *((2, bits) for bits in (8, 16)),
    *((3, bits) for bits in (1, 2, 4, 8)),
    *((4, bits) for bits in (8, 16)),
    *((6, bits) for bits in (8, 16)),
}


class UnreadableHeaderError(Exception):
    """Raised if the bytes do not begin with the header of a picture that this module knows."""


class ExpectedHeader(NamedTuple):
    """The header of a picture. Its sides are as stored; an orientation swaps them, but no rule depends on that."""

    format: str
    width: int
    height: int


def read_header(data: bytes) -> ExpectedHeader:
    """Return the header of a PNG or a JPEG.

    Raises:
        UnreadableHeaderError: The format is another, or the header is truncated or contradicts itself.
    """
    try:
        header = _read_png(data) if data.startswith(_PNG_SIGNATURE) else _read_jpeg(data)
    except struct.error:
        raise UnreadableHeaderError("the header is truncated") from None
    if not (header.width and header.height):
        raise UnreadableHeaderError("a side is 0")
    return header


def _read_png(data: bytes) -> ExpectedHeader:
    length, kind, width, height = struct.unpack_from(">I4sII", data, len(_PNG_SIGNATURE))
    bits, colour, compression, filtering, interlacing, crc = struct.unpack_from(">5BI", data, 24)
    if (length, kind) != (13, b"IHDR"):
        raise UnreadableHeaderError("the first chunk is not a header")
    if crc != zlib.crc32(data[12:29]):
        raise UnreadableHeaderError("the header's CRC is wrong")
    if width >> 31 or height >> 31:
        raise UnreadableHeaderError("a side is longer than 2^31 - 1")
    if (colour, bits) not in _POSSIBLE or compression or filtering or interlacing > 1:
        raise UnreadableHeaderError("this kind of PNG does not exist")
    return ExpectedHeader("png", width, height)


def _read_jpeg(data: bytes) -> ExpectedHeader:
    if not data.startswith(_SOI + b"\xff"):
        raise UnreadableHeaderError("neither a PNG nor a JPEG")
    position = len(_SOI)
    while True:
        marker, position = _next_marker(data, position)
        if marker in _ENDS:
            raise UnreadableHeaderError("no frame header before the picture")
        if marker in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if length < (7 if marker in _FRAMES else 2):
            raise UnreadableHeaderError("a segment is shorter than its own length field")
        if marker in _FRAMES:
            height, width, _ = struct.unpack_from(f">xHH{length - 7}s", data, position + 2)
            return ExpectedHeader("jpeg", width, height)
        position += length


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """Return the next marker after any fill bytes and stray bytes, and the position after it."""
    stray = 0
    while stray <= _MAX_STRAY:
        first, marker = struct.unpack_from(">BB", data, position)
        if first == 0xFF and marker not in (0x00, 0xFF):
            return marker, position + 2
        stray += first != 0xFF
        position += 1
    raise UnreadableHeaderError("a marker is missing")
