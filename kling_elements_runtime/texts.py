"""Texts that somebody else wrote, made fit for messages, logs and terminals."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

Redact: TypeAlias = Callable[[str], str]

_SHORTEST_SECRET = 8  # characters; no gateway's key is shorter, and taking out a shorter text would garble messages
_ESCAPING = "\\%&~"  # with which every way to escape a character begins
_WINDOW = 1 << 14  # characters at the beginning of a text that an excerpt is made from
_MEDIA = re.compile("[A-Za-z0-9+/]{80,}={0,2}")  # what a gateway repeats of an image in Base64
EXCERPT_LENGTH = 200
"""Characters of a text that an exception keeps."""


def printable(text: str) -> str:
    """Return a text in which characters that a terminal or a log would obey are shown escaped, as ESC is by four."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def shown(value: object) -> str:
    """Return a value as messages repeat it: on one line, with 200 characters at most."""
    return printable(str(value)[:EXCERPT_LENGTH])[:EXCERPT_LENGTH]


def excerpt(text: str, redact: Redact) -> str:
    """Return the first 200 characters of a text, on one line, without the token and without media."""
    window = redact(text[:_WINDOW])
    if len(text) > _WINDOW:
        window = window[: _WINDOW // 2]  # a token that the window ends in the middle of would not be known for one
    if "&" in window and redact(unescaped := html.unescape(window)) != unescaped:
        window = redact(unescaped)
    shown = _MEDIA.sub(lambda found: f"<{len(found[0])} characters>", window)
    return printable(" ".join(shown.split()))[:EXCERPT_LENGTH]


def redactor(tokens: Sequence[str]) -> Redact:
    """Return a function that takes tokens out of a text, however they are escaped in it.

    That is as in JSON, in JSON within JSON, in a URL, in a JSON Pointer, or in HTML. The longest is looked for first.
    """
    long = sorted((token for token in tokens if len(token) >= _SHORTEST_SECRET), key=len, reverse=True)
    if not long:
        return lambda text: text
    spellings = re.compile("|".join("".join(map(_spelling, token)) for token in long), re.IGNORECASE)
    plain = [token.lower() for token in long]

    def redact(text: str) -> str:
        if not any(mark in text for mark in _ESCAPING):  # most texts escape nothing, and this is a tenth of the work
            lowered = text.lower()
            if not any(token in lowered for token in plain):
                return text
        return spellings.sub("***", text)

    return redact


def _spelling(character: str) -> str:
    """Return an expression for each way in which a character of a token may be written."""
    code = ord(character)
    escaped = rf"\\{{1,2}}u00{code:02x}|%{code:02x}|&#0*{code};|&#x0*{code:x};"
    if character.isalnum():
        return f"(?:{character}|{escaped})"
    in_pointer = {"~": "~0", "/": "~1"}.get(character, re.escape(character))
    return rf"(?:{in_pointer}|\\{{0,2}}{re.escape(character)}|{escaped})"


__all__ = ["EXCERPT_LENGTH", "Redact", "excerpt", "printable", "redactor", "shown"]
