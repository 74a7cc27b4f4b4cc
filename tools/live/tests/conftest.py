"""Fixtures for the tests of `make live`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.live.tests.command import TOKEN, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return the command, with a token in the environment."""
    monkeypatch.setenv("KLING_API_KEY", TOKEN)
    return Run(tmp_path / "build", capsys)
