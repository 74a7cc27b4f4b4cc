"""Everything that callers can pass as media, and the errors for everything else."""

from __future__ import annotations

import base64
import errno
import io
import os
import random
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from PIL import Image

import kling_elements.media
from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.media_inputs import JPEG, PNG, rules_of, write_file
from contract_tests.support.program_runs import run_program
from kling_elements.media import check_image, check_video, image, sources
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError
from kling_elements_runtime.uploads import EncodedImage

_NAMES = ["Budget", "ImageReport", "VideoReport", "check_image", "check_video", "image"]


def test_the_public_names_are_exported() -> None:
    """All exported names exist, and any other name raises AttributeError."""
    assert set(_NAMES) <= set(kling_elements.media.__all__)
    assert sorted(kling_elements.media.__all__) == kling_elements.media.__all__ == dir(kling_elements.media)
    assert kling_elements.media.__all__ == [
        getattr(kling_elements.media, n).__name__ for n in kling_elements.media.__all__
    ]
    with pytest.raises(AttributeError, match=r"module 'kling_elements\.media' has no attribute 'Image'"):
        _ = kling_elements.media.Image


def test_importing_the_package_loads_no_heavy_library() -> None:
    """Pillow, PyAV and httpx are loaded on first use."""
    assert "kling_elements.media: []\n" == run_program("import_media")


@contextmanager
def _pipe(data: bytes) -> Iterator[io.BufferedReader]:
    """Yield a file object that cannot seek."""
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as reading, os.fdopen(theirs, "wb") as writing:
        writing.write(data)
        writing.close()
        yield reading


@pytest.mark.parametrize("data", [JPEG, PNG], ids=["JPEG", "PNG"])
def test_every_kind_of_source_becomes_the_same_string(data: bytes, tmp_path: Path) -> None:
    """The package's own Base64 is marked so that later checks skip it, and the caller's is unchanged."""
    file = io.BytesIO(b"before" + data)
    file.seek(6)
    sources = [write_file(tmp_path, data), data, bytearray(data), memoryview(data), file, io.BytesIO(data)]

    for source in sources:
        made = image(source)
        assert base64_of(data) == made
        assert isinstance(made, EncodedImage)
    assert 6 == file.tell()
    with _pipe(data) as pipe:
        assert base64_of(data) == image(pipe)
    for text in (base64_of(data), f"data:image/gif;base64,{base64_of(data)}", f"DATA:;BASE64,{base64_of(data)}"):
        assert base64_of(data) == image(text)
    percent = "".join(f"%{byte:02x}" for byte in data)
    assert base64_of(data) == image(f"data:,{percent}")
    assert base64_of(data) == image(f"data:image/png;base64,{base64_of(data).replace('+', '%2B')}")


def test_a_url_is_returned_unchanged() -> None:
    """The file at the URL is not read."""
    assert "https://a.example.com/b.png?c=d" == image("https://a.example.com/b.png?c=d")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "YCbCr", "HSV", "LAB"])
def test_a_pil_image_of_any_mode_is_sent(mode: str) -> None:
    """Modes that PNG lacks become RGB."""
    with Image.new(mode, (300, 300)) as picture:
        made = base64.b64decode(image(picture))

    with Image.open(io.BytesIO(made)) as again:
        assert (mode if mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16") else "RGB") == again.mode
    assert check_image(made).conforms


def test_a_pil_image_that_cannot_be_encoded_raises_a_media_error() -> None:
    """An image without pixels cannot be encoded."""
    with pytest.raises(MediaError, match="a PIL image: cannot be encoded"):
        image(Image.new("RGB", (0, 300)))


def _noise(mode: str, width: int, height: int) -> Image.Image:
    """Return a picture that no lossless encoder can shrink."""
    return Image.frombytes(mode, (width, height), random.Random(1).randbytes(width * height * len(mode)))


@pytest.mark.parametrize(("mode", "sides"), [("L", (3600, 3000)), ("RGB", (2000, 1800)), ("RGBA", (1800, 1500))])
def test_a_pil_image_too_large_for_png_becomes_the_best_jpeg_that_fits(mode: str, sides: tuple[int, int]) -> None:
    """The image isn't refused, because the package chose the encoding."""
    with _noise(mode, *sides) as picture:
        made = base64.b64decode(image(picture))

    assert b"\xff\xd8" == made[:2]
    assert 4_000_000 < len(made) <= 10_485_760
    report = check_image(made)
    assert (*sides, ()) == (report.width_px, report.height_px, report.violations)


def test_a_pil_image_is_sent_upright() -> None:
    """The image's orientation is applied without loss."""
    with Image.new("RGB", (300, 400), "red") as picture:
        picture.getexif()[0x0112] = 6
        made = base64.b64decode(image(picture))

    assert b"\x89PNG" == made[:4]
    report = check_image(made)
    assert (400, 300, "png") == (report.width_px, report.height_px, report.format)


@pytest.mark.parametrize(
    "text",
    [
        "mara.jpg",
        "./mara.png",
        "../a",
        "~/mara",
        "C:\\mara",
        "c:/mara",
        "a\\b",
        "file:///mara.jpg",
        "photos/mara",
        "mara.WEBP ",
        "/x/y",
    ],
)
@pytest.mark.parametrize("function", [image, check_image, check_video])
def test_a_string_is_never_a_path(function: Callable[[Any], Any], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is opened, and the error says how to pass a file."""
    check_video(b"")  # because loading modules on first use opens files
    opened: list[object] = []
    monkeypatch.setattr("kling_elements.media.sources.InlineFile", opened.append)
    monkeypatch.setattr("io.open", opened.append)

    with pytest.raises(MediaError, match=r"looks like a path.*pathlib\.Path") as caught:
        function(text)

    assert "mara" not in str(caught.value)
    assert [] == opened


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("ftp://a.example.com/b.png", "use one that begins with http:// or https://"),
        ("http:///b.png", "must be an http or https URL"),
        ("https://a b.example.com/secret", "must be an http or https URL"),
        (base64_of(JPEG)[:80] + "\n" + base64_of(JPEG)[80:], "white space; remove it"),
        (base64_of(b"\xff\xd8\xff" + b"\xfb\xff" * 40).replace("+", "-").replace("/", "_"), "URL-safe alphabet"),
        (base64_of(JPEG)[:-1], "not padded"),
        (base64_of(bytes(6000)) + "A", "not padded"),
        ("AA==" + "AAAA" * 20, "= before its end"),
        ("é" * 80, "characters other than"),
        ("data:image/png;base64", "has no comma before its content"),
        ("data:,é", "characters other than ASCII"),
        ("data:;base64,A", "not padded"),
        (7, "a value of type int: cannot be used as an image"),
        (None, "a value of type NoneType"),
        ([JPEG], "a value of type list"),
        (Path("none.jpg"), "none.jpg: cannot be read: No such file or directory"),
        (io.StringIO("x"), "returns str instead of bytes; open it in binary mode"),
        (memoryview(b"abcd")[::2], "memoryview: cannot be read"),
    ],
)
def test_an_invalid_source_raises_a_media_error(source: Any, message: str) -> None:
    """The error says what is wrong and what to do, and repeats no part of the source."""
    with pytest.raises(MediaError) as caught:
        image(source)

    assert message in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "/9j/" not in str(caught.value)


class _FailingFile(io.RawIOBase):
    """A file object that fails when it is read."""

    def __init__(self, *, can_seek: bool) -> None:
        self._can_seek = can_seek

    def seekable(self) -> bool:
        return self._can_seek

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError(104, f"Connection reset by peer after {size}")


@pytest.mark.parametrize("can_seek", [False, True])
def test_a_file_object_that_fails_raises_a_media_error(can_seek: bool) -> None:  # noqa: FBT001
    with pytest.raises(MediaError, match="a file object: cannot be read: Connection reset by peer after"):
        check_image(_FailingFile(can_seek=can_seek))


def test_a_file_object_that_shrinks_is_refused() -> None:
    """Otherwise half a picture would be sent as a complete one."""

    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) if size is not None and 0 <= size < 1000 else b""

    with pytest.raises(MediaError, match="was changed while it was read"):
        image(Shrinking(Picture(format="jpeg", file_size=5000).build()))


@pytest.mark.parametrize(("size", "is_refused"), [(10_485_760, False), (10_485_761, True)])
def test_a_stream_is_not_read_beyond_the_allowed_size(size: int, is_refused: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Otherwise an endless stream would fill the disk."""
    path = write_file(tmp_path, Picture(format="jpeg", file_size=size).build())

    class UnseekableFile(io.FileIO):
        def seekable(self) -> bool:
            return False

    with UnseekableFile(path) as stream:
        if is_refused:
            with pytest.raises(MediaError, match="R15") as caught:
                check_image(stream)
            assert ["R15"] == [violation.rule for violation in caught.value.violations]
        else:
            assert check_image(stream).conforms


def test_a_data_url_takes_little_memory() -> None:
    """Three characters become one byte. A URL that is too long is refused before it is decoded."""
    url = "data:," + "%00" * 1_000_000
    check_image(url)
    tracemalloc.start()
    assert ["R14"] == rules_of(check_image(url))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000
    for text in ("data:," + "%00" * 10_485_761, "data:," + "a" * 10_485_761):
        with pytest.raises(MediaError, match=r"a data: URL: the file has more than 10485760 bytes.*R15") as caught:
            image(text)
        assert ["R15"] == [violation.rule for violation in caught.value.violations]


@pytest.mark.parametrize("before", [0, 1, 2, 3, 16_381, 16_382, 16_383, 16_384])
def test_a_data_url_is_decoded_in_slices_without_errors(before: int) -> None:
    """The result is the same as from the standard library, even for invalid escapes."""
    text = "a" * before + "%41%4%zz%%42" * 30_000 + "%"
    with sources.open_image(f"data:,{text}", CONTRACT) as media:
        assert unquote_to_bytes(text) == media.file.peek(0, media.file.size)


def test_the_error_for_a_full_disk_contains_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error blames the disk and not the stream."""

    class Full(io.BytesIO):
        def write(self, _: Any, /) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sources, "SpooledTemporaryFile", lambda **_: Full())
    with _pipe(PNG) as pipe, pytest.raises(MediaError, match="No space left on device") as caught:
        image(pipe)
    assert f"{tempfile.gettempdir()}: cannot be written to, for a copy of a file object" in str(caught.value)
