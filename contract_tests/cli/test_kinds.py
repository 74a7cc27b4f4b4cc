"""How a file or a URL is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.reading.videos import Video
from contract_tests.support.media_inputs import JPEG, PNG
from kling_elements.cli.kinds import SourceKind, kind_of_address, kind_of_file


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("mara.mp4", JPEG, SourceKind.IMAGE),
        ("mara", PNG, SourceKind.IMAGE),
        ("mara.jpg", Video().build(), SourceKind.VIDEO),
        ("mara.jpg", b"<!doctype html>", SourceKind.IMAGE),
        ("mara.webm", b"unknown", SourceKind.VIDEO),
        ("mara.txt", b"unknown", None),
        ("mara.txt", b"<!doctype html>", None),
        ("mara.YAML", JPEG, SourceKind.REQUEST),
        ("mara.json", b"", SourceKind.REQUEST),
    ],
)
def test_the_content_decides_and_then_the_name(
    name: str, content: bytes, kind: SourceKind | None, tmp_path: Path
) -> None:
    """Request files are recognized by name, and everything else by content."""
    path = tmp_path / name
    path.write_bytes(content)

    assert kind is kind_of_file(path)


def test_a_missing_file_counts_as_an_image(tmp_path: Path) -> None:
    """The image check then reports that the file can't be read."""
    assert SourceKind.IMAGE is kind_of_file(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://media.example.com/clip.mp4?signature=a.jpg", SourceKind.VIDEO),
        ("https://media.example.com/mara.jpg#clip.mp4", SourceKind.IMAGE),
        ("https://media.example.com/42", SourceKind.IMAGE),
    ],
)
def test_the_path_of_an_address_decides(url: str, kind: SourceKind) -> None:
    assert kind is kind_of_address(url)
