"""Open the images and videos that callers pass: paths, bytes, file objects, PIL images, URLs and Base64."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from attrs import frozen

from kling_elements.media import images
from kling_elements.media.fitted import FittedImage
from kling_elements.media_limits import FileSize, ImageLimits, image_limits
from kling_elements.usable_contract import require_usable
from kling_elements_client.errors import MediaError, Violation
from kling_elements_runtime import metadata
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.errors import raising_media_errors
from kling_elements_runtime.image_kinds import format_of
from kling_elements_runtime.uploads import (
    DamagedFileError,
    EncodedImage,
    InlineBytes,
    InlineFile,
    InlineText,
    Reader,
    encode,
)

_READ_CHUNK_BYTES = 256 * 1024  # a file object that cannot seek is read in chunks of this size
_DECODED_SLICE_CHARACTERS = 16 * 1024  # a percent-encoded text is decoded in slices of this length
_MAX_COPY_IN_MEMORY_BYTES = 16 * 1024 * 1024  # larger copies are written to disk
_MAX_PATH_LENGTH = 4096  # characters; systems allow no more, and a photograph in Base64 is longer

_HTTP = re.compile(r"https?:", re.IGNORECASE)
_OTHER_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DATA = re.compile(r"data:", re.IGNORECASE)
_BASE64_MARK = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)
_PATH = re.compile(r"~|file:|[a-z]:[\\/]|\.{1,2}[\\/]|.*\\|.*\.\w{1,5}\s*\Z", re.IGNORECASE | re.DOTALL)
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_STANDARD_ALPHABET = str.maketrans("-_", "+/")


@frozen
class MediaFile:
    """A file from the caller.

    Attributes:
        name: The name for errors and reports: the path, or the type of the object that was passed.
        file: The bytes.
        text: The Base64 text, if the caller passed that.
    """

    name: str
    file: Reader
    text: str | None = None

    def base64(self) -> str:
        """Return the file as Base64 for a request.

        Raises:
            MediaError: The file cannot be read, or was changed meanwhile.
        """
        if self.text is not None:
            return self.text
        if isinstance(self.file, InlineFile):
            return EncodedImage(b"".join(self.file.pieces()).decode("ascii"))
        content = self.file.peek(0, self.file.size)
        if len(content) != self.file.size:
            raise MediaError(self.name, "was changed while it was read; try again")
        return encode(content)


def without_metadata(media: MediaFile, limits: ImageLimits) -> MediaFile:
    """Return an image without its metadata. If it has none, or breaks a rule anyway, return the same object.

    Raises:
        MediaError: The image conforms, but its metadata cannot be separated from the picture.
    """
    try:
        file = metadata.strip(media.file)
    except DamagedFileError as error:
        if images.inspect(media.file, media.name, limits, is_local=False).conforms:
            raise MediaError(media.name, metadata.INSEPARABLE) from error
        return media
    return media if file is media.file else MediaFile(media.name, file)


def url_of(source: object, contract: Contract) -> str | None:
    """Return the source if it is an http(s) URL, otherwise None.

    Raises:
        MediaError: The contract refuses the URL.
        ValueError: The contract lacks a part that this package needs.
    """
    require_usable(contract)
    if not isinstance(source, str) or not _HTTP.match(source):
        return None
    if contract.schema_violations("#/components/schemas/HttpUrl", source):
        # imported here because it loads an HTTP library
        from kling_elements.media.remote import redacted_url  # noqa: PLC0415

        expected = contract.document()["components"]["schemas"]["HttpUrl"]["x-expected"]
        raise MediaError(redacted_url(source), f"must be {expected}")
    return source


@contextmanager
def open_image(source: object, contract: Contract) -> Iterator[MediaFile]:
    """Open the content of an image, and yield it while the block runs.

    Args:
        source: A path, bytes, a file object, a PIL image, a `data:` URL, or Base64.
        contract: The contract with the form and the limits of images.

    Raises:
        MediaError: The source cannot be read, or has the wrong type.
    """
    pillow_image = sys.modules.get("PIL.Image")  # if Pillow is not loaded, the source cannot be a PIL image
    if isinstance(source, str):
        yield from_text(source, contract, image_limits(contract).file_size)
    elif pillow_image is not None and isinstance(source, pillow_image.Image):
        with _open_bytes("a PIL image", _encode(source, image_limits(contract).file_size.max_bytes)) as media:
            yield media
    else:
        with open_file(source, image_limits(contract).file_size) as media:
            yield media


def content_of(source: object, contract: Contract) -> bytes:
    """Return the bytes of a fitted image, a PIL image or a file object.

    Raises:
        MediaError: The source cannot be read, is larger than the contract allows, or has the wrong type.
    """
    if isinstance(source, FittedImage):
        return source.content
    limit = image_limits(contract).file_size
    with open_image(source, contract) as media:
        if media.file.size > limit.max_bytes:
            raise _too_large_error(media.name, limit)
        return media.file.peek(0, media.file.size)


@contextmanager
def open_file(source: object, limit: FileSize) -> Iterator[MediaFile]:
    """Open a path, bytes or a file object, and yield it while the block runs.

    Args:
        source: The file. A file object is read from its current position to its end; if it can seek, its position is
            restored.
        limit: The size limit. A file object that cannot seek is read no further.

    Raises:
        MediaError: The source cannot be read, or has the wrong type.
    """
    if isinstance(source, Path):
        yield MediaFile(str(source), InlineFile(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        with _open_bytes(type(source).__name__, source) as media:
            yield media
    elif callable(getattr(source, "read", None)):
        with _open_object(source, limit) as media:
            yield media
    else:
        message = (
            "cannot be used as an image or a video; pass a pathlib.Path, bytes, a binary file object, a URL, "
            "or for an image what PIL.Image.open or PIL.Image.fromarray returns"
        )
        raise MediaError(f"a value of type {type(source).__name__}", message)


@contextmanager
def _media_errors(name: str, problem: str) -> Iterator[None]:
    """Turn every error from the caller's objects into a MediaError without its own message."""
    try:
        yield
    except MediaError:
        raise
    except Exception as error:  # file objects and pictures may raise anything
        raise MediaError(name, f"{problem}: {getattr(error, 'strerror', None) or type(error).__name__}") from error


def _encode(picture: Any, max_bytes: int) -> bytes:
    """Encode a PIL image as an upright PNG. Modes that PNG does not support become RGB.

    If the PNG is larger than the contract allows, return the best JPEG that fits, if there is one.
    """
    from PIL.ImageOps import exif_transpose  # noqa: PLC0415 - needed only for PIL images

    from kling_elements.media import colours, decoding, encoding  # noqa: PLC0415 - as above

    name, file = "a PIL image", io.BytesIO()
    with _media_errors(name, "cannot be encoded"):
        upright = exif_transpose(picture)
        supported = upright if upright.mode in _PNG_MODES else upright.convert("RGB")
        if not colours.has_common_colours(supported.info):
            supported, _ = decoding.to_plain(supported.copy())
        supported.save(file, "PNG")
        if file.tell() <= max_bytes:
            return file.getvalue()
        plain, _ = decoding.to_plain(supported)
        best = encoding.encode_best(plain, max_bytes, "white", as_jpeg=plain.mode == supported.mode)
    return best[0] if best else file.getvalue()


@contextmanager
def _open_bytes(name: str, content: bytes | bytearray | memoryview) -> Iterator[MediaFile]:
    with _media_errors(name, "cannot be read"):
        file = io.BytesIO(content)
    yield MediaFile(name, _Seekable(file, name))


@contextmanager
def _open_object(file: Any, limit: FileSize) -> Iterator[MediaFile]:
    name = "a file object"
    with _media_errors(name, "cannot be read"):
        can_seek = hasattr(file, "seekable") and file.seekable()
    if not can_seek:
        with _copy(file, name, limit) as copy:
            yield MediaFile(name, _Seekable(copy, name))
        return
    seekable = _Seekable(file, name)
    try:
        yield MediaFile(name, seekable)
    finally:
        seekable.rewind()


@contextmanager
def _copy(file: Any, name: str, limit: FileSize) -> Iterator[IO[bytes]]:
    """Copy a file object that cannot seek, and yield the copy."""
    with SpooledTemporaryFile(max_size=_MAX_COPY_IN_MEMORY_BYTES) as copy:
        with _media_errors(name, "cannot be read"):
            while chunk := _read(file, name, _READ_CHUNK_BYTES):
                with raising_media_errors(Path(gettempdir()), "written to, for a copy of a file object"):
                    copy.write(chunk)
                if copy.tell() > limit.max_bytes:
                    raise _too_large_error(name, limit)
        copy.seek(0)
        yield copy


class _Seekable:
    """A file object that can seek, from its current position to its end.

    Attributes:
        size: The number of bytes.
    """

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name
        with _media_errors(name, "cannot be read"):
            _read(file, name, 0)
            self._start = file.tell()
            self.size = max(file.seek(0, io.SEEK_END) - self._start, 0)
        if self._start and not self.size:
            raise MediaError(name, "is at its end; call seek(0) before you pass it")

    def peek(self, offset: int, count: int) -> bytes:
        with _media_errors(self._name, "cannot be read"):
            self._file.seek(self._start + offset)
            return _read(self._file, self._name, count)

    def rewind(self) -> None:
        with _media_errors(self._name, "cannot be read"):
            self._file.seek(self._start)


def _read(file: Any, name: str, count: int) -> bytes:
    """Return `count` bytes, or fewer if the file ends."""
    content = b""
    while True:
        chunk = file.read(count - len(content))
        if not isinstance(chunk, bytes):
            message = f"its read() returns {type(chunk).__name__} instead of bytes; open it in binary mode, with 'rb'"
            raise MediaError(name, message)
        content += chunk
        if not chunk or len(content) >= count:
            return content


def from_text(text: str, contract: Contract, limit: FileSize) -> MediaFile:
    """Return the file in a `data:` URL or in Base64.

    Args:
        text: The string.
        contract: The contract with the form of images in text.
        limit: The size limit of a file in a percent-encoded `data:` URL.

    Raises:
        MediaError: The string is neither, or the file is too large. A string is never used as a path.
    """
    if _DATA.match(text):
        return _from_data_url(text, contract, limit)
    if not text.strip():
        raise MediaError("a str", "is empty; pass an http(s) URL, Base64, or pathlib.Path(...) for a file")
    if _OTHER_ADDRESS.match(text):
        raise MediaError("a str", "is a URL of another kind; use one that begins with http:// or https://")
    if _looks_like_path(text):
        message = "looks like a path, but a str is never used as one; pass pathlib.Path(...) for a file"
        raise MediaError("a str", f"{message}, or a URL that begins with http:// or https://")
    return _from_base64(text, "Base64 text", contract)


def _from_data_url(text: str, contract: Contract, limit: FileSize) -> MediaFile:
    name = "a data: URL"
    head, comma, payload = text.partition(",")
    if not comma or not payload.isascii():
        problem = "has characters other than ASCII" if comma else "has no comma before its content"
        raise MediaError(name, f"{problem}; write it as data:image/png;base64,...")
    if _BASE64_MARK.search(head):
        plain = _unquote(payload, None, name).decode("ascii", "replace") if "%" in payload else payload
        return _from_base64(plain, name, contract)
    return MediaFile(name, InlineBytes(_unquote(payload, limit, name)))


def _unquote(payload: str, limit: FileSize | None, name: str) -> bytes:
    """Decode a percent-encoded text in slices, because the standard library needs many times its length in memory.

    Raises:
        MediaError: The result would have more bytes than the limit allows. Nothing is decoded then.
    """
    if limit is not None and len(payload) - 2 * payload.count("%") > limit.max_bytes:
        raise _too_large_error(name, limit)
    slices, start = [], 0
    while start < len(payload):
        end = start + _DECODED_SLICE_CHARACTERS
        cut = payload.rfind("%", max(end - 2, start), end)  # a slice must not split an escape such as %2F
        end = cut if cut > start else end
        slices.append(unquote_to_bytes(payload[start:end]))
        start = end
    return b"".join(slices)


def _too_large_error(name: str, limit: FileSize) -> MediaError:
    message = f"the file has more than {limit.max_bytes} bytes, the maximum ({limit.rule}); make it smaller"
    return MediaError(name, message, [Violation("", limit.rule, message)])


def _looks_like_path(text: str) -> bool:
    """Return whether a string looks like the path of a file. Base64 may contain slashes too."""
    if len(text) > _MAX_PATH_LENGTH:
        return False
    return bool(_PATH.match(text)) or ("/" in text and not _begins_like_base64_image(text))


def _begins_like_base64_image(text: str) -> bool:
    """Return whether a string begins like an image in Base64. White space, `-` and `_` are tolerated."""
    start = "".join(text.split())[:16].translate(_STANDARD_ALPHABET)
    return format_of(InlineText(start)) is not None


def _from_base64(text: str, name: str, contract: Contract) -> MediaFile:
    file = InlineText(text)
    if file.is_base64():
        return MediaFile(name, file, text)
    rule = contract.document()["components"]["schemas"]["ImageReference"]["x-source"]
    message = f"is not Base64 as the contract requires: {_base64_problem(text)} ({rule})"
    raise MediaError(name, message, [Violation("", rule, message)])


def _base64_problem(text: str) -> str:
    """Return the problem with a Base64 string, with advice."""
    if re.search(r"\s", text):
        return "it contains white space; remove it"
    if re.search("[^A-Za-z0-9+/=_-]", text):
        return "it contains characters other than A-Z, a-z, 0-9, + and /; encode the file with base64.b64encode"
    if re.search("[_-]", text):
        return "it uses the URL-safe alphabet; encode the file with base64.b64encode, which uses + and /"
    if "=" in text.rstrip("="):
        return "it contains = before its end, as joined strings do; pass a single one"
    return "it is cut off, or not padded with = to a multiple of four characters; encode the whole file"
