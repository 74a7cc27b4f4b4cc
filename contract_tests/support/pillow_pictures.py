"""Pillow pictures, as files and back, for tests of fitting."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image

from contract_tests.reading.images import png_chunk

RED = (200, 30, 40)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ENCODED = "encoded as JPEG of quality 100, 4:4:4"


def encode(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file of a format."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def jpeg_of_quality(picture: Image.Image, quality: int) -> bytes:
    """Return a picture as a JPEG. From quality 90 on, its colours have full resolution."""
    return encode(picture, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)


def png_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to have these sides in pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0")) + png_chunk(b"IEND", b"")
    return PNG_SIGNATURE + chunks


def decode(content: bytes) -> Image.Image:
    """Return the decoded picture of a file."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture that no format can compress. It is always the same."""
    count = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(count))
