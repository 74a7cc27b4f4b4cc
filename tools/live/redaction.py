"""Remove the account's data from responses, and keep structure, types, codes and the gateway's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from kling_elements_runtime.texts import printable

_MESSAGES: Final = ("message", "msg", "detail", "error", "fail_reason")  # properties with the gateway's own words
_WORDS: Final = ("code", "status", "task_status", "type", "object", "action", "element_type", "reference_type", "role")
_WORD = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}")
_CODE = re.compile(r"-?[0-9]{1,6}")  # a longer number may be an id
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_LIBRARY: Final = "kling"  # the owner of the public elements; any other `owned_by` is a creator
_MIN_VALUE_LENGTH: Final = 3  # characters of an account's value to look for in messages
_MAX_ITEMS: Final = 3  # of a list, each with a different structure
_MIN_DIGITS: Final = 10  # of an id or a time; the length of a shorter number may reveal what an account costs
_SOME_FRACTION: Final = 1.5
_MAX_TEXT_LENGTH: Final = 300  # characters of a body that is not JSON
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
# Whatever identifies an account, anywhere in a text. Short whole numbers stay, because limits are such numbers.
_IDENTIFYING: Final = (
    (_ADDRESS, "{url}"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "{email}"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "{uuid}"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b", re.IGNORECASE), "{ip}"),
    (re.compile(r"\b(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}\b"), "{text}"),
    (re.compile(r"\d+[.,]\d+|\d{5,}"), "{number}"),
)
_HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)+\b")


class Redactor:
    """Removes the token, the gateway's host and every value of the responses, each of which `learn` must see first."""

    def __init__(self, redact_token: Callable[[str], str], host: str) -> None:
        """Create a redactor.

        Args:
            redact_token: A function that hides the token.
            host: The gateway's host, which may be private too, or an empty string.
        """
        self._redact_token = redact_token
        self._private = {host} if host else set[str]()

    def learn(self, body: object) -> None:
        """Remember a response's values, so that the messages of other responses can be searched for them."""
        self._private.update(_values(body))

    def message(self, text: str, request_ids: Sequence[str] = ()) -> str:
        """Return a message of the gateway, with marks in place of the account's data.

        Args:
            text: The message.
            request_ids: The ids in the request.
        """
        marked = self._redact_token(text)
        for value in _longest_first(request_ids):
            marked = marked.replace(value, "{id}")
        for value in _longest_first(self._private - set(request_ids)):
            marked = re.sub(rf"(?<![\w{{]){re.escape(value)}(?![\w}}])", "{value}", marked, flags=re.IGNORECASE)
        for pattern, mark in _IDENTIFYING:
            marked = pattern.sub(mark, marked)
        return printable(marked)

    def text(self, content: bytes, request_ids: Sequence[str] = ()) -> str:
        """Return the beginning of a body that is not JSON."""
        decoded = content.decode("utf-8", "replace")
        lines = " ".join(decoded.split())
        return _HOST.sub("{host}", self.message(lines, request_ids))[:_MAX_TEXT_LENGTH]

    def body(self, body: Any, request_ids: Sequence[str] = ()) -> Any:
        """Return a JSON value with the same structure and types, without the account's data."""
        return self._value("", body, request_ids, outermost=True)

    def _value(self, name: str, value: Any, request_ids: Sequence[str], *, outermost: bool = False) -> Any:
        if isinstance(value, dict):
            # a task's own messages belong to the account; only a response and its `error` have the gateway's words
            is_gateways = outermost or name == "error"
            return {
                self._name(key): self.message(inner, request_ids)
                if is_gateways and key in _MESSAGES and isinstance(inner, str)
                else self._value(key, inner, request_ids)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return _distinct_items(self._value(name, item, request_ids) for item in value)
        if isinstance(value, str):
            return "{id}" if value in request_ids else self._word(name, value)
        if isinstance(value, bool) or value is None:
            return value
        return value if name == "code" and _is_code(value) else _stand_in_for(value)

    def _name(self, name: str) -> str:
        return name_or_length(self._redact_token(name))

    def _word(self, name: str, text: str) -> str:
        text = self._redact_token(text)
        is_word = name in _WORDS or (name == "owned_by" and text == _LIBRARY)
        if not text or (is_word and (_WORD.fullmatch(text) or _is_code(text))):
            return text
        if re.fullmatch(r"[0-9]+", text):
            return text if text == "0" else _digits(text)
        return "<url>" if _ADDRESS.match(text) else "<text>"


def name_or_length(text: str, kind: str = "name") -> str:
    """Return a text that can be a property's name, and only the length of any other, possibly private text."""
    return text if _NAME.fullmatch(text) else f"(a {kind} of {len(text)} characters)"


def _values(body: object, name: str = "") -> Iterator[str]:
    """Yield a response's values that may belong to the account."""
    if isinstance(body, dict):
        for key, inner in body.items():
            yield from _values(inner, key)
    elif isinstance(body, list):
        for item in body:
            yield from _values(item, name)
    elif not isinstance(body, bool | None) and name not in (*_MESSAGES, *_WORDS):
        text = str(body)
        if len(text) >= _MIN_VALUE_LENGTH and text != _LIBRARY:
            yield text


def _longest_first(values: Iterable[str]) -> list[str]:
    return sorted(filter(None, values), key=len, reverse=True)


def _distinct_items(items: Iterator[Any]) -> list[Any]:
    """Return the first items that differ from each other, because their number is private."""
    kinds: list[Any] = []
    for item in items:
        if item not in kinds and len(kinds) < _MAX_ITEMS:
            kinds.append(item)
    return kinds


def _is_code(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and _CODE.fullmatch(str(value)) is not None


def _stand_in_for(number: float) -> int | float:
    """Return a number of the same type. A long one keeps its number of digits, because the size of ids matters."""
    if not number:
        return number
    return int(_digits(str(abs(number)))) if isinstance(number, int) else _SOME_FRACTION


def _digits(text: str) -> str:
    return "1" * len(text) if len(text) >= _MIN_DIGITS else "1"
