"""JSON from other programs is parsed without losing digits, and refused if it is too large or too deep."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements_runtime.json_responses import MAX_DEPTH, UnusableJsonError, decode, parse


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (2**63, "9223372036854775808"),
        (9007199254740993, "9007199254740993.0"),
        (9007199254740993, "9.007199254740993e15"),
        (10**19, "1e19"),
        (0, "-0.0"),
        (0.5, "5e-1"),
        (1e20, "1e20"),
        (1e300, "1e300"),
        (float("inf"), "1e99999999999999999999"),
    ],
)
def test_a_whole_number_of_up_to_20_digits_becomes_an_integer(expected: float, text: str) -> None:
    """Otherwise ids that are written as floats would be rounded above 2^53."""
    value = parse(text)

    assert (type(expected), expected) == (type(value), value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_encoding_is_detected(encoding: str) -> None:
    assert {"a": "Zoë \U0001f600"} == decode('{"a": "Zoë \U0001f600"}'.encode(encoding))


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b"\xff", b"{} {}", b"'a'"])
def test_bytes_that_are_not_json_are_refused(content: bytes) -> None:
    with pytest.raises(UnusableJsonError, match=r"^is not JSON$"):
        decode(content)


def _nested(levels: int) -> tuple[Any, str]:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value, str(value).replace("'", '"')


def test_json_may_have_64_levels() -> None:
    assert MAX_DEPTH == 64
    value, text = _nested(64)
    assert value == parse(text)
    with pytest.raises(UnusableJsonError, match=r"^nests deeper than 64 levels$"):
        parse(_nested(65)[1])


def test_json_that_would_overflow_the_stack_is_refused() -> None:
    with pytest.raises(UnusableJsonError, match=r"^nests deeper than 64 levels$"):
        parse("[" * 99_000)


def test_many_brackets_in_a_string_are_not_levels() -> None:
    assert ["[" * 1000] == parse(f'["{"[" * 1000}"]')


def test_json_may_have_100000_values() -> None:
    """A longer list is refused before it is parsed."""
    assert 99_999 == len(parse(f"[{'1,' * 99_998}1]"))
    with pytest.raises(UnusableJsonError, match=r"^has more than 100000 values$"):
        parse(f"[{'1,' * 100_000}1]")


@pytest.mark.parametrize(("size", "unit"), [(17_000_000, "a"), (4_300_000, "\U0001f600")], ids=["ASCII", "wide"])
def test_a_string_may_take_16_mib_of_memory(size: int, unit: str) -> None:
    """One wide character makes each character of a string count four bytes."""
    text = f'"{unit}{"a" * size}"'

    with pytest.raises(UnusableJsonError, match=r"^is too large: it takes more than 16 MiB of memory$"):
        parse(text)
    assert size // 5 == len(parse(f'"{"a" * (size // 5)}"'))
