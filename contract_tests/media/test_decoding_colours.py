"""Decoded pictures keep their colours and transparency, or the conversion is reported."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageCms

from contract_tests.reading.images import Picture, png_chunk
from contract_tests.support.pillow_pictures import RED, decode, encode
from kling_elements.media.fit_images import fit_image


def _profile(name: Any = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


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
    """White stays white. Without a defined white, the brightest pixel becomes white."""
    result = fit_image(Image.new(mode, (300, 300), value))
    assert ("reduced to 8 bits per channel", "encoded as PNG") == result.changes
    assert grey == decode(result.content).getpixel((9, 9))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_colour_profiles_are_kept(kind: str) -> None:
    """The copy has the same profile, byte for byte."""
    profile = _profile()
    content = encode(Image.new("RGB", (200, 200), RED), kind, icc_profile=profile)
    assert profile == decode(fit_image(content).content).info["icc_profile"]


@pytest.mark.parametrize("profile", [None, b"no profile at all", _profile("sRGB")])
def test_cmyk_becomes_rgb_without_a_usable_profile(profile: bytes | None) -> None:
    """The list of changes says that the profile was not used."""
    content = encode(Image.new("CMYK", (300, 300), (0, 255, 255, 0)), "TIFF", icc_profile=profile)
    result = fit_image(content)
    assert "converted from CMYK to RGB without a colour profile; colours may look different" in result.changes
    assert (255, 0, 0) == decode(result.content).getpixel((9, 9))


def test_cmyk_becomes_rgb_with_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy drops the profile, because it describes CMYK."""
    arguments: list[Any] = []

    def convert(*args: Any, **_: Any) -> Image.Image:
        arguments.extend(args)
        return Image.new("RGB", (300, 300), RED)

    monkeypatch.setattr(ImageCms, "profileToProfile", convert)
    content = encode(Image.new("CMYK", (300, 300)), "JPEG", icc_profile=_profile())
    result = fit_image(encode(Image.open(io.BytesIO(content)), "TIFF", icc_profile=_profile()))
    copy = decode(result.content)
    assert ("converted from CMYK to RGB with its colour profile", "encoded as PNG") == result.changes
    assert (RED, None) == (copy.getpixel((9, 9)), copy.info.get("icc_profile"))
    assert isinstance(arguments[1], ImageCms.ImageCmsProfile)


@pytest.mark.parametrize(
    ("mode", "transparency"),
    [("L", 0), ("RGB", (0, 0, 0)), ("1", 0), ("P", 0), ("P", b"\x10\x20")],
)
def test_a_transparent_colour_is_kept(mode: str, transparency: Any) -> None:
    """The copy is a PNG with an alpha channel."""
    picture = Image.new(mode, (200, 200))
    picture.info["transparency"] = transparency
    assert "A" in decode(fit_image(picture).content).getbands()


def test_an_opaque_alpha_channel_is_removed() -> None:
    """The picture loses nothing without it."""
    assert "RGB" == decode(fit_image(Image.new("RGBA", (200, 200), (*RED, 255))).content).mode


def test_a_damaged_profile_is_ignored() -> None:
    content = Picture(width=299).build()
    spoilt = content[:33] + png_chunk(b"iCCP", b"x\0\0spoilt") + content[33:]

    assert fit_image(spoilt).report.conforms
