# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""Judges the Base64 text of an image by the limits in the spec's `x-image`. Only the file's header is decoded."""

from __future__ import annotations

import binascii
import io
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

Limits = dict[str, Any]

_SIDEWAYS = range(5, 9)  # EXIF orientations that are shown rotated by a quarter turn
_WINDOW = 6 * 1024  # bytes decoded at a time; a multiple of 3, so that windows begin between groups of four characters


class _Base64File(io.RawIOBase):
    """The file that a Base64 text holds; windows of it are decoded as they are read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._size = decoded_size(text)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        group, skip = divmod(self._position, 3)
        groups = (skip + len(buffer) + 2) // 3
        window = binascii.a2b_base64(self._text[group * 4 : (group + groups) * 4], strict_mode=True)
        found = window[skip : skip + len(buffer)]
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)


def decoded_size(text: str) -> int:
    """How many bytes a padded Base64 text holds, without decoding it."""
    return len(text) // 4 * 3 - text.count("=", -2)


def violations(text: str, limits: Limits) -> Iterator[tuple[str, str]]:
    """Pairs of rule and message for everything in which an image file breaks the limits.

    Args:
        text: The file in padded Base64, known to be such.
        limits: The spec's `x-image` object: bytes, pixels, and the ratio of the longer side to the shorter.
    """
    allowed_bytes = limits["file-size"]["max-bytes"]
    if (size := decoded_size(text)) > allowed_bytes:
        yield limits["file-size"]["x-source"], f"the image file has {size} bytes, at most {allowed_bytes} are allowed"

    formats = limits["format"]["one-of"]
    image = _open(text, formats)
    if image is None:
        names = " or ".join(name.upper() for name in formats)
        yield limits["format"]["x-source"], f"the content is no readable {names} file"
        return

    short, long = sorted(image.size)
    least = limits["displayed-sides"]["min-px"]
    if short < least:
        yield (
            limits["displayed-sides"]["x-source"],
            f"the image is shown as {_displayed(image)} px, both sides must have at least {least} px",
        )
    most = limits["aspect-ratio"]["max-long-to-short"]
    if long > short * most:
        yield (
            limits["aspect-ratio"]["x-source"],
            f"the image is shown as {_displayed(image)} px, its ratio must be between 1:{most} and {most}:1",
        )


@cache
def _readers() -> dict[str, Callable[[Any], ImageFile]]:
    """Pillow's readers by format. Not Image.open: it refuses large pictures that the contract allows."""
    from PIL import JpegImagePlugin, PngImagePlugin  # noqa: PLC0415 - most programs send addresses and never need Pillow

    return {"jpeg": JpegImagePlugin.JpegImageFile, "png": PngImagePlugin.PngImageFile}


def _open(text: str, formats: list[str]) -> ImageFile | None:
    """The image with its header read, or None where no reader of these formats accepts the header."""
    for name in formats:
        try:
            return _readers()[name](io.BufferedReader(_Base64File(text), _WINDOW))
        except Exception:  # noqa: BLE001, S112 - on hostile input Pillow raises many kinds
            continue
    return None


def _displayed(image: ImageFile) -> str:
    """Width and height as a viewer shows them, which is what the rules of size and ratio mean."""
    from PIL import Image  # noqa: PLC0415 - as above
    from PIL.ExifTags import Base as ExifTag  # noqa: PLC0415

    width, height = image.size
    # Turning a picture changes neither rule's verdict, so the orientation is read for the message alone. One that
    # cannot be read counts as none, as in viewers. Not image.getexif(): on a PNG it decodes the whole picture.
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        orientation = exif.get(ExifTag.Orientation)
    except Exception:  # noqa: BLE001 - as above
        orientation = None
    return f"{height}x{width}" if orientation in _SIDEWAYS else f"{width}x{height}"


__all__ = ["decoded_size", "violations"]
