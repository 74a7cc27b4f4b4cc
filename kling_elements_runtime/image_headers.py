"""Check an image file against the limits in the contract's `x-image`. Only the file's header is read.

The header contains the sides: the IHDR chunk of a PNG, or the segments of a JPEG up to and including the frame header.
An image library would decode more, and accepts headers that contradict themselves.
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
from kling_elements_runtime.uploads import DamagedFileError, Reader

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8"  # the marker SOI
EXIF_MARK = b"Exif\0\0"  # the beginning of the metadata with the orientation in a JPEG
_IHDR = struct.Struct(">I4sIIBBBBBI")  # length, type, width, height, depth, colour type, three methods, CRC
_IHDR_LENGTH = 13
_MAX_PX = 2**31 - 1  # a PNG cannot express more
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # bits, by colour type
_PNG_METHODS = ((0, 0, 0), (0, 0, 1))  # compression, filtering, interlacing
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC are not frames
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST have no segment
SOS, EOI = 0xDA, 0xD9  # no frame header comes after them
APP1 = 0xE1
_TAIL_BYTES = 4096  # the end of a file shows whether it was cut off
_STUFFED = re.compile(rb"\xff[\x00\xd0-\xd7]")  # each FF among a JPEG's pixels is part of one of these
_MIN_STUFFED = 2  # pixels contain about sixteen; text and zeros after a picture contain none
_OTHER_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_MAX_PARTS = 10_000  # segments or chunks; real files have dozens, and a hostile one must not take long
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MAX_STRAY_BYTES = 4096  # bytes before a marker that belong to nothing; decoders skip them, and cameras miscount
_WINDOW_BYTES = 48  # enough for a marker after fill bytes, and the beginning of its segment
_WIDE_WINDOW_BYTES = 4096  # read if the first window contains no marker
_LENGTH_FIELD_BYTES = 2  # the length includes them
_SEGMENT_HEAD_BYTES = _LENGTH_FIELD_BYTES + len(EXIF_MARK)  # they identify a segment
_SIDEWAYS_ORIENTATIONS = range(5, 9)  # in EXIF; shown rotated by a quarter turn
_MAX_METADATA_BYTES = 64 * 1024  # a JPEG cannot contain more
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3  # a tag, and the type of its value
_REMEDIES: dict[str, Remedy] = {"heic": "plugin", "html": "none"}  # by format; for any other, `fit`


@frozen
class PictureHeader:
    """The header of a picture.

    Attributes:
        format: `jpeg` or `png`.
        width: The stored width in pixels, before any orientation.
        height: The stored height in pixels, before any orientation.
        exif: Offset and length in bytes of the metadata with the orientation; a length of 0 if none comes before `end`.
        end: The offset of the first byte after the header: a PNG's pixels, or the data after a JPEG's frame header.
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
        offset: The offset of its length field.
        length: Its length in bytes, with the length field, or 0 if it has none.
        head: Its first bytes, with the length field.
    """

    marker: int
    offset: int
    length: int
    head: bytes


def violations(
    file: Reader, limits: ImageLimits, *, size_only: bool = False, is_local: bool = True
) -> Iterator[Violation]:
    """Yield a violation, with an empty pointer, for every limit that an image file breaks.

    Args:
        file: The file.
        limits: The contract's limits of images.
        size_only: Whether to check only the size in bytes, without reading the file.
        is_local: Whether the file is on this machine, so that messages may read more than its header.
    """
    if file.size > limits.file_size.max_bytes:
        message = f"the image file has {file.size} bytes; at most {limits.file_size.max_bytes} are allowed"
        yield Violation("", limits.file_size.rule, message, "fit")
    if size_only:
        return

    header = read_header(file)
    if header is None or header.format not in limits.format.names:
        yield _format_violation(file, limits.format)
        return

    short, long = sorted((header.width, header.height))
    min_px = limits.displayed_sides.min_px
    if short < min_px:
        shown = _displayed_sides(file, header, is_local)
        message = f"the image is shown as {shown} px; both sides must have at least {min_px} px"
        yield Violation("", limits.displayed_sides.rule, message, "fit")
    max_ratio = limits.aspect_ratio.max_long_to_short
    if long > short * max_ratio:
        shown = _displayed_sides(file, header, is_local)
        message = f"the image is shown as {shown} px; its ratio must be between 1:{max_ratio} and {max_ratio}:1"
        yield Violation("", limits.aspect_ratio.rule, message, "fit")


def _format_violation(file: Reader, formats: Formats) -> Violation:
    """Return the violation of a file in another format. The message includes that format if it is known."""
    names = " or ".join(name.upper() for name in formats.names)
    message = f"the content is not a {names} file with a complete header"
    kind = format_of(file)
    if kind is None or kind in formats.names:
        return Violation("", formats.rule, message if file.size else f"{message}; it is empty")
    return Violation("", formats.rule, f"{message}; it looks like {kind.upper()}", _REMEDIES.get(kind, "fit"))


def is_cut_off(file: Reader) -> bool:
    """Return whether a JPEG or PNG ends before its pixels do. Data after the picture is fine."""
    end = file.peek(max(file.size - _TAIL_BYTES, 0), _TAIL_BYTES)
    if file.peek(0, len(PNG_SIGNATURE)) != PNG_SIGNATURE:
        return len(_STUFFED.findall(end)) >= _MIN_STUFFED and _OTHER_MARKER.search(end) is None
    if b"IEND" in end:
        return False
    position = len(PNG_SIGNATURE)
    for _ in range(_MAX_PARTS):
        chunk_header = file.peek(position, 8)
        position += int.from_bytes(chunk_header[:4]) + 12
        if chunk_header[4:] == b"IEND" or position > file.size:
            break
    return position > file.size


def read_header(file: Reader) -> PictureHeader | None:
    """Return the header of a JPEG or PNG file, or None if it is incomplete or damaged."""
    try:
        is_png = file.peek(0, len(PNG_SIGNATURE)) == PNG_SIGNATURE
        header = _png_header(file) if is_png else _jpeg_header(file)
    except DamagedFileError:
        return None
    return header if header.width and header.height else None


def _read(file: Reader, offset: int, count: int) -> bytes:
    """Return exactly `count` bytes from an offset on, or raise DamagedFileError."""
    content = file.peek(offset, count)
    if len(content) < count:
        raise DamagedFileError("the file is cut off")
    return content


def _png_header(file: Reader) -> PictureHeader:
    offset = len(PNG_SIGNATURE)
    ihdr = _read(file, offset, _IHDR.size)
    length, kind, width, height, depth, colour, *methods, crc = _IHDR.unpack(ihdr)
    if (length, kind, crc) != (_IHDR_LENGTH, b"IHDR", zlib.crc32(ihdr[4:-4])):
        raise DamagedFileError("the file has no IHDR chunk, or its checksum is wrong")
    if depth not in _PNG_DEPTHS.get(colour, ()) or tuple(methods) not in _PNG_METHODS or max(width, height) > _MAX_PX:
        raise DamagedFileError("the IHDR chunk has impossible values")
    exif, end = _png_exif(file, offset + _IHDR.size, b"IDAT")
    return PictureHeader("png", width, height, exif, end)


def _png_exif(file: Reader, position: int, last: bytes) -> tuple[tuple[int, int], int]:
    """Return the offset and length of a metadata chunk before `last`, and the offset at which the search ended."""
    for _ in range(_MAX_PARTS):
        chunk_header = file.peek(position, 8)
        length, kind = int.from_bytes(chunk_header[:4]), chunk_header[4:]
        if kind == b"eXIf":
            return (position + 8, length), position
        if kind in (b"", last):
            break
        position += length + 12
    return (0, 0), position


def _jpeg_header(file: Reader) -> PictureHeader:
    # Decoders require a marker immediately after the signature.
    if _read(file, 0, len(JPEG_SIGNATURE) + 1) != JPEG_SIGNATURE + b"\xff":
        raise DamagedFileError("the file is neither a PNG nor a JPEG")
    exif = (0, 0)
    for segment in jpeg_segments(file, len(JPEG_SIGNATURE)):
        if segment.marker in _FRAME_MARKERS:
            sides = _frame_sides(_read(file, segment.offset, segment.length))
            return PictureHeader("jpeg", *sides, exif, segment.offset + segment.length)
        if not exif[1] and is_exif(segment):
            exif = (segment.offset + _LENGTH_FIELD_BYTES, segment.length - _LENGTH_FIELD_BYTES)
    raise DamagedFileError("the file has no frame header")


def jpeg_segments(file: Reader, position: int) -> Iterator[Segment]:
    """Yield the segments of a JPEG from a position on, with the first scan or the end as the last one.

    Raises:
        DamagedFileError: The file is cut off, or cannot be split into segments.
    """
    for _ in range(_MAX_PARTS):
        marker, position, head = _next_marker(file, position)
        if marker in _BARE_MARKERS:
            continue
        length = int.from_bytes(head[:_LENGTH_FIELD_BYTES])
        if marker in (SOS, EOI):
            yield Segment(marker, position, length if marker == SOS else 0, head)
            return
        if length < _LENGTH_FIELD_BYTES:
            raise DamagedFileError("a segment is too short for its own length")
        yield Segment(marker, position, length, head)
        position += length
    raise DamagedFileError("the file has too many segments")


def is_exif(segment: Segment) -> bool:
    """Return whether a segment contains EXIF, unlike others with the same marker, such as XMP."""
    return segment.marker == APP1 and segment.head.startswith(EXIF_MARK[:-1], _LENGTH_FIELD_BYTES)


def _next_marker(file: Reader, position: int) -> tuple[int, int, bytes]:
    """Return the next marker from a position on, the position after it, and the first bytes of its segment.

    Fill bytes, and some bytes that belong to nothing, may come before it.
    """
    stray, count = 0, _WINDOW_BYTES
    while len(window := file.peek(position, count)) > 1:
        match = _MARKER.search(window)
        skipped = window[: match.start()] if match else window[:-1]  # the last one may be half a marker
        stray += len(skipped) - skipped.count(0xFF)
        if stray > _MAX_STRAY_BYTES:
            break
        position += len(skipped)
        if match:
            head = window[match.end() : match.end() + _SEGMENT_HEAD_BYTES]
            return (
                match[1][0],
                position + 2,
                head if len(head) == _SEGMENT_HEAD_BYTES else file.peek(position + 2, _SEGMENT_HEAD_BYTES),
            )
        count = _WIDE_WINDOW_BYTES
    raise DamagedFileError("a marker is missing where one is expected")


def _frame_sides(segment: bytes) -> tuple[int, int]:
    """Return width and height in pixels from a frame header, which begins with its length and the sample size."""
    try:
        height, width = struct.unpack_from(">3xHH", segment)
    except struct.error as error:
        raise DamagedFileError("the frame header is too short for the sides") from error
    return width, height


def _displayed_sides(file: Reader, header: PictureHeader, is_local: bool) -> str:  # noqa: FBT001
    return "{}x{}".format(*displayed_size(file, header, is_local=is_local))


def displayed_size(file: Reader, header: PictureHeader, *, is_local: bool) -> tuple[int, int]:
    """Return the displayed width and height in pixels, to which the rules about size and ratio refer.

    Args:
        file: The file.
        header: Its header.
        is_local: Whether to also search for metadata after the header.
    """
    # The orientation affects neither rule, so it is read only for messages and reports. Like viewers, ignore an
    # unreadable one.
    is_sideways = orientation(file, header, is_local=is_local) in _SIDEWAYS_ORIENTATIONS
    return (header.height, header.width) if is_sideways else (header.width, header.height)


def orientation(file: Reader, header: PictureHeader, *, is_local: bool) -> int | None:
    """Return the EXIF orientation, 1 to 8 if it is valid, or None if there is none, or it cannot be read."""
    start, length = header.exif
    try:
        if is_local and not length:
            start, length = _late_exif(file, header)
        return _orientation_in(file.peek(start, min(length, _MAX_METADATA_BYTES)))
    except DamagedFileError:
        return None


def _late_exif(file: Reader, header: PictureHeader) -> tuple[int, int]:
    """Return offset and length in bytes of the metadata after the header; a length of 0 if there is none."""
    if header.format == "png":
        return _png_exif(file, header.end, b"IEND")[0]
    segments = filter(is_exif, jpeg_segments(file, header.end))
    return next(
        ((segment.offset + _LENGTH_FIELD_BYTES, segment.length - _LENGTH_FIELD_BYTES) for segment in segments), (0, 0)
    )


def _orientation_in(exif: bytes) -> int | None:
    """Return the orientation in a block of EXIF, which is a TIFF file with tags and no picture."""
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
