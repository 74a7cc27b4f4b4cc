"""The progress of uploads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from contract_tests.support.command_line import run_in_terminal, without_escapes
from kling_elements.cli.uploads import upload_progress_hooks

_NAMED = ("create", "--name", "Mara", "--description", "A red-haired pilot")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with a small photograph and a large one."""
    Image.new("RGB", (600, 600), "brown").save(tmp_path / "mara.jpg")
    Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3)).save(tmp_path / "large.png")
    return tmp_path


def test_a_large_upload_is_shown_on_a_terminal(env: dict[str, str], photos: Path) -> None:
    """The terminal shows how many bytes have been sent. At the end only the id is left."""
    result = run_in_terminal([*_NAMED, "--front", "large.png", "--refer", "mara.jpg", "--wait"], env, cwd=photos)

    shown = without_escapes(result.out)
    assert 0 == result.code, shown
    assert "sending" in shown
    assert "MB" in shown
    assert shown.strip().splitlines()[-1].strip().isdigit()


def test_a_pipe_gets_no_progress() -> None:
    """Without a terminal, the client's requests are sent unchanged."""
    assert {} == upload_progress_hooks()
