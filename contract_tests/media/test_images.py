"""The check of an image's content: format, sides, damage. It always returns a report."""

from __future__ import annotations

import dataclasses
import random
import struct
import warnings
import zlib
from typing import Any

import pytest
from PIL import Image

from contract_tests.reading.images import Picture, jpeg_frame_header, jpeg_segment, png_chunk
from contract_tests.support.media_inputs import PNG, rules_of
from contract_tests.support.pillow_pictures import encode
from kling_elements.media import check_image, images
from kling_elements.media.images import inspect
from kling_elements.media_limits import image_limits
from kling_elements_client.contract import CONTRACT

_SIGNED = {
    "gif": b"GIF89a",
    "webp": b"RIFF\0\0\0\0WEBP",
    "bmp": b"BM\1\2\3\4\0\0\0\0",
    "tiff": b"MM\0*",
    "avif": b"\0\0\0\x20ftypavif",
    "heic": b"\0\0\0\x20ftypheic",
    "jpeg2000": b"\0\0\0\x0cjP  ",
    "jxl": b"\xff\x0a",
    "ico": b"\0\0\1\0",
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    None: b"<svg/>",
}


@pytest.mark.parametrize(("name", "start"), _SIGNED.items(), ids=map(str, _SIGNED))
def test_the_format_of_the_content_is_reported(name: str | None, start: bytes) -> None:
    """The format is reported even if it is refused."""
    report = check_image(start + bytes(100))

    assert (name, ["R14"], None, None) == (report.format, rules_of(report), report.width_px, report.ratio)
    assert (name not in (None, "jpeg", "png")) == ("it looks like" in report.violations[0].message)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_the_displayed_sides_are_reported(kind: Any, orientation: int) -> None:
    """Orientations 5 to 8 swap the sides."""
    report = check_image(Picture(format=kind, width=320, height=400, orientation=orientation).build())

    assert ((400, 320) if orientation >= 5 else (320, 400)) == (report.width_px, report.height_px)
    assert report.conforms
    assert () == report.unchecked


_RED = Image.new("RGB", (300, 320), "red")
_KINDS = {
    "progressive JPEG": encode(_RED, "JPEG", progressive=True),
    "CMYK JPEG": encode(_RED.convert("CMYK"), "JPEG"),
    "grey JPEG": encode(_RED.convert("L"), "JPEG"),
    "multi-picture JPEG": encode(_RED, "MPO", save_all=True, append_images=[_RED.rotate(90)]),
    "animated PNG": encode(_RED, "PNG", save_all=True, append_images=[_RED.rotate(90)]),
    "16-bit PNG": encode(Image.new("I;16", (300, 320)), "PNG"),
    "palette PNG": encode(_RED.convert("P"), "PNG", transparency=0),
    "JPEG with bytes after its end": encode(_RED, "JPEG") + bytes(100),
}


@pytest.mark.parametrize("data", _KINDS.values(), ids=_KINDS)
def test_every_kind_of_jpeg_and_png_conforms(data: bytes) -> None:
    report = check_image(data)

    assert report.conforms
    assert (300, 320, len(data)) == (report.width_px, report.height_px, report.size_bytes)
    assert report.format in ("jpeg", "png")
    assert () == report.unchecked


_NOISE = Image.frombytes("RGB", (300, 320), random.Random(1).randbytes(300 * 320 * 3))
_WHOLE = {
    "JPEG": encode(_NOISE, "JPEG"),
    "progressive": encode(_NOISE, "JPEG", progressive=True),
    "PNG": encode(_NOISE, "PNG"),
}


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("data", _WHOLE.values(), ids=_WHOLE)
def test_an_image_that_is_cut_off_is_reported(data: bytes, kept: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut at any place is noticed, even if Pillow is set to accept such images."""
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    report = check_image(data[: int(len(data) * kept)])

    assert [("R14", "the image is cut off or damaged")] == [(v.rule, v.message) for v in report.violations]
    assert check_image(data).conforms


def test_a_png_with_a_wrong_checksum_or_without_pixels_is_damaged() -> None:
    """Each chunk's checksum is verified."""
    header = PNG[:33]

    assert ["R14"] == rules_of(check_image(PNG.replace(b"IDAT", b"IDAU", 1)))
    assert ["R14"] == rules_of(check_image(header + png_chunk(b"IEND", b"")))


def _bomb(height_px: int, width_px: int) -> bytes:
    """Return a JPEG that claims to have these sides but contains no picture."""
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC2, 17, 8, height_px, width_px, 3) + bytes(9)
    return b"\xff\xd8" + frame + b"\xff\xda" + bytes(100)


def test_the_largest_jpeg_that_is_decoded_has_89478485_pixels() -> None:
    """A JPEG of 9459x9459 px is reported as damaged. One row more makes it unchecked."""
    damaged, unchecked = check_image(_bomb(9459, 9459)), check_image(_bomb(9460, 9459))

    assert (["R14"], ()) == (rules_of(damaged), damaged.unchecked)
    assert ([], ["R14"]) == (rules_of(unchecked), [rule for rule, _ in unchecked.unchecked])


def test_an_image_too_large_to_be_decoded_is_unchecked() -> None:
    """The image isn't refused, because the rules allow it."""
    bomb = _bomb(30000, 30000)
    large = check_image(Picture(file_size=10_485_761).build())
    wide = check_image(_bomb_png(30000))

    (reason,) = check_image(bomb).unchecked
    assert ("R14", "it is unknown whether the image is complete: it has too many pixels to be decoded") == reason
    assert check_image(bomb).conforms
    assert (["R15"], ("R14",)) == (rules_of(large), tuple(rule for rule, _ in large.unchecked))
    assert wide.conforms
    assert (30000, ["R14"]) == (wide.width_px, [rule for rule, _ in wide.unchecked])


def _bomb_png(side: int) -> bytes:
    rows = zlib.compress(bytes((side // 8 + 1) * 1000))
    ihdr = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", ihdr) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


_SCAN = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"


def _jpeg_with_scans(count: int, side: int = 300) -> bytes:
    """Return a progressive JPEG with markers for some additional scans."""
    content = Picture(format="jpeg", width=side, height=side, progressive=True).build()
    return content[:-2] + _SCAN * count + content[-2:]


def test_a_jpeg_with_very_many_scans_is_unchecked() -> None:
    """Decoding would take too long. Markers in metadata and after the end are not scans."""
    (reason,) = check_image(_jpeg_with_scans(100)).unchecked
    assert ("R14", "it is unknown whether the image is complete: it has too many scans to be decoded") == reason
    contents = [
        _jpeg_with_scans(94),
        Picture(format="jpeg").build() + _SCAN * 200,
        _in_metadata(Picture(format="jpeg").build()),
    ]
    assert [()] * 3 == [check_image(content).unchecked for content in contents]


def _in_metadata(content: bytes) -> bytes:
    return content[:2] + jpeg_segment(0xE1, _SCAN * 200) + content[2:]


def test_a_jpeg_with_several_scans_has_a_lower_limit() -> None:
    """The limit is lower because decoders hold the whole picture in memory."""
    frame = jpeg_frame_header(9000, 7000)
    start = b"\xff\xd8" + frame + _SCAN
    assert (["R14"], ()) == (rules_of(check_image(start)), check_image(start).unchecked)
    assert ([], ["R14"]) == (rules_of(check_image(start + _SCAN)), [r for r, _ in check_image(start + _SCAN).unchecked])
    broken = b"\xff\xd8" + frame + bytes(5000) + _SCAN * 3
    assert (["R14"], ()) == (rules_of(check_image(broken)), check_image(broken).unchecked)


@pytest.mark.parametrize("sides", [(1, 1), (7, 300), (300, 7), (8, 8)])
def test_a_small_jpeg_is_not_reported_as_damaged(sides: tuple[int, int]) -> None:
    """A small JPEG breaks only the rules about sides and ratio."""
    rules = rules_of(check_image(Picture(format="jpeg", width=sides[0], height=sides[1]).build()))
    assert ["R16", "R17"][: 2 if 300 in sides else 1] == rules


@pytest.mark.parametrize(
    "picture",
    [
        Picture(format="jpeg", stray_bytes=2),
        Picture(format="jpeg", stray_bytes=4096, xmp_first=True, trailer_bytes=99),
        Picture(format="jpeg", mode="RGB", profile_bytes=1_500_000),
        Picture(mode="RGB", profile_bytes=1_500_000),
        Picture(text_bytes=3_000_000, trailer_bytes=99),
    ],
    ids=["stray bytes", "many", "JPEG with a large profile", "PNG with a large profile", "much text"],
)
def test_unusual_but_valid_images_are_complete(picture: Picture) -> None:
    report = check_image(picture.build())
    assert ((), ()) == (report.violations, report.unchecked)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_an_orientation_in_an_unusual_place_is_reported(kind: str) -> None:
    """The orientation may follow XMP, or come after the pixels."""
    picture = Picture(format=kind, width=320, height=400, orientation=6)
    late, behind_xmp = dataclasses.replace(picture, exif_last=True), dataclasses.replace(picture, xmp_first=True)
    for variant in [late] if kind == "png" else [late, behind_xmp]:
        report = check_image(variant.build())
        assert (400, 320, True) == (report.width_px, report.height_px, report.conforms)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_decoding_holds_no_lock(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other threads can check images meanwhile, because the warnings filters are not changed."""
    content = Picture(format=kind).build()
    held: list[bool] = []
    decode, checksum = Image.frombytes, zlib.crc32

    def frombytes(*args: Any) -> Image.Image:
        held.append(images.warnings_lock.locked())
        return decode(*args)

    def crc32(data: Any) -> int:
        held.append(images.warnings_lock.locked())
        return checksum(data)

    monkeypatch.setattr(Image, "frombytes", frombytes)
    monkeypatch.setattr("kling_elements.media.images.zlib.crc32", crc32)

    assert check_image(content).conforms
    assert {False} == set(held)


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def peek(self, offset: int, count: int) -> bytes:
        return self._data[offset : offset + count]


@pytest.mark.parametrize("data", [encode(_RED, "JPEG", exif=b"Exif\0\0MM\0*"), PNG], ids=["JPEG", "PNG"])
def test_a_mutated_image_always_gets_a_report(data: bytes) -> None:
    """The test changes, inserts, removes or cuts bytes in 20,000 headers."""
    chance, limits = random.Random(7), image_limits(CONTRACT)
    with warnings.catch_warnings(record=True, action="always") as warned:
        for number in range(20_000):
            changed = _mutate(data, chance)
            report = inspect(_Bytes(changed), "x", limits) if number % 50 else check_image(changed)
            assert set(rules_of(report)) <= {"R14", "R15", "R16", "R17"}

    assert [] == warned


def _mutate(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(min(len(changed), 200) or 1)
        match chance.randrange(4):
            case 0:
                changed[place : place + 1] = chance.randbytes(1)
            case 1:
                changed[place:place] = chance.randbytes(chance.randint(1, 8))
            case 2:
                del changed[place : place + chance.randint(1, 8)]
            case _:
                changed[place : place + 4] = chance.choice([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff"])
    return bytes(changed[: chance.randrange(1, len(changed) + 1)] if changed and chance.random() < 0.2 else changed)
