"""Write image files of any size. Their content is noise, and is always the same."""

from __future__ import annotations

import io
import random
from math import isqrt
from pathlib import Path

from PIL import Image

_SEGMENT_BYTES = 65_533  # in a JPEG segment, without its length field
_APP15 = b"\xff\xef\xff\xff"  # the marker and the length of such a segment
_SEGMENT_COUNT = 5  # 320 KB in total, as some cameras write
MIN_PNG_BYTES = 100_000  # of a file whose sides are long enough

_MIN_SIDE_PX = 300
_OVERHEAD_BYTES = 5_000  # around the pixels of a PNG, including one for each of its lines
_JPEG_PX_PER_BYTE = 0.9  # pixels per byte of the file, because a pixel takes about one byte as JPEG


def write_png(path: Path, size: int) -> Path:
    """Write a PNG file of the given size in bytes, padded with zeros after the picture."""
    sides = max(isqrt(size - _OVERHEAD_BYTES), _MIN_SIDE_PX)
    return _write(path, _noise(sides), size, "PNG", compress_level=0)


def write_jpeg(path: Path, size: int) -> Path:
    """Write a JPEG file of the given size in bytes, with 320 KB of application segments before its frame."""
    sides = max(isqrt(round(size * _JPEG_PX_PER_BYTE)), _MIN_SIDE_PX)
    file = _write(path, _noise(sides), 0, "JPEG", quality=95)
    content = file.read_bytes()
    start, end = content[:2], content[2:]
    segments = (_APP15 + random.Random(0).randbytes(_SEGMENT_BYTES)) * _SEGMENT_COUNT  # noqa: S311 - noise, not a secret
    path.write_bytes((start + segments + end).ljust(size, b"\0"))
    return path


def _noise(sides: int) -> Image.Image:
    pixels = random.Random(0).randbytes(sides * sides)  # noqa: S311 - as above
    return Image.frombytes("L", (sides, sides), pixels)


def _write(path: Path, picture: Image.Image, size: int, kind: str, **options: int) -> Path:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    path.write_bytes(file.getvalue().ljust(size, b"\0"))
    return path
