"""A complete JPEG or PNG is split into its parts, and bytes that only look like a scan are not counted."""

from __future__ import annotations

import pytest

from contract_tests.reading.images import Picture, jpeg_segment
from contract_tests.support.pillow_pictures import encode, noise
from kling_elements_runtime.image_headers import read_header
from kling_elements_runtime.image_parts import count_scans, png_chunks
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes

_SCAN = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"


def _count(content: bytes) -> int:
    header = read_header(InlineBytes(content))
    assert header is not None
    return count_scans(content, header)


def test_the_chunks_of_a_png_end_with_iend() -> None:
    """Bytes after IEND are not a chunk."""
    content = Picture(trailer_bytes=50, orientation=6).build()
    parts = list(png_chunks(content))
    assert [b"IHDR", b"eXIf", b"IDAT", b"IEND"] == [part.kind for part in parts]
    assert [8, *(part.end for part in parts)] == [*(part.start for part in parts), len(content) - 50]
    assert all(part.data == part.start + 8 for part in parts)


@pytest.mark.parametrize("cut", [1, 4, 9, 12, 13, 20])
def test_a_png_that_breaks_off_is_an_error(cut: int) -> None:
    with pytest.raises(DamagedFileError):
        list(png_chunks(Picture().build()[:-cut]))


@pytest.mark.parametrize(("progressive", "scan_count"), [(False, 1), (True, 10)])
def test_the_scans_of_a_jpeg_are_counted(progressive: bool, scan_count: int) -> None:  # noqa: FBT001
    """Those in metadata, in comments or after the end are not."""
    content = encode(noise(60, 40), "JPEG", progressive=progressive, restart_marker_blocks=1)
    assert scan_count == _count(content)
    with_more = content[:2] + jpeg_segment(0xE1, _SCAN * 9) + content[2:-2] + jpeg_segment(0xFE, _SCAN) + content[-2:]
    assert scan_count == _count(with_more + _SCAN * 9)
    assert scan_count + 3 == _count(content[:-2] + _SCAN * 3 + content[-2:])
    assert scan_count == _count(content[:-2])


def test_a_jpeg_without_a_scan_is_an_error() -> None:
    content = Picture(format="jpeg").build()
    with pytest.raises(DamagedFileError):
        _count(content[: content.index(b"\xff\xda")])
