"""Makes copies of images that conform to R14 to R17, with as little loss as these allow."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction

from PIL import Image, ImageColor

from kling_elements.media import encoding, images, decoding, sources
from kling_elements.media.fitted import FittedImage, Ratio, check_ratio, px
from kling_elements.media.limits import Limits, image_limits
from kling_elements.media.decoding import check_pixels, media_errors_from_pillow
from kling_elements.media.reports import ImageReport
from kling_elements.media.sources import MediaFile
from kling_elements.numbers import count
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.uploads import InlineBytes

Size = tuple[int, int]

_MAX_SOURCE_BYTES = 128 * 1024**2  # of a file of usual size, which is read whole
_BYTES_PER_PIXEL = 4  # of one that is not compressed
_NEARLY = Fraction(101, 100)  # how far a ratio may be off so that stretching the picture is not seen
_SHRINKING = 0.97  # of the side that should fit, as bytes do not quite follow pixels
_LANCZOS = Image.Resampling.LANCZOS


def fit_image(  # noqa: PLR0913 - all but one go by name
    source: object,
    *,
    ratio: Ratio = "pad",
    background: str = "white",
    strip_metadata: bool = False,
    max_pixels: int = 40_000_000,
    contract: Contract = CONTRACT,
) -> FittedImage:
    """Make a copy of an image that conforms to R14 to R17. One that conforms already comes back byte for byte.

    The picture is turned upright, brought to the allowed ratio, enlarged where a side is too short, and encoded with
    the highest quality that fits: JPEG remains JPEG, anything else becomes PNG, or JPEG where the PNG would be too
    large. It is made smaller only if even a JPEG of low quality would be too large. Its colour profile is kept, or its
    colours are converted to sRGB where a copy cannot say what they are; other metadata is not kept. Of several
    pictures in a file, as in animations, the first one is taken.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, a PIL image, a `data:` URL, or Base64 text. Its content
            is a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; HEIF where Pillow has a plugin for it.
        ratio: What to do with a picture that is too long: `pad` adds to both sides and loses nothing, `crop` takes from
            both ends.
        background: A colour as in CSS, such as `white` or `#1a2b3c`, for what is added, and for what lies behind
            transparent pixels where the copy is a JPEG. It becomes grey in a grey picture.
        strip_metadata: Whether to leave metadata out of an image that conforms already, without encoding it anew.
        max_pixels: How many pixels a picture may have to be decoded, and a copy after padding. The default keeps the
            process below 600 MiB; so much does each pixel cost that you should add 10 bytes of memory for one more.
            A pixel of a WebP, AVIF or HEIF counts twice, as their decoders take more. A larger JPEG is decoded
            at a half, a quarter or an eighth of its sides.
        contract: The contract to check against; the package's by default.

    Returns:
        The copy, its report, and what was changed.

    Raises:
        MediaError: The source cannot be read, is an address, is damaged, or is too large to be decoded.
        ValueError: `ratio`, `background` or `max_pixels` is not understood.
    """
    check_ratio(ratio)
    count.check("max_pixels", max_pixels)
    ImageColor.getrgb(background)
    limits = image_limits(contract)
    if isinstance(source, Image.Image):
        name, as_it_is = "a PIL image", None
        if 0 in source.size:
            raise MediaError(name, "has no pixels")
        check_pixels(name, math.prod(source.size), max_pixels)
        with media_errors_from_pillow(name):
            picture, changes = decoding.upright(source)
    else:
        name, content, report, changes = _read(source, contract, max_pixels, strip_metadata=strip_metadata)
        as_it_is = FittedImage(content=content, report=report, changes=tuple(changes)) if report.conforms else None
        # what was too large to be looked at whole is decoded only if that is allowed
        if as_it_is and (not report.unjudged or _pixels(report) > max_pixels):
            return as_it_is
        with media_errors_from_pillow(name):
            picture, changes = decoding.decoded(name, content, max_pixels)
        del content  # much memory
    if as_it_is:  # only whether the picture is whole was not known yet
        return as_it_is
    with media_errors_from_pillow(name):
        as_jpeg = decoding.is_jpeg(picture)
        picture, recoloured = decoding.plain(picture)
        picture, sized = _sized(picture, ratio, background, limits, max_pixels)
        fitted, encoded = _encoded(picture, name, background, limits, as_jpeg=as_jpeg)
    report = _checked(fitted, name, limits)
    return FittedImage(content=fitted, report=report, changes=(*changes, *recoloured, *sized, *encoded))


def _pixels(report: ImageReport) -> int:
    return (report.width_px or 0) * (report.height_px or 0)


def _read(
    source: object, contract: Contract, max_pixels: int, *, strip_metadata: bool
) -> tuple[str, bytes, ImageReport, list[str]]:
    """Return the name of a source, its bytes, what is found in them, and what was changed in them."""
    url, limits = sources.address(source, contract), image_limits(contract)
    max_bytes = max(_MAX_SOURCE_BYTES, _BYTES_PER_PIXEL * max_pixels)
    of_sources = {"file-size": limits["file-size"] | {"max-bytes": max_bytes}}
    if url is not None:
        # loaded here, as it loads what speaks HTTP
        from kling_elements.media.remote import redacted_url  # noqa: PLC0415

        raise MediaError(redacted_url(url), "is an address; download what lies there first, and give its bytes or its path")
    if isinstance(source, str):
        opened: AbstractContextManager[MediaFile] = nullcontext(sources.from_text(source, contract, of_sources))
    else:
        opened = sources.opened_file(source, of_sources)
    with opened as given:
        if given.file.size > max_bytes:
            raise MediaError(given.name, f"has more than {max_bytes} bytes, too many to be read at once")
        used = sources.without_metadata(given, limits) if strip_metadata else given
        changes = ["left out its metadata"] if used is not given else []
        content = used.file.peek(0, used.file.size)
        return used.name, content, images.inspect_whole(InlineBytes(content), used.name, limits), changes


def _checked(content: bytes, name: str, limits: Limits) -> ImageReport:
    with sources.opened_file(content, limits) as given:
        report = images.inspect_whole(given.file, name, limits)
    if not report.conforms:
        raise MediaError(name, "no copy of it that conforms was made", report.violations)
    return report


def _encoded(
    picture: Image.Image, name: str, background: str, limits: Limits, *, as_jpeg: bool
) -> tuple[bytes, list[str]]:
    """Return a file with the picture, of allowed bytes, and what was changed."""
    max_bytes, changes = limits["file-size"]["max-bytes"], list[str]()
    best = encoding.best(picture, max_bytes, background, as_jpeg=as_jpeg)
    if best is None:
        changes = encoding.how_laid(background, picture)
        picture = _in_place_of(picture, encoding.laid_on(background, picture))
        smaller = _made_smaller(picture, limits)
        changes.append(f"made smaller from {px(picture.size)} to {px(smaller.size)} to fit into {max_bytes} bytes")
        best = encoding.best(smaller, max_bytes, background, as_jpeg=True)
    if best is None:
        raise MediaError(name, f"cannot be brought below {max_bytes} bytes")
    content, how_encoded = best
    return content, changes + how_encoded


def _sized(
    picture: Image.Image, ratio: Ratio, background: str, limits: Limits, max_pixels: int
) -> tuple[Image.Image, list[str]]:
    """Return a picture of allowed ratio and sides. The ratio comes first, or long ones would grow without bounds."""
    changes = []
    max_ratio = Fraction(limits["aspect-ratio"]["max-long-to-short"])
    size = _with_ratio(picture.size, ratio, max_ratio)
    if math.prod(size) > max_pixels:
        long = math.isqrt(int(max_pixels * max_ratio))
        while long * math.ceil(long / max_ratio) > max_pixels:
            long -= 1
        smaller = _with_long_side(picture.size, long)
        changes.append(f"made smaller from {px(picture.size)} to {px(smaller)}, as it is too long to be padded")
        picture = _in_place_of(picture, picture.resize(smaller, _LANCZOS))
        size = _with_ratio(smaller, ratio, max_ratio)
    if size != picture.size and ratio == "pad" and math.prod(size) < math.prod(picture.size) * _NEARLY:
        changes.append(f"stretched from {px(picture.size)} to {px(size)}, as its ratio is nearly allowed")
        picture = _in_place_of(picture, picture.resize(size, _LANCZOS))
    elif size != picture.size:
        verb = "padded" if ratio == "pad" else "cropped"
        where = "at the sides" if size[0] != picture.width else "above and below"
        changes.append(f"{verb} {where} from {px(picture.size)} to {px(size)}")
        picture = _in_place_of(picture, _placed(picture, size, background))
    size = _large_enough(picture.size, limits["displayed-sides"]["min-px"])
    if size != picture.size:
        changes.append(f"enlarged from {px(picture.size)} to {px(size)}")
        picture = _in_place_of(picture, picture.resize(size, _LANCZOS))
    return picture, changes


def _in_place_of(old: Image.Image, new: Image.Image) -> Image.Image:
    """Return a picture, and give the memory of the one before it back while others still refer to that."""
    if new is not old:
        old.close()
    return new


def _with_ratio(size: Size, ratio: Ratio, most: Fraction) -> Size:
    """Return the sides after padding or cropping, if that is needed."""
    short, long = sorted(size)
    if ratio == "pad":
        short = max(short, math.ceil(long / most))
    else:
        long = min(long, math.floor(short * most))
    return _like(size, short, long)


def _with_long_side(size: Size, long: int) -> Size:
    """Return the sides of a smaller picture. The short one is rounded up, so that the ratio never gets larger."""
    return _like(size, math.ceil(Fraction(min(size) * long, max(size))), long)


def _large_enough(size: Size, least: int) -> Size:
    """Return the sides after enlarging, if that is needed. The long one is rounded down, for the same reason."""
    short, long = sorted(size)
    return size if short >= least else _like(size, least, long * least // short)


def _like(size: Size, short: int, long: int) -> Size:
    width, height = size
    return (long, short) if width >= height else (short, long)


def _placed(picture: Image.Image, size: Size, background: str) -> Image.Image:
    """Return a picture in the middle of a larger or smaller one."""
    canvas = Image.new(picture.mode, size, ImageColor.getcolor(background, picture.mode))
    canvas.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    canvas.info = picture.info
    return canvas


def _made_smaller(picture: Image.Image, limits: Limits) -> Image.Image:
    """Return a picture as large as a JPEG of the lowest quality has room for, or one of the smallest allowed sides."""
    shorter, longer = sorted(picture.size)
    shortest, max_bytes = longer * limits["displayed-sides"]["min-px"] // shorter, limits["file-size"]["max-bytes"]
    smaller = picture
    while True:
        weight = len(encoding.jpeg(smaller, encoding.MIN_QUALITY) or b"")
        long = max(smaller.size)
        if weight <= max_bytes or long <= shortest:
            return smaller
        long = max(shortest, int(long * math.sqrt(max_bytes / weight) * _SHRINKING))
        smaller = picture.resize(_with_long_side(picture.size, long), _LANCZOS)
