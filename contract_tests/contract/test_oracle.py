"""The oracle checks the client and the mock server. Here, hand-written verdicts check the oracle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.reading import oracle
from contract_tests.reading.images import Picture, base64_of, jpeg_frame_header, png_chunk

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR = (300).to_bytes(4) + (301).to_bytes(4) + b"\x08\x00\x00\x00\x00"
_FRAME = jpeg_frame_header(300, 301)
_IMAGE_LIMITS = {
    "format": {"one-of": ["jpeg", "png"]},
    "file-size": {"max-bytes": 1000},
    "displayed-sides": {"min-px": 300},
    "aspect-ratio": {"max-long-to-short": 2.5},
}


def _oracle(schema: Mapping[str, Any], max_bytes: int = 10_000, max_values: int = 100) -> oracle.Oracle:
    """Return an oracle for a small document."""
    media_type = {"x-body-size": {"max-bytes": max_bytes, "max-values": max_values}, "schema": schema}
    operation = {"operationId": "createElement", "requestBody": {"content": {"application/json": media_type}}}
    other = {"operationId": "other"}
    return oracle.Oracle(
        {
            "paths": {"/a~b": {"x-note": "text", "get": other, "post": operation}},
            "components": {"schemas": {"Seven": {"const": 7}}},
        }
    )


@pytest.mark.parametrize(
    ("pattern", "exact"),
    [
        ("a", "a"),
        ("^a$", r"^a\Z"),
        ("^a$|^b$", r"^a\Z|^b\Z"),
        ("(a|b$)", r"(a|b\Z)"),
        (r"a\$", r"a\$"),
        (r"a\\$", r"a\\\Z"),
        ("[a$]$", r"[a$]\Z"),
        (r"[\]$]$", r"[\]$]\Z"),
    ],
)
def test_a_dollar_sign_means_the_very_end(pattern: str, exact: str) -> None:
    """A string with a final newline is refused, although Python's `$` would match."""
    assert exact == oracle.exact_pattern(pattern)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 0),
        ("AA==", 1),
        ("AAA=", 2),
        ("AAAA", 3),
        ("+/+/", 3),
        ("AB==", 1),
        ("AAAAAA==", 4),
        ("A" * 13_981_014 + "==", 10_485_760),
        ("A" * 13_981_015 + "=", 10_485_761),
        *(
            (text, None)
            for text in (
                *("A", "AA", "AAA", "AAAAA", "A===", "====", "=", "==", "AAA=="),
                *("AA=A", "A=AA", "=AAA", "AA==AAAA", "AAA=AAA=", "AAAA===="),
                *("-_-_", "AAA\n", "AAAA\n", "AAAA\n\n\n\n", "\nAAA", " AAA", "AAA ", "AA\r\n"),
                *("éé", "éAA", "\uff21\uff21\uff21\uff21", "AAA\x00", "data:image/png;base64,AAAA"),
            )
        ),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_base64_is_read_strictly(text: str, size: int | None) -> None:
    """Only padded Base64 in the standard alphabet has a size. Spare bits in its last character are ignored."""
    assert size == oracle.base64_size(text)


@pytest.mark.parametrize(
    ("picture", "accepted"),
    [
        (Picture(mode="1"), True),
        (Picture(mode="1", width=300, height=750), True),
        (Picture(mode="1", width=750, height=300), True),
        (Picture(mode="1", width=300, height=751), False),
        (Picture(mode="1", width=751, height=300), False),
        (Picture(mode="1", width=299), False),
        (Picture(mode="1", height=299), False),
        (Picture(mode="1", file_size=1000), True),
        (Picture(mode="1", file_size=1001), False),
        (Picture(mode="1", format="gif"), False),
    ],
    ids=repr,
)
def test_a_picture_is_checked_against_its_limits(picture: Picture, accepted: bool) -> None:  # noqa: FBT001 - a verdict
    """The oracle checks format, size, sides and ratio. A value at its limit is allowed."""
    assert accepted == _oracle({"x-image": _IMAGE_LIMITS}).accepts(base64_of(picture.build()))


_PNG_ALONE = {"x-image": _IMAGE_LIMITS | {"format": {"one-of": ["png"]}}}
_SEVENS = {"items": {"$ref": "#/components/schemas/Seven"}}


@pytest.mark.parametrize(
    ("schema", "body", "accepted"),
    [
        (_PNG_ALONE, base64_of(_SIGNATURE + png_chunk(b"IHDR", _IHDR)), True),
        (_PNG_ALONE, base64_of(b"\xff\xd8" + _FRAME), False),  # readable, but its format is not listed
        ({"x-image": _IMAGE_LIMITS}, "https://example.com/a.png", False),  # there is no pattern beside `x-image`
        ({"x-image": _IMAGE_LIMITS}, 7, True),
        ({"pattern": r"^\w$"}, "a", True),
        ({"pattern": r"^\w$"}, "a\n", False),
        ({"pattern": r"^\w$"}, "ab", False),
        ({"pattern": r"^\w$"}, "é", False),  # `\w` is ASCII only
        ({"pattern": r"^\w$"}, 7, True),
        ({"format": "uri"}, "a:", True),
        ({"format": "uri"}, "a", False),
        ({"format": "uri"}, 7, True),
        (_SEVENS, [7], True),
        (_SEVENS, [8], False),
    ],
)
def test_keywords_and_formats_are_enforced(schema: dict[str, Any], body: object, accepted: bool) -> None:  # noqa: FBT001 - a verdict
    """Keywords for text accept values of other types, and references are followed."""
    assert accepted == _oracle(schema).accepts(body)


def test_an_unknown_format_is_an_error() -> None:
    """Otherwise a misspelt format would accept everything."""
    with pytest.raises(KeyError, match="url"):
        _oracle({"format": "url"}).accepts("a:")


def test_a_refusal_says_where_and_what() -> None:
    """If a choice fails, the failures of its branches are listed instead."""
    choice = {"anyOf": [{"type": "string"}, {"items": {"type": "null"}, "minItems": 2}]}
    judge = _oracle({"properties": {"a": choice}, "additionalProperties": False})

    lines = ["/a fails type", "/a/0 fails type", "/a fails minItems", "/b~1~0 fails additionalProperties"]
    assert lines == judge.refusals({"a": [1], "b/~": 2})
    assert ["the body fails minProperties"] == _oracle({"minProperties": 1}).refusals({})


@pytest.mark.parametrize(
    "body",
    [
        math.nan,
        [math.inf],
        {"a": -math.inf},
        "\ud83d",
        {"\ude00": 1},
        b"a",
        {"a": {1, 2}},
        {1: "a"},
        {None: "a"},
        (1, 2),
        object,
    ],
    ids=ascii,
)
def test_a_body_that_json_cannot_represent_is_refused(body: object) -> None:
    """Such a body is refused under any schema, and so is one that JSON would change."""
    assert not _oracle({}).accepts(body)


def test_a_recursive_body_is_refused() -> None:
    """A list that contains itself is refused, because JSON cannot represent it."""
    body: list[object] = []
    body.append(body)

    assert not _oracle({}).accepts(body)


@pytest.mark.parametrize(
    ("body", "size"), [("aaaa", 6), ("éé", 6), ("😀", 6), ('""', 6), ([1, 23], 6), ({"": 1}, 6), ("\n\n", 6)], ids=ascii
)
def test_the_size_of_a_body_is_that_of_its_shortest_json(body: object, size: int) -> None:
    """The size counts UTF-8 bytes without white space. A body of exactly the limit is allowed."""
    assert _oracle({}, size).accepts(body)
    assert not _oracle({}, size - 1).accepts(body)


def test_the_number_of_values_in_a_body_is_limited() -> None:
    """The body itself, each member and each item count as values."""
    judge = _oracle({}, max_values=5)

    assert judge.accepts({"a": [1, 2], "b": 3})
    assert not judge.accepts({"a": [1, 2], "b": 3, "c": 4})
