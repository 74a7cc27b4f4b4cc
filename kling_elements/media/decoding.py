"""From the bytes of an image file to a plain picture: decoded, upright, in grey or RGB of 8 bits per channel."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base as ExifTag

from kling_elements.media import colours
from kling_elements.media.fitted import px
from kling_elements.media.images import MAX_PIXELS, png_is_whole, ignored_warnings, why_not_decoded
from kling_elements_client.errors import MediaError
from kling_elements_runtime.image_headers import PNG_SIGNATURE, read_header
from kling_elements_runtime.image_parts import png_chunks
from kling_elements_runtime.uploads import InlineBytes, UnreadableError

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # JPEG stands for MPO too
_OF_PLUGINS: Final = ("HEIF",)  # formats that other packages may have taught Pillow
_JPEGS: Final = ("JPEG", "MPO")

_TURNED: Final = range(2, 9)  # EXIF orientations other than upright
_KEPT: Final = ("icc_profile", "transparency", "gamma", "chromaticity", "srgb", "coding")  # how pixels look
_TEXTS: Final = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")  # chunks of a PNG of which Pillow refuses large ones
_MAX_UNPACKED_BYTES: Final = 16 * 1024 * 1024  # of a profile that is read at all
_DEPTH_AT: Final = 24  # the offset of the bits of a sample in a PNG
_WIDE_DEPTH: Final = 16
_WEIGHTS: Final = {"WEBP": 2, "AVIF": 2, "HEIF": 2}  # how many times the memory of others their decoders take
_PARTS: Final = (1, 2, 4, 8)  # of each side of a JPEG, as which it can be decoded
_WHITE = 255  # of 8 bits
_WIDE_WHITE = 65_535  # of 16 bits


@contextmanager
def media_errors_from_pillow(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises into one error, without its own words, which may hold bytes of the file.

    Raises:
        MediaError: Something was raised.
    """
    try:
        yield
    except MediaError:
        raise
    except UnidentifiedImageError as error:
        raise MediaError(
            name, "is no image that can be read; give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"
        ) from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            name, f"has too many pixels to be decoded: more than {MAX_PIXELS}; make it smaller first"
        ) from error
    except Exception as error:  # on hostile input Pillow raises many kinds
        says = f"the image breaks off, is damaged or cannot be decoded ({type(error).__name__})"
        raise MediaError(name, says) from error


def decoded(name: str, content: bytes, max_pixels: int) -> tuple[Image.Image, list[str]]:
    """Return the picture in a file, as `upright` returns it.

    Raises:
        MediaError: It has too many pixels.
        Exception: Of many kinds; run it in `media_errors_from_pillow`.
    """
    formats = (*_FORMATS, *(each for each in _OF_PLUGINS if each in Image.OPEN))
    given, profile = (content, None)
    if content.startswith(PNG_SIGNATURE):
        if not png_is_whole(content):
            raise MediaError(name, "the image breaks off or is damaged")
        given, profile = _readable(content)
    with ignored_warnings():
        opened = Image.open(io.BytesIO(given), formats=formats)
    with opened as file:
        changes = _bounded(file, name, content, max_pixels)
        several = ["kept one picture of several"] if getattr(file, "is_animated", False) else []
        file.load()
        picture = file._new(file.im)  # noqa: SLF001 - without what its decoder holds; a copy takes much memory
        picture.format = file.format
        picture.info |= {"icc_profile": profile} if profile else {}
        picture.info |= {"coding": coding} if (coding := colours.coding_in(content)) else {}
        transparent = picture.info.get("transparency")
        if isinstance(transparent, tuple) and content[_DEPTH_AT] == _WIDE_DEPTH:
            picture.info["transparency"] = tuple(value >> 8 for value in transparent)  # as Pillow does with the pixels
        return _turned(picture, _orientation(file), [*changes, *several])


def _bounded(picture: Image.Image, name: str, content: bytes, max_pixels: int) -> list[str]:
    """Have a JPEG decoded smaller if it has too many pixels, and return a sentence about it.

    Raises:
        MediaError: It has too many pixels even so, or is a file of another kind.
    """
    size = picture.size
    if is_jpeg(picture):
        header = read_header(InlineBytes(content))
        if header is not None and (why_not := why_not_decoded(content, header, MAX_PIXELS)) is not None:
            raise MediaError(name, f"{why_not}; make it smaller first")
        parts = (part for part in _PARTS if math.prod(size) <= max_pixels * part**2)
        part = next(parts, _PARTS[-1])
        picture.draft(None, (max(size[0] // part, 1), max(size[1] // part, 1)))
    check_pixels(name, math.prod(picture.size) * _WEIGHTS.get(str(picture.format), 1), max_pixels)
    return [] if size == picture.size else [f"made smaller from {px(size)} to {px(picture.size)}, as it is decoded"]


def check_pixels(name: str, pixels: int, max_pixels: int) -> None:
    """Refuse a picture that takes too much memory.

    Raises:
        MediaError: It has too many pixels.
    """
    if pixels > max_pixels:
        says = f"has too many pixels to be decoded: {pixels} where at most {max_pixels} are allowed"
        raise MediaError(
            name,
            f"{says} (each of a WebP, AVIF or HEIF counts twice); make it smaller first, or raise max_pixels",
        )


def _readable(content: bytes) -> tuple[bytes, bytes | None]:
    """Return a PNG without texts and without its colour profile, which Pillow refuses if they are large; and that."""
    parts, profile = [PNG_SIGNATURE], None
    try:
        for part in png_chunks(content):
            if part.kind == b"iCCP":
                _, _, packed = content[part.data : part.end - 4].partition(b"\0")
                profile = zlib.decompressobj().decompress(packed[1:], _MAX_UNPACKED_BYTES)
            if part.kind not in _TEXTS:
                parts.append(content[part.start : part.end])
    except (UnreadableError, zlib.error):
        return content, None
    return b"".join(parts), profile


def upright(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a copy of a picture, turned as its EXIF orientation says, and sentences about what was changed.

    Raises:
        Exception: Of many kinds; run it in `media_errors_from_pillow`.
    """
    several = ["kept one picture of several"] if getattr(picture, "is_animated", False) else []
    picture.load()
    copy = picture.copy()
    copy.format = picture.format
    return _turned(copy, _orientation(picture), several)


def _turned(picture: Image.Image, orientation: Any, changes: list[str]) -> tuple[Image.Image, list[str]]:
    """Turn a picture upright, leave its metadata out, and return it with what was changed."""
    picture.info = {key: value for key, value in picture.info.items() if key in _KEPT}
    if orientation in _TURNED:
        picture.getexif()[ExifTag.Orientation] = orientation
        ImageOps.exif_transpose(picture, in_place=True)
        changes = [*changes, "turned upright as its EXIF orientation says"]
    return picture, changes


def is_jpeg(picture: Image.Image) -> bool:
    """Return whether a picture was read from a JPEG."""
    return picture.format in _JPEGS


def _orientation(picture: Image.Image) -> Any:
    try:
        with ignored_warnings():
            return picture.getexif().get(ExifTag.Orientation)
    except Exception:  # noqa: BLE001 - on hostile input Pillow raises many kinds; it counts as none, as in viewers
        return None


def plain(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a picture of mode L, LA, RGB or RGBA, with a profile or no `info`, and sentences about what was changed.

    Raises:
        Exception: Of many kinds; run it in `media_errors_from_pillow`.
    """
    info, changes = picture.info, []
    if picture.mode == "CMYK":
        result, how = _from_cmyk(picture, info.get("icc_profile"))
        info = {}
        changes.append(f"converted from CMYK to RGB {how}")
    elif picture.mode.startswith(("I", "F")):
        result = _narrowed(picture)
        changes.append("reduced to 8 bits per channel")
    elif picture.has_transparency_data:
        result = _with_alpha(picture)
    else:
        result = _converted(picture, "L" if picture.mode in ("1", "L") else "RGB")
    result, recoloured = colours.in_srgb(result, info)
    return result, changes + recoloured


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    """Return a picture in a mode; itself if it has that, as a copy takes much memory."""
    return picture if picture.mode == mode else picture.convert(mode)


def _from_cmyk(picture: Image.Image, profile: Any) -> tuple[Image.Image, str]:
    try:
        return colours.by_profile(picture, profile), "by its colour profile"
    except (OSError, TypeError, ImageCms.PyCMSError):
        return picture.convert("RGB"), "without a colour profile, so that colours may look different"


def _narrowed(picture: Image.Image) -> Image.Image:
    """Return grey of 8 bits, from grey of 16 bits, or from numbers of which only the highest tells what white is."""
    wide = picture if picture.mode in ("I", "F") else picture.convert("I")
    whites = {"I": (_WHITE, _WIDE_WHITE), "F": (1, _WHITE, _WIDE_WHITE)}.get(picture.mode, (_WIDE_WHITE,))
    highest: Any = wide.getextrema()[1]
    white = next((white for white in whites if highest <= white), highest)
    narrow = wide.point(lambda value: value * (_WHITE / white) + 0.5).convert("L")
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int) and wide.mode == "I" and 0 <= transparent <= _WIDE_WHITE:
        opacity = [_WHITE] * (_WIDE_WHITE + 1)
        opacity[transparent] = 0
        narrow.putalpha(wide.point(opacity, "L"))
    return narrow


def _with_alpha(picture: Image.Image) -> Image.Image:
    """Return a picture with an alpha channel, unless all of it is opaque."""
    result = _converted(picture, "LA" if picture.mode in ("1", "L", "LA", "La") else "RGBA")
    is_opaque = result.getchannel("A").getextrema() == (_WHITE, _WHITE)
    return result.convert(opaque_mode(result)) if is_opaque else result


def opaque_mode(picture: Image.Image) -> str:
    """Return the mode of a plain picture without an alpha channel."""
    return picture.mode.removesuffix("A")
