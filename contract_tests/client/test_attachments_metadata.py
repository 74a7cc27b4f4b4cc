"""Images of a request are sent without their metadata if the caller says so, as files and as texts."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.attached import body_with_images
from contract_tests.support.handed_in import file_in
from contract_tests.support.pillow_pictures import opened
from kling_elements_client import contract
from kling_elements_runtime import metadata

_URL = "https://a.example.com/b.png"


def _sent(body: Any, **options: Any) -> list[bytes | str]:
    """The images of a request as they are sent; what is an address stays one."""
    checked = contract.check("createElement", body, **options)
    assert [] == checked.violations
    assert checked.content is not None
    content = checked.content if isinstance(checked.content, bytes) else b"".join(checked.content)
    assert len(checked.content) == len(content)
    images = json.loads(content)["element_image_list"]
    texts = [images["frontal_image"], *(each["image_url"] for each in images["refer_images"])]
    return [text if ":" in text else base64.b64decode(text, validate=True) for text in texts]


def _refused(given: Any, **options: Any) -> list[tuple[str, str]]:
    found = contract.check("createElement", body_with_images(given), strip_metadata=True, **options).violations
    return [(each.rule, each.message.removeprefix(f"{given}: ")) for each in found]


@pytest.mark.parametrize("judge_media", [True, False])
@pytest.mark.parametrize("size", [3000, 500_000])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_metadata_are_left_out_if_the_caller_says_so(
    kind: str,
    size: int,
    judge_media: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """From short and long texts and from files; otherwise all bytes are sent as they are. Addresses stay."""
    content = Picture(format=kind, orientation=6, file_size=size).build()
    body = body_with_images(file_in(tmp_path, content), base64_of(content), _URL)
    assert [content, content, _URL] == _sent(body, judge_media=judge_media)
    file, text, url = _sent(body, judge_media=judge_media, strip_metadata=True)
    assert (_URL, file) == (url, text)
    assert isinstance(file, bytes)
    assert len(file) < 2500
    assert opened(content).tobytes() == opened(file).tobytes()
    assert 6 == opened(file).getexif()[0x0112]


def test_an_image_is_judged_as_it_is_sent(tmp_path: Path) -> None:
    """One that is too large for its metadata alone conforms, as file and as text."""
    content = Picture(format="jpeg", file_size=10_485_761).build()
    file, text = _sent(body_with_images(file_in(tmp_path, content), base64_of(content)), strip_metadata=True)
    assert file == text
    assert len(file) < 5000


@pytest.mark.parametrize("judge_media", [True, False])
@pytest.mark.parametrize("as_text", [True, False])
def test_what_cannot_be_taken_apart_is_not_sent(as_text: bool, judge_media: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """One that conforms otherwise is refused for that; what is no image is refused as such, looked at or not."""

    def refused(content: bytes) -> list[tuple[str, str]]:
        given = base64_of(content) if as_text else file_in(tmp_path, content)
        return _refused(given, judge_media=judge_media)

    assert [("R14", metadata.INSEPARABLE)] == refused(Picture().build()[:-8])
    assert [("R14", "the content is no JPEG or PNG file with a whole header; it looks like GIF")] == refused(
        b"GIF89a" + bytes(90)
    )
    assert [("R16", "the image is shown as 299x300 px, both sides must have at least 300 px")] * judge_media == refused(
        Picture(width=299).build()
    )
