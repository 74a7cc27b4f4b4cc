# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""Judges the Base64 text of an image by the limits in the spec's `x-image`. Only the file's header is decoded.

The header is what tells the sides: of a PNG its IHDR chunk, of a JPEG its segments up to and with the frame header. An
image library would decode more, and lets headers pass that contradict themselves.
"""

from __future__ import annotations

import binascii
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

from attrs import frozen

Limits = dict[str, Any]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR = struct.Struct(">I4sII5sI")  # length, type, width, height, other fields, CRC
_IHDR_LENGTH = 13
_SOI = b"\xff\xd8"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC stand among the frame headers
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST have no segment
_NO_FRAME_BEHIND = frozenset({0xD9, 0xDA})  # EOI and SOS
_APP1 = 0xE1
_MOST_PARTS = 10_000  # segments or chunks; real files have some dozens, and a hostile one must not take long
_WINDOW = 48  # bytes that are decoded to look for the end of a run of fill bytes
_SIDEWAYS = range(5, 9)  # EXIF orientations that are shown rotated by a quarter turn
_MOST_METADATA = 64 * 1024  # bytes; what a JPEG has room for

_silence = threading.Lock()  # for one thread at a time, as filters of warnings are global


class _UnreadableError(Exception):
    """The file does not begin with the whole header of a picture."""


@frozen
class _Header:
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


class _File:
    """The file that a Base64 text holds; only what is read of it is decoded."""

    def __init__(self, text: str) -> None:
        self._text = text

    def peek(self, offset: int, count: int) -> bytes:
        """Bytes from an offset on; fewer where the file ends."""
        group, skip = divmod(offset, 3)
        groups = (skip + count + 2) // 3
        try:
            window = binascii.a2b_base64(self._text[group * 4 : (group + groups) * 4], strict_mode=True)
        except ValueError as error:
            raise _UnreadableError("no Base64") from error
        return window[skip : skip + count]

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from an offset on, all of them."""
        found = self.peek(offset, count)
        if len(found) < count:
            raise _UnreadableError("cut short")
        return found


def decoded_size(text: str) -> int:
    """How many bytes a padded Base64 text holds, without decoding it."""
    return len(text) // 4 * 3 - text.count("=", -2)


def violations(text: str, limits: Limits) -> Iterator[tuple[str, str]]:
    """Pairs of rule and message for everything in which an image file breaks the limits.

    Args:
        text: The file in padded Base64.
        limits: The spec's `x-image` object: bytes, pixels, and the ratio of the longer side to the shorter.
    """
    most_bytes = limits["file-size"]["max-bytes"]
    if (size := decoded_size(text)) > most_bytes:
        yield limits["file-size"]["x-source"], f"the image file has {size} bytes, at most {most_bytes} are allowed"

    formats = limits["format"]["one-of"]
    file = _File(text)
    header = _header(file)
    if header is None or header.format not in formats:
        names = " or ".join(name.upper() for name in formats)
        yield limits["format"]["x-source"], f"the content is no {names} file with a whole header"
        return

    short, long = sorted((header.width, header.height))
    least = limits["displayed-sides"]["min-px"]
    if short < least:
        says = f"the image is shown as {_displayed(file, header)} px, both sides must have at least {least} px"
        yield limits["displayed-sides"]["x-source"], says
    most = limits["aspect-ratio"]["max-long-to-short"]
    if long > short * most:
        says = f"the image is shown as {_displayed(file, header)} px, its ratio must be between 1:{most} and {most}:1"
        yield limits["aspect-ratio"]["x-source"], says


def _header(file: _File) -> _Header | None:
    try:
        is_png = file.peek(0, len(_PNG_SIGNATURE)) == _PNG_SIGNATURE
        header = _png_header(file) if is_png else _jpeg_header(file)
    except _UnreadableError:
        return None
    return header if header.width and header.height else None


def _png_header(file: _File) -> _Header:
    start = len(_PNG_SIGNATURE)
    ihdr = file.read(start, _IHDR.size)
    length, kind, width, height, _, crc = _IHDR.unpack(ihdr)
    if (length, kind, crc) != (_IHDR_LENGTH, b"IHDR", zlib.crc32(ihdr[4:-4])):
        raise _UnreadableError("no IHDR chunk, or one that was changed")
    return _Header("png", width, height, _png_exif(file, start + _IHDR.size))


def _png_exif(file: _File, position: int) -> tuple[int, int]:
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


def _jpeg_header(file: _File) -> _Header:
    if file.read(0, len(_SOI)) != _SOI:
        raise _UnreadableError("neither a PNG nor a JPEG")
    position, exif = len(_SOI), (0, 0)
    for _ in range(_MOST_PARTS):
        marker, position = _next_marker(file, position)
        if marker in _BARE:
            continue
        length = 0 if marker in _NO_FRAME_BEHIND else int.from_bytes(file.read(position, 2))
        if marker in _FRAMES:
            return _Header("jpeg", *_frame_sides(file.read(position, length)), exif)
        if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
            raise _UnreadableError("no frame header, or a segment without room for its own length")
        if marker == _APP1 and exif == (0, 0):
            exif = (position + 2, length - 2)
        position += length
    raise _UnreadableError("too many segments")


def _next_marker(file: _File, position: int) -> tuple[int, int]:
    """The marker at a position, behind any fill bytes, and the position behind it."""
    if file.read(position, 1) != b"\xff":
        raise _UnreadableError("no marker where one is due")
    while not (window := file.peek(position, _WINDOW)).strip(b"\xff"):
        if not window:
            raise _UnreadableError("cut short")
        position += len(window)
    rest = window.lstrip(b"\xff")
    return rest[0], position + len(window) - len(rest) + 1


def _frame_sides(segment: bytes) -> tuple[int, int]:
    """Width and height in a frame header, which begins with its length and the sample size."""
    try:
        height, width = struct.unpack_from(">3xHH", segment)
    except struct.error as error:
        raise _UnreadableError("a frame header without room for the sides") from error
    return width, height


def _displayed(file: _File, header: _Header) -> str:
    """Width and height as a viewer shows them, which is what the rules of size and ratio mean."""
    # Turning a picture changes neither rule's verdict, so the orientation is read for the message alone. One that
    # cannot be read counts as none, as in viewers. Pillow is loaded here, as most programs never need it.
    from PIL import Image  # noqa: PLC0415
    from PIL.ExifTags import Base as ExifTag  # noqa: PLC0415

    exif = Image.Exif()
    start, length = header.exif
    try:
        with _silence, warnings.catch_warnings(action="ignore"):
            exif.load(file.peek(start, min(length, _MOST_METADATA)))
            orientation = exif.get(ExifTag.Orientation)
    except Exception:  # noqa: BLE001 - on hostile input Pillow raises many kinds
        orientation = None
    width, height = header.width, header.height
    return f"{height}x{width}" if orientation in _SIDEWAYS else f"{width}x{height}"


__all__ = ["decoded_size", "violations"]
