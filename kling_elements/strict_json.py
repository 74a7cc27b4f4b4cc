"""Read JSON strictly, as RFC 8259 and I-JSON (RFC 7493) define it.

Texts that two parsers could read differently are refused. `json.loads` accepts NaN, repeated keys and unpaired
surrogates, guesses encodings and fails on deep nesting. Here every input results in a value or a `StrictJsonError`, in
time linear in its size. Functions written in C do all the work per character. A text that is nearly all Base64 is only
searched, not rewritten.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NoReturn

from kling_elements_runtime.json_responses import MAX_DEPTH

MAX_INTEGER_DIGITS = 300
"""The maximum number of digits of an integer.

A few more would overflow a double, and Python's own limit may be turned off."""

MAX_SEPARATORS = 200_000
"""The maximum number of commas and opening brackets outside strings, together.

A text with n of them has n/2 to n + 1 values. The limit bounds memory and the work of checking the value; the
contract's own limit of values is half of it."""

_MAX_QUOTED_CHARACTERS = 80  # messages quote no more of the input
_BOM = b"\xef\xbb\xbf"
_CHUNK_BYTES = 1 << 16
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{},"'))
_TO_STEPS = bytes.maketrans(b"[{]}", bytes([1, 1, 0xFF, 0xFF]))  # +1 and, as a signed byte, -1
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class StrictJsonError(ValueError):
    """The bytes are not strict JSON. The message says why, and quotes at most 80 characters of them."""


def loads(raw: bytes | bytearray) -> object:
    """Return the value of a JSON text.

    Raises:
        StrictJsonError: The text is not UTF-8, begins with a byte order mark, breaks the grammar, repeats a key in
            an object, contains an unpaired surrogate, NaN, an infinity or a number that overflows to one, or exceeds
            one of this module's limits.
    """
    if raw.startswith(_BOM):
        raise StrictJsonError("the text begins with a byte order mark; remove it")
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
    """Raise an error if parsing the text would cost too much stack or memory.

    If the text breaks the grammar, the counts are meaningless, but the parser refuses such a text anyway.
    """
    if len(raw) <= MAX_SEPARATORS and raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:  # most texts are that short
        return
    if all(_is_rare(sign, raw) for sign in (b"[", b"{", b",")):
        return
    separators = depth = 0
    for chunk in _structure_outside_strings(raw):
        separators += sum(map(chunk.count, b"[{,"))
        if separators > MAX_SEPARATORS:
            raise StrictJsonError(f"too many values: at most {MAX_SEPARATORS} commas and opening brackets are allowed")
        depths = _depths(chunk, depth)
        if max(depths) > MAX_DEPTH:
            raise StrictJsonError(f"nested too deeply: at most {MAX_DEPTH} levels of arrays and objects are allowed")
        if min(depths) < 0:  # a bracket closes nothing, so the parser will stop there
            return
        depth = depths[-1]


def _structure_outside_strings(raw: bytes | bytearray) -> Iterator[bytes]:
    """Yield the brackets and commas that are not in strings, in chunks."""
    # Remove the escapes first, so that each remaining quotation mark begins or ends a string.
    structure = raw.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NOT_STRUCTURE)
    in_string = 0
    for start in range(0, len(structure), _CHUNK_BYTES):
        parts = structure[start : start + _CHUNK_BYTES].split(b'"')
        yield b"".join(parts[in_string::2])
        in_string ^= (len(parts) - 1) & 1


def _depths(chunk: bytes, initial: int) -> list[int]:
    """Return the nesting depth before and after each bracket of a chunk."""
    steps = memoryview(chunk.translate(_TO_STEPS, b",")).cast("b")
    return list(accumulate(steps, initial=initial))


def _is_rare(sign: bytes, raw: bytes | bytearray) -> bool:
    """Return whether `sign` is too rare to reach any limit. `find` is much faster than `count` here."""
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
            raise StrictJsonError("a string contains an unpaired surrogate")


def _build_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys: set[str] = set()
        repeated = next(key for key, _ in pairs if key in keys or keys.add(key))  # type: ignore[func-returns-value]
        raise StrictJsonError(f"the key {_quote(repeated)} is repeated in an object")
    return members


def _parse_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise StrictJsonError(f"an integer has more than {MAX_INTEGER_DIGITS} digits")
    return int(digits)


def _parse_number(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise StrictJsonError(f"the number {_shorten(number)} is too large for a double")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJsonError(f"{name} is not JSON")


def _quote(key: str) -> str:
    """Return a key in quotation marks for a message, with unpaired surrogates escaped so that it can be encoded."""
    return '"' + _shorten(key).encode(errors="backslashreplace").decode() + '"'


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_QUOTED_CHARACTERS else text[: _MAX_QUOTED_CHARACTERS - 1] + "…"


_DECODER = json.JSONDecoder(
    object_pairs_hook=_build_object,
    parse_constant=_refuse_constant,
    parse_float=_parse_number,
    parse_int=_parse_integer,
)
