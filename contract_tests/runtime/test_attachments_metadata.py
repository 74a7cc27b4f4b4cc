"""With `strip_metadata`, images from files and strings are sent without their metadata."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.bodies_with_images import body_with_images
from contract_tests.support.media_inputs import write_file
from contract_tests.support.pillow_pictures import decode
from kling_elements_client import contract
from kling_elements_runtime import metadata

_URL = "https://a.example.com/b.png"


def _sent_images(body: Any, **options: Any) -> list[bytes | str]:
    """Return the images of a request as they are sent, as bytes or as a URL."""
    checked = contract.check("createElement", body, **options)
    assert [] == checked.violations
    assert checked.content is not None
    content = checked.content if isinstance(checked.content, bytes) else b"".join(checked.content)
    assert len(checked.content) == len(content)
    images = json.loads(content)["element_image_list"]
    texts = [images["frontal_image"], *(image["image_url"] for image in images["refer_images"])]
    return [text if ":" in text else base64.b64decode(text, validate=True) for text in texts]


def _violations_of(image: Any, **options: Any) -> list[tuple[str, str]]:
    violations = contract.check("createElement", body_with_images(image), strip_metadata=True, **options).violations
    return [(violation.rule, violation.message.removeprefix(f"{image}: ")) for violation in violations]


@pytest.mark.parametrize("check_media", [True, False])
@pytest.mark.parametrize("size", [3000, 500_000])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_metadata_is_left_out_if_you_ask_for_it(
    kind: str,
    size: int,
    check_media: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """Metadata is removed from Base64 and files. URLs stay, and by default all bytes are sent."""
    content = Picture(format=kind, orientation=6, file_size=size).build()
    body = body_with_images(write_file(tmp_path, content), base64_of(content), _URL)
    assert [content, content, _URL] == _sent_images(body, check_media=check_media)
    file, text, url = _sent_images(body, check_media=check_media, strip_metadata=True)
    assert (_URL, file) == (url, text)
    assert isinstance(file, bytes)
    assert len(file) < 2500
    assert decode(content).tobytes() == decode(file).tobytes()
    assert 6 == decode(file).getexif()[0x0112]


def test_an_image_is_checked_in_the_form_in_which_it_is_sent(tmp_path: Path) -> None:
    """An image that is too large only because of its metadata is accepted, as file and as text."""
    content = Picture(format="jpeg", file_size=10_485_761).build()
    file, text = _sent_images(body_with_images(write_file(tmp_path, content), base64_of(content)), strip_metadata=True)
    assert file == text
    assert len(file) < 5000


@pytest.mark.parametrize("check_media", [True, False])
@pytest.mark.parametrize("as_text", [True, False])
def test_an_image_with_inseparable_metadata_is_not_sent(as_text: bool, check_media: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """The violation is the damage or the format, even without media checks."""

    def violations_of(content: bytes) -> list[tuple[str, str]]:
        image = base64_of(content) if as_text else write_file(tmp_path, content)
        return _violations_of(image, check_media=check_media)

    assert [("R14", metadata.INSEPARABLE)] == violations_of(Picture().build()[:-8])
    assert [
        ("R14", "the content is not a JPEG or PNG file with a complete header; it looks like GIF")
    ] == violations_of(b"GIF89a" + bytes(90))
    assert [
        ("R16", "the image is shown as 299x300 px; both sides must have at least 300 px")
    ] * check_media == violations_of(Picture(width=299).build())
