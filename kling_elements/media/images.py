"""Check an image file: its format, its header, and whether the picture is complete."""

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
    PictureHeader,
    displayed_size,
    read_header,
    violations,
)
from kling_elements_runtime.image_kinds import format_of
from kling_elements_runtime.image_parts import count_scans, png_chunks
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes, Reader

MAX_PIXELS = 178_956_970
"""The maximum number of pixels to decode. Pillow refuses more; the largest cameras have 150 million."""
_MAX_CHECKED_PIXELS = MAX_PIXELS // 2
"""The maximum number of pixels to decode for a check. Above it, Pillow warns of decompression bombs.

Each side is decoded at an eighth of its length.
"""
_MAX_SCANNED_PIXELS = 60_000_000
"""The maximum number of pixels of a JPEG with several scans. Its decoder needs 6 to 8 bytes for each pixel."""
_MAX_SCANS = 100  # real pictures have about a dozen
_MAX_SCANNED_TOTAL_PIXELS = 1_500_000_000  # pixels of all scans together; decoding these takes a few seconds
_START_OF_SCAN = b"\xff\xda"
_TOO_LARGE = "it has too many pixels to be decoded"
_DIVISOR = 8  # divides each side; JPEG decoders do not support smaller pictures
_CRC_LENGTH = 4  # bytes
warnings_lock = threading.Lock()


class RandomAccessFile(Protocol):
    """A file that can be read in parts. The size of a file at a URL may be unknown.

    `size` is the file's size in bytes, or None. `peek` returns bytes from an offset on, or fewer if the file ends.
    """

    @property
    def size(self) -> int | None: ...
    def peek(self, offset: int, count: int) -> bytes: ...


@frozen
class _KnownSize:
    """A file whose size is always a number. An unknown size counts as 0, so it breaks no limit."""

    _file: RandomAccessFile

    @property
    def size(self) -> int:
        return self._file.size or 0

    def peek(self, offset: int, count: int) -> bytes:
        return self._file.peek(offset, count)


@contextmanager
def ignoring_warnings() -> Iterator[None]:
    """Suppress warnings during the block. A lock guards the global filters, so do nothing slow in the block."""
    with warnings_lock, warnings.catch_warnings(action="ignore"):
        yield


def inspect(file: RandomAccessFile, source: str, limits: ImageLimits, *, is_local: bool = False) -> ImageReport:
    """Check the header of a file against R14 to R17, without reading the rest of the file.

    Args:
        file: The file.
        source: The name of the file in the report.
        limits: The contract's limits of images.
        is_local: Whether to look for metadata after the header too. Use False if reading costs requests.

    Raises:
        MediaError: The file cannot be read.
    """
    sized = _KnownSize(file)
    header = read_header(sized)  # read first, because a server may send the size only at the end of the file
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
        file: The file. If it is larger than the contract allows, only its header is read.
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
            report
            if report.width_px is None
            else _with_unchecked_rule(report, rule, "it is too large to be checked as a whole")
        )
    whole = InlineBytes(file.peek(0, file.size))
    report, header = inspect(whole, source, limits, is_local=True), read_header(whole)
    if header is None:
        return report
    obstacle = decoding_obstacle(whole.content, header)
    if obstacle is not None:
        return _with_unchecked_rule(report, rule, obstacle)
    if (is_complete_png if kind == "png" else _is_complete_jpeg)(whole.content):
        return report
    return evolve(report, violations=(*report.violations, Violation("", rule, "the image is cut off or damaged")))


def decoding_obstacle(content: bytes, header: PictureHeader, max_pixels: int | None = None) -> str | None:
    """Return the reason why a JPEG or PNG would cost too much to decode, or None if it would not."""
    pixels = header.width * header.height
    if pixels > (_MAX_CHECKED_PIXELS if max_pixels is None else max_pixels):
        return _TOO_LARGE
    if header.format == "png":
        return None
    obstacle = _scans_obstacle(content.count(_START_OF_SCAN), pixels)
    if obstacle is None:
        return None
    try:  # count exactly, because the bytes of a marker can also occur in metadata or after the picture
        return _scans_obstacle(count_scans(content, header), pixels)
    except DamagedFileError:
        return None  # decoders stop early at damage


def _scans_obstacle(count: int, pixels: int) -> str | None:
    if count > _MAX_SCANS or count * pixels > _MAX_SCANNED_TOTAL_PIXELS:
        return "it has too many scans to be decoded"
    return _TOO_LARGE if count > 1 and pixels > _MAX_SCANNED_PIXELS else None


def _with_unchecked_rule(report: ImageReport, rule: str, reason: str) -> ImageReport:
    return evolve(
        report, unchecked=(*report.unchecked, (rule, f"it is unknown whether the image is complete: {reason}"))
    )


def is_complete_png(content: bytes) -> bool:
    """Return whether all checksums are right, there are pixels, and the end chunk comes last.

    Pillow's `verify` is not used, because it checks less if LOAD_TRUNCATED_IMAGES is set, and refuses large texts.
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
    except DamagedFileError:
        return False
    return has_pixels


def _is_complete_jpeg(content: bytes) -> bool:
    """Return whether the picture can be decoded to its last line.

    Pillow's `load` is not used, because it accepts incomplete pictures if LOAD_TRUNCATED_IMAGES is set.
    """
    from PIL import Image  # noqa: PLC0415 - most programs never decode pixels
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415

    try:
        with ignoring_warnings():
            picture = JpegImageFile(io.BytesIO(content))
        with picture:
            picture.draft("L", (max(picture.width // _DIVISOR, 1), max(picture.height // _DIVISOR, 1)))
            (tile,) = picture.tile
            options: Any = tile.args
            Image.frombytes(picture.mode, picture.size, content, tile.codec_name, *options, *picture.decoderconfig)
    except Exception:  # noqa: BLE001 - Pillow raises many kinds on damaged input; each means that the image is damaged
        return False
    return True
