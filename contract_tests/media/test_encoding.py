"""Pictures are encoded with the highest quality that fits into the maximum size."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from PIL import Image

from contract_tests.support.media_inputs import contract_with_max_image_bytes
from contract_tests.support.pillow_pictures import ENCODED, decode, encode, jpeg_of_quality, noise
from kling_elements.media import fit_image, image
from kling_elements_runtime.contract import Contract


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_jpeg_shows_the_background_in_transparent_areas(mode: str) -> None:
    """A PNG of the picture would be too large. The change is reported."""
    picture = noise(300, 300, mode)
    picture.putalpha(Image.new("L", (300, 300), 0))
    assert ("encoded as PNG",) == fit_image(picture).changes
    result = fit_image(picture, background="#808080", contract=contract_with_max_image_bytes(100_000))
    assert ("filled its transparent areas with #808080, because a JPEG has no transparency", ENCODED) == result.changes
    assert all(abs(low - 128) < 3 > abs(high - 128) for low, high in _extrema(result.content))


def _extrema(content: bytes) -> Any:
    extrema = decode(content).getextrema()
    return extrema if isinstance(extrema[0], tuple) else (extrema,)


@pytest.mark.parametrize("max_bytes", [60_000, 120_000, 180_000])
def test_the_highest_quality_that_fits_is_used(max_bytes: int) -> None:
    """The next quality would be too large. This holds for files and PIL images."""
    contract = contract_with_max_image_bytes(max_bytes)
    picture = noise(300, 300)
    result = fit_image(encode(picture, "BMP"), contract=contract)
    (change,) = result.changes
    quality = int(change.removeprefix("encoded as JPEG of quality ").partition(",")[0])
    assert ("4:4:4" if quality >= 90 else "4:2:0") == change[-5:]
    assert len(result.content) <= max_bytes < len(jpeg_of_quality(picture, quality + 1))
    assert result.content == jpeg_of_quality(picture, quality) == _fitted_content(picture, contract)


def _fitted_content(picture: Image.Image, contract: Contract) -> bytes:
    """Return the file that `image` makes of a PIL image."""
    return base64.b64decode(image(picture, contract=contract))


def test_a_png_that_just_fits_is_kept() -> None:
    """If the limit is one byte lower, the picture becomes a JPEG."""
    picture = noise(300, 300)
    size = len(encode(picture))
    assert ("encoded as PNG",) == fit_image(picture, contract=contract_with_max_image_bytes(size)).changes
    assert b"\x89PNG" == _fitted_content(picture, contract_with_max_image_bytes(size))[:4]
    assert fit_image(picture, contract=contract_with_max_image_bytes(size - 1)).changes[0].startswith("encoded as JPEG")
    assert b"\xff\xd8\xff\xe0" == _fitted_content(picture, contract_with_max_image_bytes(size - 1))[:4]
