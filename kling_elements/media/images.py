"""Judges one image file: what it is by its content, what its header says, and whether the picture is whole."""

from __future__ import annotations

import io
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from attrs import evolve, frozen

from kling_elements.media.limits import Limits
from kling_elements.media.reports import ImageReport
from kling_elements_client.errors import Violation
from kling_elements_runtime.image_headers import (
    Header,
    displayed_size,
    read_header,
    violations,
)
from kling_elements_runtime.image_kinds import format_of
from kling_elements_runtime.image_parts import png_chunks, scans
from kling_elements_runtime.uploads import InlineBytes, Reader, UnreadableError

MAX_PIXELS = 178_956_970
"""Pixels of the largest picture that is decoded. Pillow itself refuses more, and the largest cameras make 150 million.
"""
_MAX_CHECKED_PIXELS = MAX_PIXELS // 2
"""Pixels of the largest JPEG that is decoded only to see whether it is whole; from here on Pillow warns of bombs.

Only an eighth of each side is decoded.
"""
_MAX_SCANNED_PIXELS = 60_000_000
"""Pixels of the largest JPEG of several scans, as a decoder holds all of it, in 6 to 8 bytes a pixel."""
_MAX_SCANS = 100  # real pictures of any size have a dozen
_MAX_WORK = 1_500_000_000  # pixels of all scans together, which take some seconds
_START_OF_SCAN = b"\xff\xda"
_TOO_LARGE = "it has too many pixels to be decoded"
_PART = 8  # of each side; the smallest picture that a JPEG decoder makes without more work
_CRC_LENGTH = 4  # bytes
warnings_lock = threading.Lock()


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


@contextmanager
def ignored_warnings() -> Iterator[None]:
    """Let no warning out. Filters of warnings are global, so there is one lock for this: do nothing slow under it."""
    with warnings_lock, warnings.catch_warnings(action="ignore"):
        yield


def inspect(file: File, source: str, limits: Limits, *, is_near: bool = False) -> ImageReport:
    """Judge a file by its header (R14 to R17), and read no more of it than that.

    Args:
        file: The file.
        source: What the report calls it.
        limits: The contract's `x-image` object.
        is_near: Whether metadata behind the header may be looked for, as nothing has to be fetched for them.

    Raises:
        MediaError: It cannot be read.
    """
    sized = _Sized(file)
    header = read_header(sized)  # comes first, as a server may tell the size only at the end of the file
    width, height = displayed_size(sized, header, is_near=is_near) if header else (None, None)
    kind = format_of(file)
    by_size = limits["file-size"]["x-source"]
    return ImageReport(
        source=source,
        size_bytes=file.size,
        width_px=width,
        height_px=height,
        violations=tuple(Violation("", *found) for found in violations(sized, limits, is_near=is_near)),
        unjudged=() if file.size is not None else ((by_size, "the server does not tell the size"),),
        format=kind,
    )


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
    rule = limits["format"]["x-source"]
    kind = format_of(file)
    if kind not in ("jpeg", "png") or file.size > limits["file-size"]["max-bytes"]:
        report = inspect(file, source, limits, is_near=True)
        return report if report.width_px is None else _unjudged(report, rule, "it is too large to be looked at whole")
    whole = InlineBytes(file.peek(0, file.size))
    report, header = inspect(whole, source, limits, is_near=True), read_header(whole)
    if header is None:
        return report
    why_not = why_not_decoded(whole.content, header)
    if why_not is not None:
        return _unjudged(report, rule, why_not)
    if (png_is_whole if kind == "png" else _jpeg_is_whole)(whole.content):
        return report
    return evolve(report, violations=(*report.violations, Violation("", rule, "the image breaks off or is damaged")))


def why_not_decoded(content: bytes, header: Header, max_pixels: int | None = None) -> str | None:
    """Return why a JPEG or PNG is too much to be decoded even for a look at it; None where it is not."""
    pixels = header.width * header.height
    if pixels > (_MAX_CHECKED_PIXELS if max_pixels is None else max_pixels):
        return _TOO_LARGE
    if header.format == "png":
        return None
    why_not = _why_too_many(content.count(_START_OF_SCAN), pixels)
    if why_not is None:
        return None
    try:  # what was counted may stand in metadata, or in what follows the picture
        return _why_too_many(scans(content, header), pixels)
    except UnreadableError:
        return None  # no decoder gets far with it


def _why_too_many(count: int, pixels: int) -> str | None:
    if count > _MAX_SCANS or count * pixels > _MAX_WORK:
        return "it is made of too many scans to be decoded"
    return _TOO_LARGE if count > 1 and pixels > _MAX_SCANNED_PIXELS else None


def _unjudged(report: ImageReport, rule: str, why: str) -> ImageReport:
    return evolve(report, unjudged=(*report.unjudged, (rule, f"whether the image is whole is not known: {why}")))


def png_is_whole(content: bytes) -> bool:
    """Return whether each chunk has its right checksum, there are pixels, and the last chunk is that which ends a PNG.

    Pillow's `verify` checks less if somebody has set LOAD_TRUNCATED_IMAGES, and refuses much compressed text.
    """
    view = memoryview(content)
    has_pixels = False
    try:
        for part in png_chunks(content):
            crc_at = part.end - _CRC_LENGTH
            if int.from_bytes(view[crc_at : part.end]) != zlib.crc32(
                view[part.start + 4 : crc_at]
            ):  # not of the length
                return False
            has_pixels = has_pixels or part.kind == b"IDAT"
    except UnreadableError:
        return False
    return has_pixels


def _jpeg_is_whole(content: bytes) -> bool:
    """Return whether the picture can be decoded up to its last line.

    `load` takes a picture that breaks off if somebody has set LOAD_TRUNCATED_IMAGES; the decoder itself never does.
    """
    from PIL import Image  # noqa: PLC0415 - most programs never look at pixels
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415

    try:
        with ignored_warnings():
            picture = JpegImageFile(io.BytesIO(content))
        with picture:
            picture.draft("L", (max(picture.width // _PART, 1), max(picture.height // _PART, 1)))
            (tile,) = picture.tile
            options: Any = tile.args
            Image.frombytes(picture.mode, picture.size, content, tile.codec_name, *options, *picture.decoderconfig)
    except Exception:  # noqa: BLE001 - on hostile input Pillow raises many kinds, and all of them mean that it is broken
        return False
    return True
