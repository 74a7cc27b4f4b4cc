"""JSON is read strictly: every text results in its only possible value, or in an error that says why not."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kling_elements.strict_json import MAX_INTEGER_DIGITS, MAX_SEPARATORS, StrictJsonError, loads
from kling_elements_client import contract
from kling_elements_runtime.json_responses import MAX_DEPTH

LARGEST_BODY = 56_972_640


def assert_refused(expected: str | None, raw: bytes) -> None:
    """Assert that text is refused, with this message unless it is None."""
    with pytest.raises(StrictJsonError) as caught:
        loads(raw)
    assert str(caught.value) == (expected or str(caught.value))


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ({}, b"{}"),
        ([], b" [\t\r\n] "),
        (None, b"null"),
        (True, b"true"),
        ("", b'""'),
        (-0.5, b"-5e-1"),
        (9007199254740993, b"9007199254740993"),
        (0.0, b"1e-400"),
        (1.7976931348623157e308, b"1.7976931348623157e308"),
        ({"a": {"a": 1}, "b": [{"a": 2}]}, b'{"a":{"a":1},"b":[{"a":2}]}'),
        ("\u8d85\U0001f600", '"\u8d85\U0001f600"'.encode()),
        ("\u8d85\U0001f600", b'"\\u8d85\\ud83d\\ude00"'),
        ("\\ud83d", b'"\\\\ud83d"'),
        ("\x00", b'"\\u0000"'),
        ("\ufeff", '"\ufeff"'.encode()),
    ],
)
def test_a_strict_text_is_read_as_its_value(expected: object, raw: bytes) -> None:
    """Types and precision are kept, and an escaped surrogate pair becomes one character."""
    value = loads(raw)

    assert expected == value
    assert type(expected) is type(value)
    assert value == loads(bytearray(raw))


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ("not JSON: Expecting value at line 1, column 1", b""),
        ("not JSON: Expecting value at line 1, column 1", b"tru"),
        ("not JSON: Expecting value at line 1, column 1", b"\xc2\xa01"),
        ("not JSON: Expecting value at line 1, column 1", b"\x001\x00"),
        ("not JSON: Extra data at line 2, column 1", b"1\n2"),
        ("not JSON: Extra data at line 1, column 2", b"01"),
        ("not JSON: Expecting property name enclosed in double quotes at line 1, column 2", b"{'a':1}"),
        ("not JSON: Expecting ',' delimiter at line 1, column 8", b'{"a":1 // one\n}'),
        ("not JSON: Invalid control character at line 1, column 2", b'"\n"'),
        ("not JSON: Invalid \\escape at line 1, column 2", b'"\\x"'),
        ("the text begins with a byte order mark; remove it", b"\xef\xbb\xbf1"),
        ("not UTF-8: invalid start byte at byte 0", b"\xff\xfe1\x00"),
        ("not UTF-8: invalid continuation byte at byte 1", b'"\xe4"'),
        ("not UTF-8: invalid start byte at byte 1", b'"\xc0\x80"'),
        ("not UTF-8: invalid continuation byte at byte 1", b'"\xed\xa0\xbd\xed\xb8\x80"'),
        ("not UTF-8: unexpected end of data at byte 1", b'"\xf0\x9f'),
        ("a string contains an unpaired surrogate", b'"\\ud83d"'),
        ("a string contains an unpaired surrogate", b'"\\uDE00\\uD83D"'),
        ("a string contains an unpaired surrogate", b'[1,{"a":["\\ud83dx"]}]'),
        ("a string contains an unpaired surrogate", b'{"a":{"\\udead":1}}'),
        ("NaN is not JSON", b"NaN"),
        ("Infinity is not JSON", b"[Infinity]"),
        ("-Infinity is not JSON", b'{"a":-Infinity}'),
        ("the number 1e400 is too large for a double", b"1e400"),
        ("the number -1E+309 is too large for a double", b"[-1E+309]"),
        ("the number 1" + 78 * "0" + "\u2026 is too large for a double", b"1" + 400 * b"0" + b".0"),
        ('the key "a" is repeated in an object', b'[{"b":0,"a":1,"c":3,"a":2,"b":4}]'),
        ('the key "a" is repeated in an object', b'{"a":1,"\\u0061":2}'),
        ('the key "\u8d85" is repeated in an object', '{"\u8d85":1,"\u8d85":2}'.encode()),
        ('the key "\\ud83d" is repeated in an object', b'{"\\ud83d":1,"\\ud83d":2}'),
        (f'the key "{"k" * 80}" is repeated in an object', b'{"%b":1,"%b":2}' % ((b"k" * 80,) * 2)),
        (f'the key "{"k" * 79}\u2026" is repeated in an object', b'{"%b":1,"%b":2}' % ((b"k" * 81,) * 2)),
    ],
)
def test_any_other_text_is_refused_with_the_reason(expected: str, raw: bytes) -> None:
    """Two parsers could read the text differently. The message says why, and where."""
    assert_refused(expected, raw)


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"k":', "}"), ('[{"k":[', "]}]")])
@pytest.mark.parametrize("inner", ["1", '"["', '"\\"[\\\\"', '"]"'])
def test_depth_counts_brackets_outside_strings(brackets: tuple[str, str], inner: str) -> None:
    """One level below the maximum depth is refused. Brackets in strings don't count."""
    opening, closing = brackets
    levels = opening.count("[") + opening.count("{")
    fitting = MAX_DEPTH // levels
    outer = MAX_DEPTH - fitting * levels
    deepest = "[" * outer + opening * fitting + inner + closing * fitting + "]" * outer

    assert MAX_DEPTH == 64
    assert json.loads(deepest) == loads(deepest.encode())
    assert_refused("nested too deeply: at most 64 levels of arrays and objects are allowed", f"[{deepest}]".encode())


def test_the_deepest_place_counts() -> None:
    """Many brackets side by side are not deep, but one deep place after them is noticed."""
    shallow = "[1,[2],{}]," * 10_000
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert json.loads(f"[{shallow}0]") == loads(f"[{shallow}0]".encode())
    assert_refused(
        "nested too deeply: at most 64 levels of arrays and objects are allowed", f"[{shallow}{deep}]".encode()
    )
    assert_refused(
        "nested too deeply: at most 64 levels of arrays and objects are allowed",
        f'["[",{shallow}"\\"{shallow}",{deep}]'.encode(),
    )


@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_are_bounded_in_digits(sign: str) -> None:
    """The longest allowed integer is exact, and one digit more is refused. A sign is not a digit."""
    longest = f"{sign}{'9' * MAX_INTEGER_DIGITS}"

    assert MAX_INTEGER_DIGITS == 300
    assert int(longest) == loads(longest.encode())
    assert_refused("an integer has more than 300 digits", f"{longest}9".encode())


def test_the_number_of_commas_and_opening_brackets_is_bounded() -> None:
    """One more than the maximum is refused. Those in strings don't count."""
    media_type = contract.operations()["createElement"].definition["requestBody"]["content"]["application/json"]
    max_values = media_type["x-body-size"]["max-values"]
    largest = f'[{"0," * (MAX_SEPARATORS - 1)}"{",[{" * MAX_SEPARATORS}"]'

    assert MAX_SEPARATORS == 200_000
    assert 2 * max_values <= MAX_SEPARATORS  # so that a valid body is never refused for its number of values
    assert json.loads(largest) == loads(largest.encode())
    more_of_each = [f"[{'[],' * 100_000}0]", f"[{'{},' * 100_000}0]", f"[{'0,' * MAX_SEPARATORS}0,0]"]
    for more in (f"{largest[:-1]},0]", *more_of_each):
        assert_refused("too many values: at most 200000 commas and opening brackets are allowed", more.encode())


@pytest.mark.parametrize(
    "text", [b'["\\ud800", {}]', b'["\\ud800", []]', b'[{"a": 1}, "\\ud800"]', b'[[1], "\\ud800"]']
)
def test_an_unpaired_surrogate_is_noticed_among_other_values(text: bytes) -> None:
    assert_refused("a string contains an unpaired surrogate", text)


def test_a_string_ends_after_an_escaped_backslash() -> None:
    """Brackets in the next string don't count, but brackets after it do."""
    assert ["\\", "[" * 100] == loads(b'["\\\\", "' + b"[" * 100 + b'"]')
    assert_refused("nested too deeply: at most 64 levels of arrays and objects are allowed", b'["\\\\", ' + b"[" * 100)


def test_an_unmatched_closing_bracket_ends_the_counting() -> None:
    """The parser refuses the text there anyway."""
    assert_refused("not JSON: Expecting value at line 1, column 1", b"]" + b"[]" * 100)


def test_a_body_of_the_largest_size_is_read() -> None:
    """The body contains four images of 10 MB and a few escapes."""
    images = ["QUJD" * (LARGEST_BODY // 17), "+/+/" * (LARGEST_BODY // 17)]
    body = {"name": "\u8d85\U0001f600", "images": images * 2, "tags": [{"tag_id": "o_101"}] * 100}

    assert body == loads(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("expected", "unit", "start"),
    [
        ("nested too deeply: at most 64 levels of arrays and objects are allowed", b"[", b""),
        ("nested too deeply: at most 64 levels of arrays and objects are allowed", b'{"":', b""),
        ("too many values: at most 200000 commas and opening brackets are allowed", b"[],", b"["),
        ("too many values: at most 200000 commas and opening brackets are allowed", b'"[",', b"["),
        ("too many values: at most 200000 commas and opening brackets are allowed", b'{"a":1},', b"["),
        ("not JSON: Extra data at line 1, column 3", b"]", b"[]"),
        ("not JSON: Unterminated string starting at line 1, column 2", b"[", b'["'),
        ("not JSON: Unterminated string starting at line 1, column 1", b'\\"', b'"'),
        ("not JSON: Unterminated string starting at line 1, column 1", b"\\\\", b'"'),
        ("not JSON: Extra data at line 1, column 3", b'"', b""),
        ("an integer has more than 300 digits", b"1", b""),
        (
            f"the number {'1' * 79}\u2026 is too large for a double",
            b"1",
            b".0",
        ),
        ("not UTF-8: invalid start byte at byte 0", b"\x80", b""),
    ],
)
def test_a_hostile_body_of_the_largest_size_is_refused(expected: str, unit: bytes, start: bytes) -> None:
    """The refusal comes in a reasonable time, whatever the body repeats."""
    filler = unit * ((LARGEST_BODY - len(start)) // len(unit))
    raw = filler + start if start == b".0" else start + filler

    assert_refused(expected, raw)


def _is_strict(value: object, depth: int = 0) -> bool:
    """Return whether a value from `json.loads` is unambiguous. Objects are tuples of pairs in it."""
    match value:
        case tuple():
            keys = [key for key, _ in value]
            inner = [*keys, *(item for _, item in value)]
            return len(keys) == len(set(keys)) and depth < 64 and all(_is_strict(item, depth + 1) for item in inner)
        case list():
            return depth < 64 and all(_is_strict(item, depth + 1) for item in value)
        case str():
            return not any(0xD800 <= ord(character) <= 0xDFFF for character in value)
        case float():
            return math.isfinite(value)
        case int():
            return abs(value) < 10**300
        case _:
            return True


def _plain(value: object) -> object:
    match value:
        case tuple():
            return {key: _plain(item) for key, item in value}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def assert_agrees_with_json(raw: bytes) -> None:
    """Assert that ambiguous text is refused, and that other text is read like `json` reads it."""
    try:
        value: Any = json.loads(raw.decode(), object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        assert_refused(None, raw)
        return
    if _is_strict(value):
        own = loads(raw)
        assert _plain(value) == own
        assert repr(_plain(value)) == repr(own)  # 1 is neither 1.0 nor True
    else:
        assert_refused(None, raw)


@given(st.binary())
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """StrictJsonError is the only error."""
    assert_agrees_with_json(raw)


_PIECES = [
    "[",
    "]",
    "{",
    "}",
    '"',
    ",",
    ":",
    "\\",
    "\\u",
    "d83d",
    "\\ude00",
    "0",
    "1e999",
    "-",
    "NaN",
    "null",
    " ",
    "\u8d85",
]


@given(st.lists(st.sampled_from([*_PIECES, '"a":', "[" * 40, "]" * 40, '"["', "9" * 299, '{"a":1},'])).map("".join))
@example("[" * 64 + "]" * 64)
@example("{" + '"a":{' * 64 + "}" * 65)
@settings(max_examples=500)
def test_any_jumble_of_json_is_read_or_refused(text: str) -> None:
    """StrictJsonError is the only error, even if the text looks partly like JSON."""
    assert_agrees_with_json(text.encode())


_TEXTS = st.text(st.characters(exclude_categories=[]), max_size=8)  # including unpaired surrogates
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS


def _containers(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner) | st.lists(st.tuples(_TEXTS, inner)).map(tuple)


_VALUES = st.recursive(_SCALARS, _containers, max_leaves=10)


def _to_json(value: object) -> str:
    """Return a value as JSON text. A tuple of pairs becomes an object, so that keys can repeat."""
    match value:
        case tuple():
            return "{" + ",".join(f"{json.dumps(key)}: {_to_json(item)}" for key, item in value) + "}"
        case list():
            return "[" + ", ".join(map(_to_json, value)) + "]"
        case _:
            return json.dumps(value)


@given(_VALUES, st.integers(0), st.binary(max_size=2))
@settings(max_examples=200)
def test_any_text_that_json_writes_is_read_or_refused(value: object, place: int, patch: bytes) -> None:
    """StrictJsonError is the only error, even after some bytes are changed."""
    raw = _to_json(value).encode()
    start = place % len(raw)

    assert_agrees_with_json(raw)
    assert_agrees_with_json(raw[:start] + patch + raw[start + len(patch) :])
