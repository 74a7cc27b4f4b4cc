"""Every kind of image source can be fitted; sources that cannot be used raise MediaError and nothing else."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract_tests.reading.images import Picture
from contract_tests.support.pillow_pictures import encode, noise, png_bomb
from kling_elements.media import fit_images
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
    """All of them lead to the same copy."""
    source = _sources(tmp_path)[kind]
    assert fit_image(Image.new("L", (200, 200))).content == fit_image(source).content


def test_sources_may_be_larger_than_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too large for a request can be fitted."""
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


def test_an_image_too_large_for_the_check_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image's bytes are returned unchanged if decoding shows that it is complete."""
    monkeypatch.setattr("kling_elements.media.images._MAX_CHECKED_PIXELS", 1)
    content = encode(noise(300, 300), "JPEG")
    assert content == fit_image(content).content
    with pytest.raises(MediaError, match="is cut off"):
        fit_image(content[:9000])


def test_a_pil_image_with_too_many_pixels_is_refused() -> None:
    """PIL images and files have the same limit."""
    with pytest.raises(MediaError, match=r"110, but at most 109 are allowed .* larger max_pixels"):
        fit_image(Image.new("L", (11, 10)), max_pixels=109)


@pytest.mark.parametrize("picture", [Image.new("L", (0, 0)), Image.new("RGB", (0, 9))])
def test_a_picture_without_pixels_is_refused(picture: Image.Image) -> None:
    with pytest.raises(MediaError, match="has no pixels"):
        fit_image(picture)


def test_a_url_must_be_downloaded_first() -> None:
    """`fit_image` doesn't fetch the URL, and the error doesn't repeat its query."""
    with pytest.raises(MediaError, match="download the file first") as caught:
        fit_image("https://media.example.com/mara.jpg?token=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("source", [5, None, "mara.jpg", Path("/nowhere/mara.jpg")])
def test_a_source_that_is_not_an_image_is_refused(source: Any) -> None:
    """The error is the same as in the other functions."""
    with pytest.raises(MediaError):
        fit_image(source)


@pytest.mark.parametrize("options", [{"ratio": "stretch"}, {"background": "no colour"}])
def test_invalid_arguments_are_refused(options: Any) -> None:
    """Arguments are checked before anything is read."""
    with pytest.raises(ValueError, match=r"ratio must be one of 'pad', 'crop'|unknown color"):
        fit_image(Path("/nowhere"), **options)


@pytest.mark.parametrize("max_pixels", [0, -1, True, 1.5, "1"])
def test_an_invalid_max_pixels_is_refused(max_pixels: Any) -> None:
    """`max_pixels` is checked before anything is read."""
    with pytest.raises((TypeError, ValueError), match="max_pixels must be a whole number, 1 or more"):
        fit_image(Path("/nowhere"), max_pixels=max_pixels)


def test_a_conforming_image_too_large_to_be_decoded_is_returned() -> None:
    """The report says that its completeness was not checked."""
    content = png_bomb(30_000, 20_000)
    result = fit_image(content)
    assert (content, ["R14"]) == (result.content, [rule for rule, _ in result.report.unchecked])
