"""Files of every format become plain, upright pictures; damaged ones and bombs raise MediaError and nothing else."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract_tests.reading.images import Picture
from contract_tests.support.pillow_pictures import ENCODED, RED, decode, encode, noise, png_bomb
from contract_tests.support.program_runs import run_program
from kling_elements.media import decoding
from kling_elements.media.fit_images import fit_image
from kling_elements_client.errors import MediaError


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(orientation: int) -> None:
    """The copy has no EXIF orientation, and shows the same top left corner."""
    picture = Image.new("RGB", (200, 240), "white")
    corners = {1: (0, 0), 2: (100, 0), 3: (100, 120), 4: (0, 120), 5: (0, 0), 6: (0, 120), 7: (100, 120), 8: (100, 0)}
    picture.paste("black", (*corners[orientation], corners[orientation][0] + 100, corners[orientation][1] + 120))
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = fit_image(encode(picture, "JPEG", quality=95, exif=exif))
    copy = decode(result.content)
    assert ((300, 360) if orientation < 5 else (360, 300)) == copy.size
    is_dark = copy.convert("L").point(lambda value: value < 99)
    assert [1, 0, 0] == [is_dark.getpixel(at) for at in ((40, 40), (280, 40), (40, 280))]
    assert (orientation != 1) == ("turned upright as its EXIF orientation says" in result.changes)
    assert not dict(copy.getexif())


def test_an_unreadable_orientation_is_ignored() -> None:
    exif = b"Exif\0\0MM\0*" + b"\xff" * 8
    assert ("enlarged from 200x200 px to 300x300 px", ENCODED) == fit_image(
        encode(Image.new("L", (200, 200)), "JPEG", exif=exif)
    ).changes


def test_errors_of_pillow_about_metadata_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise struct.error

    monkeypatch.setattr(Image.Image, "getexif", refuse)
    assert (300, 300) == decode(fit_image(Image.new("L", (9, 9))).content).size


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_picture_of_an_animation_is_kept(kind: str) -> None:
    """The list of changes mentions that the others are dropped."""
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("white", "black")]
    result = fit_image(encode(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert "kept the first of several pictures" == result.changes[0]
    assert (255, 255, 255) == decode(result.content).convert("RGB").getpixel((9, 9))


def test_pillow_plugins_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEIF is read through a plugin, for which a reader of PNG stands in here."""
    factory, _ = Image.OPEN["PNG"]
    monkeypatch.setitem(Image.OPEN, "HEIF", (factory, lambda start: start.startswith(b"\x89PNG")))
    monkeypatch.setattr(decoding, "_FORMATS", ("JPEG",))
    assert ("enlarged from 200x200 px to 300x300 px", "encoded as PNG") == fit_image(_SMALL_PNG).changes


def _jpeg_with_scans(count: int) -> bytes:
    """Return a progressive JPEG with markers for some additional scans."""
    content = Picture(format="jpeg", width=200, height=200, progressive=True).build()
    return content[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * count + content[-2:]


_SMALL_PNG = encode(noise(200, 200))


_SMALL_JPEG = encode(noise(200, 200), "JPEG")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not an image that can be read"),
        (b"hello" * 99, "is not an image that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 400\n", "is not an image that can be read"),
        (_SMALL_PNG[:-20], "is cut off"),
        (_SMALL_PNG[:5000] + bytes([_SMALL_PNG[5000] ^ 1]) + _SMALL_PNG[5001:], "or damaged"),
        (_SMALL_JPEG[:5000], "is cut off"),
        (encode(noise(200, 200), "TIFF")[:900], "is cut off"),
        (encode(noise(200, 200), "WEBP")[:900], "damaged"),
        (png_bomb(400, 100), "is cut off"),
        (png_bomb(30_000, 9_000), "too many pixels"),
        (png_bomb(300_000, 900_000), "too many pixels"),
        (_jpeg_with_scans(60_000), "too many scans"),
    ],
)
def test_hostile_content_raises_a_media_error(content: bytes, reason: str) -> None:
    """The message distinguishes empty files, other formats, damage and bombs."""
    with pytest.raises(MediaError, match=reason) as caught:
        fit_image(content)
    assert "bytes" == caught.value.source


def test_a_mutated_file_is_fitted_or_raises_a_media_error() -> None:
    numbers = random.Random(3)
    kinds = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]
    contents = [encode(Image.new("RGB", (40, 60), RED), kind) for kind in kinds]
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


@pytest.mark.parametrize(("max_pixels", "part"), [(40_000, 1), (39_999, 2), (10_000, 2), (9_999, 4), (625, 8)])
def test_a_jpeg_with_too_many_pixels_is_decoded_smaller(max_pixels: int, part: int) -> None:
    """The JPEG is decoded at a half, a quarter or an eighth of the sides, which takes little memory."""
    content = encode(Image.new("RGB", (200, 200), RED), "JPEG")
    changes = fit_image(content, max_pixels=max_pixels).changes
    side = 200 // part
    smaller = f"made smaller from 200x200 px to {side}x{side} px by the decoder"
    assert ([smaller] if part > 1 else []) == [change for change in changes if change.startswith("made smaller")]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_max_pixels_can_be_set(kind: str) -> None:
    """Exactly that many pixels are accepted. They count twice if the decoder needs more memory."""
    needed = 200 * 200 * (2 if kind in ("WEBP", "AVIF") else 1)
    content = encode(Image.new("RGB", (200, 200), RED), kind)
    assert fit_image(content, max_pixels=needed).report.conforms
    with pytest.raises(MediaError, match=rf"{needed}, but at most {needed - 1} are allowed .* larger max_pixels"):
        fit_image(content, max_pixels=needed - 1)


def _large_gif() -> bytes:
    """Return a GIF of 35 bytes that claims to have 169 million pixels."""
    screen = struct.pack("<HH", 13_000, 13_000)
    return b"GIF89a" + screen + b"\xf0\0\0" + bytes(6) + b"," + bytes(4) + screen + b"\0\2\2\x4c\1\0;"


@pytest.mark.parametrize(
    "make",
    [
        _large_gif,
        lambda: png_bomb(13_000, 13_000),
        lambda: encode(Image.new("1", (6300, 6300)), "PNG"),
        lambda: encode(Image.new("L", (9000, 2000)), "JPEG", progressive=True),
        lambda: encode(Image.new("L", (3600, 300)), "WEBP"),
    ],
    ids=["GIF", "PNG", "large PNG", "JPEG", "WebP"],
)
def test_fitting_needs_less_than_600_mib_of_memory(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(make())
    ended = run_program("fit_image_memory", path)
    assert int(ended.splitlines()[-1]) < 600
