"""The metadata of images that are handed in are sent or left out, as the caller says."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.handed_in import file_in
from contract_tests.support.pillow_pictures import opened, saved
from kling_elements.media import fit_image, image
from kling_elements_client.errors import MediaError


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_metadata_are_left_out_only_when_asked(kind: str, tmp_path: Path) -> None:
    """By default the caller's bytes are sent as they are; without metadata the same pixels are."""
    content = Picture(format=kind, orientation=6, file_size=9000).build()
    without = Picture(format=kind, orientation=6).build()
    for source in (content, file_in(tmp_path, content), base64_of(content), io.BytesIO(content)):
        assert content == base64.b64decode(image(source))
        plain = base64.b64decode(image(source, strip_metadata=True))
        assert len(plain) <= len(without) + 20
        assert opened(content).tobytes() == opened(plain).tobytes()
        assert 6 == opened(plain).getexif()[0x0112]
    text = base64_of(saved(Image.new("L", (300, 300)), kind.upper()))
    assert text == image(text, strip_metadata=True)


def test_what_is_judged_is_what_is_sent() -> None:
    """A file that is too large for its metadata conforms without them."""
    content = Picture(format="jpeg", file_size=10_485_761).build()
    with pytest.raises(MediaError, match="R15"):
        image(content)
    assert len(image(content, strip_metadata=True)) < 5000


def test_metadata_that_cannot_be_told_apart_are_not_sent() -> None:
    """A picture that conforms otherwise is refused; what is no image at all is refused as such."""
    content = Picture().build()[:-8]
    assert image(content)
    with pytest.raises(MediaError, match=r"its metadata cannot be left out, .*encode the picture anew"):
        image(content, strip_metadata=True)
    with pytest.raises(MediaError, match="it looks like GIF"):
        image(b"GIF89a" + bytes(99), strip_metadata=True)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_copy_that_conforms_keeps_its_metadata_unless_told(kind: str) -> None:
    """It comes back byte for byte, or with the same pixels and a sentence."""
    content = Picture(format=kind, orientation=6, file_size=9000).build()
    assert (content, ()) == (fit_image(content).content, fit_image(content).changes)
    result = fit_image(content, strip_metadata=True)
    assert ("left out its metadata",) == result.changes
    assert opened(content).tobytes() == opened(result.content).tobytes()
    assert len(result.content) < 3000
    assert () == fit_image(result.content, strip_metadata=True).changes


def test_a_copy_of_another_format_has_no_metadata_anyway() -> None:
    """So nothing has to be left out before."""
    content = saved(Image.new("L", (300, 300)), "GIF", comment=b"somebody")
    assert ("encoded as PNG",) == fit_image(content, strip_metadata=True).changes
