"""The oracle checks the client and the mock server; here hand-written verdicts check the oracle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.reading import oracle
from contract_tests.reading.image_header import ImageHeader, UnreadableHeaderError, read_header
from contract_tests.reading.images import Picture, base64_of, jpeg_frame_header, png_chunk
from contract_tests.reading.uri import is_uri

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
    """Return the oracle of a small document."""
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
    "text",
    [
        "a:",
        "http://example.com",
        "HTTP://EXAMPLE.COM:80/",
        "http://example.com:/",
        "http://example.com:99999/",
        "https://",
        "https:///x",
        "http://:80/",
        "http://a:b@example.com/",
        "http://@example.com/",
        "http://%41.example/",
        "http://192.0.2.7/",
        "http://999.0.2.7/",
        "http://[::]/",
        "http://[::1]:80/",
        "http://[2001:db8::7]/",
        "http://[1:2:3:4:5:6:7:8]/",
        "http://[1:2:3:4:5:6:7::]/",
        "http://[::2:3:4:5:6:7:8]/",
        "http://[1::3:4:5:6:7:8]/",
        "http://[::ffff:192.0.2.7]/",
        "http://[1:2:3:4:5:6:192.0.2.7]/",
        "http://[v1.a:b]/",
        "http://[VF.~]/",
        "https://example.com/-._~!$&'()*+,;=:@/%2F//",
        "https://example.com?a=b?c/d",
        "https://example.com#a?b/c",
        "https://example.com/?#",
        "ftp://example.com/",
        "mailto:ada@example.com",
        "urn:isbn:0451450523",
        "file:///a",
        "a+b-c.1:/",
    ],
)
def test_a_uri_is_accepted(text: str) -> None:
    """Any string that the grammar of RFC 3986 produces is a URI, sensible or not."""
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        ":",
        "//example.com/",
        "/a",
        "example.com/a",
        "1a:b",
        "-a:b",
        "é:b",
        "a_b:c",
        "http://example.com/é",
        "http://例子.example/",
        "http://example.com/a b",
        " http://example.com/",
        "http://example.com/ ",
        "http://example.com/\n",
        "http://example.com\n",
        "http://example.com/\x00",
        "http://example.com/\x7f",
        "http://example.com/%",
        "http://example.com/%2",
        "http://example.com/%zz",
        "http://example.com/%\uff11\uff11",
        "http://example.com:\uff18\uff10/",
        "http://example.com:port/",
        "http://example.com:80:80/",
        "http://a@b@example.com/",
        "http://[::1/",
        "http://::1]/",
        "http://[]/",
        "http://[example]/",
        "http://[1:2:3:4:5:6:7]/",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://[1::2::3]/",
        "http://[12345::]/",
        "http://[1:2:3:4:5:6:7:192.0.2.7]/",
        "http://[::256.0.2.7]/",
        "http://[::01.0.2.7]/",
        "http://[fe80::1%25eth0]/",
        "http://[v.a]/",
        "http://[v1.]/",
        "http://[::1]a/",
        "http://example.com/a#b#c",
        "http://example.com/[a]",
        "http://example.com/?[a]",
        "http://example.com/<a>",
        'http://example.com/"a"',
        "http://example.com/{a}",
        "http://example.com/a|b",
        "http://example.com/a^b",
        "http://example.com/a`b",
        "http:\\\\example.com\\a",
    ],
)
def test_a_string_that_is_not_a_uri_is_refused(text: str) -> None:
    """A string that the grammar of RFC 3986 does not produce is not a URI."""
    assert not is_uri(text)


def test_a_long_uri_is_checked_fast() -> None:
    """Backtracking does not explode on a string that is nearly a URI."""
    assert not is_uri("http://" + "a" * 1_000_000 + " ")
    assert not is_uri("a" * 1_000_000)
    assert is_uri("http://example.com" + "/a" * 500_000)


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
    """Python's `$` also matches before a last line end; JSON Schema's does not."""
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
    """Only padded Base64 of the standard alphabet has a size; spare bits in its last character do not matter."""
    assert size == oracle.base64_size(text)


@pytest.mark.parametrize(
    ("picture", "header"),
    [
        (Picture(), ImageHeader("png", 300, 300)),
        (Picture(width=7, height=9, mode="RGBA"), ImageHeader("png", 7, 9)),
        (Picture(width=7, height=9, file_size=500), ImageHeader("png", 7, 9)),
        (Picture(width=7, height=9, orientation=6), ImageHeader("png", 7, 9)),
        (Picture(format="jpeg"), ImageHeader("jpeg", 300, 300)),
        (Picture(format="jpeg", width=7, height=9, mode="RGB"), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, mode="CMYK"), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, progressive=True), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, orientation=6), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, fill_bytes=5), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, app_bytes=200_000), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, file_size=2_000), ImageHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, decoy=(300, 400)), ImageHeader("jpeg", 7, 9)),
        (Picture(format="mpo", width=7, height=9, mode="RGB"), ImageHeader("jpeg", 7, 9)),
        (Picture(width=65_536, height=1, mode="1"), ImageHeader("png", 65_536, 1)),
    ],
    ids=repr,
)
def test_the_header_of_a_picture_is_read(picture: Picture, header: ImageHeader) -> None:
    """The oracle reads the format and the sides that the picture was made with."""
    assert header == read_header(picture.build())


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF])
def test_every_kind_of_jpeg_frame_is_read(marker: int) -> None:
    """The sides are at the same place in baseline, progressive, lossless and arithmetic frames."""
    frame = bytes([0xFF, marker]) + _FRAME[2:]

    assert ImageHeader("jpeg", 300, 301) == read_header(b"\xff\xd8" + frame)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC])
def test_a_segment_that_is_not_a_frame_is_skipped(marker: int) -> None:
    """DHT, JPG and DAC have markers in the range of frame headers, but are not frames."""
    other = bytes([0xFF, marker]) + jpeg_frame_header(1, 1)[2:]

    assert ImageHeader("jpeg", 300, 301) == read_header(b"\xff\xd8" + other + _FRAME)


@pytest.mark.parametrize("stray", [b"\x00", b"\xff\x00", b"\x00" * 4096, b"\xff\x00" * 4096, b"\x12\xff\xff"])
def test_bytes_between_segments_are_skipped(stray: bytes) -> None:
    """Like decoders, the oracle skips up to 4,096 bytes that are not fill bytes."""
    assert ImageHeader("jpeg", 300, 301) == read_header(b"\xff\xd8\xff\xe0\0\2" + stray + _FRAME)


@pytest.mark.parametrize("marker", [0x01, 0xD0, 0xD7])
def test_a_marker_without_a_segment_is_skipped(marker: int) -> None:
    """TEM and RST have no length, so nothing more is skipped."""
    assert ImageHeader("jpeg", 300, 301) == read_header(b"\xff\xd8\xff" + bytes([marker]) + _FRAME)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"test",
        b"GIF89a",
        _SIGNATURE[:4],
        _SIGNATURE,
        _SIGNATURE + png_chunk(b"IHDR", _IHDR)[:-1],
        _SIGNATURE + png_chunk(b"IHDR", _IHDR)[:-1] + b"\x00",
        _SIGNATURE + png_chunk(b"IHDX", _IHDR),
        _SIGNATURE + png_chunk(b"IHDR", _IHDR + b"\x00"),
        _SIGNATURE + png_chunk(b"IHDR", b"\x00" * 4 + _IHDR[4:]),
        _SIGNATURE + png_chunk(b"IHDR", _IHDR[:4] + b"\x00" * 4 + _IHDR[8:]),
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xff\xff",
        b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe0\x00",
        b"\xff\xd8\xff\xe0\x00\x00" + _FRAME,
        b"\xff\xd8\xff\xe0\x00\x01" + _FRAME,
        b"\xff\xd8\xff\xe0\x00\x08" + _FRAME[:6],
        b"\xff\xd8\x00" + _FRAME,
        b"\xff\xd8\xff\xe0\0\2" + b"\x00" * 4097 + _FRAME,
        _SIGNATURE + png_chunk(b"IHDR", b"\x80" + _IHDR[1:]),
        _SIGNATURE + png_chunk(b"IHDR", _IHDR[:8] + b"\x03" + _IHDR[9:]),
        _SIGNATURE + png_chunk(b"IHDR", _IHDR[:10] + b"\x01" + _IHDR[11:]),
        _SIGNATURE + png_chunk(b"IHDR", _IHDR[:12] + b"\x02"),
        b"\xff\xd8\xff\xd9" + _FRAME,
        b"\xff\xd8\xff\xda\x00\x02" + _FRAME,
        b"\xff\xd8" + _FRAME[:8],
        b"\xff\xd8" + jpeg_frame_header(0, 300),
        b"\xff\xd8" + jpeg_frame_header(300, 0),
        b"\x00\xff\xd8" + _FRAME,
    ],
    ids=lambda data: data[:30].hex(),
)
def test_an_unreadable_header_is_an_error(data: bytes) -> None:
    """Broken bytes of any kind raise only `UnreadableHeaderError`."""
    with pytest.raises(UnreadableHeaderError):
        read_header(data)


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
    """Format, size, sides and ratio are checked; the limits themselves are allowed."""
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
def test_a_keyword_is_asserted(schema: dict[str, Any], body: object, accepted: bool) -> None:  # noqa: FBT001 - a verdict
    """Keywords about text accept other types; references lead into the document."""
    assert accepted == _oracle(schema).accepts(body)


def test_an_unknown_format_is_an_error() -> None:
    """A misspelt format must not silently accept everything."""
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
def test_a_body_that_json_cannot_hold_is_refused(body: object) -> None:
    """A body that JSON would change or cannot hold is refused under any schema."""
    assert not _oracle({}).accepts(body)


def test_a_recursive_body_is_refused() -> None:
    """A list that contains itself cannot be written."""
    body: list[object] = []
    body.append(body)

    assert not _oracle({}).accepts(body)


@pytest.mark.parametrize(
    ("body", "size"), [("aaaa", 6), ("éé", 6), ("😀", 6), ('""', 6), ([1, 23], 6), ({"": 1}, 6), ("\n\n", 6)], ids=ascii
)
def test_the_size_of_a_body_is_that_of_its_shortest_json(body: object, size: int) -> None:
    """The size counts UTF-8 bytes without white space; the limit itself is allowed."""
    assert _oracle({}, size).accepts(body)
    assert not _oracle({}, size - 1).accepts(body)


def test_the_number_of_values_in_a_body_is_limited() -> None:
    """The body itself, each member and each item count as values."""
    judge = _oracle({}, max_values=5)

    assert judge.accepts({"a": [1, 2], "b": 3})
    assert not judge.accepts({"a": [1, 2], "b": 3, "c": 4})
