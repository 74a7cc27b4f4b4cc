"""Copies of images that conform: their sides, ratio, format and size in bytes, and the reported changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from contract_tests.reading.images import Picture
from contract_tests.support.media_inputs import contract_with_max_image_bytes
from contract_tests.support.pillow_pictures import ENCODED, RED, decode, encode, jpeg_of_quality, noise
from kling_elements.media import fit_images, image
from kling_elements.media.fit_images import fit_image
from kling_elements_client.errors import MediaError

_MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]
_WIDE_MODES = ["I", "I;16", "I;16B", "I;16L", "F"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(300, 300), (750, 300), (300, 750), (301, 752)])
def test_an_image_that_conforms_is_returned_unchanged(kind: str, size: tuple[int, int]) -> None:
    """Images exactly at the limits are not changed."""
    content = encode(Image.new("RGB", size, RED), kind)
    result = fit_image(content)
    assert (content, ()) == (result.content, result.changes)
    assert size == (result.report.width_px, result.report.height_px)


def test_an_image_with_an_orientation_may_conform() -> None:
    """A picture that is stored sideways conforms if its displayed sides do."""
    content = Picture(format="jpeg", width=750, height=300, orientation=6).build()
    assert content == fit_image(content).content


@pytest.mark.parametrize(
    ("size", "fitted_size", "change"),
    [
        ((299, 300), (300, 301), "enlarged from 299x300 px to 300x301 px"),
        ((300, 299), (301, 300), "enlarged from 300x299 px to 301x300 px"),
        ((1, 1), (300, 300), "enlarged from 1x1 px to 300x300 px"),
        ((765, 300), (765, 306), "padded above and below from 765x300 px to 765x306 px"),
        ((300, 765), (306, 765), "padded at the sides from 300x765 px to 306x765 px"),
        ((751, 300), (751, 301), "stretched from 751x300 px to 751x301 px, to reach an allowed ratio"),
        ((300, 751), (301, 751), "stretched from 300x751 px to 301x751 px, to reach an allowed ratio"),
        (
            (5010, 2000),
            (5010, 2004),
            "stretched from 5010x2000 px to 5010x2004 px, to reach an allowed ratio",
        ),
        ((1, 1000), (400, 1000), "padded at the sides from 1x1000 px to 400x1000 px"),
        ((10000, 10), (10000, 4000), "padded above and below from 10000x10 px to 10000x4000 px"),
    ],
)
def test_padding_reaches_the_limits_exactly(size: tuple[int, int], fitted_size: tuple[int, int], change: str) -> None:
    """Sides and ratio change only as much as the limits require."""
    result = fit_image(encode(Image.new("L", size)))
    assert fitted_size == decode(result.content).size
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
def test_cropping_reaches_the_limits_exactly(
    size: tuple[int, int], fitted_size: tuple[int, int], changes: list[str]
) -> None:
    """Cropping cuts both ends, and only as much as necessary."""
    result = fit_image(Image.new("L", size), ratio="crop")
    assert fitted_size == decode(result.content).size
    assert (*changes, "encoded as PNG") == result.changes


def test_padding_keeps_every_pixel() -> None:
    """The picture is unchanged in the middle of the background."""
    source = noise(300, 900)
    result = decode(fit_image(source, background="#010203").content)
    assert (360, 900) == result.size
    assert source.tobytes() == result.crop((30, 0, 330, 900)).tobytes()
    assert [(900 * 30, (1, 2, 3))] == result.crop((0, 0, 30, 900)).getcolors()
    assert [(900 * 30, (1, 2, 3))] == result.crop((330, 0, 360, 900)).getcolors()


def test_cropping_keeps_the_middle() -> None:
    """The pixels in the middle are unchanged."""
    source = noise(1000, 320)
    result = decode(fit_image(source, ratio="crop").content)
    assert source.crop((100, 0, 900, 320)).tobytes() == result.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_a_copy_of_a_jpeg_is_a_jpeg(kind: str) -> None:
    """The copy has full colour and the highest quality, and is much smaller than a PNG would be."""
    options = {"save_all": True, "append_images": [Image.new("RGB", (200, 240))]} if kind == "MPO" else {}
    result = fit_image(encode(Image.new("RGB", (200, 240), RED), kind, **options))
    assert "jpeg" == result.report.format
    assert (1, 1) == decode(result.content).layer[0][1:3]  # type: ignore[attr-defined]
    several = ["kept the first of several pictures"] if kind == "MPO" else []
    assert (*several, "enlarged from 200x240 px to 300x360 px", ENCODED) == result.changes


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_become_png(kind: str) -> None:
    """Formats other than JPEG lose nothing if a PNG fits."""
    result = fit_image(encode(Image.new("RGB", (300, 300), "white"), kind))
    assert "png" == result.report.format
    assert [(90000, (255, 255, 255))] == decode(result.content).convert("RGB").getcolors()
    assert (() if kind == "PNG" else ("encoded as PNG",)) == result.changes


@pytest.mark.parametrize("mode", [*_MODES, *_WIDE_MODES])
@pytest.mark.parametrize("ratio", ["pad", "crop"])
def test_every_pixel_mode_can_be_fitted(mode: str, ratio: Any) -> None:
    assert fit_image(Image.new(mode, (40, 400)), ratio=ratio).report.conforms


@given(
    size=st.tuples(st.integers(1, 900), st.integers(1, 900)),
    mode=st.sampled_from([*_MODES, *_WIDE_MODES]),
    ratio=st.sampled_from(["pad", "crop"]),
)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_a_copy_of_any_picture_conforms(size: tuple[int, int], mode: str, ratio: Any) -> None:
    """Sides are at least 300 px, the ratio is at most 2.5, and repeated runs give the same bytes."""
    result = fit_image(Image.new(mode, size), ratio=ratio)
    short, long = sorted(decode(result.content).size)
    assert short >= 300
    assert 2 * long <= 5 * short
    assert ((), ()) == (result.report.violations, result.report.unchecked)
    assert result.content == fit_image(Image.new(mode, size), ratio=ratio).content


def test_a_copy_has_no_other_metadata() -> None:
    """Places and comments are not copied."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    assert {} == decode(fit_image(encode(Image.new("RGB", (200, 200)), pnginfo=text)).content).info


@pytest.mark.parametrize("max_pixels", [1_000_000, 999_999, 998_001, 2_345_678])
def test_a_picture_too_long_to_be_padded_is_made_smaller_first(max_pixels: int) -> None:
    """Otherwise kilobytes would become gigabytes. The copy uses nearly all of the allowed pixels."""
    result = fit_image(Image.new("L", (6000, 3)), max_pixels=max_pixels)
    width, height = decode(result.content).size
    assert 0.99 * max_pixels < width * height <= max_pixels
    assert result.changes[0].startswith(f"made smaller from 6000x3 px to {width}x")


@pytest.mark.parametrize("ratio", ["pad", "crop"])
def test_a_copy_that_does_not_conform_is_never_returned(ratio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fit_image` checks each copy like any other image."""
    monkeypatch.setattr(fit_images, "_resize", lambda picture, *_: (picture, []))
    with pytest.raises(MediaError, match="no conforming copy could be made") as caught:
        fit_image(Image.new("L", (299, 300)), ratio=ratio)
    assert ["R16"] == [violation.rule for violation in caught.value.violations]


@pytest.mark.parametrize("size", [(900, 600), (600, 1500)])
def test_a_picture_is_made_smaller_only_if_low_quality_does_not_fit(size: tuple[int, int]) -> None:
    """The copy keeps its ratio and hardly shrinks. No side is below the limit."""
    picture = noise(*size)
    max_bytes = len(jpeg_of_quality(picture, 50)) - 1
    contract = contract_with_max_image_bytes(max_bytes)
    result = fit_image(picture, contract=contract)
    width, height = decode(result.content).size
    assert f"made smaller from {size[0]}x{size[1]} px to {width}x{height} px to fit into" in result.changes[0]
    assert 0.9 * size[0] < width < size[0]
    assert 2 * max(width, height) <= 5 * min(width, height)
    assert len(result.content) <= max_bytes
    with pytest.raises(
        MediaError, match=f"bytes; at most {max_bytes} are allowed"
    ):  # because only `fit_image` changes sides
        image(picture, contract=contract)


def test_a_picture_that_cannot_be_made_small_enough_is_refused() -> None:
    """A copy would need sides below the limit."""
    with pytest.raises(MediaError, match="cannot be made smaller than 5000 bytes"):
        fit_image(noise(400, 310), contract=contract_with_max_image_bytes(5_000))
