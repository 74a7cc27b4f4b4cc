"""JSON as RFC 8259 and I-JSON (RFC 7493) mean it: what two readers could read differently is refused.

`json.loads` takes NaN, repeated keys and halves of surrogate pairs, guesses encodings and dies of deep nesting. Here
every input ends in a value or in `StrictJsonError`, in time linear in its size. All work per character is done by
functions written in C, and a text that is nearly all Base64 is only searched, not rewritten.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import NoReturn

MAX_DEPTH = 64
"""Arrays and objects inside one another."""

MAX_INTEGER_DIGITS = 300
"""Digits of an integer. A few more overflow a double, and Python's own bound may be switched off."""

MAX_SEPARATORS = 200_000
"""Commas and opening brackets outside strings, together: a text has at most one value more, and at least half as many.

Bounds memory and the work of whoever checks the value; the contract's own limit of values is half of it."""

_SHORTENED = 80  # characters of the sender's text that a message repeats at most
_BOM = b"\xef\xbb\xbf"
_CHUNK_BYTES = 1 << 16
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{},"'))
_TO_STEPS = bytes.maketrans(b"[{]}", bytes([1, 1, 0xFF, 0xFF]))  # +1 and, as a signed byte, -1
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class StrictJsonError(ValueError):
    """The bytes are not strict JSON. The message says why, with at most 80 characters of them."""


def loads(raw: bytes | bytearray) -> object:
    """Return the value of a JSON text.

    Raises:
        StrictJsonError: The text is not UTF-8, begins with a byte order mark, breaks the grammar, repeats a key in
            an object, holds half of a surrogate pair, NaN, an infinity or a number that overflows to one, or exceeds
            one of the bounds of this module.
    """
    if raw.startswith(_BOM):
        raise StrictJsonError("the text begins with a byte order mark")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"not UTF-8: {error.reason} at byte {error.start}") from None
    _check_bounds(raw)
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise StrictJsonError(
            f"not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"
        ) from None
    if b"\\" in raw and _SURROGATE_ESCAPE.search(raw):
        _check_surrogates(value)
    return value


def _check_bounds(raw: bytes | bytearray) -> None:
    """Refuse what would cost the parser too much stack or memory, without parsing.

    Where the text breaks the grammar the result means nothing, but the parser stops there too.
    """
    if len(raw) <= MAX_SEPARATORS and raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:  # most are as short as that
        return
    if all(_is_rare(sign, raw) for sign in (b"[", b"{", b",")):
        return
    # Escapes first: after them a quotation mark always begins or ends a string.
    structure = raw.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NOT_STRUCTURE)
    in_string = depth = separators = 0
    for start in range(0, len(structure), _CHUNK_BYTES):
        parts = structure[start : start + _CHUNK_BYTES].split(b'"')
        outside = b"".join(parts[in_string::2])
        in_string ^= (len(parts) - 1) & 1
        separators += sum(map(outside.count, b"[{,"))
        if separators > MAX_SEPARATORS:
            raise StrictJsonError(f"too many values: over {MAX_SEPARATORS} commas and opening brackets")
        steps = memoryview(outside.translate(_TO_STEPS, b",")).cast("b")
        depths = list(accumulate(steps, initial=depth))
        if max(depths) > MAX_DEPTH:
            raise StrictJsonError(f"nested more than {MAX_DEPTH} deep")
        if min(depths) < 0:
            return
        depth = depths[-1]


def _is_rare(sign: bytes, raw: bytes | bytearray) -> bool:
    """Whether `sign` occurs so seldom that no bound is in reach. `find` is much quicker than `count` for that."""
    position = -1
    for _ in range(MAX_DEPTH // 2):
        position = raw.find(sign, position + 1)
        if position < 0:
            return True
    return False


def _check_surrogates(value: object) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str) and not item.isascii() and _SURROGATE.search(item):
            raise StrictJsonError("a string holds half of a surrogate pair")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise StrictJsonError(f"the key {_quoted(repeated)} is repeated in an object")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise StrictJsonError(f"an integer of more than {MAX_INTEGER_DIGITS} digits")
    return int(digits)


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise StrictJsonError(f"the number {_shortened(number)} overflows")
    return value


def _constant(name: str) -> NoReturn:
    raise StrictJsonError(f"{name} is not JSON")


def _quoted(key: str) -> str:
    """Return a key as part of a message: it may hold half of a surrogate pair, which no encoder takes."""
    return '"' + _shortened(key).encode(errors="backslashreplace").decode() + '"'


def _shortened(text: str) -> str:
    return text if len(text) <= _SHORTENED else text[: _SHORTENED - 1] + "…"


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite, parse_int=_integer
)
