"""What a caller has of an image or a video: an address, or something with the content of a file."""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from attrs import frozen

from kling_elements.contracts import usable
from kling_elements.media import images
from kling_elements.media.fitted import FittedImage
from kling_elements.media.limits import Limits, image_limits
from kling_elements_client.errors import MediaError, Violation
from kling_elements_runtime import metadata
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.errors import raising_media_errors
from kling_elements_runtime.image_kinds import format_of
from kling_elements_runtime.uploads import (
    EncodedImage,
    InlineBytes,
    InlineFile,
    InlineText,
    Reader,
    UnreadableError,
    encode,
)

_PIECE = 256 * 1024  # bytes that are read at a time of a file object that cannot seek
_QUOTED = 16 * 1024  # characters that are decoded at a time of a percent-encoded text
_IN_MEMORY = 16 * 1024 * 1024  # bytes of it that are kept in memory; what is longer goes to the disk
_MAX_PATH_LENGTH = 4096  # characters; systems allow no more, and the Base64 text of a photograph has more

_HTTP = re.compile(r"https?:", re.IGNORECASE)
_OTHER_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DATA = re.compile(r"data:", re.IGNORECASE)
_BASE64_MARK = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)
_PATH = re.compile(r"~|file:|[a-z]:[\\/]|\.{1,2}[\\/]|.*\\|.*\.\w{1,5}\s*\Z", re.IGNORECASE | re.DOTALL)
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_STANDARD = str.maketrans("-_", "+/")


@frozen
class MediaFile:
    """A file that was given by its content.

    Attributes:
        name: How errors and reports call it: its path, or what kind of thing was given.
        file: Its bytes.
        text: Its Base64 text, where that is what was given.
    """

    name: str
    file: Reader
    text: str | None = None

    def base64(self) -> str:
        """Return the text that stands for it in a request.

        Raises:
            MediaError: It cannot be read, or was changed meanwhile.
        """
        if self.text is not None:
            return self.text
        if isinstance(self.file, InlineFile):
            return EncodedImage(b"".join(self.file.pieces()).decode("ascii"))
        content = self.file.peek(0, self.file.size)
        if len(content) != self.file.size:
            raise MediaError(self.name, "was changed while it was read; try again")
        return encode(content)


def without_metadata(given: MediaFile, limits: Limits) -> MediaFile:
    """Return the same image without its metadata; itself if it has none, or is no image that the limits allow.

    Raises:
        MediaError: It is one, but its metadata cannot be told apart from the picture.
    """
    try:
        file = metadata.stripped(given.file)
    except UnreadableError as error:
        if images.inspect(given.file, given.name, limits, is_near=False).conforms:
            raise MediaError(given.name, metadata.INSEPARABLE) from error
        return given
    return given if file is given.file else MediaFile(given.name, file)


def address(source: object, contract: Contract) -> str | None:
    """Return the source itself if it is an http(s) address; None for anything else.

    Raises:
        MediaError: It is one that the contract refuses.
        ValueError: The contract lacks what everything here goes by.
    """
    usable(contract)
    if not isinstance(source, str) or not _HTTP.match(source):
        return None
    if contract.schema_violations("#/components/schemas/HttpUrl", source):
        # loaded here, as it loads what speaks HTTP
        from kling_elements.media.remote import redacted_url  # noqa: PLC0415

        expected = contract.document()["components"]["schemas"]["HttpUrl"]["x-expected"]
        raise MediaError(redacted_url(source), f"must be {expected}")
    return source


@contextmanager
def opened_image(source: object, contract: Contract) -> Iterator[MediaFile]:
    """Yield an image that was given by its content, for as long as the block runs.

    Args:
        source: A path, bytes, a file object, a PIL image, a `data:` URL, or Base64 text.
        contract: What says how an image is given as text, and how large it may be.

    Raises:
        MediaError: It cannot be read, or is none of these.
    """
    picture = sys.modules.get("PIL.Image")  # where it is not loaded, there are no PIL images
    if isinstance(source, str):
        yield from_text(source, contract, image_limits(contract))
    elif picture is not None and isinstance(source, picture.Image):
        with _opened_bytes("a PIL image", _encoded(source, image_limits(contract))) as given:
            yield given
    else:
        with opened_file(source, image_limits(contract)) as given:
            yield given


def content_of(source: object, contract: Contract) -> bytes:
    """Return the bytes of a fitted image, a PIL image or a file object.

    Raises:
        MediaError: It cannot be read, is larger than the contract allows, or is none of these.
    """
    if isinstance(source, FittedImage):
        return source.content
    limits = image_limits(contract)["file-size"]
    with opened_image(source, contract) as given:
        if given.file.size > limits["max-bytes"]:
            raise _too_large(given.name, limits["max-bytes"], limits["x-source"])
        return given.file.peek(0, given.file.size)


@contextmanager
def opened_file(source: object, limits: Limits) -> Iterator[MediaFile]:
    """Yield a file that was given as path, bytes or file object, for as long as the block runs.

    Args:
        source: The file. A file object counts from where it stands to its end; one that can seek stands there again
            afterwards.
        limits: The contract's limits. No more is read of a file object that cannot seek.

    Raises:
        MediaError: It cannot be read, or is none of these.
    """
    if isinstance(source, Path):
        yield MediaFile(str(source), InlineFile(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        with _opened_bytes(type(source).__name__, source) as given:
            yield given
    elif callable(getattr(source, "read", None)):
        with _opened_object(source, limits) as given:
            yield given
    else:
        says = (
            "cannot be taken for an image or a video; give a pathlib.Path, bytes, a binary file object, an address, "
            "or for an image what PIL.Image.open or PIL.Image.fromarray returns"
        )
        raise MediaError(f"a value of type {type(source).__name__}", says)


@contextmanager
def _of_caller(name: str, what: str) -> Iterator[None]:
    """Raise whatever something of the caller's raises as a MediaError, without its own words."""
    try:
        yield
    except MediaError:
        raise
    except Exception as error:  # file objects and pictures are the caller's own, or Pillow's, and raise what they like
        raise MediaError(name, f"{what}: {getattr(error, 'strerror', None) or type(error).__name__}") from error


def _encoded(picture: Any, limits: Limits) -> bytes:
    """Return a PIL image as a file, upright. PNG loses nothing of what it can hold; the rest becomes RGB.

    Where the PNG would be larger than the contract allows, it is the best JPEG that fits, if one does.
    """
    from PIL.ImageOps import exif_transpose  # noqa: PLC0415 - loaded only where somebody has a PIL image

    from kling_elements.media import colours, encoding, decoding  # noqa: PLC0415 - as above

    name, max_bytes = "a PIL image", limits["file-size"]["max-bytes"]
    file = io.BytesIO()
    with _of_caller(name, "cannot be encoded"):
        upright = exif_transpose(picture)
        held = upright if upright.mode in _PNG_MODES else upright.convert("RGB")
        if not colours.are_usual(held.info):
            held, _ = decoding.plain(held.copy())
        held.save(file, "PNG")
        if file.tell() <= max_bytes:
            return file.getvalue()
        plain, _ = decoding.plain(held)
        best = encoding.best(plain, max_bytes, "white", as_jpeg=plain.mode == held.mode)
    return best[0] if best else file.getvalue()


@contextmanager
def _opened_bytes(name: str, content: bytes | bytearray | memoryview) -> Iterator[MediaFile]:
    with _of_caller(name, "cannot be read"):
        file = io.BytesIO(content)
    yield MediaFile(name, _Seekable(file, name))


@contextmanager
def _opened_object(file: Any, limits: Limits) -> Iterator[MediaFile]:
    name = "a file object"
    with _of_caller(name, "cannot be read"):
        can_seek = hasattr(file, "seekable") and file.seekable()
    if not can_seek:
        with _copied(file, name, limits) as copy:
            yield MediaFile(name, _Seekable(copy, name))
        return
    seekable = _Seekable(file, name)
    try:
        yield MediaFile(name, seekable)
    finally:
        seekable.rewind()


@contextmanager
def _copied(file: Any, name: str, limits: Limits) -> Iterator[IO[bytes]]:
    """Yield a copy that can seek, of a file object that cannot."""
    most, rule = limits["file-size"]["max-bytes"], limits["file-size"]["x-source"]
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        with _of_caller(name, "cannot be read"):
            while piece := _read(file, name, _PIECE):
                with raising_media_errors(Path(gettempdir()), "written to, for a copy of a file object"):
                    copy.write(piece)
                if copy.tell() > most:
                    raise _too_large(name, most, rule)
        copy.seek(0)
        yield copy


class _Seekable:
    """A file object that can seek, from where it stands to its end.

    Attributes:
        size: In bytes.
    """

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name
        with _of_caller(name, "cannot be read"):
            _read(file, name, 0)
            self._start = file.tell()
            self.size = max(file.seek(0, io.SEEK_END) - self._start, 0)
        if self._start and not self.size:
            raise MediaError(name, "is at its end: call seek(0) before you hand it in")

    def peek(self, offset: int, count: int) -> bytes:
        with _of_caller(self._name, "cannot be read"):
            self._file.seek(self._start + offset)
            return _read(self._file, self._name, count)

    def rewind(self) -> None:
        with _of_caller(self._name, "cannot be read"):
            self._file.seek(self._start)


def _read(file: Any, name: str, count: int) -> bytes:
    """Return so many bytes; fewer only where the file ends."""
    content = b""
    while True:
        piece = file.read(count - len(content))
        if not isinstance(piece, bytes):
            says = f"its read() gives {type(piece).__name__} instead of bytes; open it in binary mode, with 'rb'"
            raise MediaError(name, says)
        content += piece
        if not piece or len(content) >= count:
            return content


def from_text(text: str, contract: Contract, limits: Limits) -> MediaFile:
    """Return what a `data:` URL or Base64 text holds.

    Args:
        text: The text.
        contract: What says how an image is given as text.
        limits: How large a file may be that a `data:` URL writes byte by byte. Such a URL is much longer than its file.

    Raises:
        MediaError: It is neither, or too large. No file is looked for, whatever the text looks like.
    """
    if _DATA.match(text):
        return _from_data_url(text, contract, limits)
    if not text.strip():
        raise MediaError("a str", "is empty; give an http(s) address or Base64 text, or pathlib.Path(...) for a file")
    if _OTHER_ADDRESS.match(text):
        raise MediaError("a str", "is an address, but begins with neither http:// nor https://")
    if _looks_like_path(text):
        says = "looks like a path, and a str is never taken for one: give pathlib.Path(...) for a file"
        raise MediaError("a str", f"{says}; an address begins with http:// or https://")
    return _from_base64(text, "Base64 text", contract)


def _from_data_url(text: str, contract: Contract, limits: Limits) -> MediaFile:
    name = "a data: URL"
    head, comma, payload = text.partition(",")
    if not comma or not payload.isascii():
        says = "has characters that no address may have" if comma else "has no comma, and so no content"
        raise MediaError(name, says)
    if _BASE64_MARK.search(head):
        plain = _unquoted(payload, math.inf, "", name).decode("ascii", "replace") if "%" in payload else payload
        return _from_base64(plain, name, contract)
    most, rule = limits["file-size"]["max-bytes"], limits["file-size"]["x-source"]
    return MediaFile(name, InlineBytes(_unquoted(payload, most, rule, name)))


def _unquoted(payload: str, most: float, rule: str, name: str) -> bytes:
    """Return the bytes of a percent-encoded text, slice by slice, as the standard library takes many times its length.

    Raises:
        MediaError: There are more bytes than allowed. That is told before any of them is decoded.
    """
    if len(payload) - 2 * payload.count("%") > most:
        raise _too_large(name, most, rule)
    slices, start = [], 0
    while start < len(payload):
        end = start + _QUOTED
        cut = payload.rfind("%", max(end - 2, start), end)  # what a percent sign begins stays together
        end = cut if cut > start else end
        slices.append(unquote_to_bytes(payload[start:end]))
        start = end
    return b"".join(slices)


def _too_large(name: str, most: float, rule: str) -> MediaError:
    says = f"the file has more than {most} bytes, which is the most that is allowed ({rule})"
    return MediaError(name, says, [Violation("", rule, says)])


def _looks_like_path(text: str) -> bool:
    if len(text) > _MAX_PATH_LENGTH:
        return False
    if _PATH.match(text):
        return True
    # Base64 may have slashes too, also where it is not in order
    start = "".join(text.split())[:16].translate(_STANDARD)
    return "/" in text and format_of(InlineText(start)) is None


def _from_base64(text: str, name: str, contract: Contract) -> MediaFile:
    file = InlineText(text)
    if file.is_base64():
        return MediaFile(name, file, text)
    rule = contract.document()["components"]["schemas"]["ImageReference"]["x-source"]
    says = f"is no Base64 as the contract has it: {_wrong_with(text)} ({rule})"
    raise MediaError(name, says, [Violation("", rule, says)])


def _wrong_with(text: str) -> str:
    """Return what is wrong with a Base64 text, and what to do."""
    if re.search(r"\s", text):
        return "it has white space; leave it out"
    if re.search("[^A-Za-z0-9+/=_-]", text):
        return "it has characters other than A-Z, a-z, 0-9, + and /"
    if re.search("[_-]", text):
        return "it is in the URL-safe alphabet; use + and / in place of - and _, as base64.b64encode does"
    if "=" in text.rstrip("="):
        return "it has = within, as where several texts were joined"
    return "it is not padded with = to a multiple of four characters, or was cut"
