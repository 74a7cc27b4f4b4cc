"""Metadata is removed from an image without changing its pixels, colours or orientation."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from contract_tests.reading.images import XMP, Picture, jpeg_segment, png_chunk
from contract_tests.support.pillow_pictures import decode, encode, noise
from kling_elements_runtime import metadata
from kling_elements_runtime.metadata import strip
from kling_elements_runtime.uploads import DamagedFileError, InlineBytes, InlineText

_GPS = b"MM\0*" + bytes(300) + b"48 deg 12 min N"
_SECRETS = (b"somebody", b"48 deg 12 min N", b"Photoshop", b"FPXR\0", b"thumbnail", b"JFXX", b"after the end")
_PROFILE = Picture(format="jpeg", mode="RGB", profile_bytes=70_000)


def _strip(content: bytes) -> bytes:
    return strip(InlineBytes(content)).peek(0, len(content))


def _exif(orientation: int | None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x013B] = "somebody"
    exif.get_ifd(0x8825)[2] = (48.0, 12.0, 0.0)
    if orientation is not None:
        exif[0x0112] = orientation
    return exif


def _jpeg(orientation: int | None, **options: Any) -> bytes:
    """Return a JPEG with all the metadata that cameras and programs write."""
    content = encode(noise(40, 60), "JPEG", exif=_exif(orientation), icc_profile=_PROFILE.build()[:70_000], **options)
    jfif = b"JFIF\0\1\1\0\0\1\0\1\2\1" + b"thumbnail"[:6]
    segments = [
        jpeg_segment(0xE0, jfif),
        jpeg_segment(0xE0, b"JFXX\0\x13thumbnail"),
        jpeg_segment(0xE1, XMP),
        jpeg_segment(0xE2, b"FPXR\0" + bytes(20)),
        jpeg_segment(0xED, b"Photoshop 3.0\0"),
        jpeg_segment(0xEF, b"somebody"),
        jpeg_segment(0xFE, b"somebody"),
    ]
    end = content.rindex(b"\xff\xd9")
    between = jpeg_segment(0xFE, b"somebody, between pixels") if options else b""
    return content[:2] + b"".join(segments) + content[2:end] + between + b"\xff\xd9" + b"after the end"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}], ids=str)
@pytest.mark.parametrize("orientation", [None, 1, 2, 8])
def test_a_jpeg_keeps_pixels_orientation_and_profile(orientation: int | None, options: dict[str, Any]) -> None:
    """Places, names, comments, thumbnails, second pictures and bytes after the end are removed."""
    content = _jpeg(orientation, **options)
    plain = _strip(content)
    before, after = decode(content), decode(plain)
    assert before.tobytes() == after.tobytes()
    assert before.info["icc_profile"] == after.info["icc_profile"]
    assert ({0x0112: orientation} if orientation not in (None, 1) else {}) == dict(after.getexif())
    assert [] == [secret for secret in _SECRETS if secret in plain]
    assert plain == _strip(plain)


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
def test_a_jpeg_without_metadata_is_returned_unchanged(mode: str) -> None:
    """The same object is returned. Segments about colour coding don't count as metadata."""
    content = InlineBytes(encode(noise(40, 60, mode), "JPEG"))
    assert content is strip(content)


def test_only_the_first_picture_of_a_multi_picture_jpeg_remains() -> None:
    """The others follow the end of the first."""
    several = encode(noise(40, 60), "MPO", save_all=True, append_images=[noise(40, 60).rotate(90)])
    plain = decode(_strip(several))
    assert ("JPEG", decode(several).tobytes()) == (plain.format, plain.tobytes())


def test_a_jpeg_that_breaks_off_after_its_first_scan_is_stripped() -> None:
    """The image's completeness is left to other checks."""
    plain = _strip(_jpeg(6)[:-400])
    assert [] == [secret for secret in _SECRETS if secret in plain]
    assert plain.startswith(b"\xff\xd8\xff\xe0")


def test_a_jpeg_that_ends_before_its_pixels_is_stripped() -> None:
    """The bytes after its end marker are removed."""
    content = _jpeg(None)
    start = content.index(b"\xff\xda")
    assert _strip(content[:start] + b"\xff\xd9" + content[start:]).endswith(b"\xff\xd9")


def _png(orientation: int | None, *, exif_last: bool) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    text.add_text("Comment", "somebody", zip=True)
    text.add_itxt("XML:com.adobe.xmp", "somebody")
    for name, data in ((b"gAMA", bytes(3) + b"\1"), (b"prVt", b"somebody"), (b"tIME", bytes(7))):
        text.add(name, data)
    more = {"pnginfo": text, "icc_profile": b"profile", "transparency": (1, 2, 3), "dpi": (72, 72)}
    content = encode(noise(40, 60), "PNG", exif=_exif(orientation), **more)
    if exif_last:
        start = content.index(b"eXIf") - 4
        end = start + int.from_bytes(content[start : start + 4]) + 12
        content = content[:start] + content[end:-12] + content[start:end] + content[-12:]
    return content + b"after the end"


@pytest.mark.parametrize("exif_last", [False, True])
@pytest.mark.parametrize("orientation", [None, 1, 3, 8])
def test_a_png_keeps_everything_that_affects_its_appearance(orientation: int | None, exif_last: bool) -> None:  # noqa: FBT001
    """Texts, times, private chunks, bytes after the end and EXIF except the orientation are removed."""
    content = _png(orientation, exif_last=exif_last)
    plain = _strip(content)
    before, after = decode(content), decode(plain)
    assert before.tobytes() == after.tobytes()
    properties = ("icc_profile", "transparency", "gamma", "dpi")
    assert {name: before.info[name] for name in properties} == {name: after.info[name] for name in properties}
    assert {"exif", *properties} >= after.info.keys()
    assert ({0x0112: orientation} if orientation not in (None, 1) else {}) == dict(after.getexif())
    assert [] == [secret for secret in _SECRETS if secret in plain]
    assert plain == _strip(plain)


def test_an_animated_png_stays_animated() -> None:
    content = encode(Image.new("L", (9, 9)), "PNG", save_all=True, append_images=[Image.new("L", (9, 9), 99)])
    assert content == _strip(content)
    with Image.open(io.BytesIO(content)) as picture:
        assert 2 == picture.n_frames  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(99),
        Picture(format="jpeg").build()[:200],
        Picture(file_size=3000).build()[:2000],
        Picture(file_size=3000).build()[:-6],
        _jpeg(6).replace(b"\xff\xdb", bytes(5000), 1),
    ],
    ids=["nothing", "GIF", "half a JPEG header", "half a PNG", "PNG without its end", "JPEG with a hole"],
)
def test_an_image_that_cannot_be_parsed_is_an_error(content: bytes) -> None:
    """Otherwise its metadata would be sent."""
    with pytest.raises(DamagedFileError):
        _strip(content)


def test_an_image_beyond_the_size_bound_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image is returned unchanged. One of exactly the largest size is stripped."""
    content = Picture(text_bytes=1000).build()
    monkeypatch.setattr(metadata, "MAX_BYTES", len(content) - 1)
    image = InlineBytes(content)
    assert image is strip(image)
    monkeypatch.setattr(metadata, "MAX_BYTES", len(content))
    assert strip(image).size < len(content)


def test_invalid_base64_is_an_error() -> None:
    with pytest.raises(DamagedFileError):
        strip(InlineText("iVBORw0KGgo!"))


def test_only_the_first_of_two_exif_blocks_counts() -> None:
    """Viewers use the first one too."""
    content = Picture(format="jpeg", width=9, orientation=6).build()
    start = content.index(b"\xff\xe1")
    block = content[start : start + 2 + int.from_bytes(content[start + 2 : start + 4])]
    assert 1 == _strip(content[:start] + block + content[start:]).count(b"Exif\0\0")
    png = Picture(width=9, orientation=6).build()
    again = png_chunk(b"eXIf", _GPS)
    assert 1 == _strip(png[:-12] + again + png[-12:]).count(b"eXIf")
