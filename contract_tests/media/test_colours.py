"""Unusual descriptions of colours are converted to sRGB, and the copy looks the same."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from contract_tests.reading.images import Picture, colour_profile, png_chunk
from contract_tests.support.pillow_pictures import RED, decode, encode
from kling_elements.media import fit_image, image
from kling_elements.media.colours import build_profile, has_common_colours

_P3_RED = (234, 51, 35)  # the red of sRGB, in Display P3
_SAYS = "converted from the colours of its header to sRGB"


def _avif(colour: Any, primaries: int, transfer: int) -> bytes:
    """Return an AVIF whose header gives its colours by number."""
    content = encode(Image.new("RGB", (200, 200), colour), "AVIF", quality=100, subsampling="4:4:4")
    start = content.index(b"colrnclx") + 8
    return content[:start] + struct.pack(">HH", primaries, transfer) + content[start + 4 :]


def _png(mode: str, colour: Any, *chunks: bytes) -> bytes:
    content = encode(Image.new(mode, (200, 200), colour), "PNG")
    return content[:33] + b"".join(chunks) + content[33:]


def _cicp(primaries: int, transfer: int) -> bytes:
    return png_chunk(b"cICP", bytes([primaries, transfer, 0, 1]))


def _is_close(expected: tuple[int, ...], actual: Any, within: int = 3) -> bool:
    return all(abs(one - other) <= within for one, other in zip(expected, actual, strict=True))


def _fit(content: bytes) -> tuple[Any, list[str]]:
    """Return a pixel of a copy, and the changes except those of sides and encoding."""
    result = fit_image(content)
    copy = decode(result.content)
    assert "icc_profile" not in copy.info
    return copy.getpixel((99, 99)), [change for change in result.changes if change.startswith(("converted", "removed"))]


@pytest.mark.parametrize(
    "make", [_avif, lambda colour, *coding: _png("RGB", colour, _cicp(*coding))], ids=["AVIF", "PNG"]
)
def test_display_p3_given_by_number_becomes_srgb(make: Any) -> None:
    """A red that is dull in P3 becomes the full red of sRGB."""
    pixel, changes = _fit(make(_P3_RED, 12, 13))
    assert _is_close((255, 0, 0), pixel, 6)
    assert [_SAYS] == changes


@pytest.mark.parametrize(
    ("value", "grey"),
    [(0, 0), (64, 45), (100, 107), (128, 181), (148, 244), (255, 255)],
)
def test_pq_is_converted_for_ordinary_screens(value: int, grey: int) -> None:
    """White at 203 candelas becomes nearly white, and highlights are compressed."""
    pixel, changes = _fit(_avif((value, value, value), 9, 16))
    assert _is_close((grey, grey, grey), pixel, 6)
    assert [f"{_SAYS}, its highlights compressed"] == changes


def test_hlg_keeps_its_white() -> None:
    """White is read at three quarters of the signal."""
    pixel, changes = _fit(_png("RGB", (191, 191, 191), _cicp(9, 18)))
    assert _is_close((244, 244, 244), pixel, 6)
    assert [f"{_SAYS}, its highlights compressed"] == changes


@pytest.mark.parametrize(
    ("coding", "expected"),
    [((1, 13), 100), ((1, 1), 100), ((2, 2), 100), ((0, 77), 100), ((1, 8), 168), ((1, 4), 99), ((1, 5), 76)],
)
def test_transfers_other_than_srgb_are_converted(coding: tuple[int, int], expected: int) -> None:
    """Unknown transfers, and those that screens show as sRGB, are not converted."""
    pixel, changes = _fit(_png("L", 100, _cicp(*coding)))
    assert _is_close((expected,), (pixel,), 2)
    assert (expected != 100) == (changes != [])


def test_a_profile_takes_precedence_over_the_container() -> None:
    """An AVIF's copy keeps the profile, and its colour numbers are ignored."""
    profile = colour_profile(3000)
    content = encode(Image.new("RGB", (200, 200), RED), "AVIF", icc_profile=profile)
    assert profile == decode(fit_image(content).content).info["icc_profile"]


_CHROMATICITIES = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


@pytest.mark.parametrize(
    ("mode", "colour", "chunks", "expected"),
    [
        ("L", 100, {b"gAMA": 100_000}, (168,)),
        ("RGB", (100, 100, 0), {b"gAMA": 100_000}, (168, 168, 0)),
        ("RGBA", (100, 100, 0, 77), {b"gAMA": 100_000}, (168, 168, 0, 77)),
        ("LA", (100, 77), {b"gAMA": 100_000}, (168, 77)),
        ("RGB", _P3_RED, {b"gAMA": 45_455, b"cHRM": _CHROMATICITIES}, (255, 0, 0)),
    ],
)
def test_gamma_and_primaries_of_a_png_are_applied(mode: str, colour: Any, chunks: Any, expected: Any) -> None:
    """Both the copy and the file from `image` look like the source, including transparency."""
    data = {name: value if isinstance(value, bytes) else value.to_bytes(4) for name, value in chunks.items()}
    content = _png(mode, colour, *(png_chunk(name, chunk) for name, chunk in data.items()))
    pixel, changes = _fit(content)
    assert _is_close(expected, pixel if isinstance(pixel, tuple) else (pixel,), 8)
    assert ["converted from the gamma and the primaries in its header to sRGB"] == changes
    picture = decode(content).resize((300, 300))
    sent = decode(base64.b64decode(image(picture))).getpixel((9, 9))
    assert _is_close(expected, sent if isinstance(sent, tuple) else (sent,), 8)


@pytest.mark.parametrize("chunks", [{b"gAMA": 45_455}, {b"gAMA": 100_000, b"sRGB": b"\0"}, {b"gAMA": 0}])
def test_a_usual_gamma_changes_nothing(chunks: Any) -> None:
    """The same holds for a gamma of 0, and for one beside an sRGB chunk."""
    data = {name: value if isinstance(value, bytes) else value.to_bytes(4) for name, value in chunks.items()}
    content = _png("L", 100, *(png_chunk(name, chunk) for name, chunk in data.items()))
    assert (100, []) == _fit(content)


@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "webp"])
def test_a_profile_over_a_mebibyte_is_converted(kind: str) -> None:
    """Pillow would refuse such a PNG. The change is reported, and the colours stay the same."""
    content = Picture(format=kind, mode="RGB", width=200, height=200, profile_bytes=1_048_577).build()
    pixel, changes = _fit(content)
    assert _is_close((0, 0, 0), pixel)
    assert ["converted to sRGB, because its colour profile has 1048577 bytes"] == changes
    picture = Image.new("RGB", (300, 300), RED)
    picture.info["icc_profile"] = colour_profile(1_048_577)
    assert _is_close(RED, decode(base64.b64decode(image(picture))).getpixel((9, 9)))


def test_a_profile_of_a_mebibyte_is_kept() -> None:
    """One mebibyte is exactly the maximum size."""
    content = Picture(mode="RGB", width=200, height=200, profile_bytes=1_048_576).build()
    assert 1_048_576 == len(decode(fit_image(content).content).info["icc_profile"])


def test_a_large_profile_that_cannot_be_read_is_removed() -> None:
    """The removal is reported as a change."""
    packed = b"x\0\0" + zlib.compress(b"\1" * 1_100_000)
    content = _png("RGB", RED, png_chunk(b"iCCP", packed))
    change = "removed its colour profile, which has 1100000 bytes and cannot be read; colours may look different"
    assert (RED, [change]) == _fit(content)


def test_a_compressed_bomb_in_a_profile_is_not_unpacked() -> None:
    """At most 16 MiB of a profile are unpacked."""
    packed = b"x\0\0" + zlib.compress(bytes(40_000_000))
    _, (change,) = _fit(_png("RGB", RED, png_chunk(b"iCCP", packed)))
    assert "which has 16777216 bytes and cannot be read" in change


def test_little_cms_reads_our_profiles() -> None:
    """Little CMS treats our profile of sRGB as sRGB."""
    srgb = build_profile((0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06), lambda value: value**2.2)
    pair = ImageCms.ImageCmsProfile(io.BytesIO(srgb)), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(Image.new("RGB", (1, 1), RED), *pair)
    assert converted is not None
    assert _is_close(RED, converted.getpixel((0, 0)), 8)  # because the transfer of sRGB differs slightly


@pytest.mark.parametrize(
    ("info", "usual"),
    [({}, True), ({"icc_profile": b"x"}, True), ({"icc_profile": bytes(1_048_577)}, False), ({"gamma": 1.0}, False)],
)
def test_usual_colours_need_no_conversion(info: Any, usual: bool) -> None:  # noqa: FBT001
    assert usual == has_common_colours(info)


def test_a_png_with_much_text_is_fitted() -> None:
    """The file has more text than Pillow accepts, which other programs ignore."""
    content = Picture(width=200, height=200, text_bytes=2_000_000).build()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 2_000_000)
    for source in (content, encode(Image.new("L", (200, 200)), pnginfo=text)):
        assert ("enlarged from 200x200 px to 300x300 px", "encoded as PNG") == fit_image(source).changes


def _wide_png(colour_type: int, first: bytes, others: bytes, transparent: bytes) -> bytes:
    """Return a 16-bit PNG of 200x200 px with one different first pixel and one transparent colour."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 200, 200, 16, colour_type, 0, 0, 0))
    rows = b"\0" + first + others * 199 + (b"\0" + others * 200) * 199
    chunks = (png_chunk(b"tRNS", transparent), png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


@pytest.mark.parametrize("colour_type", [0, 2])
def test_a_16_bit_transparent_colour_is_kept(colour_type: int) -> None:
    samples = 1 if colour_type == 0 else 3
    first, others = struct.pack(">H", 0x1234) * samples, struct.pack(">H", 0xFFFF) * samples
    content = _wide_png(colour_type, others, first, first)
    alpha = decode(fit_image(content, ratio="pad").content).getchannel("A")
    assert (255, 0) == (alpha.getpixel((0, 0)), alpha.getpixel((150, 150)))
