"""Fixtures for the tests of `make live`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_elements.testing import KlingRouter
from tools.live.tests.command import TOKEN, Replies, Run, gateway


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return the command, with a token in the environment."""
    monkeypatch.setenv("KLING_API_KEY", TOKEN)
    return Run(tmp_path / "build", capsys)


@pytest.fixture
def replies() -> Replies:
    """Return replies that replace the gateway's own, by the beginning of their target."""
    return {}


@pytest.fixture
def gateway_router(replies: Replies) -> Iterator[KlingRouter]:
    """Run the gateway at the clients' default URL."""
    with gateway(replies=replies) as router:
        yield router
