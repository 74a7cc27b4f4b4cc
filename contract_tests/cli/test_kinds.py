"""How a file or an address is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.reading.videos import Video
from contract_tests.support.media_inputs import JPEG, PNG
from kling_elements.cli.kinds import Kind, kind_of_address, kind_of_file


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("mara.mp4", JPEG, Kind.IMAGE),
        ("mara", PNG, Kind.IMAGE),
        ("mara.jpg", Video().build(), Kind.VIDEO),
        ("mara.jpg", b"<!doctype html>", Kind.IMAGE),
        ("mara.webm", b"unknown", Kind.VIDEO),
        ("mara.txt", b"unknown", None),
        ("mara.txt", b"<!doctype html>", None),
        ("mara.YAML", JPEG, Kind.REQUEST),
        ("mara.json", b"", Kind.REQUEST),
    ],
)
def test_the_content_decides_and_then_the_name(name: str, content: bytes, kind: Kind | None, tmp_path: Path) -> None:
    """Only request files are recognized by their names alone. A web page is not a format of images."""
    path = tmp_path / name
    path.write_bytes(content)

    assert kind is kind_of_file(path)


def test_a_missing_file_counts_as_an_image(tmp_path: Path) -> None:
    """The check of the image then reports that the file cannot be read."""
    assert Kind.IMAGE is kind_of_file(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://media.example.com/clip.mp4?signature=a.jpg", Kind.VIDEO),
        ("https://media.example.com/mara.jpg#clip.mp4", Kind.IMAGE),
        ("https://media.example.com/42", Kind.IMAGE),
    ],
)
def test_the_path_of_an_address_decides(url: str, kind: Kind) -> None:
    assert kind is kind_of_address(url)
