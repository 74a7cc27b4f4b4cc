"""Makes copies of images that conform to R14 to R17, with as little loss as these allow."""

from __future__ import annotations

import math
from fractions import Fraction

from PIL import Image, ImageColor

from kling_elements.media import encoding, images, pictures, sources
from kling_elements.media.fitted import FittedImage, Ratio, check_ratio, px
from kling_elements.media.images import MOST_PIXELS
from kling_elements.media.limits import Limits, image_limits
from kling_elements.media.pictures import decoding
from kling_elements.media.reports import ImageReport
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract

Size = tuple[int, int]

_MOST_SOURCE_BYTES = 1024**3  # bytes; a picture of 16 bits per channel from the largest cameras has less
_SHRINKING = 0.97  # of the side that should fit, as bytes do not quite follow pixels
_LANCZOS = Image.Resampling.LANCZOS


def fit_image(
    source: object, *, ratio: Ratio = "pad", background: str = "white", contract: Contract = CONTRACT
) -> FittedImage:
    """Make a copy of an image that conforms to R14 to R17. One that conforms already comes back byte for byte.

    The picture is turned upright, brought to the allowed ratio, enlarged where a side is too short, and encoded with
    the highest quality that fits: JPEG remains JPEG, anything else becomes PNG, or JPEG where the PNG would be too
    large. It is made smaller only if even a JPEG of low quality would be too large. Its colour profile is kept, other
    metadata is not. Of several pictures in a file, as in animations, the first one is taken.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, a PIL image, a `data:` URL, or Base64 text. Its content
            is a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; HEIF where Pillow has a plugin for it.
        ratio: What to do with a picture that is too long: `pad` adds to both sides and loses nothing, `crop` takes from
            both ends.
        background: A colour as in CSS, such as `white` or `#1a2b3c`, for what is added, and for what lies behind
            transparent pixels where the copy is a JPEG. It becomes grey in a grey picture.
        contract: The contract to check against; the package's by default.

    Returns:
        The copy, its report, and what was changed.

    Raises:
        MediaError: The source cannot be read, is an address, is damaged, or is too large to be decoded.
        ValueError: `ratio` or `background` is not understood.
    """
    check_ratio(ratio)
    ImageColor.getrgb(background)
    limits = image_limits(contract)
    if isinstance(source, Image.Image):
        name, as_it_is = "a PIL image", None
        if 0 in source.size:
            raise MediaError(name, "has no pixels")
        with decoding(name):
            picture, changes = pictures.upright(source)
    else:
        name, content, report = _read(source, contract)
        as_it_is = FittedImage(content=content, report=report, changes=()) if report.conforms else None
        if as_it_is and not report.unjudged:
            return as_it_is
        with decoding(name):
            picture, changes = pictures.decoded(content)
    if as_it_is:  # only whether the picture is whole was not known yet
        return as_it_is
    with decoding(name):
        fitted, more = _fitted(picture, name, ratio, background, limits)
    return FittedImage(content=fitted, report=_checked(fitted, name, limits), changes=(*changes, *more))


def _read(source: object, contract: Contract) -> tuple[str, bytes, ImageReport]:
    """Return the name of a source, its bytes, and what is found in it."""
    url, limits = sources.address(source, contract), image_limits(contract)
    if url is not None:
        # loaded here, as it loads what speaks HTTP
        from kling_elements.media.remote import shown  # noqa: PLC0415

        raise MediaError(shown(url), "is an address; download what lies there first, and give its bytes or its path")
    if isinstance(source, str):
        opened = sources.opened_image(source, contract)
    else:
        opened = sources.opened_file(source, {"file-size": limits["file-size"] | {"max-bytes": _MOST_SOURCE_BYTES}})
    with opened as given:
        if given.file.size > _MOST_SOURCE_BYTES:
            raise MediaError(given.name, f"has more than {_MOST_SOURCE_BYTES} bytes, too many to be read at once")
        return given.name, given.file.peek(0, given.file.size), images.inspect_whole(given.file, given.name, limits)


def _checked(content: bytes, name: str, limits: Limits) -> ImageReport:
    with sources.opened_file(content, limits) as given:
        report = images.inspect_whole(given.file, name, limits)
    if not report.conforms:
        raise MediaError(name, "no copy of it that conforms was made", report.violations)
    return report


def _fitted(picture: Image.Image, name: str, ratio: Ratio, background: str, limits: Limits) -> tuple[bytes, list[str]]:
    """Return a file with the picture, of allowed sides and bytes, and what was changed."""
    most_bytes = limits["file-size"]["max-bytes"]
    plain, changes = pictures.plain(picture)
    sized, how_sized = _sized(plain, ratio, background, limits)
    changes += how_sized
    best = encoding.best(sized, most_bytes, background, as_jpeg=pictures.is_jpeg(picture))
    if best is None:
        smaller = _made_smaller(sized, background, limits)
        changes.append(f"made smaller from {px(sized.size)} to {px(smaller.size)} to fit into {most_bytes} bytes")
        best = encoding.best(smaller, most_bytes, background, as_jpeg=True)
    if best is None:
        raise MediaError(name, f"cannot be brought below {most_bytes} bytes")
    content, how_encoded = best
    return content, changes + how_encoded


def _sized(picture: Image.Image, ratio: Ratio, background: str, limits: Limits) -> tuple[Image.Image, list[str]]:
    """Return a picture of allowed ratio and sides. The ratio comes first, or long ones would grow without bounds."""
    changes = []
    most_ratio = Fraction(limits["aspect-ratio"]["max-long-to-short"])
    size = _with_ratio(picture.size, ratio, most_ratio)
    if math.prod(size) > MOST_PIXELS:
        smaller = _with_long_side(picture.size, math.isqrt(int(MOST_PIXELS * most_ratio)))
        changes.append(f"made smaller from {px(picture.size)} to {px(smaller)}, as it is too long to be padded")
        picture = picture.resize(smaller, _LANCZOS)
        size = _with_ratio(smaller, ratio, most_ratio)
    if size != picture.size:
        verb = "padded" if ratio == "pad" else "cropped"
        where = "at the sides" if size[0] != picture.width else "above and below"
        changes.append(f"{verb} {where} from {px(picture.size)} to {px(size)}")
        picture = _placed(picture, size, background)
    size = _large_enough(picture.size, limits["displayed-sides"]["min-px"])
    if size != picture.size:
        changes.append(f"enlarged from {px(picture.size)} to {px(size)}")
        picture = picture.resize(size, _LANCZOS)
    return picture, changes


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


def _made_smaller(picture: Image.Image, background: str, limits: Limits) -> Image.Image:
    """Return a picture as large as a JPEG of the lowest quality has room for, or one of the smallest allowed sides."""
    shorter, longer = sorted(picture.size)
    shortest, most_bytes = longer * limits["displayed-sides"]["min-px"] // shorter, limits["file-size"]["max-bytes"]
    smaller = picture
    while True:
        weight = len(encoding.jpeg(encoding.laid_on(background, smaller), encoding.LEAST_QUALITY) or b"")
        long = max(smaller.size)
        if weight <= most_bytes or long <= shortest:
            return smaller
        long = max(shortest, int(long * math.sqrt(most_bytes / weight) * _SHRINKING))
        smaller = picture.resize(_with_long_side(picture.size, long), _LANCZOS)
