"""Encode plain pictures as PNG, or as the best JPEG that fits into a number of bytes."""

from __future__ import annotations

import io
import math
from typing import Any

from PIL import Image, ImageColor

from kling_elements.media import decoding

MIN_QUALITY = 50  # below this, a smaller picture looks better
_MAX_QUALITY = 100
_FULL_COLOUR = 90  # minimum quality for full colour resolution; below it, the bytes are better spent on detail


def encode_best(
    picture: Image.Image, max_bytes: int, background: str, *, as_jpeg: bool
) -> tuple[bytes, list[str]] | None:
    """Encode a plain picture without loss, or with the least loss that fits.

    Args:
        picture: A picture of mode L, LA, RGB or RGBA, as `decoding.to_plain` returns it.
        max_bytes: The maximum size of the file in bytes.
        background: The colour that replaces transparency if the file is a JPEG.
        as_jpeg: Whether to write a JPEG even if a PNG fits.

    Returns:
        The file's bytes and a sentence for each change, or None if even the lowest quality does not fit.
    """
    if not as_jpeg:
        content = _save(picture, max_bytes, format="PNG")
        if content is not None:
            return content, ["encoded as PNG"]
    flat = flatten(picture, background)
    result = _best_jpeg(flat, max_bytes)
    if result is None:
        return None
    content, quality = result
    return content, [
        *flattening_changes(picture, background),
        f"encoded as JPEG of quality {quality}, {'4:4:4' if quality >= _FULL_COLOUR else '4:2:0'}",
    ]


def _best_jpeg(picture: Image.Image, max_bytes: int) -> tuple[bytes, int] | None:
    """Return the JPEG of the highest quality that fits, and its quality, or None if none fits."""
    best = None
    low, high = MIN_QUALITY, _MAX_QUALITY
    quality = high  # try this first, because most pictures fit
    while low <= high:
        content = jpeg(picture, quality, max_bytes)
        if content is None:
            high = quality - 1
        else:
            best, low = (content, quality), quality + 1
        quality = (low + high) // 2
    return best


def jpeg(picture: Image.Image, quality: int, max_bytes: float = math.inf) -> bytes | None:
    """Return a picture as a JPEG file, or None if the file would have more than `max_bytes`."""
    # Without `optimize`: for pictures that are mostly noise, Pillow then allocates too small a buffer and raises.
    subsampling = "4:4:4" if quality >= _FULL_COLOUR else "4:2:0"
    return _save(picture, max_bytes, format="JPEG", quality=quality, subsampling=subsampling)


def flatten(picture: Image.Image, background: str) -> Image.Image:
    """Return a picture without transparency, or the same object if it has none."""
    mode = decoding.opaque_mode(picture)
    if mode == picture.mode:
        return picture
    flat = Image.new(mode, picture.size, ImageColor.getcolor(background, mode))
    flat.paste(picture, mask=picture.getchannel("A"))  # converting a colour picture first would need another copy
    flat.info = picture.info
    return flat


def flattening_changes(picture: Image.Image, background: str) -> list[str]:
    """Describe the change that `flatten` makes, as a list of at most one sentence."""
    opaque = decoding.opaque_mode(picture) == picture.mode
    return [] if opaque else [f"filled its transparent areas with {background}, because a JPEG has no transparency"]


def _save(picture: Image.Image, max_bytes: float, **options: Any) -> bytes | None:
    """Return a picture as a file, with its colour profile, or None if the file would have more than `max_bytes`."""
    file = _LimitedFile(max_bytes)
    try:
        picture.save(file, icc_profile=picture.info.get("icc_profile"), **options)
    except _TooLargeError:
        return None
    return file.getvalue()


class _TooLargeError(Exception):
    """The file would have too many bytes."""


class _LimitedFile(io.BytesIO):
    """A file with a maximum size, so that encoding stops as soon as the result is too large."""

    def __init__(self, max_bytes: float) -> None:
        super().__init__()
        self._max_bytes = max_bytes

    def write(self, chunk: Any) -> int:
        if self.tell() + len(chunk) > self._max_bytes:
            raise _TooLargeError
        return super().write(chunk)
