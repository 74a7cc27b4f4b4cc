"""Fixtures that run the command with an empty home, a key, and the address of a mock server."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.support.command_line import CommandLine, environment
from contract_tests.support.signed_notifications import BODY, HEADER_LINES
from kling_elements.testing.gateway import MockGateway


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty folder that the command uses as the home."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def env(kling_mock: MockGateway, home: Path) -> dict[str, str]:
    """Return the environment of a process that calls the mock server."""
    return environment(kling_mock, home)


@pytest.fixture
def kling_elements(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Return the command, which runs in this process."""
    for name in ("HOME", "XDG_CONFIG_HOME", "COLUMNS", "KLING_API_KEY", "KLING_BASE_URL"):
        monkeypatch.setenv(name, env[name])
    return CommandLine(capsys)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    """Create a file with the vendor's notification, and return its path."""
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    return path


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    """Create a file with the headers of the vendor's notification, and return its path."""
    path = tmp_path / "headers.txt"
    path.write_text(HEADER_LINES)
    return path
