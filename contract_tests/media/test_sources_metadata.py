"""The metadata of images is sent or removed, as the caller chooses."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.media_inputs import write_file
from contract_tests.support.pillow_pictures import decode, encode
from kling_elements.media import fit_image, image
from kling_elements_client.errors import MediaError


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_metadata_is_removed_only_on_request(kind: str, tmp_path: Path) -> None:
    """The default sends your bytes unchanged. The pixels are the same in both cases."""
    content = Picture(format=kind, orientation=6, file_size=9000).build()
    without = Picture(format=kind, orientation=6).build()
    for source in (content, write_file(tmp_path, content), base64_of(content), io.BytesIO(content)):
        assert content == base64.b64decode(image(source))
        plain = base64.b64decode(image(source, strip_metadata=True))
        assert len(plain) <= len(without) + 20
        assert decode(content).tobytes() == decode(plain).tobytes()
        assert 6 == decode(plain).getexif()[0x0112]
    text = base64_of(encode(Image.new("L", (300, 300)), kind.upper()))
    assert text == image(text, strip_metadata=True)


def test_the_image_is_checked_without_its_metadata() -> None:
    """A file that is too large only because of its metadata conforms."""
    content = Picture(format="jpeg", file_size=10_485_761).build()
    with pytest.raises(MediaError, match="R15"):
        image(content)
    assert len(image(content, strip_metadata=True)) < 5000


def test_metadata_that_cannot_be_removed_is_not_sent() -> None:
    """A conforming image is refused because of its metadata, and any other image because of its other faults."""
    content = Picture().build()[:-8]
    assert image(content)
    with pytest.raises(MediaError, match=r"its metadata cannot be removed, .*re-encode it"):
        image(content, strip_metadata=True)
    with pytest.raises(MediaError, match="it looks like GIF"):
        image(b"GIF89a" + bytes(99), strip_metadata=True)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_an_image_that_conforms_keeps_its_metadata_by_default(kind: str) -> None:
    """With `strip_metadata`, the copy has the same pixels, and the change is reported."""
    content = Picture(format=kind, orientation=6, file_size=9000).build()
    assert (content, ()) == (fit_image(content).content, fit_image(content).changes)
    result = fit_image(content, strip_metadata=True)
    assert ("removed its metadata",) == result.changes
    assert decode(content).tobytes() == decode(result.content).tobytes()
    assert len(result.content) < 3000
    assert () == fit_image(result.content, strip_metadata=True).changes


def test_a_copy_in_another_format_never_has_metadata() -> None:
    content = encode(Image.new("L", (300, 300)), "GIF", comment=b"somebody")
    assert ("encoded as PNG",) == fit_image(content, strip_metadata=True).changes
