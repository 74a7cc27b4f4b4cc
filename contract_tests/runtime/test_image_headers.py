"""Inline images are checked by their headers: unusual but valid files are accepted, all others are violations.

`rules.yaml` tests the limits themselves; this module tests files that are hard to read.
"""

from __future__ import annotations

import binascii
import io
import warnings
import zlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from contract_tests.reading.cases import base_body
from contract_tests.reading.images import Picture, base64_of, jpeg_frame_header, jpeg_segment, png_chunk
from kling_elements_client import contract
from kling_elements_runtime import image_headers as images
from kling_elements_runtime.image_limits import ImageLimits
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes, InlineText

_LIMITS = ImageLimits.of(contract.document()["components"]["schemas"]["ImageBase64"]["x-image"])
_NOT_READABLE = [("R14", "the content is not a JPEG or PNG file with a complete header")]
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER_END = 33
# EXIF data with orientation 6
_TURNED = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"


def _violations_of(data: bytes) -> list[tuple[str, str]]:
    """Return rule and message of each violation of a request with this image."""
    body: Any = base_body("image")
    body["element_image_list"]["frontal_image"] = base64_of(data)
    violations = contract.violations("createElement", body)
    assert all(violation.pointer == "/element_image_list/frontal_image" for violation in violations)
    return [(violation.rule, violation.message) for violation in violations]


def _frames(image_format: str) -> bytes:
    """Return an image file with two frames."""
    file = io.BytesIO()
    first, second = Image.new("RGB", (400, 300)), Image.new("RGB", (400, 300), "red")
    first.save(file, image_format, save_all=True, append_images=[second])
    return file.getvalue()


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return the start of a PNG that claims these sides in pixels, with more chunks after its header."""
    sides = width.to_bytes(4) + height.to_bytes(4)
    header = png_chunk(b"IHDR", sides + b"\x08\x02\x00\x00\x00")
    return _PNG_SIGNATURE + header + b"".join(chunks) + png_chunk(b"IDAT", zlib.compress(b""))


def _jpeg(width: int, height: int, *segments: bytes) -> bytes:
    """Return the start of a JPEG that claims these sides in pixels, with segments before its frame header."""
    return b"\xff\xd8" + b"".join(segments) + jpeg_frame_header(width, height) + b"\xff\xda"


_EMPTY = jpeg_segment(0xE0, b"")
_BOMB = zlib.compress(bytes(5_000_000))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_frames("MPO"), id="JPEG of a phone, with a second picture (MPO)"),
        pytest.param(_frames("PNG"), id="animated PNG"),
        pytest.param(Picture(format="jpeg", mode="CMYK").build(), id="JPEG in CMYK"),
        pytest.param(Picture(format="jpeg", mode="RGB", progressive=True).build(), id="progressive JPEG"),
        pytest.param(
            Picture(format="jpeg", app_bytes=320 * 1024).build(), id="JPEG with 320 KB before its frame header"
        ),
        pytest.param(Picture(format="jpeg", fill_bytes=100_000).build(), id="JPEG with many fill bytes"),
        pytest.param(Picture(format="jpeg", decoy=(1, 1)).build(), id="JPEG with a thumbnail in its metadata"),
        pytest.param(_jpeg(300, 300, b"\xff\x01\xff\xd0\xff\xff\xd7"), id="JPEG with markers that have no segment"),
        pytest.param(_jpeg(300, 300, jpeg_segment(0x58, b"XX")), id="JPEG with a segment that nobody knows"),
        pytest.param(_jpeg(300, 300, jpeg_segment(0xE1, b"Exif\x00\x00garbage")), id="JPEG with broken metadata"),
        pytest.param(_jpeg(65_535, 65_535), id="largest JPEG that its header can claim"),
        pytest.param(_jpeg(300, 300, _EMPTY, b"\x00"), id="JPEG with a stray byte"),
        pytest.param(_jpeg(300, 300, _EMPTY, b"\xff\x00"), id="JPEG with an escaped byte for a marker"),
        pytest.param(_jpeg(300, 300, _EMPTY, b"\xff\x00" * 4096, _EMPTY), id="JPEG with many of them"),
        pytest.param(_jpeg(300, 300, _EMPTY, b"\x12\xff\xff\x00" + b"\xff" * 9), id="JPEG with both"),
        *(
            pytest.param(_jpeg(300, 300).replace(b"\xff\xc0", bytes([0xFF, marker])), id=f"JPEG of kind {marker:02X}")
            for marker in (*range(0xC1, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
        ),
        *(pytest.param(Picture(mode=mode).build(), id=f"PNG in {mode}") for mode in ("1", "L", "P", "RGBA", "I;16")),
        pytest.param(_png(20_000, 20_000), id="PNG that claims 400 megapixels"),
        pytest.param(_png(2**31 - 1, 2**31 - 1), id="largest PNG that its header can claim"),
        pytest.param(_png(300, 300, png_chunk(b"zTXt", b"a\x00\x00" + _BOMB)), id="PNG with much compressed text"),
        pytest.param(_png(300, 300, png_chunk(b"iCCP", b"a\x00\x00" + _BOMB)), id="PNG with a large colour profile"),
        pytest.param(_png(300, 300, png_chunk(b"acTL", bytes(8))), id="PNG animated wrongly"),
        pytest.param(_png(300, 300, png_chunk(b"tEXt", b"a") * 10_000), id="PNG of countless chunks"),
        pytest.param(_png(300, 300, png_chunk(b"eXIf", b"garbage")), id="PNG with broken metadata"),
        pytest.param(_png(300, 300, b"\xff\xff\xff\xffprVt"), id="PNG with a chunk longer than the file"),
    ],
)
def test_an_unusual_but_valid_image_is_accepted(data: bytes) -> None:
    """Only format and sides count, and both are in the header."""
    assert [] == _violations_of(data)


@pytest.mark.parametrize(
    "data",
    [
        *(
            pytest.param(Picture(format=name, mode="RGB").build(), id=name)
            for name in ("gif", "webp", "bmp", "tiff", "ico", "ppm", "jpeg2000", "pdf")
        ),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>', id="svg"),
        pytest.param(b"\x00\x00\x00\x18ftypheic" + bytes(300), id="heic"),
        pytest.param(b"\x00\x00\x00\x18ftypmp42" + bytes(300), id="mp4"),
        pytest.param(bytes(1000), id="zeros"),
        pytest.param(b"\xff" * 1000, id="only fill bytes"),
        pytest.param(b"\xff\xd8" + b"\xff" * 1000, id="fill bytes and no marker"),
        pytest.param(Picture(format="gif").build() + Picture().build(), id="PNG after a GIF"),
        pytest.param(_png(0, 300), id="PNG without width"),
        pytest.param(_png(300, 0), id="PNG without height"),
        pytest.param(_jpeg(0, 300), id="JPEG without width"),
        pytest.param(_jpeg(300, 0), id="JPEG whose height comes later"),
        pytest.param(_png(300, 300).replace(b"IHDR", b"IHDX"), id="PNG without header"),
        pytest.param(_png(300, 300).replace(b"\x01\x2c", b"\x01\x2d"), id="PNG whose header was changed"),
        pytest.param(_png(300, 300).replace(b"\x00\x0dIHDR", b"\x00\x0eIHDR"), id="PNG whose header is too long"),
        pytest.param(_jpeg(300, 300, b"\xff\xd9"), id="JPEG that ends before its frame header"),
        pytest.param(_jpeg(300, 300, b"\xff\xda\x00\x02"), id="JPEG whose pixels come before its frame header"),
        pytest.param(_jpeg(300, 300, b"\xff\xe0\x00\x01"), id="JPEG with a segment shorter than its length"),
        pytest.param(_jpeg(300, 300, b"\xff\xe0\x00\x00"), id="JPEG with a segment without length"),
        pytest.param(_jpeg(300, 300, b"\xff\xe0\xff\xff"), id="JPEG with a segment longer than the file"),
        pytest.param(_jpeg(300, 300, b"\x00"), id="JPEG with a stray byte before its first marker"),
        pytest.param(_jpeg(300, 300, _EMPTY, b"\xff\x00" * 4097), id="JPEG with very many stray bytes"),
        pytest.param(_jpeg(300, 300).replace(b"\x00\x0b\x08", b"\x00\x05\x08"), id="JPEG with a short frame header"),
        pytest.param(_jpeg(300, 300, jpeg_segment(0xFE, b"") * 10_000), id="JPEG of countless segments"),
        *(
            pytest.param(_jpeg(300, 300).replace(b"\xff\xc0", bytes([0xFF, marker])), id=f"JPEG of kind {marker:02X}")
            for marker in (0xC4, 0xC8, 0xCC)
        ),
    ],
)
def test_a_file_that_is_not_jpeg_or_png_is_refused(data: bytes) -> None:
    """The content decides, and the reader raises no exception."""
    assert _NOT_READABLE == [(rule, message.partition(";")[0]) for rule, message in _violations_of(data)]


@pytest.mark.parametrize("image_format", ["png", "jpeg"])
def test_a_truncated_file_is_refused_until_its_header_is_complete(image_format: str) -> None:
    """The test tries every length."""
    data = Picture(format=image_format).build()
    header_end = _PNG_HEADER_END if image_format == "png" else data.index(b"\xff\xc0") + len(jpeg_frame_header(1, 1))

    verdicts = [_violations_of(data[:length]) for length in range(1, header_end + 20)]

    assert [_NOT_READABLE] * (header_end - 1) + [[]] * 20 == verdicts


@pytest.mark.parametrize("image_format", ["png", "jpeg"])
@pytest.mark.parametrize(
    ("shown", "orientation"),
    [("299x800", number) for number in (None, 0, 1, 2, 3, 4, 9)] + [("800x299", number) for number in (5, 6, 7, 8)],
)
def test_a_message_gives_the_sides_as_a_viewer_shows_them(
    shown: str, orientation: int | None, image_format: str
) -> None:
    """A phone's owner wouldn't recognize the stored sides of a portrait."""
    assert [
        ("R16", f"the image is shown as {shown} px; both sides must have at least 300 px"),
        ("R17", f"the image is shown as {shown} px; its ratio must be between 1:2.5 and 2.5:1"),
    ] == _violations_of(Picture(format=image_format, width=299, height=800, orientation=orientation).build())


def test_only_the_needed_part_of_the_base64_is_decoded() -> None:
    """Within that part, white space and padding are invalid. The rest is ignored."""
    assert bytes(3) == InlineText("AAAA!!!!").peek(0, 3)
    assert bytes(2) == InlineText("!!!!AAAA").peek(4, 2)
    for text in ("AA\nAAAA=", "AA==AAAA", "AA-_AAAA"):
        with pytest.raises(DamagedFileError, match=r"^the file is not Base64$"):
            InlineText(text).peek(0, 6)


def test_the_first_exif_block_of_a_jpeg_counts() -> None:
    """Other segments may come before it, and another kind of block after it."""
    further = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x/>")
    data = _jpeg(
        299, 800, jpeg_segment(0xE0, b"JFIF\x00" + bytes(9)), jpeg_segment(0xE1, b"Exif\x00\x00" + _TURNED), further
    )

    assert ["the image is shown as 800x299 px"] * 2 == [message.split(";")[0] for _, message in _violations_of(data)]


@pytest.mark.parametrize(
    "picture",
    [
        Picture(format="jpeg", width=299, height=800, orientation=6, xmp_first=True),
        Picture(format="jpeg", width=299, height=800, orientation=6, exif_last=True),
        Picture(format="png", width=299, height=800, orientation=6, exif_last=True),
    ],
    ids=["XMP first", "JPEG, EXIF last", "PNG, EXIF last"],
)
def test_the_orientation_is_found_anywhere_in_the_metadata(picture: Picture) -> None:
    """XMP may come before EXIF, and EXIF after the segment with the sides."""
    violations = _violations_of(picture.build())

    assert ["the image is shown as 800x299 px"] * 2 == [message.split(";")[0] for _, message in violations]


@pytest.mark.parametrize("fill_bytes", [*range(40, 52), *range(88, 100), 1_000])
def test_fill_bytes_before_a_marker_are_skipped(fill_bytes: int) -> None:
    """Their number is not limited."""
    picture = Picture(format="jpeg", width=299, fill_bytes=fill_bytes)

    assert ["R16"] == [rule for rule, _ in _violations_of(picture.build())]


@pytest.mark.parametrize(
    ("shown", "chunks"),
    [
        ("800x299", [b"gAMA", b"tEXt", b"eXIf"]),
        ("800x299", [b"idat", b"eXIf"]),
        ("800x299", [b"gAMA", b"IDAT", b"eXIf"]),
        ("299x800", [b"IDAT", b"IEND", b"eXIf"]),
        ("299x800", [b"exif", b"IDAT"]),
        ("299x800", [b"gAMA"]),
    ],
)
def test_the_orientation_of_a_png_may_be_anywhere_before_its_end(shown: str, chunks: list[bytes]) -> None:
    """Any number of chunks may come first. Chunk names are case-sensitive."""
    contents = {b"eXIf": _TURNED, b"exif": _TURNED, b"tEXt": b"Title\x00" + bytes(294)}
    data = _png(299, 800, *(png_chunk(kind, contents.get(kind, b"\x00\x00\xb1\x8f")) for kind in chunks))

    assert [f"the image is shown as {shown} px"] * 2 == [message.split(";")[0] for _, message in _violations_of(data)]


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"Exif\x00\x00",
        b"Exif\x00\x00MM",
        b"Exif\x00\x00XX\x00\x2a\x00\x00\x00\x08",
        b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\xff\xff\x01\x12",
        b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\xff\xff\x00\x00\x00\x08",
        b"http://ns.adobe.com/xap/1.0/\x00<x/>",
    ],
)
def test_unreadable_metadata_is_ignored(metadata: bytes) -> None:
    """Metadata is ignored as by viewers, and no library warns about it."""
    for data in (_jpeg(299, 400, jpeg_segment(0xE1, metadata)), _png(299, 400, png_chunk(b"eXIf", metadata[6:]))):
        with warnings.catch_warnings(record=True, action="always") as warned:
            verdict = _violations_of(data)

        assert [("R16", "the image is shown as 299x400 px; both sides must have at least 300 px")] == verdict
        assert [] == warned


@pytest.fixture
def decoded_lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each later Base64 decoding adds its number of characters."""
    decoded_lengths: list[int] = []
    decode = binascii.a2b_base64

    def count(window: str, **options: bool) -> bytes:
        decoded_lengths.append(len(window))
        return decode(window, **options)

    monkeypatch.setattr(binascii, "a2b_base64", count)
    return decoded_lengths


@pytest.mark.parametrize(
    "picture",
    [
        Picture(file_size=10_485_760, orientation=6, width=299),
        Picture(format="jpeg", file_size=10_485_760, orientation=6, width=299),
        Picture(format="jpeg", app_bytes=320 * 1024),
    ],
    ids=["PNG", "JPEG", "JPEG with large segments"],
)
def test_only_the_header_is_decoded(picture: Picture, decoded_lengths: list[int]) -> None:
    """At most some kilobytes are decoded, even if 10 MB come before the pixels."""
    text = base64_of(picture.build())

    assert ["R16"] * (picture.width == 299) == [
        violation.rule for violation in images.violations(InlineText(text), _LIMITS)
    ]
    assert 0 < sum(decoded_lengths) < 20_000


def test_decoding_of_oversized_metadata_is_limited(decoded_lengths: list[int]) -> None:
    """At most as much as fits into a JPEG segment is decoded."""
    text = base64_of(_png(299, 300, png_chunk(b"eXIf", bytes(5_000_000))))

    assert ["R16"] == [violation.rule for violation in images.violations(InlineText(text), _LIMITS)]
    assert 64 * 1024 < sum(decoded_lengths) < 100_000


def test_anything_in_base64_may_follow_the_header() -> None:
    """The service decides whether the pixels can be read."""
    for header in (_png(300, 300), _jpeg(300, 300)):
        assert [] == _violations_of(header + bytes(range(256)) * 100)


@pytest.mark.parametrize("text", ["", "A", "AAAA", "====", "é" * 8, "\ud83d" * 8, "iVBORw0KGgo", "/9j/!!!!", "\n" * 8])
def test_a_string_that_is_not_base64_is_not_an_image(text: str) -> None:
    """The pattern refuses it, and the header reader raises no exception."""
    assert "R14" in [violation.rule for violation in images.violations(InlineText(text), _LIMITS)]


_SMALL = [
    Picture(format=image_format, width=299, height=800, orientation=6, mode=mode).build()
    for image_format, mode in (("png", "1"), ("jpeg", "L"))
]


@given(
    st.sampled_from(_SMALL),
    st.lists(st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=4)), max_size=4),
    st.integers(0, 400),
)
@example(_SMALL[0], [], 400)
@example(_SMALL[1], [], 400)
@settings(max_examples=500)
def test_no_header_makes_the_reader_fail_or_warn(data: bytes, patches: list[tuple[int, bytes]], length: int) -> None:
    """Changed, inserted or cut bytes always lead to a verdict by the image rules."""
    for offset, patch in patches:
        data = data[:offset] + patch + data[offset + len(patch) - len(patch) % 2 :]

    with warnings.catch_warnings(record=True, action="always") as warned:
        violations = list(images.violations(InlineText(base64_of(data[:length])), _LIMITS))

    assert {violation.rule for violation in violations} <= {"R14", "R16", "R17"}
    assert [] == warned


def test_a_png_with_countless_chunks_is_not_called_truncated() -> None:
    """The reader stops early, because each read may open the file again."""
    countless, cut = _png(300, 300, png_chunk(b"abCd", b"") * 10_000), _png(300, 300, png_chunk(b"abCd", b"") * 500)

    assert not images.is_cut_off(InlineBytes(countless + bytes(5000)))
    assert images.is_cut_off(InlineBytes(cut + (9000).to_bytes(4) + b"IDAT" + bytes(5000)))
