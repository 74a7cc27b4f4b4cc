"""Text is coloured on terminals only."""

from __future__ import annotations

import io

import pytest

from kling_elements.cli.terminal import colour_text


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert "\x1b[31merror\x1b[0m" == colour_text("error", "red", _Terminal())


@pytest.mark.parametrize(
    ("stream", "colour", "no_color"),
    [(io.StringIO(), "red", ""), (_Terminal(), "", ""), (_Terminal(), "red", "1")],
    ids=["a pipe", "no colour", "NO_COLOR"],
)
def test_other_text_is_not_coloured(
    stream: io.StringIO, colour: str, no_color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)

    assert "error" == colour_text("error", colour, stream)
