"""Pictures of Pillow, as files and back, for tests of what is made of them."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image

RED = (200, 30, 40)
ENCODED = "encoded as JPEG of quality 100, 4:4:4"


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file of that kind."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    """The picture of a file, decoded."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that no format can make small, the same each time."""
    count = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(count))
