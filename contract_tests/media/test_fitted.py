"""A copy replaces a file completely or not at all, and its repr shows no bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kling_elements.media import fitted
from kling_elements.media.fit_images import fit_image
from kling_elements_client.errors import MediaError


def test_a_copy_shows_no_bytes_and_can_be_saved(tmp_path: Path) -> None:
    """Saving replaces an existing file in one step, and leaves no other file."""
    result = fit_image(Image.new("L", (200, 200)))
    assert f"content=<{len(result.content)} bytes>" in repr(result)
    target = tmp_path / "fitted.png"
    for _ in range(2):
        result.save(target)
    assert (result.content, [target]) == (target.read_bytes(), list(tmp_path.iterdir()))


@pytest.mark.parametrize("name", ["missing/fitted.png", "a\0b.png"])
def test_a_copy_that_cannot_be_saved_raises_a_media_error(name: str, tmp_path: Path) -> None:
    """The error contains the path of the target."""
    with pytest.raises(MediaError, match="cannot be written"):
        fit_image(Image.new("L", (200, 200))).save(tmp_path / name)


def test_a_str_is_not_a_target() -> None:
    """A target must be a path object, like a source."""
    result = fit_image(Image.new("L", (300, 300)))
    with pytest.raises(TypeError, match=r"must be a pathlib\.Path, not str"):
        result.save("fitted.png")  # type: ignore[arg-type] # that is what is tested


def test_a_file_system_may_lack_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finished file is renamed instead."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with fitted.new_file(tmp_path / "new") as unfinished:
        unfinished.write_text("whole")
    assert "whole" == (tmp_path / "new").read_text()


def test_a_file_that_was_created_meanwhile_is_kept(tmp_path: Path) -> None:
    """The copy is removed."""
    target = tmp_path / "new"
    with pytest.raises(MediaError, match="already exists"), fitted.new_file(target) as unfinished:
        _ = unfinished.write_text("mine"), target.write_text("theirs")
    assert ("theirs", [target]) == (target.read_text(), list(tmp_path.iterdir()))
