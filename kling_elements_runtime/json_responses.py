"""Parse JSON from other programs without losing digits, and refuse JSON that is too large or too deep."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any, Final

_MAX_DIGITS = 20  # of a 64-bit integer; the exponent of a larger number could ask for any amount of memory
_MAX_VALUES = 100_000  # a list of 500 objects has about 30,000
MAX_DEPTH: Final = 64
"""The maximum depth of arrays and objects in JSON. A conforming request or response has a handful of levels."""
_MAX_TEXT_MEMORY_BYTES = 1 << 24  # a single character outside the basic plane makes each one cost four bytes


class UnusableJsonError(Exception):
    """A string is not JSON, or is too large or too deep. The message is a predicate, such as `is not JSON`."""


def decode(content: bytes) -> Any:
    """Return the JSON value of bytes in UTF-8, UTF-16 or UTF-32.

    Raises:
        UnusableJsonError: The bytes are not JSON, or too large.
    """
    try:
        text = content.decode(json.detect_encoding(content), "surrogatepass")  # as json.loads does
    except ValueError:
        raise UnusableJsonError(_NO_JSON) from None
    return parse(text)


def parse(text: str) -> Any:
    """Return the JSON value of a string. A whole number becomes an integer in any notation, because it may be an id.

    Raises:
        UnusableJsonError: The string is not JSON, or too large.
    """
    if len(text) > _MAX_VALUES:  # a shorter string has fewer values, and takes less memory
        _check_size(text)
    try:
        value = _decode_json(text)
    except ValueError:
        raise UnusableJsonError(_NO_JSON) from None
    except RecursionError:
        raise UnusableJsonError(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise UnusableJsonError(_TOO_DEEP)
    return value


def _check_size(text: str) -> None:
    if text.count("[") + text.count("{") + text.count(",") > _MAX_VALUES:
        raise UnusableJsonError(f"has more than {_MAX_VALUES} values")
    if sys.getsizeof(text) > _MAX_TEXT_MEMORY_BYTES:
        raise UnusableJsonError(f"is too large: it takes more than {_MAX_TEXT_MEMORY_BYTES >> 20} MiB of memory")


_NO_JSON = "is not JSON"
_TOO_DEEP = f"nests deeper than {MAX_DEPTH} levels"


def _number(text: str) -> int | float:
    """Return the value of a number that has a fraction or an exponent."""
    try:
        exact = Decimal(text)
        whole = exact.adjusted() < _MAX_DIGITS and exact == exact.to_integral_value()
    except ArithmeticError:  # the exponent is too large
        return float(text)
    return int(exact) if whole else float(text)


# json.loads would create a decoder for each response.
_decode_json: Final = json.JSONDecoder(parse_float=_number).decode


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        parts = (outer.values() if type(outer) is dict else outer for outer in level)
        level = [inner for part in parts for inner in part if type(inner) in _CONTAINERS]
        if not level:
            return False
    return True


_CONTAINERS: Final = (dict, list)
