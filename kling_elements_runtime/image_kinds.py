"""Detect the format of a file from its first bytes, regardless of its name."""

from __future__ import annotations

import re
from typing import Final, Protocol

from kling_elements_runtime.uploads import DamagedFileError

_SIGNATURES: Final = {
    "jpeg": rb"\xff\xd8\xff",
    "png": rb"\x89PNG\r\n\x1a\n",
    "gif": rb"GIF8[79]a",
    "webp": rb"RIFF....WEBP",
    "bmp": rb"BM....\0\0\0\0",
    "tiff": rb"II[*+]\0|MM\0[*+]",
    "avif": rb"....ftypavi[fs]",
    "heic": rb"....ftyp(?:he[iv][cmsx]|mif1|msf1)",
    "jpeg2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "jxl": rb"\0\0\0\x0cJXL |\xff\x0a",
    "ico": rb"\0\0\x01\0",
    "html": rb"\s*<(?i:!doctype|html|\?xml)",
}
_MAX_SIGNATURE_BYTES = 12


class Peekable(Protocol):
    """A file whose bytes can be read from any offset."""

    def peek(self, offset: int, count: int) -> bytes: ...


def format_of(file: Peekable) -> str | None:
    """Return the format of a file, such as `jpeg` or `gif`, or None if it is not an image of a known format.

    Raises:
        MediaError: The file cannot be read.
    """
    try:
        start = file.peek(0, _MAX_SIGNATURE_BYTES)
    except DamagedFileError:
        return None
    return format_of_bytes(start)


def format_of_bytes(start: bytes) -> str | None:
    """Return the format of a file that begins with these bytes, or None if it is not known."""
    return next((name for name, bytes_ in _SIGNATURES.items() if re.match(bytes_, start, re.DOTALL)), None)
