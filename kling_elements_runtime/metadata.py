"""Leave the metadata out of a JPEG or PNG, without decoding it.

What decides how the pixels look stays: the colour profile and other data on colours, transparency and resolution, and
the orientation, in metadata that hold nothing else. Everything else goes: EXIF with places and times, XMP, IPTC,
thumbnails, comments, what only programs know, and whatever follows the end of the picture.
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
    Header,
    Segment,
    is_exif,
    jpeg_segments,
    orientation,
    read_header,
)
from kling_elements_runtime.image_parts import APPLICATION_MARKERS, jpeg_parts, png_chunks
from kling_elements_runtime.uploads import InlineBytes, Reader, UnreadableError

File = TypeVar("File", bound=Reader)

MAX_BYTES = 64 * 1024 * 1024
"""Bytes of the largest file that metadata are left out of, as it is read whole for that."""

INSEPARABLE = (
    "its metadata cannot be left out, as the parts of the file cannot be told apart; send it as it is, or encode the"
    " picture anew"
)
"""The message about such a file."""

_ABOUT_PIXELS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PR", 0xEE: b"Adobe"}  # what APPn segments that are kept begin with
_JFIF, _JFIF_LENGTH = 0xE0, 14  # its length in bytes with the length field, up to the sides of a thumbnail
_KEPT_CHUNKS = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP cICP mDCV mDCv cLLI cLLi sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
_ANCILLARY = 0x20  # of the first letter of a chunk's type: whether a picture can be shown without it
_TURNED = range(2, 9)  # EXIF orientations other than upright
_EXIF_START = bytes.fromhex("4d4d002a000000080001011200030000000100")  # a TIFF file of one tag, up to its value
_EXIF_END = bytes(6)  # what is left of the value's room, and no further tags


def strip(file: File) -> File | InlineBytes:
    """Return an image file without its metadata; itself if it has none, or is too large for any contract.

    Raises:
        UnreadableError: It is not a JPEG or PNG, or its parts cannot be separated.
        MediaError: It cannot be read.
    """
    if file.size > MAX_BYTES:
        return file
    whole = InlineBytes(file.peek(0, file.size))
    header = read_header(whole)
    if header is None:
        raise UnreadableError("no JPEG or PNG with a whole header")
    content = b"".join((_jpeg if header.format == "jpeg" else _png)(whole, header))
    return file if content == whole.content else InlineBytes(content)


def _exif(whole: InlineBytes, header: Header) -> bytes:
    """Return EXIF with the orientation and nothing else; empty if there is nothing to turn."""
    turn = orientation(whole, header, is_local=True)
    return _EXIF_START + bytes([turn]) + _EXIF_END if turn is not None and turn in _TURNED else b""


def _jpeg(whole: InlineBytes, header: Header) -> Iterator[bytes]:
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
    """Yield what follows the header of the first scan, up to the end of the picture."""
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
    return mark is not None and segment.start.startswith(mark, 2)


def _about_pixels(data: bytes, marker: int) -> bytes:
    thumbnail_less = data[2:_JFIF_LENGTH] + bytes(2)  # sides of 0
    return _segment(marker, thumbnail_less if marker == _JFIF and len(data) > _JFIF_LENGTH else data[2:])


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (2 + len(data)).to_bytes(2) + data


def _png(whole: InlineBytes, header: Header) -> Iterator[bytes]:
    yield PNG_SIGNATURE
    exif = _exif(whole, header)
    for part in png_chunks(whole.content):
        if exif and part.kind == b"eXIf":
            yield struct.pack(">I", len(exif)) + part.kind + exif + zlib.crc32(part.kind + exif).to_bytes(4)
            exif = b""
        elif part.kind in _KEPT_CHUNKS or not part.kind[0] & _ANCILLARY:
            yield whole.content[part.start : part.end]
