"""Remove the metadata from a JPEG or PNG, without decoding it.

Everything that affects how the pixels look is kept: the colour profile and other colour data, transparency,
resolution and orientation. The orientation moves to EXIF that contains nothing else. Everything else is removed: EXIF
with places and times, XMP, IPTC, thumbnails, comments, programs' private data, and data after the end of the picture.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TypeVar

from kling_elements_runtime.image_headers import (
    APP1,
    EOI,
    EXIF_MARK,
    JPEG_SIGNATURE,
    PNG_SIGNATURE,
    PictureHeader,
    Segment,
    is_exif,
    jpeg_segments,
    orientation,
    read_header,
)
from kling_elements_runtime.image_parts import APPLICATION_MARKERS, jpeg_parts, png_chunks
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes, Reader

File = TypeVar("File", bound=Reader)

MAX_BYTES = 64 * 1024 * 1024
"""The maximum size of a file in bytes. `strip` reads a file as a whole, and returns a larger one unchanged."""

INSEPARABLE = (
    "its metadata cannot be removed, because the file cannot be split into its parts; "
    "send it unchanged, or re-encode it"
)
"""The message about a file that `strip` refuses."""

_ABOUT_PIXELS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PR", 0xEE: b"Adobe"}  # the beginnings of APPn segments that are kept
_JFIF, _JFIF_LENGTH = 0xE0, 14  # its length in bytes with the length field, up to the sides of a thumbnail
_KEPT_CHUNKS = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP cICP mDCV mDCv cLLI cLLi sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
_ANCILLARY = 0x20  # the bit in the first letter of a chunk's type that lets decoders ignore the chunk
_TURNED_ORIENTATIONS = range(2, 9)  # in EXIF; not upright
_EXIF_START = bytes.fromhex("4d4d002a000000080001011200030000000100")  # a TIFF file of one tag, up to its value
_EXIF_END = bytes(6)  # padding of the value, and no further tags


def strip(file: File) -> File | InlineBytes:
    """Return an image file without its metadata, or the same object if it has none or is larger than `MAX_BYTES`.

    Raises:
        DamagedFileError: The file is not a JPEG or PNG, or cannot be split into its parts.
        MediaError: The file cannot be read.
    """
    if file.size > MAX_BYTES:
        return file
    whole = InlineBytes(file.peek(0, file.size))
    header = read_header(whole)
    if header is None:
        raise DamagedFileError("the file is not a JPEG or PNG with a complete header")
    content = b"".join((_jpeg if header.format == "jpeg" else _png)(whole, header))
    return file if content == whole.content else InlineBytes(content)


def _exif(whole: InlineBytes, header: PictureHeader) -> bytes:
    """Return EXIF data with only the orientation, or empty bytes if the picture is upright."""
    turn = orientation(whole, header, is_local=True)
    return _EXIF_START + bytes([turn]) + _EXIF_END if turn is not None and turn in _TURNED_ORIENTATIONS else b""


def _jpeg(whole: InlineBytes, header: PictureHeader) -> Iterator[bytes]:
    yield JPEG_SIGNATURE
    exif = _exif(whole, header)
    segments = list(jpeg_segments(whole, len(JPEG_SIGNATURE)))
    for segment in segments:
        if exif and is_exif(segment):
            yield _segment(APP1, EXIF_MARK + exif)
            exif = b""
        elif segment.marker not in APPLICATION_MARKERS:
            yield bytes([0xFF, segment.marker]) + whole.peek(segment.offset, segment.length)
        elif _is_about_pixels(segment):
            yield _about_pixels(whole.peek(segment.offset, segment.length), segment.marker)
    last = segments[-1]
    if last.marker != EOI:
        yield from _pixels(whole.content, last.offset + last.length)


def _pixels(content: bytes, start: int) -> Iterator[bytes]:
    """Yield the data after the header of the first scan, up to the end of the picture."""
    end = len(content)
    for part in jpeg_parts(content, start):
        if part.kind[0] in APPLICATION_MARKERS:
            yield content[start : part.start]
            start = part.end
        elif part.kind[0] == EOI:
            end = part.end
    yield content[start:end]


def _is_about_pixels(segment: Segment) -> bool:
    mark = _ABOUT_PIXELS.get(segment.marker)
    return mark is not None and segment.head.startswith(mark, 2)


def _about_pixels(data: bytes, marker: int) -> bytes:
    thumbnail_less = data[2:_JFIF_LENGTH] + bytes(2)  # sides of 0
    return _segment(marker, thumbnail_less if marker == _JFIF and len(data) > _JFIF_LENGTH else data[2:])


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (2 + len(data)).to_bytes(2) + data


def _png(whole: InlineBytes, header: PictureHeader) -> Iterator[bytes]:
    yield PNG_SIGNATURE
    exif = _exif(whole, header)
    for part in png_chunks(whole.content):
        if exif and part.kind == b"eXIf":
            yield struct.pack(">I", len(exif)) + part.kind + exif + zlib.crc32(part.kind + exif).to_bytes(4)
            exif = b""
        elif part.kind in _KEPT_CHUNKS or not part.kind[0] & _ANCILLARY:
            yield whole.content[part.start : part.end]
