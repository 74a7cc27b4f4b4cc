"""Writes plain pictures into files: PNG, or the best JPEG that fits into so many bytes."""

from __future__ import annotations

import io
import math
from typing import Any

from PIL import Image, ImageColor

from kling_elements.media import decoding

MIN_QUALITY = 50  # below it, JPEG is coarser than the standard's own tables; a smaller picture looks better then
_MAX_QUALITY = 100
_FULL_COLOUR = 90  # quality from which on colour is kept at full resolution; below, detail gains more from the bytes


def best(picture: Image.Image, max_bytes: int, background: str, *, as_jpeg: bool) -> tuple[bytes, list[str]] | None:
    """Return a plain picture in a file without loss, or else with the least that fits; and how it was encoded.

    Args:
        picture: A picture of mode L, LA, RGB or RGBA, as `decoding.plain` makes it.
        max_bytes: How many bytes the file may have.
        background: The colour behind transparent pixels, where the file is a JPEG.
        as_jpeg: Whether it is to be a JPEG even if a PNG fits.

    Returns:
        The file's bytes and a sentence for each change; None where not even the lowest quality fits.
    """
    if not as_jpeg:
        content = _written(picture, max_bytes, format="PNG")
        if content is not None:
            return content, ["encoded as PNG"]
    flat = laid_on(background, picture)
    found = _best_jpeg(flat, max_bytes)
    if found is None:
        return None
    content, quality = found
    return content, [
        *how_laid(background, picture),
        f"encoded as JPEG of quality {quality}, {'4:4:4' if quality >= _FULL_COLOUR else '4:2:0'}",
    ]


def _best_jpeg(picture: Image.Image, max_bytes: int) -> tuple[bytes, int] | None:
    """Return the JPEG of the highest quality that fits, and its quality, by halving the range."""
    best = None
    low, high = MIN_QUALITY, _MAX_QUALITY
    quality = high  # most pictures fit at once
    while low <= high:
        content = jpeg(picture, quality, max_bytes)
        if content is None:
            high = quality - 1
        else:
            best, low = (content, quality), quality + 1
        quality = (low + high) // 2
    return best


def jpeg(picture: Image.Image, quality: int, max_bytes: float = math.inf) -> bytes | None:
    """Return a picture as a JPEG file; None where that would have more bytes."""
    # Not with `optimize`: where a picture is mostly noise, Pillow then runs out of the room it sets aside, and raises.
    subsampling = "4:4:4" if quality >= _FULL_COLOUR else "4:2:0"
    return _written(picture, max_bytes, format="JPEG", quality=quality, subsampling=subsampling)


def laid_on(background: str, picture: Image.Image) -> Image.Image:
    """Return a picture without transparency; itself if it has none."""
    mode = decoding.opaque_mode(picture)
    if mode == picture.mode:
        return picture
    flat = Image.new(mode, picture.size, ImageColor.getcolor(background, mode))
    flat.paste(picture, mask=picture.getchannel("A"))  # without a copy that is converted, if it has colours
    flat.info = picture.info
    return flat


def how_laid(background: str, picture: Image.Image) -> list[str]:
    """Return a sentence about what `laid_on` changes in a picture, if it changes anything."""
    opaque = decoding.opaque_mode(picture) == picture.mode
    return [] if opaque else [f"laid on {background}, as a JPEG has no transparency"]


def _written(picture: Image.Image, max_bytes: float, **options: Any) -> bytes | None:
    """Return a picture in a file, with its colour profile; None where that would have more bytes."""
    file = _Limited(max_bytes)
    try:
        picture.save(file, icc_profile=picture.info.get("icc_profile"), **options)
    except _FullError:
        return None
    return file.getvalue()


class _FullError(Exception):
    """The file would have too many bytes."""


class _Limited(io.BytesIO):
    """A file that may have so many bytes, so that encoding ends where it is in vain."""

    def __init__(self, max_bytes: float) -> None:
        super().__init__()
        self._max_bytes = max_bytes

    def write(self, piece: Any) -> int:
        if self.tell() + len(piece) > self._max_bytes:
            raise _FullError
        return super().write(piece)
