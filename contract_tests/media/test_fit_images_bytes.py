"""Copies of images that conform have the highest quality that their maximum size allows."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from PIL import Image

from contract_tests.support.media_inputs import contract_with
from contract_tests.support.pillow_pictures import ENCODED, decode, encode, noise
from kling_elements.media import fit_image, image
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract


def _contract_with_max_bytes(max_bytes: int) -> Contract:
    return contract_with("x-image", {"file-size": {"max-bytes": max_bytes}})


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_jpeg_shows_the_background_in_transparent_areas(mode: str) -> None:
    """The change is reported, and is made only if a PNG is too large."""
    picture = noise(300, 300, mode)
    picture.putalpha(Image.new("L", (300, 300), 0))
    assert ("encoded as PNG",) == fit_image(picture).changes
    result = fit_image(picture, background="#808080", contract=_contract_with_max_bytes(100_000))
    assert ("filled its transparent areas with #808080, because a JPEG has no transparency", ENCODED) == result.changes
    assert all(abs(low - 128) < 3 > abs(high - 128) for low, high in _extrema(result.content))


def _extrema(content: bytes) -> Any:
    extrema = decode(content).getextrema()
    return extrema if isinstance(extrema[0], tuple) else (extrema,)


@pytest.mark.parametrize("max_bytes", [60_000, 120_000, 180_000])
def test_the_highest_quality_that_fits_is_used(max_bytes: int) -> None:
    """The next quality would be too large, both for the copy of a file and for a PIL image."""
    contract = _contract_with_max_bytes(max_bytes)
    picture = noise(300, 300)
    result = fit_image(encode(picture, "BMP"), contract=contract)
    (change,) = result.changes
    quality = int(change.removeprefix("encoded as JPEG of quality ").partition(",")[0])
    assert ("4:4:4" if quality >= 90 else "4:2:0") == change[-5:]
    assert len(result.content) <= max_bytes < len(_at_quality(picture, quality + 1))
    assert result.content == _at_quality(picture, quality) == _fitted_content(picture, contract)


def _at_quality(picture: Image.Image, quality: int) -> bytes:
    return encode(picture, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)


def _fitted_content(picture: Image.Image, contract: Contract) -> bytes:
    """Return the file that `image` makes of a PIL image."""
    return base64.b64decode(image(picture, contract=contract))


def test_a_png_that_just_fits_is_kept() -> None:
    """If the limit is one byte lower, the picture becomes a JPEG."""
    picture = noise(300, 300)
    size = len(encode(picture))
    assert ("encoded as PNG",) == fit_image(picture, contract=_contract_with_max_bytes(size)).changes
    assert b"\x89PNG" == _fitted_content(picture, _contract_with_max_bytes(size))[:4]
    assert fit_image(picture, contract=_contract_with_max_bytes(size - 1)).changes[0].startswith("encoded as JPEG")
    assert b"\xff\xd8\xff\xe0" == _fitted_content(picture, _contract_with_max_bytes(size - 1))[:4]


@pytest.mark.parametrize("size", [(900, 600), (600, 1500)])
def test_a_picture_is_made_smaller_only_if_low_quality_does_not_fit(size: tuple[int, int]) -> None:
    """The copy keeps its ratio, is little smaller than necessary, and no side falls below the limit."""
    picture = noise(*size)
    max_bytes = len(_at_quality(picture, 50)) - 1
    contract = _contract_with_max_bytes(max_bytes)
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
    """No copy is smaller than the smallest allowed sides."""
    with pytest.raises(MediaError, match="cannot be made smaller than 5000 bytes"):
        fit_image(noise(400, 310), contract=_contract_with_max_bytes(5_000))
