"""Check an image file against the limits in the spec's `x-image`. Only the file's header is read.

The header has the sides: of a PNG its IHDR chunk, of a JPEG its segments up to and with the frame header. An
image library would decode more, and lets headers pass that contradict themselves.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen

from kling_elements_runtime.errors import Remedy, Violation
from kling_elements_runtime.image_kinds import format_of
from kling_elements_runtime.image_limits import Formats, ImageLimits
from kling_elements_runtime.uploads import Reader, UnreadableError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8"  # the marker SOI
EXIF_MARK = b"Exif\0\0"  # what the metadata with the orientation begin with in a JPEG
_IHDR = struct.Struct(">I4sIIBBBBBI")  # length, type, width, height, depth, colour type, three methods, CRC
_IHDR_LENGTH = 13
_MAX_SIDE = 2**31 - 1  # pixels; a PNG has no room for more
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # bits, by colour type
_METHODS = ((0, 0, 0), (0, 0, 1))  # of compression, filtering and interlacing
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC have numbers among the frame headers
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST have no segment
SOS, EOI = 0xDA, 0xD9  # behind them comes no frame header
APP1 = 0xE1
_TAIL = 4096  # bytes at the end of a file that show whether it was cut
_STUFFED = re.compile(rb"\xff[\x00\xd0-\xd7]")  # among a JPEG's pixels, each FF is part of one of these
_MIN_STUFFED = 2  # of the sixteen to be expected in pixels; text and zeros behind a picture have none
_OTHER_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_MAX_PARTS = 10_000  # segments or chunks; real files have some dozens, and a hostile one must not take long
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MAX_STRAY = 4096  # bytes before a marker that belong to nothing; decoders pass over them, and cameras miscount
_WINDOW = 48  # bytes that are read to find a marker behind fill bytes, and what its segment begins with
_WIDE_WINDOW = 4096  # bytes; the same where the marker is not at once there
_LENGTH_FIELD = 2  # bytes, which the length counts too
_START = _LENGTH_FIELD + len(EXIF_MARK)  # bytes of a segment that show what it is
_SIDEWAYS = range(5, 9)  # EXIF orientations that are shown rotated by a quarter turn
_MAX_METADATA = 64 * 1024  # bytes; what a JPEG has room for
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3  # a tag, and the type of its value
_REMEDIES: dict[str, Remedy] = {"heic": "plugin", "html": "none"}  # of other formats `fit`


@frozen
class Header:
    """What a picture says of itself.

    Attributes:
        format: `jpeg` or `png`.
        width: Pixels as stored, before any orientation.
        height: As `width`.
        exif: Where the block of metadata with the orientation is: its offset and length in bytes; a length of 0 where
            none comes before the end.
        end: The offset at which the header ends: of a PNG its pixels, of a JPEG what follows the frame header.
    """

    format: str
    width: int
    height: int
    exif: tuple[int, int]
    end: int


class Segment(NamedTuple):
    """A segment of a JPEG.

    Attributes:
        marker: The second byte of its marker.
        offset: Where its length field is.
        length: Its length in bytes, with the length field; 0 for what has none.
        start: Its first bytes, with the length field.
    """

    marker: int
    offset: int
    length: int
    start: bytes


def violations(
    file: Reader, limits: ImageLimits, *, size_only: bool = False, is_local: bool = True
) -> Iterator[Violation]:
    """Yield everything in which an image file breaks the limits, with empty pointers.

    Args:
        file: The file.
        limits: The limits.
        size_only: Whether to check its size in bytes only, so that the file is not read.
        is_local: Whether more than the header may be read for a message, as nothing has to be fetched for it.
    """
    if file.size > limits.file_size.max_bytes:
        says = f"the image file has {file.size} bytes, at most {limits.file_size.max_bytes} are allowed"
        yield Violation("", limits.file_size.rule, says, "fit")
    if size_only:
        return

    header = read_header(file)
    if header is None or header.format not in limits.format.names:
        yield _of_other_format(file, limits.format)
        return

    short, long = sorted((header.width, header.height))
    least = limits.displayed_sides.min_px
    if short < least:
        says = f"the image is shown as {_shown(file, header, is_local)} px, both sides must have at least {least} px"
        yield Violation("", limits.displayed_sides.rule, says, "fit")
    most = limits.aspect_ratio.max_long_to_short
    if long > short * most:
        shown = _shown(file, header, is_local)
        says = f"the image is shown as {shown} px, its ratio must be between 1:{most} and {most}:1"
        yield Violation("", limits.aspect_ratio.rule, says, "fit")


def _of_other_format(file: Reader, formats: Formats) -> Violation:
    """Return the violation of a file that has none of these formats. It says what the file is instead, if known."""
    says = f"the content is no {' or '.join(map(str.upper, formats.names))} file with a whole header"
    kind = format_of(file)
    if kind is None or kind in formats.names:
        return Violation("", formats.rule, says if file.size else f"{says}; it is empty")
    return Violation("", formats.rule, f"{says}; it looks like {kind.upper()}", _REMEDIES.get(kind, "fit"))


def breaks_off(file: Reader) -> bool:
    """Return whether a JPEG or PNG was cut, which is so if the file ends amid pixels; trailers do no harm."""
    end = file.peek(max(file.size - _TAIL, 0), _TAIL)
    if file.peek(0, len(PNG_SIGNATURE)) != PNG_SIGNATURE:
        return len(_STUFFED.findall(end)) >= _MIN_STUFFED and _OTHER_MARKER.search(end) is None
    if b"IEND" in end:
        return False
    position = len(PNG_SIGNATURE)
    for _ in range(_MAX_PARTS):
        start = file.peek(position, 8)
        position += int.from_bytes(start[:4]) + 12
        if start[4:] == b"IEND" or position > file.size:
            break
    return position > file.size


def read_header(file: Reader) -> Header | None:
    """Return what the header of a JPEG or PNG file says; None if there is no whole one."""
    try:
        is_png = file.peek(0, len(PNG_SIGNATURE)) == PNG_SIGNATURE
        header = _png_header(file) if is_png else _jpeg_header(file)
    except UnreadableError:
        return None
    return header if header.width and header.height else None


def _read(file: Reader, offset: int, count: int) -> bytes:
    """Return bytes from an offset on, all of them."""
    content = file.peek(offset, count)
    if len(content) < count:
        raise UnreadableError("cut short")
    return content


def _png_header(file: Reader) -> Header:
    start = len(PNG_SIGNATURE)
    ihdr = _read(file, start, _IHDR.size)
    length, kind, width, height, depth, colour, *methods, crc = _IHDR.unpack(ihdr)
    if (length, kind, crc) != (_IHDR_LENGTH, b"IHDR", zlib.crc32(ihdr[4:-4])):
        raise UnreadableError("no IHDR chunk, or one that was changed")
    if depth not in _DEPTHS.get(colour, ()) or tuple(methods) not in _METHODS or max(width, height) > _MAX_SIDE:
        raise UnreadableError("an IHDR chunk of a picture that cannot be")
    exif, end = _png_exif(file, start + _IHDR.size, b"IDAT")
    return Header("png", width, height, exif, end)


def _png_exif(file: Reader, position: int, last: bytes) -> tuple[tuple[int, int], int]:
    """Return where the metadata chunk is, if one comes before the last chunk to look at; and where looking ended."""
    for _ in range(_MAX_PARTS):
        start = file.peek(position, 8)
        length, kind = int.from_bytes(start[:4]), start[4:]
        if kind == b"eXIf":
            return (position + 8, length), position
        if kind in (b"", last):
            break
        position += length + 12
    return (0, 0), position


def _jpeg_header(file: Reader) -> Header:
    if _read(file, 0, len(JPEG_SIGNATURE) + 1) != JPEG_SIGNATURE + b"\xff":  # decoders want a marker at once here
        raise UnreadableError("neither a PNG nor a JPEG")
    exif = (0, 0)
    for segment in jpeg_segments(file, len(JPEG_SIGNATURE)):
        if segment.marker in _FRAMES:
            sides = _frame_sides(_read(file, segment.offset, segment.length))
            return Header("jpeg", *sides, exif, segment.offset + segment.length)
        if not exif[1] and is_exif(segment):
            exif = (segment.offset + _LENGTH_FIELD, segment.length - _LENGTH_FIELD)
    raise UnreadableError("no frame header")


def jpeg_segments(file: Reader, position: int) -> Iterator[Segment]:
    """Yield the segments of a JPEG from a position on, with the first scan or the end as the last one.

    Raises:
        UnreadableError: It breaks off, or its segments cannot be separated.
    """
    for _ in range(_MAX_PARTS):
        marker, position, start = _next_marker(file, position)
        if marker in _BARE:
            continue
        length = int.from_bytes(start[:_LENGTH_FIELD])
        if marker in (SOS, EOI):
            yield Segment(marker, position, length if marker == SOS else 0, start)
            return
        if length < _LENGTH_FIELD:
            raise UnreadableError("a segment without room for its own length")
        yield Segment(marker, position, length, start)
        position += length
    raise UnreadableError("too many segments")


def is_exif(segment: Segment) -> bool:
    """Return whether a segment holds EXIF, unlike others of the same marker, as those of XMP."""
    return segment.marker == APP1 and segment.start.startswith(EXIF_MARK[:-1], _LENGTH_FIELD)


def _next_marker(file: Reader, position: int) -> tuple[int, int, bytes]:
    """Return the next marker from a position on, the position behind it, and how its segment begins.

    Fill bytes, and some bytes that belong to nothing, may come before it.
    """
    stray, count = 0, _WINDOW
    while len(window := file.peek(position, count)) > 1:
        match = _MARKER.search(window)
        skipped = window[: match.start()] if match else window[:-1]  # the last one may be half a marker
        stray += len(skipped) - skipped.count(0xFF)
        if stray > _MAX_STRAY:
            break
        position += len(skipped)
        if match:
            start = window[match.end() : match.end() + _START]
            return match[1][0], position + 2, start if len(start) == _START else file.peek(position + 2, _START)
        count = _WIDE_WINDOW
    raise UnreadableError("no marker where one is due")


def _frame_sides(segment: bytes) -> tuple[int, int]:
    """Return width and height in a frame header, which begins with its length and the sample size."""
    try:
        height, width = struct.unpack_from(">3xHH", segment)
    except struct.error as error:
        raise UnreadableError("a frame header without room for the sides") from error
    return width, height


def _shown(file: Reader, header: Header, is_local: bool) -> str:  # noqa: FBT001
    return "{}x{}".format(*displayed_size(file, header, is_local=is_local))


def displayed_size(file: Reader, header: Header, *, is_local: bool) -> tuple[int, int]:
    """Return width and height in pixels as a viewer shows them, which is what the rules of size and ratio mean.

    Args:
        file: The file.
        header: What its header says.
        is_local: Whether metadata behind the header are looked for, too.
    """
    # Turning a picture changes neither rule's verdict, so the orientation is read for messages and reports alone. One
    # that cannot be read counts as none, as in viewers.
    is_sideways = orientation(file, header, is_local=is_local) in _SIDEWAYS
    return (header.height, header.width) if is_sideways else (header.width, header.height)


def orientation(file: Reader, header: Header, *, is_local: bool) -> int | None:
    """Return the EXIF orientation, 1 to 8 if it means anything; None if there is none, or it cannot be read."""
    start, length = header.exif
    try:
        if is_local and not length:
            start, length = _late_exif(file, header)
        return _orientation_in(file.peek(start, min(length, _MAX_METADATA)))
    except UnreadableError:
        return None


def _late_exif(file: Reader, header: Header) -> tuple[int, int]:
    """Return where the metadata are that come behind the header."""
    if header.format == "png":
        return _png_exif(file, header.end, b"IEND")[0]
    segments = filter(is_exif, jpeg_segments(file, header.end))
    return next(((segment.offset + _LENGTH_FIELD, segment.length - _LENGTH_FIELD) for segment in segments), (0, 0))


def _orientation_in(exif: bytes) -> int | None:
    """Return the orientation in a block of EXIF, which is a TIFF file of tags without a picture."""
    block = exif[len(EXIF_MARK) :] if exif.startswith(EXIF_MARK[:-1]) else exif
    order = _BYTE_ORDERS.get(block[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, start)
        entries = (struct.unpack_from(f"{order}HHIH", block, start + 2 + 12 * number) for number in range(count))
        return next((value for tag, kind, _, value in entries if (tag, kind) == (_ORIENTATION, _SHORT)), None)
    except struct.error:
        return None
