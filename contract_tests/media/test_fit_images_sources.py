"""Every kind of image source can be fitted; sources that cannot be used raise MediaError and nothing else."""

from __future__ import annotations

import base64
import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract_tests.reading.images import Picture, png_chunk
from contract_tests.support.pillow_pictures import RED, encode, noise
from kling_elements.media import decoding, fit_images
from kling_elements.media.fit_images import fit_image
from kling_elements_client.errors import MediaError


def _sources(folder: Path) -> dict[str, Any]:
    content = encode(Image.new("L", (200, 200)))
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
def test_every_kind_of_source_can_be_fitted(kind: str, tmp_path: Path) -> None:
    """Every kind of source leads to the same copy."""
    source = _sources(tmp_path)[kind]
    assert fit_image(Image.new("L", (200, 200))).content == fit_image(source).content


def test_sources_may_be_larger_than_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are too large for a request are just the ones to fit."""
    content = Picture(format="png", width=300, height=300, file_size=10_485_761).build()
    for source in (content, _Pipe(content)):
        assert ("encoded as PNG",) == fit_image(source).changes
    monkeypatch.setattr(fit_images, "_MAX_SOURCE_BYTES", len(content) - 1)
    for pixels, source in ((10_485_760 // 4, content), (10_485_760 // 4, _Pipe(content))):
        with pytest.raises(MediaError, match="more than 10485760 bytes"):
            fit_image(source, max_pixels=pixels)
    assert ("encoded as PNG",) == fit_image(content, max_pixels=10_485_764 // 4).changes


def test_the_callers_picture_is_not_changed() -> None:
    """The picture keeps its pixels and its metadata."""
    picture = Image.new("RGB", (200, 240))
    picture.info["note"] = "mine"
    picture.getexif()[0x0112] = 6
    fit_image(picture)
    assert ((200, 240), "mine", 6) == (picture.size, picture.info["note"], picture.getexif()[0x0112])


def test_pillow_plugins_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEIF is read if a package has added it to Pillow; here it is PNG under another name."""
    factory, _ = Image.OPEN["PNG"]
    monkeypatch.setitem(Image.OPEN, "HEIF", (factory, lambda start: start.startswith(b"\x89PNG")))
    monkeypatch.setattr(decoding, "_FORMATS", ("JPEG",))
    assert ("enlarged from 200x200 px to 300x300 px", "encoded as PNG") == fit_image(_SMALL_PNG).changes


def _jpeg_with_scans(count: int) -> bytes:
    """Return a progressive JPEG with markers for this many more scans."""
    content = Picture(format="jpeg", width=200, height=200, progressive=True).build()
    return content[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * count + content[-2:]


def _bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0")) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


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
        (_bomb(400, 100), "is cut off"),
        (_bomb(30_000, 9_000), "too many pixels"),
        (_bomb(300_000, 900_000), "too many pixels"),
        (_jpeg_with_scans(60_000), "too many scans"),
    ],
)
def test_hostile_content_raises_a_media_error(content: bytes, reason: str) -> None:
    """Empty files, other formats, damage and bombs are named in the message."""
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


def test_an_image_too_large_for_the_check_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """If decoding shows that the image is complete, its bytes are returned unchanged."""
    monkeypatch.setattr("kling_elements.media.images._MAX_CHECKED_PIXELS", 1)
    content = encode(noise(300, 300), "JPEG")
    assert content == fit_image(content).content
    with pytest.raises(MediaError, match="is cut off"):
        fit_image(content[:9000])


def test_a_pil_image_with_too_many_pixels_is_refused() -> None:
    """The limit is the same as for files."""
    with pytest.raises(MediaError, match=r"110, but at most 109 are allowed .* larger max_pixels"):
        fit_image(Image.new("L", (11, 10)), max_pixels=109)


@pytest.mark.parametrize("picture", [Image.new("L", (0, 0)), Image.new("RGB", (0, 9))])
def test_a_picture_without_pixels_is_refused(picture: Image.Image) -> None:
    with pytest.raises(MediaError, match="has no pixels"):
        fit_image(picture)


def test_a_url_must_be_downloaded_first() -> None:
    """`fit_image` fetches nothing from a URL, and the error does not contain the query."""
    with pytest.raises(MediaError, match="download the file first") as caught:
        fit_image("https://media.example.com/mara.jpg?token=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("source", [5, None, "mara.jpg", Path("/nowhere/mara.jpg")])
def test_a_source_that_is_not_an_image_is_refused(source: Any) -> None:
    """The error is the same as for the other functions."""
    with pytest.raises(MediaError):
        fit_image(source)


@pytest.mark.parametrize("options", [{"ratio": "stretch"}, {"background": "no colour"}])
def test_invalid_arguments_are_refused(options: Any) -> None:
    """Arguments are checked before anything is read."""
    with pytest.raises(ValueError, match=r"ratio must be one of 'pad', 'crop'|unknown color"):
        fit_image(Path("/nowhere"), **options)


@pytest.mark.parametrize(("max_pixels", "part"), [(40_000, 1), (39_999, 2), (10_000, 2), (9_999, 4), (625, 8)])
def test_a_jpeg_with_too_many_pixels_is_decoded_smaller(max_pixels: int, part: int) -> None:
    """Decoding at a half, a quarter or an eighth of the sides takes little memory."""
    content = encode(Image.new("RGB", (200, 200), RED), "JPEG")
    changes = fit_image(content, max_pixels=max_pixels).changes
    side = 200 // part
    smaller = f"made smaller from 200x200 px to {side}x{side} px by the decoder"
    assert ([smaller] if part > 1 else []) == [change for change in changes if change.startswith("made smaller")]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_max_pixels_can_be_set(kind: str) -> None:
    """The exact number is enough. A pixel counts twice if its decoder needs more memory."""
    needed = 200 * 200 * (2 if kind in ("WEBP", "AVIF") else 1)
    content = encode(Image.new("RGB", (200, 200), RED), kind)
    assert fit_image(content, max_pixels=needed).report.conforms
    with pytest.raises(MediaError, match=rf"{needed}, but at most {needed - 1} are allowed .* larger max_pixels"):
        fit_image(content, max_pixels=needed - 1)


@pytest.mark.parametrize("max_pixels", [0, -1, True, 1.5, "1"])
def test_an_invalid_max_pixels_is_refused(max_pixels: Any) -> None:
    """`max_pixels` is checked before anything is read."""
    with pytest.raises((TypeError, ValueError), match="max_pixels must be a whole number, 1 or more"):
        fit_image(Path("/nowhere"), max_pixels=max_pixels)


def test_a_conforming_image_too_large_to_be_decoded_is_returned() -> None:
    """The report says that nobody knows whether the image is complete."""
    content = _bomb(30_000, 20_000)
    result = fit_image(content)
    assert (content, ["R14"]) == (result.content, [rule for rule, _ in result.report.unchecked])


_MEMORY = """
import re, sys
from pathlib import Path
from kling_elements.media import fit_image
from kling_elements_client.errors import MediaError
try:
    fit_image(Path(sys.argv[1]))
except MediaError as error:
    print(error)
# read from /proc, because the system's own counter starts with the memory of the test's process
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def _large_gif() -> bytes:
    """Return a GIF of 35 bytes that claims to have 169 million pixels."""
    screen = struct.pack("<HH", 13_000, 13_000)
    return b"GIF89a" + screen + b"\xf0\0\0" + bytes(6) + b"," + bytes(4) + screen + b"\0\2\2\x4c\1\0;"


@pytest.mark.parametrize(
    "make",
    [
        _large_gif,
        lambda: _bomb(13_000, 13_000),
        lambda: encode(Image.new("1", (6300, 6300)), "PNG"),
        lambda: encode(Image.new("L", (9000, 2000)), "JPEG", progressive=True),
        lambda: encode(Image.new("L", (3600, 300)), "WEBP"),
    ],
    ids=["GIF", "PNG", "large PNG", "JPEG", "WebP"],
)
def test_fitting_needs_less_than_600_mib_of_memory(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(make())
    done = subprocess.run([sys.executable, "-c", _MEMORY, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) < 600
