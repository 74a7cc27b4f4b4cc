"""Make test pictures: ordinary ones with Pillow, unusual ones by moving bytes.

The same arguments always produce the same bytes.
"""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms

_ORIENTATION_TAG = 0x0112
_AFTER_IHDR = 33  # signature 8, then length 4, type 4, data 13 and CRC 4
_AFTER_SOI = 2
_SEGMENT_OVERHEAD = 4  # marker 2, length 2
_LARGEST_SEGMENT = 2 + 0xFFFF
_CHUNK_OVERHEAD = 12  # length 4, type 4, CRC 4
_APP1, _APP2, _COM = 0xE1, 0xE2, 0xFE
_STRAY = b"\x00Z"  # not a marker and not a fill byte
XMP = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/" by="somebody"/>'
_FILLER = b"\xfb\xff\xbf"  # "+/+/" in Base64, and FF bytes that a JPEG reader must not take for markers


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The description of a picture; `build` makes it.

    Attributes:
        format: A format that Pillow writes, in lower case.
        width: Stored width in pixels, before any orientation.
        height: Stored height in pixels, before any orientation.
        mode: Pillow's name of the pixel type.
        orientation: EXIF orientation, 1 to 8, or None for no EXIF.
        progressive: Whether a JPEG is progressive (SOF2) instead of baseline (SOF0).
        file_size: Exact size in bytes, reached with a private chunk (PNG) or comments (JPEG).
        app_bytes: Bytes of APP2 segments before the header of a JPEG.
        fill_bytes: Fill bytes (FF) before the second marker of a JPEG.
        stray_bytes: Bytes that belong to no segment, after the first segment of a JPEG.
        xmp_first: Whether a segment of XMP comes before everything else in a JPEG.
        exif_last: Whether the EXIF of a PNG comes after its pixels, and that of a JPEG after its frame header.
        profile_bytes: Bytes of a colour profile, which is valid up to its own length.
        text_bytes: Bytes of compressed text in a PNG.
        trailer_bytes: Bytes after the end.
        decoy: Width and height in a frame header hidden in an APP1 segment of a JPEG.
        patch: An offset and the bytes, in hexadecimal, to write there.
        fix_crc: Whether the CRC of a PNG's header is corrected after `patch`.
        truncate_to: Bytes of the file to keep.
    """

    format: str = "png"
    width: int = 300
    height: int = 300
    mode: str = "L"
    orientation: int | None = None
    progressive: bool = False
    file_size: int | None = None
    app_bytes: int = 0
    fill_bytes: int = 0
    stray_bytes: int = 0
    xmp_first: bool = False
    exif_last: bool = False
    profile_bytes: int = 0
    text_bytes: int = 0
    trailer_bytes: int = 0
    decoy: tuple[int, int] | None = None
    patch: tuple[int, str] | None = None
    fix_crc: bool = False
    truncate_to: int | None = None

    def build(self) -> bytes:
        """Return the content of the image file."""
        data = self._draw()
        if self.stray_bytes:
            offset = _AFTER_SOI + 2 + int.from_bytes(data[4:6])
            data = _insert(data, offset, (_STRAY * self.stray_bytes)[: self.stray_bytes])
        if self.exif_last:
            data = _with_exif_last(data, self.format)
        if self.text_bytes:
            text = b"Comment\0\0" + zlib.compress(bytes(self.text_bytes))
            data = _insert(data, _AFTER_IHDR, png_chunk(b"zTXt", text))
        if self.xmp_first:
            data = _insert(data, _AFTER_SOI, jpeg_segment(_APP1, XMP))
        if self.decoy is not None:
            data = _insert(data, _AFTER_SOI, jpeg_segment(_APP1, jpeg_frame_header(*self.decoy)))
        if self.app_bytes:
            data = _insert(data, _AFTER_SOI, _segments(_APP2, self.app_bytes))
        data = _insert(data, _AFTER_SOI, b"\xff" * self.fill_bytes)
        data += bytes(self.trailer_bytes)
        if self.file_size is not None:
            data = _grow(data, self.format, self.file_size - len(data))
        if self.patch is not None:
            offset, replacement = self.patch
            data = _overwrite(data, offset, bytes.fromhex(replacement))
        if self.fix_crc:
            data = _overwrite(data, _AFTER_IHDR - 4, zlib.crc32(data[12 : _AFTER_IHDR - 4]).to_bytes(4))
        return data[: self.truncate_to]

    def _draw(self) -> bytes:
        options: dict[str, Any] = {"progressive": True} if self.progressive else {}
        if self.orientation is not None:
            exif = Image.Exif()
            exif[_ORIENTATION_TAG] = self.orientation
            options["exif"] = exif
        if self.profile_bytes:
            options["icc_profile"] = colour_profile(self.profile_bytes)
        file = io.BytesIO()
        with Image.new(self.mode, (self.width, self.height)) as image:
            image.save(file, self.format, **options)
        return file.getvalue()


def jpeg_frame_header(width: int, height: int) -> bytes:
    """Return the SOF0 segment of a grey JPEG with these sides."""
    sides = height.to_bytes(2) + width.to_bytes(2)
    return b"\xff\xc0\x00\x0b\x08" + sides + b"\x01\x01\x11\x00"


def jpeg_segment(marker: int, data: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return bytes([0xFF, marker]) + (2 + len(data)).to_bytes(2) + data


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG with a correct CRC."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def base64_of(data: bytes) -> str:
    """Return bytes as a Base64 string."""
    return base64.b64encode(data).decode()


def colour_profile(size: int) -> bytes:
    """Return an sRGB profile of a length in bytes, which its header repeats."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return size.to_bytes(4) + profile[4:] + bytes(size - len(profile))


def _with_exif_last(data: bytes, image_format: str) -> bytes:
    """Return a picture with its EXIF after the bytes that readers of headers look at."""
    start = data.index(b"eXIf") - 4 if image_format == "png" else data.index(b"\xff\xe1")
    overhead = _CHUNK_OVERHEAD if image_format == "png" else 2
    length = int.from_bytes(data[start : start + 4] if image_format == "png" else data[start + 2 : start + 4])
    exif = data[start : start + length + overhead]
    without = data[:start] + data[start + len(exif) :]
    return _insert(without, without.index(b"IEND") - 4 if image_format == "png" else without.index(b"\xff\xda"), exif)


def _insert(data: bytes, offset: int, addition: bytes) -> bytes:
    return data[:offset] + addition + data[offset:]


def _overwrite(data: bytes, offset: int, replacement: bytes) -> bytes:
    return data[:offset] + replacement + data[offset + len(replacement) :]


def _grow(data: bytes, image_format: str, by: int) -> bytes:
    if image_format == "png":
        return _insert(data, _AFTER_IHDR, png_chunk(b"prVt", _filler(by - _CHUNK_OVERHEAD)))
    return _insert(data, _AFTER_SOI, _segments(_COM, by))


def _segments(marker: int, total: int) -> bytes:
    """Return segments of one kind with a total length in bytes."""
    count = -(-total // _LARGEST_SEGMENT)
    length, remainder = divmod(total, count)
    return b"".join(jpeg_segment(marker, _filler(length + (i < remainder) - _SEGMENT_OVERHEAD)) for i in range(count))


def _filler(size: int) -> bytes:
    return (_FILLER * (size // len(_FILLER) + 1))[:size]
