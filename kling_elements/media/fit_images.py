"""Make copies of images that conform to R14 to R17, with as little loss as possible."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction

from attrs import evolve
from PIL import Image, ImageColor

from kling_elements.media import decoding, encoding, images, sources
from kling_elements.media.decoding import check_pixels, media_errors_from_pillow
from kling_elements.media.fitted import FittedImage, Ratio, check_ratio, px
from kling_elements.media.reports import ImageReport
from kling_elements.media.sources import MediaFile
from kling_elements.media_limits import ImageLimits, image_limits
from kling_elements.numbers import count
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.uploads import InlineBytes

Size = tuple[int, int]

_MAX_SOURCE_BYTES = 128 * 1024**2  # sources are read as a whole; larger ones are allowed only if max_pixels is larger
_SOURCE_BYTES_PER_PIXEL = 4  # if the source is uncompressed
_MAX_STRETCH = Fraction(101, 100)  # stretching by less is invisible
_SHRINKING = 0.97  # a margin, because the file size is not quite proportional to the pixels
_LANCZOS = Image.Resampling.LANCZOS


def fit_image(  # noqa: PLR0913 - all but one are keyword-only
    source: object,
    *,
    ratio: Ratio = "pad",
    background: str = "white",
    strip_metadata: bool = False,
    max_pixels: int = 40_000_000,
    contract: Contract = CONTRACT,
) -> FittedImage:
    """Make a copy of an image that conforms to R14 to R17. If the image already conforms, its bytes stay unchanged.

    The picture is turned upright, brought to an allowed ratio, enlarged if a side is too short, and encoded with the
    highest quality that fits. A JPEG stays a JPEG; other formats become PNG, or JPEG if the PNG would be too large. The
    picture is made smaller only if even a low-quality JPEG would be too large. Its colour profile is kept. If a copy
    cannot describe its colours, they are converted to sRGB. Other metadata is removed. If a file has several pictures,
    as animations have, the first one is used.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, a PIL image, a `data:` URL, or Base64. Its content
            must be a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; or HEIF if a Pillow plugin for it is installed.
        ratio: What to do if the picture is too long: `pad` adds bars and loses nothing, `crop` cuts off both ends.
        background: A CSS colour, such as `white` or `#1a2b3c`, for the padding, and for transparent areas if the copy
            is a JPEG. In a grey picture it becomes grey.
        strip_metadata: Whether to remove the metadata of an image that already conforms, without encoding it again.
        max_pixels: The maximum number of pixels to decode, and of a copy after padding. By default, the process needs
            less than 600 MiB; add 10 bytes of memory for each further pixel. Pixels of WebP, AVIF and HEIF count twice,
            because their decoders need more memory. A larger JPEG is decoded at a half, a quarter or an eighth of its
            sides.
        contract: The contract to check against; the package's by default.

    Returns:
        The copy, its report, and a sentence for each change.

    Raises:
        MediaError: The source cannot be read, is a URL, is damaged, or has too many pixels to be decoded.
        ValueError: `ratio`, `background` or `max_pixels` is not valid.
    """
    check_ratio(ratio)
    count.check("max_pixels", max_pixels)
    ImageColor.getrgb(background)
    limits = image_limits(contract)
    if isinstance(source, Image.Image):
        name, unchanged = "a PIL image", None
        if 0 in source.size:
            raise MediaError(name, "has no pixels; use a picture with at least one")
        check_pixels(name, math.prod(source.size), max_pixels)
        with media_errors_from_pillow(name):
            picture, changes = decoding.turn_upright(source)
    else:
        name, content, report, changes = _read(source, contract, max_pixels, strip_metadata=strip_metadata)
        unchanged = FittedImage(content=content, report=report, changes=tuple(changes)) if report.conforms else None
        # if the image was too large for the complete check, decode it now, unless it exceeds max_pixels
        if unchanged and (not report.unchecked or _pixels(report) > max_pixels):
            return unchanged
        with media_errors_from_pillow(name):
            picture, changes = decoding.decode(name, content, max_pixels)
        del content  # to free its memory
    if unchanged:  # because decoding has shown that the image is complete
        return unchanged
    with media_errors_from_pillow(name):
        as_jpeg = decoding.is_jpeg(picture)
        picture, colour_changes = decoding.to_plain(picture)
        picture, size_changes = _resize(picture, ratio, background, limits, max_pixels)
        fitted, encoding_changes = _encode(picture, name, background, limits, as_jpeg=as_jpeg)
    report = _check(fitted, name, limits)
    return FittedImage(
        content=fitted, report=report, changes=(*changes, *colour_changes, *size_changes, *encoding_changes)
    )


def _pixels(report: ImageReport) -> int:
    return (report.width_px or 0) * (report.height_px or 0)


def _read(
    source: object, contract: Contract, max_pixels: int, *, strip_metadata: bool
) -> tuple[str, bytes, ImageReport, list[str]]:
    """Return the name of a source, its bytes, its report, and a sentence for each change of the bytes."""
    url, limits = sources.url_of(source, contract), image_limits(contract)
    max_bytes = max(_MAX_SOURCE_BYTES, _SOURCE_BYTES_PER_PIXEL * max_pixels)
    of_sources = evolve(limits.file_size, max_bytes=max_bytes)
    if url is not None:
        # imported here because it loads an HTTP library
        from kling_elements.media.remote import redacted_url  # noqa: PLC0415

        raise MediaError(redacted_url(url), "is a URL; download the file first, then pass its bytes or its path")
    if isinstance(source, str):
        opened: AbstractContextManager[MediaFile] = nullcontext(sources.from_text(source, contract, of_sources))
    else:
        opened = sources.open_file(source, of_sources)
    with opened as media:
        if media.file.size > max_bytes:
            raise MediaError(
                media.name, f"has more than {max_bytes} bytes, too many to read; make the file smaller first"
            )
        stripped = sources.without_metadata(media, limits) if strip_metadata else media
        changes = ["removed its metadata"] if stripped is not media else []
        content = stripped.file.peek(0, stripped.file.size)
        return stripped.name, content, images.inspect_whole(InlineBytes(content), stripped.name, limits), changes


def _check(content: bytes, name: str, limits: ImageLimits) -> ImageReport:
    with sources.open_file(content, limits.file_size) as media:
        report = images.inspect_whole(media.file, name, limits)
    if not report.conforms:
        raise MediaError(name, "no conforming copy could be made; try another picture", report.violations)
    return report


def _encode(
    picture: Image.Image, name: str, background: str, limits: ImageLimits, *, as_jpeg: bool
) -> tuple[bytes, list[str]]:
    """Encode a picture into an allowed number of bytes. Return the file and a sentence for each change."""
    max_bytes, changes = limits.file_size.max_bytes, list[str]()
    best = encoding.encode_best(picture, max_bytes, background, as_jpeg=as_jpeg)
    if best is None:
        changes = encoding.flattening_changes(picture, background)
        picture = _replace_picture(picture, encoding.flatten(picture, background))
        smaller = _shrink(picture, limits)
        changes.append(f"made smaller from {px(picture.size)} to {px(smaller.size)} to fit into {max_bytes} bytes")
        best = encoding.encode_best(smaller, max_bytes, background, as_jpeg=True)
    if best is None:
        raise MediaError(name, f"cannot be made smaller than {max_bytes} bytes; use a simpler picture")
    content, encoding_changes = best
    return content, changes + encoding_changes


def _resize(
    picture: Image.Image, ratio: Ratio, background: str, limits: ImageLimits, max_pixels: int
) -> tuple[Image.Image, list[str]]:
    """Return a picture with an allowed ratio and allowed sides, and a sentence for each change.

    The ratio is corrected first, so that the picture grows less.
    """
    changes = []
    max_ratio = Fraction(limits.aspect_ratio.max_long_to_short)
    size = _sides_with_ratio(picture.size, ratio, max_ratio)
    if math.prod(size) > max_pixels:
        long = math.isqrt(int(max_pixels * max_ratio))
        while long * math.ceil(long / max_ratio) > max_pixels:
            long -= 1
        smaller = _sides_with_long(picture.size, long)
        changes.append(f"made smaller from {px(picture.size)} to {px(smaller)}, because it is too long to be padded")
        picture = _replace_picture(picture, picture.resize(smaller, _LANCZOS))
        size = _sides_with_ratio(smaller, ratio, max_ratio)
    if size != picture.size and ratio == "pad" and math.prod(size) < math.prod(picture.size) * _MAX_STRETCH:
        changes.append(f"stretched from {px(picture.size)} to {px(size)}, to reach an allowed ratio")
        picture = _replace_picture(picture, picture.resize(size, _LANCZOS))
    elif size != picture.size:
        verb = "padded" if ratio == "pad" else "cropped"
        position = "at the sides" if size[0] != picture.width else "above and below"
        changes.append(f"{verb} {position} from {px(picture.size)} to {px(size)}")
        picture = _replace_picture(picture, _paste_centred(picture, size, background))
    size = _enlarged_sides(picture.size, limits.displayed_sides.min_px)
    if size != picture.size:
        changes.append(f"enlarged from {px(picture.size)} to {px(size)}")
        picture = _replace_picture(picture, picture.resize(size, _LANCZOS))
    return picture, changes


def _replace_picture(old: Image.Image, new: Image.Image) -> Image.Image:
    """Return the new picture, and free the old one even if other variables still refer to it."""
    if new is not old:
        old.close()
    return new


def _sides_with_ratio(size: Size, ratio: Ratio, max_ratio: Fraction) -> Size:
    """Return the sides after padding or cropping, or unchanged if the ratio is allowed."""
    short, long = sorted(size)
    if ratio == "pad":
        short = max(short, math.ceil(long / max_ratio))
    else:
        long = min(long, math.floor(short * max_ratio))
    return _ordered_sides(size, short, long)


def _sides_with_long(size: Size, long: int) -> Size:
    """Return the sides of a smaller picture. The short side is rounded up, so the ratio never grows."""
    return _ordered_sides(size, math.ceil(Fraction(min(size) * long, max(size))), long)


def _enlarged_sides(size: Size, min_side: int) -> Size:
    """Return the sides, enlarged if one is too short. The long side is rounded down, so the ratio never grows."""
    short, long = sorted(size)
    return size if short >= min_side else _ordered_sides(size, min_side, long * min_side // short)


def _ordered_sides(size: Size, short: int, long: int) -> Size:
    width, height = size
    return (long, short) if width >= height else (short, long)


def _paste_centred(picture: Image.Image, size: Size, background: str) -> Image.Image:
    """Return a picture centred on a larger or smaller canvas."""
    canvas = Image.new(picture.mode, size, ImageColor.getcolor(background, picture.mode))
    canvas.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    canvas.info = picture.info
    return canvas


def _shrink(picture: Image.Image, limits: ImageLimits) -> Image.Image:
    """Shrink a picture until a JPEG of the lowest quality fits, or until its sides are the smallest allowed."""
    shorter, longer = sorted(picture.size)
    shortest, max_bytes = longer * limits.displayed_sides.min_px // shorter, limits.file_size.max_bytes
    smaller = picture
    while True:
        file_size = len(encoding.jpeg(smaller, encoding.MIN_QUALITY) or b"")
        long = max(smaller.size)
        if file_size <= max_bytes or long <= shortest:
            return smaller
        long = max(shortest, int(long * math.sqrt(max_bytes / file_size) * _SHRINKING))
        smaller = picture.resize(_sides_with_long(picture.size, long), _LANCZOS)
