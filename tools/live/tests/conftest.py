"""What tests of the command share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.live.tests.command import TOKEN, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command, with a token."""
    monkeypatch.setenv("KLING_API_KEY", TOKEN)
    return Run(tmp_path / "build", capsys)
