"""Check one image file: its format by its content, its header, and whether the picture is complete."""

from __future__ import annotations

import io
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from attrs import evolve, frozen

from kling_elements.media.reports import ImageReport
from kling_elements.media_limits import ImageLimits
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
"""The most pixels of a picture that is decoded. Pillow refuses more; the largest cameras make 150 million."""
_MAX_CHECKED_PIXELS = MAX_PIXELS // 2
"""The most pixels of a JPEG that is decoded only to check whether it is complete; Pillow warns of bombs above it.

Each side is decoded at an eighth of its length.
"""
_MAX_SCANNED_PIXELS = 60_000_000
"""The most pixels of a JPEG with several scans, because a decoder holds all of it, in 6 to 8 bytes a pixel."""
_MAX_SCANS = 100  # real pictures have about a dozen
_MAX_WORK = 1_500_000_000  # pixels of all scans together; they take a few seconds
_START_OF_SCAN = b"\xff\xda"
_TOO_LARGE = "it has too many pixels to be decoded"
_PART = 8  # divides each side; JPEG decoders do not support smaller pictures
_CRC_LENGTH = 4  # bytes
warnings_lock = threading.Lock()


class File(Protocol):
    """A file that can be read in parts, and whose size may be unknown, as for files at an address.

    `size` is the file's size in bytes, or None. `peek` returns bytes from an offset on; fewer if the file ends.
    """

    @property
    def size(self) -> int | None: ...
    def peek(self, offset: int, count: int) -> bytes: ...


@frozen
class _KnownSize:
    """A file whose size is always a number. An unknown size counts as 0, so that it breaks no limit."""

    _file: File

    @property
    def size(self) -> int:
        return self._file.size or 0

    def peek(self, offset: int, count: int) -> bytes:
        return self._file.peek(offset, count)


@contextmanager
def ignored_warnings() -> Iterator[None]:
    """Suppress warnings. Their filters are global, so one lock guards them; do nothing slow inside the block."""
    with warnings_lock, warnings.catch_warnings(action="ignore"):
        yield


def inspect(file: File, source: str, limits: ImageLimits, *, is_local: bool = False) -> ImageReport:
    """Check the header of a file against R14 to R17, and read no more of the file than that.

    Args:
        file: The file.
        source: The name of the file in the report.
        limits: The contract's limits of images.
        is_local: Whether to look for metadata after the header too, because reading the file costs no request.

    Raises:
        MediaError: The file cannot be read.
    """
    sized = _KnownSize(file)
    header = read_header(sized)  # first, because a server may send the size only at the end of the file
    width, height = displayed_size(sized, header, is_local=is_local) if header else (None, None)
    kind = format_of(file)
    size_rule = limits.file_size.rule
    return ImageReport(
        source=source,
        size_bytes=file.size,
        width_px=width,
        height_px=height,
        violations=tuple(violations(sized, limits, is_local=is_local)),
        unchecked=() if file.size is not None else ((size_rule, "the server does not send the file's size"),),
        format=kind,
    )


def inspect_whole(file: Reader, source: str, limits: ImageLimits) -> ImageReport:
    """Check the header of a file, and whether the picture is complete (R14).

    The checksums of a PNG are verified. A JPEG is decoded at an eighth of each side.

    Args:
        file: The file. It is read as a whole only if it is not larger than the contract allows.
        source: The name of the file in the report.
        limits: The contract's limits of images.

    Raises:
        MediaError: The file cannot be read.
    """
    rule = limits.format.rule
    kind = format_of(file)
    if kind not in ("jpeg", "png") or file.size > limits.file_size.max_bytes:
        report = inspect(file, source, limits, is_local=True)
        return (
            report if report.width_px is None else _unchecked(report, rule, "it is too large to be checked as a whole")
        )
    whole = InlineBytes(file.peek(0, file.size))
    report, header = inspect(whole, source, limits, is_local=True), read_header(whole)
    if header is None:
        return report
    obstacle = why_not_decoded(whole.content, header)
    if obstacle is not None:
        return _unchecked(report, rule, obstacle)
    if (png_is_whole if kind == "png" else _jpeg_is_whole)(whole.content):
        return report
    return evolve(report, violations=(*report.violations, Violation("", rule, "the image is cut off or damaged")))


def why_not_decoded(content: bytes, header: Header, max_pixels: int | None = None) -> str | None:
    """Return why decoding a JPEG or PNG would cost too much, even for a check; None if it would not."""
    pixels = header.width * header.height
    if pixels > (_MAX_CHECKED_PIXELS if max_pixels is None else max_pixels):
        return _TOO_LARGE
    if header.format == "png":
        return None
    obstacle = _why_too_many(content.count(_START_OF_SCAN), pixels)
    if obstacle is None:
        return None
    try:  # count exactly, because the bytes of a marker can also occur in metadata or after the picture
        return _why_too_many(scans(content, header), pixels)
    except UnreadableError:
        return None  # decoders stop early at damage


def _why_too_many(count: int, pixels: int) -> str | None:
    if count > _MAX_SCANS or count * pixels > _MAX_WORK:
        return "it has too many scans to be decoded"
    return _TOO_LARGE if count > 1 and pixels > _MAX_SCANNED_PIXELS else None


def _unchecked(report: ImageReport, rule: str, why: str) -> ImageReport:
    return evolve(report, unchecked=(*report.unchecked, (rule, f"it is unknown whether the image is complete: {why}")))


def png_is_whole(content: bytes) -> bool:
    """Return whether each chunk's checksum is right, there are pixels, and the end chunk is the last one.

    Pillow's `verify` checks less if LOAD_TRUNCATED_IMAGES is set, and refuses large compressed texts.
    """
    view = memoryview(content)
    has_pixels = False
    try:
        for part in png_chunks(content):
            crc_at = part.end - _CRC_LENGTH
            crc = zlib.crc32(view[part.start + 4 : crc_at])  # the checksum does not cover the length
            if int.from_bytes(view[crc_at : part.end]) != crc:
                return False
            has_pixels = has_pixels or part.kind == b"IDAT"
    except UnreadableError:
        return False
    return has_pixels


def _jpeg_is_whole(content: bytes) -> bool:
    """Return whether the picture can be decoded to its last line.

    `load` accepts pictures that are cut off if LOAD_TRUNCATED_IMAGES is set; the decoder itself never does.
    """
    from PIL import Image  # noqa: PLC0415 - most programs never decode pixels
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415

    try:
        with ignored_warnings():
            picture = JpegImageFile(io.BytesIO(content))
        with picture:
            picture.draft("L", (max(picture.width // _PART, 1), max(picture.height // _PART, 1)))
            (tile,) = picture.tile
            options: Any = tile.args
            Image.frombytes(picture.mode, picture.size, content, tile.codec_name, *options, *picture.decoderconfig)
    except Exception:  # noqa: BLE001 - Pillow raises many kinds on damaged input; each means that the image is damaged
        return False
    return True
