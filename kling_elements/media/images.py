"""Judges one image file: what it is by its content, what its header says, and whether the picture is whole."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from typing import Any, Final, Protocol

from attrs import evolve, frozen

from kling_elements.media.limits import Limits
from kling_elements.media.reports import ImageReport
from kling_elements_client.errors import Violation
from kling_elements_runtime.image_headers import (
    JPEG_SIGNATURE,
    PNG_SIGNATURE,
    displayed_size,
    read_header,
    silence,
    violations,
)
from kling_elements_runtime.uploads import Reader, UnreadableError

_SIGNATURES: Final = {
    "jpeg": JPEG_SIGNATURE + rb"\xff",
    "png": PNG_SIGNATURE,
    "gif": rb"GIF8[79]a",
    "webp": rb"RIFF....WEBP",
    "bmp": rb"BM....\0\0\0\0",
    "tiff": rb"II[*+]\0|MM\0[*+]",
    "avif": rb"....ftypavi[fs]",
    "heic": rb"....ftyp(?:he[iv][cmsx]|mif1|msf1)",
    "jpeg2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "jxl": rb"\0\0\0\x0cJXL |\xff\x0a",
    "ico": rb"\0\0\x01\0",
}
_LONGEST_SIGNATURE = 12  # bytes

MOST_PIXELS = 178_956_970
"""Pixels of the largest picture that is decoded. Pillow itself refuses more, and the largest cameras make 150 million.
"""
_MOST_LIGHT_PIXELS = MOST_PIXELS // 2
"""Pixels of the largest JPEG that is decoded only to see whether it is whole; from here on Pillow warns of bombs.

A decoder holds a progressive one whole (6 bytes a pixel), though it is asked for an eighth of each side.
"""
_MOST_WORK = 2_000_000_000  # pixels of all scans together, some seconds; real pictures of any size have a dozen scans
_START_OF_SCAN = b"\xff\xda"
_PART = 8  # of each side; the smallest picture that a JPEG decoder makes without more work

_CHUNK_START = struct.Struct(">I4s")  # length of the data, type
_CRC = struct.Struct(">I")


class File(Protocol):
    """The bytes of a file of which the size may not be known, as behind an address.

    `size` is the file's size in bytes, or None. `peek` gives bytes from an offset on; fewer where the file ends.
    """

    @property
    def size(self) -> int | None: ...
    def peek(self, offset: int, count: int) -> bytes: ...


@frozen
class _Sized:
    """A file that has a size; one that is not known breaks no limit."""

    _file: File

    @property
    def size(self) -> int:
        return self._file.size or 0

    def peek(self, offset: int, count: int) -> bytes:
        return self._file.peek(offset, count)


def format_of(file: File) -> str | None:
    """Return what a file is by its first bytes, such as `jpeg` or `gif`; None where it is no image that is known.

    Raises:
        MediaError: It cannot be read.
    """
    try:
        start = file.peek(0, _LONGEST_SIGNATURE)
    except UnreadableError:
        return None
    return format_by(start)


def format_by(start: bytes) -> str | None:
    """Return the same for a file that begins with these bytes."""
    return next((name for name, bytes_ in _SIGNATURES.items() if re.match(bytes_, start, re.DOTALL)), None)


def inspect(file: File, source: str, limits: Limits) -> ImageReport:
    """Judge a file by its header (R14 to R17), and read no more of it than that.

    Args:
        file: The file.
        source: What the report calls it.
        limits: The contract's `x-image` object.

    Raises:
        MediaError: It cannot be read.
    """
    sized = _Sized(file)
    header = read_header(sized)  # comes first, as a server may tell the size only at the end of the file
    width, height = displayed_size(sized, header) if header else (None, None)
    kind = format_of(file)
    by_size = limits["file-size"]["x-source"]
    return ImageReport(
        source=source,
        size_bytes=file.size,
        width_px=width,
        height_px=height,
        violations=tuple(Violation("", *found) for found in _named(violations(sized, limits), limits, file, kind)),
        unjudged=() if file.size is not None else ((by_size, "the server does not tell the size"),),
        format=kind,
    )


def _named(found: Any, limits: Limits, file: File, kind: str | None) -> Any:
    """Yield the same rules and messages; that of the format also tells what the content is."""
    for rule, message in found:
        if rule != limits["format"]["x-source"] or kind in limits["format"]["one-of"]:
            yield rule, message
        elif kind is not None:
            yield rule, f"{message}; it looks like {kind.upper()}"
        else:
            yield rule, f"{message}; it is empty" if file.size == 0 else message


def inspect_whole(file: Reader, source: str, limits: Limits) -> ImageReport:
    """Judge a file by its header, and by whether the picture is whole (R14).

    A PNG is held to its checksums. Of a JPEG an eighth of each side is decoded.

    Args:
        file: The file. It is read whole only if it is not larger than the contract allows.
        source: What the report calls it.
        limits: The contract's `x-image` object.

    Raises:
        MediaError: It cannot be read.
    """
    report = inspect(file, source, limits)
    rule = limits["format"]["x-source"]
    if report.width_px is None or report.height_px is None:
        return report
    if file.size > limits["file-size"]["max-bytes"]:
        return _unjudged(report, rule, "it is too large to be looked at whole")
    content = file.peek(0, file.size)
    if report.format == "png":
        is_whole = _png_is_whole(content)
    else:
        pixels = report.width_px * report.height_px
        if pixels > _MOST_LIGHT_PIXELS or has_too_many_scans(content, pixels):
            return _unjudged(report, rule, "it has too many pixels to be decoded")
        is_whole = _jpeg_is_whole(content)
    if is_whole:
        return report
    return evolve(report, violations=(*report.violations, Violation("", rule, "the image breaks off or is damaged")))


def has_too_many_scans(content: bytes, pixels: int) -> bool:
    """Return whether decoding a JPEG of so many pixels would take long, as it is made of many scans."""
    return pixels * content.count(_START_OF_SCAN) > _MOST_WORK


def _unjudged(report: ImageReport, rule: str, why: str) -> ImageReport:
    return evolve(report, unjudged=(*report.unjudged, (rule, f"whether the image is whole is not known: {why}")))


def _png_is_whole(content: bytes) -> bool:
    """Return whether each chunk has its right checksum, there are pixels, and the last chunk is that which ends a PNG.

    Pillow's `verify` checks less if somebody has set LOAD_TRUNCATED_IMAGES, and refuses much compressed text.
    """
    view = memoryview(content)
    position = len(PNG_SIGNATURE)
    has_pixels = False
    try:
        while True:
            length, kind = _CHUNK_START.unpack_from(view, position)
            end = position + _CHUNK_START.size + length
            (crc,) = _CRC.unpack_from(view, end)
            if crc != zlib.crc32(view[position + 4 : end]):  # the length is not part of it
                return False
            if kind == b"IEND":
                return has_pixels
            has_pixels = has_pixels or kind == b"IDAT"
            position = end + _CRC.size
    except struct.error:
        return False


def _jpeg_is_whole(content: bytes) -> bool:
    """Return whether the picture can be decoded up to its last line.

    `load` takes a picture that breaks off if somebody has set LOAD_TRUNCATED_IMAGES; the decoder itself never does.
    """
    from PIL import Image  # noqa: PLC0415 - most programs never look at pixels
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415

    try:
        with (
            silence,  # filters of warnings are global, so all that change them share one lock
            warnings.catch_warnings(action="ignore"),
            JpegImageFile(io.BytesIO(content)) as picture,
        ):
            picture.draft("L", (picture.width // _PART, picture.height // _PART))
            (tile,) = picture.tile
            size, mode = picture.size, picture.mode
            options: Any = tile.args
            scale = picture.decoderconfig
        Image.frombytes(mode, size, content, tile.codec_name, *options, *scale)
    except Exception:  # noqa: BLE001 - on hostile input Pillow raises many kinds, and all of them mean that it is broken
        return False
    return True
