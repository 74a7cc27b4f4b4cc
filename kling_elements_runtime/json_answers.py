"""Read JSON that somebody else wrote, exactly, and refuse it if it is larger or deeper than an answer can be."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any, Final

_MAX_DIGITS = 20  # of a 64-bit integer; the exponent of a larger number could ask for any amount of memory
_MAX_VALUES = 100_000  # a page of 500 things has some 30,000
MAX_DEPTH: Final = 64
"""The most levels of arrays and objects in a JSON text. A conforming one has a handful."""
_MAX_TEXT_BYTES = 1 << 24  # of memory; one character beyond the basic plane makes each one cost four bytes


class NoAnswerError(Exception):
    """A text is not JSON, or more than an answer may be. The message says which: `is not JSON`."""


def decoded(content: bytes) -> Any:
    """Return the JSON value of bytes in UTF-8, UTF-16 or UTF-32.

    Raises:
        NoAnswerError: They are not JSON, or too much.
    """
    try:
        text = content.decode(json.detect_encoding(content), "surrogatepass")  # as json.loads does
    except ValueError:
        raise NoAnswerError(_NO_JSON) from None
    return parsed(text)


def parsed(text: str) -> Any:
    """Return the JSON value of a text. A whole number is an integer however it is written, as it may be an id.

    Raises:
        NoAnswerError: It is not JSON, or too much.
    """
    if len(text) > _MAX_VALUES:  # a shorter text has fewer values, and takes less memory
        _check_size(text)
    try:
        value = _parse(text)
    except ValueError:
        raise NoAnswerError(_NO_JSON) from None
    except RecursionError:
        raise NoAnswerError(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise NoAnswerError(_TOO_DEEP)
    return value


def _check_size(text: str) -> None:
    if text.count("[") + text.count("{") + text.count(",") > _MAX_VALUES:
        raise NoAnswerError(f"has more than {_MAX_VALUES} values")
    if sys.getsizeof(text) > _MAX_TEXT_BYTES:
        raise NoAnswerError(f"takes more than {_MAX_TEXT_BYTES} bytes of memory")


_NO_JSON = "is not JSON"
_TOO_DEEP = f"nests deeper than {MAX_DEPTH} levels"


def _number(text: str) -> int | float:
    """Return a number with a fraction or an exponent."""
    try:
        exact = Decimal(text)
        whole = exact.adjusted() < _MAX_DIGITS and exact == exact.to_integral_value()
    except ArithmeticError:  # an exponent beyond all bounds
        return float(text)
    return int(exact) if whole else float(text)


_parse: Final = json.JSONDecoder(parse_float=_number).decode  # json.loads would make a decoder for each answer


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        parts = (outer.values() if type(outer) is dict else outer for outer in level)
        level = [inner for part in parts for inner in part if type(inner) in _CONTAINERS]
        if not level:
            return False
    return True


_CONTAINERS: Final = (dict, list)
