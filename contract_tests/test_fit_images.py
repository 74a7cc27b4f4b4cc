"""Conforming copies of images: what is changed and what is kept, and that nothing else than MediaError comes out."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from contract_tests.images import Picture, png_chunk
from kling_elements.media import fit_images, fitted, image, pictures, sources
from kling_elements.media.fit_images import fit_image
from kling_elements.media.limits import image_limits
from kling_elements_client.errors import MediaError

_RED = (200, 30, 40)
_ENCODED = "encoded as JPEG of quality 100, 4:4:4"
_MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]
_WIDE_MODES = ["I", "I;16", "I;16B", "I;16L", "F"]


def _file(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def _noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    count = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(count))


def _profile(name: Any = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that lowers how many bytes a file may have."""

    def allow(most_bytes: int) -> None:
        limits = image_limits() | {"file-size": image_limits()["file-size"] | {"max-bytes": most_bytes}}
        for module in (fit_images, sources):
            monkeypatch.setattr(module, "image_limits", lambda: limits)

    return allow


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(300, 300), (750, 300), (300, 750), (301, 752)])
def test_what_conforms_comes_back_byte_for_byte(kind: str, size: tuple[int, int]) -> None:
    """At the limits, both ends included, nothing is changed; the report is the source's own."""
    content = _file(Image.new("RGB", size, _RED), kind)
    result = fit_image(content)
    assert (content, ()) == (result.content, result.changes)
    assert size == (result.report.width_px, result.report.height_px)


def test_an_orientation_alone_changes_nothing() -> None:
    """The rules count displayed sides, so a picture that lies on its side conforms."""
    content = Picture(format="jpeg", width=750, height=300, orientation=6).build()
    assert content == fit_image(content).content


@pytest.mark.parametrize(
    ("size", "fitted_size", "change"),
    [
        ((299, 300), (300, 301), "enlarged from 299x300 px to 300x301 px"),
        ((300, 299), (301, 300), "enlarged from 300x299 px to 301x300 px"),
        ((1, 1), (300, 300), "enlarged from 1x1 px to 300x300 px"),
        ((751, 300), (751, 301), "padded above and below from 751x300 px to 751x301 px"),
        ((300, 751), (301, 751), "padded at the sides from 300x751 px to 301x751 px"),
        ((1, 1000), (400, 1000), "padded at the sides from 1x1000 px to 400x1000 px"),
        ((10000, 10), (10000, 4000), "padded above and below from 10000x10 px to 10000x4000 px"),
    ],
)
def test_sides_and_ratio_are_reached_exactly_by_padding(
    size: tuple[int, int], fitted_size: tuple[int, int], change: str
) -> None:
    """No side and no ratio is changed further than the limits ask for."""
    result = fit_image(_file(Image.new("L", size)))
    assert fitted_size == _opened(result.content).size
    assert (change, "encoded as PNG") == result.changes


@pytest.mark.parametrize(
    ("size", "fitted_size", "changes"),
    [
        ((751, 300), (750, 300), ["cropped at the sides from 751x300 px to 750x300 px"]),
        ((300, 751), (300, 750), ["cropped above and below from 300x751 px to 300x750 px"]),
        (
            (1, 1000),
            (300, 600),
            ["cropped above and below from 1x1000 px to 1x2 px", "enlarged from 1x2 px to 300x600 px"],
        ),
        ((750, 300), (750, 300), []),
    ],
)
def test_the_ratio_is_reached_exactly_by_cropping(
    size: tuple[int, int], fitted_size: tuple[int, int], changes: list[str]
) -> None:
    """Both ends are cut off, and only as much as has to."""
    result = fit_image(Image.new("L", size), ratio="crop")
    assert fitted_size == _opened(result.content).size
    assert (*changes, "encoded as PNG") == result.changes


def test_padding_keeps_every_pixel() -> None:
    """The picture stands in the middle, unaltered, and all around it is the background."""
    source = _noise(300, 900)
    result = _opened(fit_image(source, background="#010203").content)
    assert (360, 900) == result.size
    assert source.tobytes() == result.crop((30, 0, 330, 900)).tobytes()
    assert [(900 * 30, (1, 2, 3))] == result.crop((0, 0, 30, 900)).getcolors()
    assert [(900 * 30, (1, 2, 3))] == result.crop((330, 0, 360, 900)).getcolors()


def test_cropping_keeps_the_middle() -> None:
    """What remains is unaltered."""
    source = _noise(1000, 320)
    result = _opened(fit_image(source, ratio="crop").content)
    assert source.crop((100, 0, 900, 320)).tobytes() == result.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(orientation: int) -> None:
    """What was at the top left as displayed is there in the copy, which has no orientation any more."""
    picture = Image.new("RGB", (200, 240), "white")
    corners = {1: (0, 0), 2: (100, 0), 3: (100, 120), 4: (0, 120), 5: (0, 0), 6: (0, 120), 7: (100, 120), 8: (100, 0)}
    picture.paste("black", (*corners[orientation], corners[orientation][0] + 100, corners[orientation][1] + 120))
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = fit_image(_file(picture, "JPEG", quality=95, exif=exif))
    copy = _opened(result.content)
    assert ((300, 360) if orientation < 5 else (360, 300)) == copy.size
    is_dark = copy.convert("L").point(lambda value: value < 99)
    assert [1, 0, 0] == [is_dark.getpixel(at) for at in ((40, 40), (280, 40), (40, 280))]
    assert (orientation != 1) == ("turned upright as its EXIF orientation says" in result.changes)
    assert not dict(copy.getexif())


def test_metadata_that_cannot_be_read_does_no_harm() -> None:
    """An orientation that Pillow cannot make out counts as none."""
    exif = b"Exif\0\0MM\0*" + b"\xff" * 8
    assert ("enlarged from 200x200 px to 300x300 px", _ENCODED) == fit_image(
        _file(Image.new("L", (200, 200)), "JPEG", exif=exif)
    ).changes


def test_metadata_that_raises_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Pillow raises about metadata, the picture is fitted."""

    def refuse(_: object) -> None:
        raise struct.error

    monkeypatch.setattr(Image.Image, "getexif", refuse)
    assert (300, 300) == _opened(fit_image(Image.new("L", (9, 9))).content).size


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_a_jpeg_remains_one(kind: str) -> None:
    """A copy of a JPEG has full colour and the highest quality, and is no multiple of its size as a PNG would be."""
    more = {"save_all": True, "append_images": [Image.new("RGB", (200, 240))]} if kind == "MPO" else {}
    result = fit_image(_file(Image.new("RGB", (200, 240), _RED), kind, **more))
    assert "jpeg" == result.report.format
    assert (1, 1) == _opened(result.content).layer[0][1:3]  # type: ignore[attr-defined]
    several = ["kept one picture of several"] if kind == "MPO" else []
    assert (*several, "enlarged from 200x240 px to 300x360 px", _ENCODED) == result.changes


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_become_png(kind: str) -> None:
    """Nothing is lost of what is no JPEG where a PNG fits."""
    result = fit_image(_file(Image.new("RGB", (300, 300), "white"), kind))
    assert "png" == result.report.format
    assert [(90000, (255, 255, 255))] == _opened(result.content).convert("RGB").getcolors()
    assert (() if kind == "PNG" else ("encoded as PNG",)) == result.changes


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_picture_is_kept(kind: str) -> None:
    """The report says so."""
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("white", "black")]
    result = fit_image(_file(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert "kept one picture of several" == result.changes[0]
    assert (255, 255, 255) == _opened(result.content).convert("RGB").getpixel((9, 9))


@pytest.mark.parametrize("mode", [*_MODES, *_WIDE_MODES])
@pytest.mark.parametrize("ratio", ["pad", "crop"])
def test_every_kind_of_pixels_is_taken(mode: str, ratio: Any) -> None:
    """Whatever Pillow holds becomes a file that conforms."""
    assert fit_image(Image.new(mode, (40, 400)), ratio=ratio).report.conforms


@given(
    size=st.tuples(st.integers(1, 900), st.integers(1, 900)),
    mode=st.sampled_from([*_MODES, *_WIDE_MODES]),
    ratio=st.sampled_from(["pad", "crop"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_picture_ends_in_one_that_conforms(size: tuple[int, int], mode: str, ratio: Any) -> None:
    """Sides of 300 px at least, at most 2.5 times as long as wide, whole, and the same each time."""
    result = fit_image(Image.new(mode, size), ratio=ratio)
    short, long = sorted(_opened(result.content).size)
    assert short >= 300
    assert 2 * long <= 5 * short
    assert ((), ()) == (result.report.violations, result.report.unjudged)
    assert result.content == fit_image(Image.new(mode, size), ratio=ratio).content


@pytest.mark.parametrize(
    ("mode", "value", "grey"),
    [
        ("I;16", 65535, 255),
        ("I;16", 200, 1),
        ("I;16B", 32768, 128),
        ("I", 200, 200),
        ("I", 65535, 255),
        ("I", 1_000_000, 255),
        ("F", 1.0, 255),
        ("F", 0.5, 128),
        ("F", 200.0, 200),
        ("F", 2e9, 255),
        ("F", -3.0, 0),
    ],
)
def test_wide_pixels_are_reduced_to_eight_bits(mode: str, value: float, grey: int) -> None:
    """White remains white: the highest number tells the scale where the mode does not."""
    result = fit_image(Image.new(mode, (300, 300), value))
    assert ("reduced to 8 bits per channel", "encoded as PNG") == result.changes
    assert grey == _opened(result.content).getpixel((9, 9))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_colour_profiles_are_kept(kind: str) -> None:
    """The very bytes of the profile are in the copy."""
    profile = _profile()
    content = _file(Image.new("RGB", (200, 200), _RED), kind, icc_profile=profile)
    assert profile == _opened(fit_image(content).content).info["icc_profile"]


def test_other_metadata_is_left_out() -> None:
    """Neither places nor comments come along."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    assert {} == _opened(fit_image(_file(Image.new("RGB", (200, 200)), pnginfo=text)).content).info


@pytest.mark.parametrize("profile", [None, b"no profile at all", _profile("sRGB")])
def test_cmyk_becomes_rgb_without_a_usable_profile(profile: bytes | None) -> None:
    """A plain conversion is made, and said."""
    content = _file(Image.new("CMYK", (300, 300), (0, 255, 255, 0)), "TIFF", icc_profile=profile)
    result = fit_image(content)
    assert "converted from CMYK to RGB without a colour profile, so that colours may look different" in result.changes
    assert (255, 0, 0) == _opened(result.content).getpixel((9, 9))


def test_cmyk_becomes_rgb_by_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile decides about the colours, and is not kept, as it is not about RGB."""
    given: list[Any] = []

    def convert(*args: Any, **_: Any) -> Image.Image:
        given.extend(args)
        return Image.new("RGB", (300, 300), _RED)

    monkeypatch.setattr(ImageCms, "profileToProfile", convert)
    content = _file(Image.new("CMYK", (300, 300)), "JPEG", icc_profile=_profile())
    result = fit_image(_file(Image.open(io.BytesIO(content)), "TIFF", icc_profile=_profile()))
    copy = _opened(result.content)
    assert ("converted from CMYK to RGB by its colour profile", "encoded as PNG") == result.changes
    assert (_RED, None) == (copy.getpixel((9, 9)), copy.info.get("icc_profile"))
    assert isinstance(given[1], ImageCms.ImageCmsProfile)


@pytest.mark.parametrize(
    ("mode", "transparency"),
    [("L", 0), ("RGB", (0, 0, 0)), ("1", 0), ("P", 0), ("P", b"\x10\x20")],
)
def test_transparency_of_one_colour_is_kept(mode: str, transparency: Any) -> None:
    """A PNG of the copy has an alpha channel for it."""
    picture = Image.new(mode, (200, 200))
    picture.info["transparency"] = transparency
    assert "A" in _opened(fit_image(picture).content).getbands()


def test_an_alpha_channel_without_transparency_is_left_out() -> None:
    """All pixels are opaque, so nothing is lost."""
    assert "RGB" == _opened(fit_image(Image.new("RGBA", (200, 200), (*_RED, 255))).content).mode


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_the_background_of_a_jpeg(mode: str, allow: Callable[[int], None]) -> None:
    """That is said, and only done where a PNG is too large."""
    picture = _noise(300, 300, mode)
    picture.putalpha(Image.new("L", (300, 300), 0))
    assert ("encoded as PNG",) == fit_image(picture).changes
    allow(100_000)
    result = fit_image(picture, background="#808080")
    assert ("laid on #808080, as a JPEG has no transparency", _ENCODED) == result.changes
    assert all(abs(low - 128) < 3 > abs(high - 128) for low, high in _extrema(result.content))


def _extrema(content: bytes) -> Any:
    extrema = _opened(content).getextrema()
    return extrema if isinstance(extrema[0], tuple) else (extrema,)


@pytest.mark.parametrize("most_bytes", [60_000, 120_000, 180_000])
def test_the_quality_is_the_highest_that_fits(most_bytes: int, allow: Callable[[int], None]) -> None:
    """One more would be too large, for the copy of a file as for a PIL image."""
    allow(most_bytes)
    picture = _noise(300, 300)
    result = fit_image(_file(picture, "BMP"))
    (change,) = result.changes
    quality = int(change.removeprefix("encoded as JPEG of quality ").partition(",")[0])
    assert ("4:4:4" if quality >= 90 else "4:2:0") == change[-5:]
    assert len(result.content) <= most_bytes < len(_at(picture, quality + 1))
    assert result.content == _at(picture, quality) == _sent(picture)


def _at(picture: Image.Image, quality: int) -> bytes:
    return _file(picture, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)


def _sent(picture: Image.Image) -> bytes:
    """What `image` makes of a PIL image."""
    return base64.b64decode(image(picture))


def test_a_png_stays_one_if_it_just_fits(allow: Callable[[int], None]) -> None:
    """At its exact size it is kept, one byte below it becomes a JPEG."""
    picture = _noise(300, 300)
    size = len(_file(picture))
    allow(size)
    assert ("encoded as PNG",) == fit_image(picture).changes
    assert b"\x89PNG" == _sent(picture)[:4]
    allow(size - 1)
    assert fit_image(picture).changes[0].startswith("encoded as JPEG")
    assert b"\xff\xd8\xff\xe0" == _sent(picture)[:4]


@pytest.mark.parametrize("size", [(900, 600), (600, 1500)])
def test_a_picture_is_made_smaller_only_if_low_quality_does_not_fit(
    size: tuple[int, int], allow: Callable[[int], None]
) -> None:
    """Its ratio is kept, it is little smaller than it has to be, and no side falls below the limit."""
    picture = _noise(*size)
    most_bytes = len(_at(picture, 50)) - 1
    allow(most_bytes)
    result = fit_image(picture)
    width, height = _opened(result.content).size
    assert f"made smaller from {size[0]}x{size[1]} px to {width}x{height} px to fit into" in result.changes[0]
    assert 0.9 * size[0] < width < size[0]
    assert 2 * max(width, height) <= 5 * min(width, height)
    assert len(result.content) <= most_bytes
    assert b"\x89PNG" == _sent(picture)[:4]  # only `fit_image` changes sides; the service's limit then judges the PNG


def test_what_cannot_be_made_small_enough_is_refused(allow: Callable[[int], None]) -> None:
    """The smallest allowed sides are the end."""
    allow(5_000)
    with pytest.raises(MediaError, match="cannot be brought below 5000 bytes"):
        fit_image(_noise(400, 310))


def test_a_picture_too_long_to_be_padded_is_made_smaller_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise some kilobytes would become gigabytes."""
    monkeypatch.setattr(fit_images, "MOST_PIXELS", 1_000_000)
    result = fit_image(Image.new("L", (6000, 3)))
    assert (1581, 633) == _opened(result.content).size
    assert "made smaller from 6000x3 px to 1581x1 px, as it is too long to be padded" == result.changes[0]


def _sources(folder: Path) -> dict[str, Any]:
    content = _file(Image.new("L", (200, 200)))
    path = folder / "small.png"
    path.write_bytes(content)
    text = base64.b64encode(content).decode()
    return {
        "path": path,
        "bytes": content,
        "file": io.BytesIO(content),
        "pipe": _Pipe(content),
        "text": text,
        "data": f"data:image/png;base64,{text}",
        "picture": Image.new("L", (200, 200)),
    }


class _Pipe:
    """A file object that cannot seek."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def read(self, count: int) -> bytes:
        return self._file.read(count)


@pytest.mark.parametrize("kind", ["path", "bytes", "file", "pipe", "text", "data", "picture"])
def test_every_kind_of_source_is_taken(kind: str, tmp_path: Path) -> None:
    """All end in the same copy."""
    source = _sources(tmp_path)[kind]
    assert fit_image(Image.new("L", (200, 200))).content == fit_image(source).content


def test_sources_may_be_larger_than_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a request refuses for its size is just what is to be fitted."""
    content = Picture(format="png", width=300, height=300, file_size=10_485_761).build()
    for source in (content, _Pipe(content)):
        assert ("encoded as PNG",) == fit_image(source).changes
    monkeypatch.setattr(fit_images, "_MOST_SOURCE_BYTES", len(content) - 1)
    for source in (content, _Pipe(content)):
        with pytest.raises(MediaError, match="more than 10485760 bytes"):
            fit_image(source)


def test_a_picture_of_the_caller_is_not_altered() -> None:
    """Neither its pixels nor its metadata."""
    picture = Image.new("RGB", (200, 240))
    picture.info["note"] = "mine"
    picture.getexif()[0x0112] = 6
    fit_image(picture)
    assert ((200, 240), "mine", 6) == (picture.size, picture.info["note"], picture.getexif()[0x0112])


def test_plugins_of_pillow_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEIF is read where a package has taught Pillow to; here it is PNG under another name."""
    factory, _ = Image.OPEN["PNG"]
    monkeypatch.setitem(Image.OPEN, "HEIF", (factory, lambda start: start.startswith(b"\x89PNG")))
    monkeypatch.setattr(pictures, "_FORMATS", ("JPEG",))
    assert ("enlarged from 200x200 px to 300x300 px", "encoded as PNG") == fit_image(_SMALL_PNG).changes


def _scans(count: int) -> bytes:
    """A progressive JPEG that says that it has so many scans."""
    content = Picture(format="jpeg", width=200, height=200, progressive=True).build()
    return content[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * count + content[-2:]


def _bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0")) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


_SMALL_PNG = _file(_noise(200, 200))
_SMALL_JPEG = _file(_noise(200, 200), "JPEG")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no image that can be read"),
        (b"hello" * 99, "is no image that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 400\n", "is no image that can be read"),
        (_SMALL_PNG[:-20], "breaks off"),
        (_SMALL_PNG[:5000] + bytes([_SMALL_PNG[5000] ^ 1]) + _SMALL_PNG[5001:], "is damaged"),
        (_SMALL_JPEG[:5000], "breaks off"),
        (_file(_noise(200, 200), "TIFF")[:900], "breaks off"),
        (_file(_noise(200, 200), "WEBP")[:900], "damaged"),
        (_bomb(400, 100), "breaks off"),
        (_bomb(30_000, 9_000), "too many pixels"),
        (_bomb(300_000, 900_000), "too many pixels"),
        (_scans(60_000), "too many scans"),
    ],
)
def test_hostile_content_is_one_error(content: bytes, reason: str) -> None:
    """Zero bytes, other formats, damage and bombs: each a MediaError that says what is wrong."""
    with pytest.raises(MediaError, match=reason) as caught:
        fit_image(content)
    assert "bytes" == caught.value.source


def test_mutated_files_raise_nothing_else() -> None:
    """Whatever comes out of a damaged file is a copy that conforms, or MediaError."""
    numbers = random.Random(3)
    kinds = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]
    contents = [_file(Image.new("RGB", (40, 60), _RED), kind) for kind in kinds]
    outcomes: set[bool | None] = set()
    for _ in range(120):
        content = bytearray(numbers.choice(contents))
        for _ in range(numbers.randint(1, 4)):
            content[numbers.randrange(len(content))] = numbers.randrange(256)
        try:
            outcomes.add(fit_image(bytes(content)).report.conforms)
        except MediaError:
            outcomes.add(None)
    assert {True, None} == outcomes


def test_a_whole_file_with_too_many_pixels_to_judge_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check leaves open is found out, and it still comes back byte for byte."""
    monkeypatch.setattr("kling_elements.media.images._MOST_PIXELS", 1)
    content = _file(_noise(300, 300), "JPEG")
    assert content == fit_image(content).content
    with pytest.raises(MediaError, match="breaks off"):
        fit_image(content[:9000])


def test_large_pictures_of_the_caller_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is the same as for files."""
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    with pytest.raises(MediaError, match="too many pixels"):
        fit_image(Image.new("L", (11, 10)))


@pytest.mark.parametrize("picture", [Image.new("L", (0, 0)), Image.new("RGB", (0, 9))])
def test_a_picture_without_pixels_is_refused(picture: Image.Image) -> None:
    """Nothing can be made of it."""
    with pytest.raises(MediaError, match="has no pixels"):
        fit_image(picture)


@pytest.mark.parametrize("ratio", ["pad", "crop"])
def test_a_copy_that_does_not_conform_is_never_returned(ratio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each copy is checked again, by the same check as any image."""
    monkeypatch.setattr(fit_images, "_sized", lambda picture, *_: (picture, []))
    with pytest.raises(MediaError, match="no copy of it that conforms") as caught:
        fit_image(Image.new("L", (299, 300)), ratio=ratio)
    assert ["R16"] == [each.rule for each in caught.value.violations]


def test_an_address_is_to_be_downloaded_first() -> None:
    """Nothing is fetched, and the error names no query."""
    with pytest.raises(MediaError, match="download what lies there first") as caught:
        fit_image("https://media.example.com/mara.jpg?token=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("source", [5, None, "mara.jpg", Path("/nowhere/mara.jpg")])
def test_what_is_no_image_at_all_is_refused(source: Any) -> None:
    """The error is that of every function here."""
    with pytest.raises(MediaError):
        fit_image(source)


@pytest.mark.parametrize("options", [{"ratio": "stretch"}, {"background": "no colour"}])
def test_arguments_that_make_no_sense_are_refused(options: Any) -> None:
    """Before anything is read."""
    with pytest.raises(ValueError, match=r"ratio must be one of 'pad', 'crop'|unknown color"):
        fit_image(Path("/nowhere"), **options)


def test_a_copy_shows_no_bytes_and_can_be_saved(tmp_path: Path) -> None:
    """Saving takes the place of a file at once, and leaves nothing beside it."""
    result = fit_image(Image.new("L", (200, 200)))
    assert f"content=<{len(result.content)} bytes>" in repr(result)
    target = tmp_path / "fitted.png"
    for _ in range(2):
        result.save(target)
    assert (result.content, [target]) == (target.read_bytes(), list(tmp_path.iterdir()))


@pytest.mark.parametrize("name", ["missing/fitted.png", "a\0b.png"])
def test_a_copy_that_cannot_be_saved_is_one_error(name: str, tmp_path: Path) -> None:
    """It names the target."""
    with pytest.raises(MediaError, match="cannot be written"):
        fit_image(Image.new("L", (200, 200))).save(tmp_path / name)


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finished file is renamed then."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with fitted.new_file(tmp_path / "new") as unfinished:
        unfinished.write_text("whole")
    assert "whole" == (tmp_path / "new").read_text()


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    """What was made is dropped then."""
    target = tmp_path / "new"
    with pytest.raises(MediaError, match="exists already"), fitted.new_file(target) as unfinished:
        _ = unfinished.write_text("mine"), target.write_text("theirs")
    assert ("theirs", [target]) == (target.read_text(), list(tmp_path.iterdir()))
