"""Pillow pictures, as files and back, for tests of fitting."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image

RED = (200, 30, 40)
ENCODED = "encoded as JPEG of quality 100, 4:4:4"


def encode(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file of a format."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def decode(content: bytes) -> Image.Image:
    """Return the decoded picture of a file."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture that no format can compress; it is always the same."""
    count = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(count))
