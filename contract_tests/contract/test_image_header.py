"""The oracle's reader of image headers reads the format and the sides."""

from __future__ import annotations

import pytest

from contract_tests.reading.image_header import ExpectedHeader, UnreadableHeaderError, read_header
from contract_tests.reading.images import Picture, jpeg_frame_header, png_chunk

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR = (300).to_bytes(4) + (301).to_bytes(4) + b"\x08\x00\x00\x00\x00"
_FRAME = jpeg_frame_header(300, 301)


@pytest.mark.parametrize(
    ("picture", "header"),
    [
        (Picture(), ExpectedHeader("png", 300, 300)),
        (Picture(width=7, height=9, mode="RGBA"), ExpectedHeader("png", 7, 9)),
        (Picture(width=7, height=9, file_size=500), ExpectedHeader("png", 7, 9)),
        (Picture(width=7, height=9, orientation=6), ExpectedHeader("png", 7, 9)),
        (Picture(format="jpeg"), ExpectedHeader("jpeg", 300, 300)),
        (Picture(format="jpeg", width=7, height=9, mode="RGB"), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, mode="CMYK"), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, progressive=True), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, orientation=6), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, fill_bytes=5), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, app_bytes=200_000), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, file_size=2_000), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="jpeg", width=7, height=9, decoy=(300, 400)), ExpectedHeader("jpeg", 7, 9)),
        (Picture(format="mpo", width=7, height=9, mode="RGB"), ExpectedHeader("jpeg", 7, 9)),
        (Picture(width=65_536, height=1, mode="1"), ExpectedHeader("png", 65_536, 1)),
    ],
    ids=repr,
)
def test_the_header_of_a_picture_is_read(picture: Picture, header: ExpectedHeader) -> None:
    """The oracle reads the format and sides that the picture was built with."""
    assert header == read_header(picture.build())


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF])
def test_every_kind_of_jpeg_frame_is_read(marker: int) -> None:
    """The sides are read from baseline, progressive, lossless and arithmetic frames."""
    frame = bytes([0xFF, marker]) + _FRAME[2:]

    assert ExpectedHeader("jpeg", 300, 301) == read_header(b"\xff\xd8" + frame)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC])
def test_a_segment_that_is_not_a_frame_is_skipped(marker: int) -> None:
    """DHT, JPG and DAC are skipped, although their markers are among those of frames."""
    other = bytes([0xFF, marker]) + jpeg_frame_header(1, 1)[2:]

    assert ExpectedHeader("jpeg", 300, 301) == read_header(b"\xff\xd8" + other + _FRAME)


@pytest.mark.parametrize("stray", [b"\x00", b"\xff\x00", b"\x00" * 4096, b"\xff\x00" * 4096, b"\x12\xff\xff"])
def test_bytes_between_segments_are_skipped(stray: bytes) -> None:
    """The oracle skips up to 4,096 stray bytes, as decoders do."""
    assert ExpectedHeader("jpeg", 300, 301) == read_header(b"\xff\xd8\xff\xe0\0\2" + stray + _FRAME)


@pytest.mark.parametrize("marker", [0x01, 0xD0, 0xD7])
def test_a_marker_without_a_segment_is_skipped(marker: int) -> None:
    """TEM and RST are skipped without their following bytes, because they have no length."""
    assert ExpectedHeader("jpeg", 300, 301) == read_header(b"\xff\xd8\xff" + bytes([marker]) + _FRAME)


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
