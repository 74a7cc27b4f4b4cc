"""Takes what belongs to an account out of answers; what remains is structure, types, codes and the gateway's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from kling_elements_runtime.texts import printable

_MESSAGES: Final = ("message", "msg", "detail", "error", "fail_reason")  # where a gateway speaks
_WORDS: Final = ("code", "status", "task_status", "type", "object", "action", "element_type", "reference_type", "role")
_WORD = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}")
_CODE = re.compile(r"-?[0-9]{1,6}")  # a longer number may be an id
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_LIBRARY: Final = "kling"  # whose subjects are everybody's; else `owned_by` is a creator
_SHORTEST_KNOWN: Final = 3  # characters of a value of the account that is looked for in messages
_MOST_ITEMS: Final = 3  # of a list, each with another structure
_FEWEST_DIGITS: Final = 10  # of an id or a time; how long shorter numbers are may tell what an account costs
_SOME_FRACTION: Final = 1.5
_LONGEST_TEXT: Final = 300  # characters of a body that is no JSON
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
# What an account can be told by, wherever it is in a text. Short whole numbers stay, as limits are such.
_TELLING: Final = (
    (_ADDRESS, "{url}"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "{email}"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "{uuid}"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b", re.IGNORECASE), "{ip}"),
    (re.compile(r"\b(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}\b"), "{text}"),
    (re.compile(r"\d+[.,]\d+|\d{5,}"), "{number}"),
)
_HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)+\b")


class Redactor:
    """Takes out the token, the gateway's host, and every value that answers gave; `learn` from all of them first."""

    def __init__(self, hide: Callable[[str], str], host: str) -> None:
        """Take what hides the token, and the gateway's host, which may be nobody's business either."""
        self._hide = hide
        self._known = {host} if host else set[str]()

    def learn(self, body: object) -> None:
        """Take note of the values in an answer, so that they are found in the words of other answers."""
        self._known.update(_values(body))

    def message(self, text: str, asked: Sequence[str] = ()) -> str:
        """Return the words of a gateway, with a mark in place of whatever belongs to an account.

        Args:
            text: The words.
            asked: The ids that the request named.
        """
        marked = self._hide(text)
        for value in _longest_first(asked):
            marked = marked.replace(value, "{id}")
        for value in _longest_first(self._known - set(asked)):
            marked = re.sub(rf"(?<![\w{{]){re.escape(value)}(?![\w}}])", "{value}", marked, flags=re.IGNORECASE)
        for telling, mark in _TELLING:
            marked = telling.sub(mark, marked)
        return printable(marked)

    def text(self, content: bytes, asked: Sequence[str] = ()) -> str:
        """Return the beginning of a body that is no JSON."""
        decoded = content.decode("utf-8", "replace")
        lines = " ".join(decoded.split())
        return _HOST.sub("{host}", self.message(lines, asked))[:_LONGEST_TEXT]

    def body(self, body: Any, asked: Sequence[str] = ()) -> Any:
        """Return a JSON value of the same structure and types, with nothing of an account in it."""
        return self._value("", body, asked, outermost=True)

    def _value(self, name: str, value: Any, asked: Sequence[str], *, outermost: bool = False) -> Any:
        if isinstance(value, dict):
            # what a task says of itself is the account's own; only an answer and its `error` are the gateway's words
            speaks = outermost or name == "error"
            return {
                self._name(key): self.message(inner, asked)
                if speaks and key in _MESSAGES and isinstance(inner, str)
                else self._value(key, inner, asked)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return _each_kind(self._value(name, item, asked) for item in value)
        if isinstance(value, str):
            return "{id}" if value in asked else self._word(name, value)
        if isinstance(value, bool) or value is None:
            return value
        return value if name == "code" and _is_code(value) else _in_place_of(value)

    def _name(self, name: str) -> str:
        return name_or_length(self._hide(name))

    def _word(self, name: str, text: str) -> str:
        text = self._hide(text)
        is_word = name in _WORDS or (name == "owned_by" and text == _LIBRARY)
        if not text or (is_word and (_WORD.fullmatch(text) or _is_code(text))):
            return text
        if re.fullmatch(r"[0-9]+", text):
            return text if text == "0" else _digits(text)
        return "<url>" if _ADDRESS.match(text) else "<text>"


def name_or_length(text: str, kind: str = "name") -> str:
    """Return a text that can be a property's name; of any other, which may be somebody's, how long it is."""
    return text if _NAME.fullmatch(text) else f"(a {kind} of {len(text)} characters)"


def _values(body: object, name: str = "") -> Iterator[str]:
    """Yield the values in an answer that may be an account's."""
    if isinstance(body, dict):
        for key, inner in body.items():
            yield from _values(inner, key)
    elif isinstance(body, list):
        for item in body:
            yield from _values(item, name)
    elif not isinstance(body, bool | None) and name not in (*_MESSAGES, *_WORDS):
        text = str(body)
        if len(text) >= _SHORTEST_KNOWN and text != _LIBRARY:
            yield text


def _longest_first(values: Iterable[str]) -> list[str]:
    return sorted(filter(None, values), key=len, reverse=True)


def _each_kind(items: Iterator[Any]) -> list[Any]:
    """Return the first items that differ from each other: how many there are is the account's own business."""
    kinds: list[Any] = []
    for item in items:
        if item not in kinds and len(kinds) < _MOST_ITEMS:
            kinds.append(item)
    return kinds


def _is_code(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and _CODE.fullmatch(str(value)) is not None


def _in_place_of(number: float) -> int | float:
    """Return a number of the same type that tells, if it is long, how many digits it has: the size of ids matters."""
    if not number:
        return number
    return int(_digits(str(abs(number)))) if isinstance(number, int) else _SOME_FRACTION


def _digits(text: str) -> str:
    return "1" * len(text) if len(text) >= _FEWEST_DIGITS else "1"
