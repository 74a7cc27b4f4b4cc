"""Decode image files to upright pictures in grey or RGB, with 8 bits per channel."""

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
from kling_elements.media.images import MAX_PIXELS, decoding_obstacle, ignoring_warnings, is_complete_png
from kling_elements_client.errors import MediaError
from kling_elements_runtime.image_headers import PNG_SIGNATURE, read_header
from kling_elements_runtime.image_parts import png_chunks
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # JPEG includes MPO
_PLUGIN_FORMATS: Final = ("HEIF",)  # available if a Pillow plugin is installed
_JPEGS: Final = ("JPEG", "MPO")

_TURNING_ORIENTATIONS: Final = range(2, 9)  # EXIF orientations other than upright
# These change how pixels look.
_KEPT_INFO: Final = ("icc_profile", "transparency", "gamma", "chromaticity", "srgb", "coding")
_TEXTS: Final = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")  # chunks of a PNG that Pillow refuses if they are large
_MAX_UNPACKED_BYTES: Final = 16 * 1024 * 1024  # enough for any colour profile
_DEPTH_AT: Final = 24  # offset in bytes of the bits per sample in a PNG
_WIDE_DEPTH: Final = 16
_MEMORY_FACTORS: Final = {"WEBP": 2, "AVIF": 2, "HEIF": 2}  # how much more memory their decoders need
_DIVISORS: Final = (1, 2, 4, 8)  # a JPEG can be decoded with its sides divided by one of these
_WHITE_8_BIT = 255
_WHITE_16_BIT = 65_535


@contextmanager
def media_errors_from_pillow(name: str) -> Iterator[None]:
    """Turn every error from Pillow into a MediaError without Pillow's message, which may contain bytes of the file.

    Raises:
        MediaError: Any error was raised in the block.
    """
    try:
        yield
    except MediaError:
        raise
    except UnidentifiedImageError as error:
        raise MediaError(
            name, "is not an image that can be read; use a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"
        ) from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            name, f"has too many pixels to be decoded: more than {MAX_PIXELS}; make it smaller first"
        ) from error
    except Exception as error:  # Pillow raises many kinds on damaged input
        message = f"is cut off, damaged or cannot be decoded ({type(error).__name__}); export or download it again"
        raise MediaError(name, message) from error


def decode(name: str, content: bytes, max_pixels: int) -> tuple[Image.Image, list[str]]:
    """Return the picture in a file, turned upright, and a sentence for each change.

    Raises:
        MediaError: The picture has too many pixels, or the file is damaged.
        Exception: Pillow raises many kinds; use `media_errors_from_pillow`.
    """
    formats = (*_FORMATS, *(plugin_format for plugin_format in _PLUGIN_FORMATS if plugin_format in Image.OPEN))
    readable, profile = (content, None)
    if content.startswith(PNG_SIGNATURE):
        if not is_complete_png(content):
            raise MediaError(name, "is cut off or damaged; export or download it again")
        readable, profile = _strip_texts(content)
    with ignoring_warnings():
        opened = Image.open(io.BytesIO(readable), formats=formats)
    with opened as file:
        changes = _limit_pixels(file, name, content, max_pixels)
        animation_changes = _animation_changes(file)
        file.load()
        picture = file._new(file.im)  # noqa: SLF001 - frees what the decoder holds; a copy would take much memory
        picture.format = file.format
        picture.info |= {"icc_profile": profile} if profile else {}
        picture.info |= {"coding": coding} if (coding := colours.find_coding(content)) else {}
        transparent = picture.info.get("transparency")
        if isinstance(transparent, tuple) and content[_DEPTH_AT] == _WIDE_DEPTH:
            picture.info["transparency"] = tuple(value >> 8 for value in transparent)  # as Pillow converts the pixels
        return _turn(picture, _orientation(file), [*changes, *animation_changes])


def _limit_pixels(picture: Image.Image, name: str, content: bytes, max_pixels: int) -> list[str]:
    """Let a JPEG with too many pixels be decoded smaller, and return a sentence for that change.

    Raises:
        MediaError: The picture still has too many pixels, or is not a JPEG.
    """
    size = picture.size
    if is_jpeg(picture):
        header = read_header(InlineBytes(content))
        if header is not None and (obstacle := decoding_obstacle(content, header, MAX_PIXELS)) is not None:
            raise MediaError(name, f"cannot be decoded: {obstacle}; make it smaller first")
        divisors = (divisor for divisor in _DIVISORS if math.prod(size) <= max_pixels * divisor**2)
        divisor = next(divisors, _DIVISORS[-1])
        picture.draft(None, (max(size[0] // divisor, 1), max(size[1] // divisor, 1)))
    check_pixels(name, math.prod(picture.size) * _MEMORY_FACTORS.get(str(picture.format), 1), max_pixels)
    return [] if size == picture.size else [f"made smaller from {px(size)} to {px(picture.size)} by the decoder"]


def check_pixels(name: str, pixels: int, max_pixels: int) -> None:
    """Refuse a picture that would need too much memory.

    Raises:
        MediaError: The picture has too many pixels.
    """
    if pixels > max_pixels:
        message = f"has too many pixels to be decoded: {pixels}, but at most {max_pixels} are allowed"
        raise MediaError(
            name,
            f"{message} (pixels of WebP, AVIF and HEIF count twice); make it smaller, or pass a larger max_pixels",
        )


def _strip_texts(content: bytes) -> tuple[bytes, bytes | None]:
    """Return a PNG without its texts and colour profile, which Pillow refuses if they are large, and the profile."""
    chunks, profile = [PNG_SIGNATURE], None
    try:
        for chunk in png_chunks(content):
            if chunk.kind == b"iCCP":
                _, _, packed = content[chunk.data : chunk.end - 4].partition(b"\0")
                profile = zlib.decompressobj().decompress(packed[1:], _MAX_UNPACKED_BYTES)
            if chunk.kind not in _TEXTS:
                chunks.append(content[chunk.start : chunk.end])
    except (DamagedFileError, zlib.error):
        return content, None
    return b"".join(chunks), profile


def turn_upright(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a copy of a picture, turned upright by its EXIF orientation, and a sentence for each change.

    Raises:
        Exception: Pillow raises many kinds; use `media_errors_from_pillow`.
    """
    picture.load()
    copy = picture.copy()
    copy.format = picture.format
    return _turn(copy, _orientation(picture), _animation_changes(picture))


def _animation_changes(picture: Image.Image) -> list[str]:
    """Return a sentence for the change if a file contains several pictures."""
    return ["kept the first of several pictures"] if getattr(picture, "is_animated", False) else []


def _turn(picture: Image.Image, orientation: Any, changes: list[str]) -> tuple[Image.Image, list[str]]:
    """Turn a picture upright and remove its metadata. Return it with a sentence for each change."""
    picture.info = {key: value for key, value in picture.info.items() if key in _KEPT_INFO}
    if orientation in _TURNING_ORIENTATIONS:
        picture.getexif()[ExifTag.Orientation] = orientation
        ImageOps.exif_transpose(picture, in_place=True)
        changes = [*changes, "turned upright as its EXIF orientation says"]
    return picture, changes


def is_jpeg(picture: Image.Image) -> bool:
    """Return whether a picture was read from a JPEG."""
    return picture.format in _JPEGS


def _orientation(picture: Image.Image) -> Any:
    try:
        with ignoring_warnings():
            return picture.getexif().get(ExifTag.Orientation)
    except Exception:  # noqa: BLE001 - damaged metadata count as none, as in viewers; Pillow raises many kinds
        return None


def to_plain(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Convert a picture to mode L, LA, RGB or RGBA. Return it with a sentence for each change.

    Raises:
        Exception: Pillow raises many kinds; use `media_errors_from_pillow`.
    """
    info, changes = picture.info, []
    if picture.mode == "CMYK":
        result, how = _from_cmyk(picture, info.get("icc_profile"))
        info = {}
        changes.append(f"converted from CMYK to RGB {how}")
    elif picture.mode.startswith(("I", "F")):
        result = _reduce_to_8_bits(picture)
        changes.append("reduced to 8 bits per channel")
    elif picture.has_transparency_data:
        result = _with_alpha(picture)
    else:
        result = _convert(picture, "L" if picture.mode in ("1", "L") else "RGB")
    result, colour_changes = colours.to_srgb(result, info)
    return result, changes + colour_changes


def _convert(picture: Image.Image, mode: str) -> Image.Image:
    """Convert a picture to a mode. If it has that mode already, return the same object, to save memory."""
    return picture if picture.mode == mode else picture.convert(mode)


def _from_cmyk(picture: Image.Image, profile: Any) -> tuple[Image.Image, str]:
    try:
        return colours.convert_by_profile(picture, profile), "with its colour profile"
    except (OSError, TypeError, ImageCms.PyCMSError):
        return picture.convert("RGB"), "without a colour profile; colours may look different"


def _reduce_to_8_bits(picture: Image.Image) -> Image.Image:
    """Convert a picture to 8-bit grey. If its mode does not define white, the brightest pixel decides."""
    wide = picture if picture.mode in ("I", "F") else picture.convert("I")
    whites_by_mode = {"I": (_WHITE_8_BIT, _WHITE_16_BIT), "F": (1, _WHITE_8_BIT, _WHITE_16_BIT)}
    whites = whites_by_mode.get(picture.mode, (_WHITE_16_BIT,))

    highest: Any = wide.getextrema()[1]
    white = next((white for white in whites if highest <= white), highest)
    reduced = wide.point(lambda value: value * (_WHITE_8_BIT / white) + 0.5).convert("L")
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int) and wide.mode == "I" and 0 <= transparent <= _WHITE_16_BIT:
        opacity = [_WHITE_8_BIT] * (_WHITE_16_BIT + 1)
        opacity[transparent] = 0
        reduced.putalpha(wide.point(opacity, "L"))
    return reduced


def _with_alpha(picture: Image.Image) -> Image.Image:
    """Return a picture with an alpha channel, or without one if every pixel is opaque."""
    result = _convert(picture, "LA" if picture.mode in ("1", "L", "LA", "La") else "RGBA")
    is_opaque = result.getchannel("A").getextrema() == (_WHITE_8_BIT, _WHITE_8_BIT)
    return result.convert(opaque_mode(result)) if is_opaque else result


def opaque_mode(picture: Image.Image) -> str:
    """Return the mode of a plain picture without its alpha channel."""
    return picture.mode.removesuffix("A")
