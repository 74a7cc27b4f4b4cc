"""Make strings from other programs safe to show in messages, logs and terminals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html.entities import html5
from typing import TypeAlias

Redact: TypeAlias = Callable[[str], str]

_MIN_SECRET_CHARACTERS = 8  # gateways' keys are longer, and removing shorter strings would garble messages
_WINDOW_CHARACTERS = 1 << 14  # an excerpt is taken from the beginning of a string
_MEDIA = re.compile(r"(?:[A-Za-z0-9+/_-]|\\/){80,}={0,2}")  # an image in Base64 that a gateway repeats
# A URL, whose user, password, query and fragment may be secret; in JSON its slashes may be escaped.
_ADDRESS = re.compile(r"(https?:(?:\\?/){2})(?:[^\s\"/?#@]*@)?([^\s\"?#]*)([?#]?)[^\s\"]*", re.IGNORECASE)
EXCERPT_LENGTH = 200
"""Characters of a string that an exception keeps."""


def printable(text: str) -> str:
    """Return a string with control characters escaped; ESC becomes four characters."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def for_message(value: object) -> str:
    """Return a value as a string for an error message: on one line, with 200 characters at most."""
    return printable(str(value)[:EXCERPT_LENGTH])[:EXCERPT_LENGTH]


def excerpt(text: str, redact: Redact) -> str:
    """Return the first 200 characters of a string, on one line, without the token and without media."""
    window = redact(text[:_WINDOW_CHARACTERS])
    if len(text) > _WINDOW_CHARACTERS:
        # redact does not find a token that is cut off at the end of the window
        window = window[: _WINDOW_CHARACTERS // 2]

    return _fold(_hide_media(window))[:EXCERPT_LENGTH]


def text_for_log(text: str, redact: Redact, max_characters: int) -> str:
    """Return a string for a log: on one line, shortened, and without the token, media and URL queries."""
    public = _ADDRESS.sub(lambda url: url[1] + url[2] + (f"{url[3]}***" if url[3] else ""), redact(text))
    line = _fold(_hide_media(public))
    return line if len(line) <= max_characters else f"{line[:max_characters]}... ({len(line)} characters)"


def _hide_media(text: str) -> str:
    return _MEDIA.sub(lambda media: f"<{len(media[0])} characters>", text)


def _fold(text: str) -> str:
    return printable(" ".join(text.split()))


def redactor(tokens: Iterable[str]) -> Redact:
    """Return a function that removes tokens from a string, even if they are escaped.

    It recognizes escapes in JSON, JSON within JSON, URLs, JSON Pointers, HTML and repr. It searches for the longest
    token first.
    """
    long = sorted((token for token in tokens if len(token) >= _MIN_SECRET_CHARACTERS), key=len, reverse=True)
    if not long:
        return lambda text: text
    spellings = re.compile("|".join("".join(map(_spelling, token)) for token in long), re.IGNORECASE)
    plain = [token.lower() for token in long]
    codes = "|".join({f"{ord(character):02x}" for token in long for character in token})
    names = "".join({f"|{name}" for token in long for character in token for name in _html_names(character)})
    # Every string with an escaped token contains one of these.
    escapes = re.compile(rf"\\|~[01]|%(?i:25|{codes})|&(?i:#|amp;{names})")

    def redact(text: str) -> str:
        lowered = text.lower()
        for token in plain:
            if token in lowered:
                return spellings.sub("***", text)
        # nearly all strings end here: a search for every spelling takes a hundred times as long
        if ("\\" in text or "%" in text or "&" in text or "~" in text) and escapes.search(text):
            return spellings.sub("***", text)
        return text

    return redact


def _spelling(character: str) -> str:
    """Return a regular expression for all spellings of a character in a token.

    An escape may itself be escaped, by doubled backslashes, `%25` or `&amp;`. The number of levels is limited, because
    a response may contain a million backslashes.
    """
    code = ord(character)
    in_code = rf"\\{{1,8}}(?:u00|x){code:02x}"
    in_url = f"%(?:25){{0,4}}{code:02x}"
    names = "".join(f"|{name}" for name in _html_names(character))
    in_html = f"&(?:amp;){{0,4}}(?:#0{{0,8}}{code};?|#x0{{0,8}}{code:x};?{names})"
    if character.isalnum():
        return f"(?:{character}|{in_code}|{in_url}|{in_html})"
    in_pointer = {"~": "~0|", "/": "~1|"}.get(character, "")
    return rf"(?:{in_pointer}\\{{0,8}}{re.escape(character)}|{in_code}|{in_url}|{in_html})"


def _html_names(character: str) -> list[str]:
    return [name for name, value in html5.items() if value == character and name.endswith(";")]
