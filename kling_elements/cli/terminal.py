"""Colour text on terminals."""

from __future__ import annotations

import os
from typing import TextIO

_CODES = {"green": "32", "red": "31", "yellow": "33", "bold": "1"}


def colour_text(text: str, colour: str, stream: TextIO) -> str:
    """Return a text in a colour, or unchanged if the stream is not a terminal or `NO_COLOR` is set."""
    if not colour or os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
