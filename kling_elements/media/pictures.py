"""From the bytes of an image file to a plain picture: decoded, upright, in grey or RGB of 8 bits per channel."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base as ExifTag

from kling_elements.media.images import MOST_PIXELS, has_too_many_scans
from kling_elements_client.errors import MediaError
from kling_elements_runtime.image_headers import silence

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # JPEG stands for MPO too
_OF_PLUGINS: Final = ("HEIF",)  # formats that other packages may have taught Pillow
_JPEGS: Final = ("JPEG", "MPO")

_TURNED: Final = range(2, 9)  # EXIF orientations other than upright
_KEPT: Final = ("icc_profile", "transparency")  # what tells how pixels look; other metadata is dropped
_WHITE = 255  # of 8 bits
_WIDE_WHITE = 65_535  # of 16 bits


@contextmanager
def decoding(name: str) -> Iterator[None]:
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
        says = f"has too many pixels to be decoded: more than {MOST_PIXELS}, or too many scans of fewer"
        raise MediaError(name, f"{says}; make it smaller first") from error
    except Exception as error:  # on hostile input Pillow raises many kinds
        says = f"the image breaks off, is damaged or cannot be decoded ({type(error).__name__})"
        raise MediaError(name, says) from error


def decoded(content: bytes) -> tuple[Image.Image, list[str]]:
    """Return the picture in a file, as `upright` returns it.

    Raises:
        Exception: Of many kinds; run it in `decoding`.
    """
    formats = (*_FORMATS, *(name for name in _OF_PLUGINS if name in Image.OPEN))
    with _quiet(), Image.open(io.BytesIO(content), formats=formats) as picture:
        if is_jpeg(picture) and has_too_many_scans(content, math.prod(picture.size)):
            raise Image.DecompressionBombError
        picture.verify()  # finds broken checksums of a PNG, and leaves the object unusable
    with _quiet():
        opened = Image.open(io.BytesIO(content), formats=formats)
    with opened as picture:
        return upright(picture)


def upright(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a copy of a picture, turned as its EXIF orientation says, and sentences about what was changed.

    Raises:
        Exception: Of many kinds; run it in `decoding`.
    """
    if math.prod(picture.size) > MOST_PIXELS:
        raise Image.DecompressionBombError
    with _quiet():
        changes = ["kept one picture of several"] if getattr(picture, "is_animated", False) else []
        picture.load()
        orientation = _orientation(picture)
    copy = picture.copy()
    copy.format = picture.format
    copy.info = {key: value for key, value in picture.info.items() if key in _KEPT}
    if orientation in _TURNED:
        copy.getexif()[ExifTag.Orientation] = orientation
        ImageOps.exif_transpose(copy, in_place=True)
        changes.append("turned upright as its EXIF orientation says")
    return copy, changes


def is_jpeg(picture: Image.Image) -> bool:
    """Return whether a picture was read from a JPEG."""
    return picture.format in _JPEGS


@contextmanager
def _quiet() -> Iterator[None]:
    """Let no warning out: filters of them are global, so all that change them share one lock."""
    with silence, warnings.catch_warnings(action="ignore"):
        yield


def _orientation(picture: Image.Image) -> Any:
    try:
        return picture.getexif().get(ExifTag.Orientation)
    except Exception:  # noqa: BLE001 - on hostile input Pillow raises many kinds; it counts as none, as in viewers
        return None


def plain(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a picture of mode L, LA, RGB or RGBA, with a profile or no `info`, and sentences about what was changed.

    Raises:
        Exception: Of many kinds; run it in `decoding`.
    """
    profile = picture.info.get("icc_profile")
    changes = []
    if picture.mode == "CMYK":
        result, how = _from_cmyk(picture, profile)
        profile = None
        changes.append(f"converted from CMYK to RGB {how}")
    elif picture.mode.startswith(("I", "F")):
        result = _narrowed(picture)
        changes.append("reduced to 8 bits per channel")
    elif picture.has_transparency_data:
        result = _with_alpha(picture)
    else:
        result = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    result.info = {"icc_profile": profile} if isinstance(profile, bytes) and profile else {}
    return result, changes


def _from_cmyk(picture: Image.Image, profile: Any) -> tuple[Image.Image, str]:
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        pair = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, *pair, intent, "RGB", flags=flags)
    except (OSError, TypeError, ImageCms.PyCMSError):
        converted = None
    if converted is None:
        return picture.convert("RGB"), "without a colour profile, so that colours may look different"
    return converted, "by its colour profile"


def _narrowed(picture: Image.Image) -> Image.Image:
    """Return grey of 8 bits, from grey of 16 bits, or from numbers of which only the highest tells what white is."""
    wide = picture if picture.mode in ("I", "F") else picture.convert("I")
    whites = {"I": (_WHITE, _WIDE_WHITE), "F": (1, _WHITE, _WIDE_WHITE)}.get(picture.mode, (_WIDE_WHITE,))
    highest: Any = wide.getextrema()[1]
    white = next((white for white in whites if highest <= white), highest)
    return wide.point(lambda value: value * (_WHITE / white) + 0.5).convert("L")


def _with_alpha(picture: Image.Image) -> Image.Image:
    """Return a picture with an alpha channel, unless all of it is opaque."""
    result = picture.convert("LA" if picture.mode in ("1", "L", "LA", "La") else "RGBA")
    is_opaque = result.getchannel("A").getextrema() == (_WHITE, _WHITE)
    return result.convert(opaque_mode(result)) if is_opaque else result


def opaque_mode(picture: Image.Image) -> str:
    """Return the mode of a plain picture without an alpha channel."""
    return picture.mode.removesuffix("A")
