"""Colours, on terminals only."""

from __future__ import annotations

import os
from typing import TextIO

_CODES = {"green": "32", "red": "31", "yellow": "33", "bold": "1"}


def coloured(text: str, colour: str, stream: TextIO) -> str:
    """Return a text in a colour if the stream is a terminal and `NO_COLOR` is not set; otherwise the text itself."""
    if not colour or os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
