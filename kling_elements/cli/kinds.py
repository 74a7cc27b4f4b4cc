"""Decide from a file's name and first bytes how to check it."""

from __future__ import annotations

import mimetypes
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from kling_elements.cli.request_files import SUFFIXES
from kling_elements_runtime.image_kinds import format_of_bytes

_HEAD_BYTES = 64
_BOX = slice(4, 8)  # the type of the first box of an MP4 or MOV file


class SourceKind(StrEnum):
    """The kind of a source, which decides how it is checked."""

    IMAGE = "image"
    VIDEO = "video"
    REQUEST = "request"
    OTHER = "other"


def kind_of_file(path: Path) -> SourceKind | None:
    """Return the kind of a file, or None if it is neither media nor a request. An unreadable file counts as an image.

    The content decides, because many files have the wrong name. The name decides only if the content is unknown.
    """
    if path.suffix.lower() in SUFFIXES:
        return SourceKind.REQUEST
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return SourceKind.IMAGE  # because the check of an image reports why
    if (image_format := format_of_bytes(head)) is not None and image_format != "html":
        return SourceKind.IMAGE
    return SourceKind.VIDEO if head[_BOX] == b"ftyp" else _by_name(path.name)


def kind_of_address(url: str) -> SourceKind:
    """Return the kind of the file at a URL by the end of its path: a video, or else an image."""
    return SourceKind.VIDEO if _by_name(urlsplit(url).path) is SourceKind.VIDEO else SourceKind.IMAGE


def _by_name(name: str) -> SourceKind | None:
    media_type = (mimetypes.guess_type(name)[0] or "").partition("/")[0]
    return {"image": SourceKind.IMAGE, "video": SourceKind.VIDEO}.get(media_type)
