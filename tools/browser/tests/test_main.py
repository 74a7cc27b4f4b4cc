"""`make browser` reports each visit. These tests need no browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from tools.browser import __main__ as command
from tools.browser import driving
from tools.browser.findings import PageResponse, Visit


def _visit(width: int, page_width: int) -> Visit:
    return Visit(
        scheme="light",
        width=width,
        host="",
        is_dark=False,
        page_width=page_width,
        created=PageResponse("200", ""),
        refused=PageResponse("400", "/element_name"),
        ids=(["1"], ["1"]),
    )


@pytest.mark.parametrize(
    ("code", "page_width", "line"), [(0, 390, "light, 390 px: ok"), (1, 400, "light, 390 px: failed")]
)
def test_each_visit_is_reported(
    code: int, page_width: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mock server runs meanwhile. A problem leads to exit code 1."""
    pages: list[str] = []

    def make_visits(docs: str, chromium: str, folder: Path) -> list[Visit]:
        assert ("/usr/bin/chromium", True) == (chromium, folder.is_dir())
        pages.append(httpx.get(docs).text)
        return [_visit(390, page_width), _visit(1440, 1440)]

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/chromium")
    monkeypatch.setattr(driving, "make_visits", make_visits)

    assert code == command.main()
    assert "This is a mock server." in pages[0]
    lines = capsys.readouterr().out.splitlines()
    assert line == lines[0]
    assert ["  the page is 400 px wide"] * code == lines[1:-2]
    assert ["light, 1440 px: ok", "the screenshots are in build/browser"] == lines[-2:]


def test_a_missing_browser_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what to install."""
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert 1 == command.main()
    assert "apt-get install chromium" in capsys.readouterr().err
