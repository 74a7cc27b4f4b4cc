"""Judges an image file by the limits in the spec's `x-image`. Only the file's header is read.

The header is what tells the sides: of a PNG its IHDR chunk, of a JPEG its segments up to and with the frame header. An
image library would decode more, and lets headers pass that contradict themselves.
"""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from kling_elements_runtime.uploads import Reader, UnreadableError

Limits = dict[str, Any]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8"  # the marker SOI
_IHDR = struct.Struct(">I4sII5sI")  # length, type, width, height, other fields, CRC
_IHDR_LENGTH = 13
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC stand among the frame headers
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST have no segment
_NO_FRAME_BEHIND = frozenset({0xD9, 0xDA})  # EOI and SOS
_APP1 = 0xE1
_MOST_PARTS = 10_000  # segments or chunks; real files have some dozens, and a hostile one must not take long
_WINDOW = 48  # bytes that are read to find a marker behind fill bytes, and the length of its segment
_LENGTH_FIELD = 2  # bytes, which the length counts too
_SIDEWAYS = range(5, 9)  # EXIF orientations that are shown rotated by a quarter turn
_MOST_METADATA = 64 * 1024  # bytes; what a JPEG has room for

silence = threading.Lock()
"""Held by whoever changes the filters of warnings, which are global."""


@frozen
class Header:
    """What a picture says of itself.

    Attributes:
        format: `jpeg` or `png`.
        width: Pixels as stored, before any orientation.
        height: As `width`.
        exif: Where the block of metadata with the orientation is: its offset and length in bytes.
    """

    format: str
    width: int
    height: int
    exif: tuple[int, int]


def violations(file: Reader, limits: Limits, *, size_alone: bool = False) -> Iterator[tuple[str, str]]:
    """Pairs of rule and message for everything in which an image file breaks the limits.

    Args:
        file: The file.
        limits: The spec's `x-image` object: bytes, pixels, and the ratio of the longer side to the shorter.
        size_alone: Whether to judge its size in bytes and nothing else, so that the file is not read.
    """
    most_bytes = limits["file-size"]["max-bytes"]
    if file.size > most_bytes:
        yield limits["file-size"]["x-source"], f"the image file has {file.size} bytes, at most {most_bytes} are allowed"
    if size_alone:
        return

    formats = limits["format"]["one-of"]
    header = read_header(file)
    if header is None or header.format not in formats:
        names = " or ".join(name.upper() for name in formats)
        yield limits["format"]["x-source"], f"the content is no {names} file with a whole header"
        return

    short, long = sorted((header.width, header.height))
    least = limits["displayed-sides"]["min-px"]
    if short < least:
        says = f"the image is shown as {_shown(file, header)} px, both sides must have at least {least} px"
        yield limits["displayed-sides"]["x-source"], says
    most = limits["aspect-ratio"]["max-long-to-short"]
    if long > short * most:
        says = f"the image is shown as {_shown(file, header)} px, its ratio must be between 1:{most} and {most}:1"
        yield limits["aspect-ratio"]["x-source"], says


def read_header(file: Reader) -> Header | None:
    """What the header of a JPEG or PNG file says; None where there is no whole one."""
    try:
        is_png = file.peek(0, len(PNG_SIGNATURE)) == PNG_SIGNATURE
        header = _png_header(file) if is_png else _jpeg_header(file)
    except UnreadableError:
        return None
    return header if header.width and header.height else None


def _read(file: Reader, offset: int, count: int) -> bytes:
    """Bytes from an offset on, all of them."""
    found = file.peek(offset, count)
    if len(found) < count:
        raise UnreadableError("cut short")
    return found


def _png_header(file: Reader) -> Header:
    start = len(PNG_SIGNATURE)
    ihdr = _read(file, start, _IHDR.size)
    length, kind, width, height, _, crc = _IHDR.unpack(ihdr)
    if (length, kind, crc) != (_IHDR_LENGTH, b"IHDR", zlib.crc32(ihdr[4:-4])):
        raise UnreadableError("no IHDR chunk, or one that was changed")
    return Header("png", width, height, _png_exif(file, start + _IHDR.size))


def _png_exif(file: Reader, position: int) -> tuple[int, int]:
    """Where the metadata chunk is, if one comes before the pixels."""
    for _ in range(_MOST_PARTS):
        start = file.peek(position, 8)
        length, kind = int.from_bytes(start[:4]), start[4:]
        if kind == b"eXIf":
            return position + 8, length
        if kind in (b"", b"IDAT"):
            break
        position += length + 12
    return 0, 0


def _jpeg_header(file: Reader) -> Header:
    if _read(file, 0, len(JPEG_SIGNATURE)) != JPEG_SIGNATURE:
        raise UnreadableError("neither a PNG nor a JPEG")
    position, exif = len(JPEG_SIGNATURE), (0, 0)
    for _ in range(_MOST_PARTS):
        marker, position, start = _next_marker(file, position)
        if marker in _BARE:
            continue
        length = 0 if marker in _NO_FRAME_BEHIND else int.from_bytes(start)
        if marker in _FRAMES:
            return Header("jpeg", *_frame_sides(_read(file, position, length)), exif)
        if length < _LENGTH_FIELD:
            raise UnreadableError("no frame header, or a segment without room for its own length")
        if marker == _APP1 and exif == (0, 0):
            exif = (position + _LENGTH_FIELD, length - _LENGTH_FIELD)
        position += length
    raise UnreadableError("too many segments")


def _next_marker(file: Reader, position: int) -> tuple[int, int, bytes]:
    """The marker at a position, behind any fill bytes; the position behind it; and the segment's length field there."""
    if not (window := file.peek(position, _WINDOW)).startswith(b"\xff"):
        raise UnreadableError("no marker where one is due")
    while not (rest := window.lstrip(b"\xff")):
        position += len(window)
        if not (window := file.peek(position, _WINDOW)):
            raise UnreadableError("cut short")
    behind = position + len(window) - len(rest) + 1
    start = rest[1 : 1 + _LENGTH_FIELD]
    return rest[0], behind, start if len(start) == _LENGTH_FIELD else file.peek(behind, _LENGTH_FIELD)


def _frame_sides(segment: bytes) -> tuple[int, int]:
    """Width and height in a frame header, which begins with its length and the sample size."""
    try:
        height, width = struct.unpack_from(">3xHH", segment)
    except struct.error as error:
        raise UnreadableError("a frame header without room for the sides") from error
    return width, height


def _shown(file: Reader, header: Header) -> str:
    return "{}x{}".format(*displayed_size(file, header))


def displayed_size(file: Reader, header: Header) -> tuple[int, int]:
    """Width and height in pixels as a viewer shows them, which is what the rules of size and ratio mean."""
    # Turning a picture changes neither rule's verdict, so the orientation is read for messages and reports alone. One
    # that cannot be read counts as none, as in viewers. Pillow is loaded here, as most programs never need it.
    from PIL import Image  # noqa: PLC0415
    from PIL.ExifTags import Base as ExifTag  # noqa: PLC0415

    exif = Image.Exif()
    start, length = header.exif
    try:
        with silence, warnings.catch_warnings(action="ignore"):
            exif.load(file.peek(start, min(length, _MOST_METADATA)))
            orientation = exif.get(ExifTag.Orientation)
    except Exception:  # noqa: BLE001 - on hostile input Pillow raises many kinds
        orientation = None
    return (header.height, header.width) if orientation in _SIDEWAYS else (header.width, header.height)
