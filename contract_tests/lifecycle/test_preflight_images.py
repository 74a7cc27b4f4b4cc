"""You can pass every kind of image. If one is refused, nothing is sent, and the message says what to do."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract_tests.reading.image_body import BODY
from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.scripted import Client, ScriptedClient, task
from kling_elements.media import fit_image
from kling_elements_client.errors import ContractError, KlingError, MediaError, Violation

_FRONT = "/element_image_list/frontal_image"
_NOISE = Image.effect_noise((400, 400), 60).convert("RGB")
_ADVICE = "; kling_elements.media.fit_image makes a copy that conforms"
_PLUGIN = ", once you have called pillow_heif.register_heif_opener() of the package pillow-heif"
_HEADER = "the content is not a JPEG or PNG file with a complete header"
_CUT = "the image is incomplete: the file was cut off"
_WANTED = (
    "cannot be used as an image or a video; pass a pathlib.Path, bytes, a binary file object, a URL, "
    "or for an image what PIL.Image.open or PIL.Image.fromarray returns"
)


def _encode(kind: str) -> bytes:
    file = io.BytesIO()
    _NOISE.save(file, kind)
    return file.getvalue()


_JPEG, _PNG = _encode("jpeg"), _encode("png")
_ACCEPTED: dict[str, Callable[[Path], Any]] = {
    "a path": lambda folder: _write(folder, _JPEG),
    "bytes": lambda _: _JPEG,
    "a bytearray": lambda _: bytearray(_PNG),
    "a memoryview": lambda _: memoryview(_PNG),
    "a file object": lambda _: io.BytesIO(_JPEG),
    "an open file": lambda folder: _write(folder, _PNG).open("rb"),
    "a picture of Pillow": lambda _: _NOISE,
    "a fitted image": lambda _: fit_image(_encode("webp")),
    "a JPEG with zeros after it": lambda folder: _write(folder, _JPEG + bytes(9000)),
    "a JPEG with a video after it": lambda _: _JPEG + b"\0\0\0\x18ftypmp42" + random.Random(1).randbytes(9000),
    "a PNG with text after it": lambda _: _PNG + b"text" * 9000,
}


def _write(folder: Path, content: bytes) -> Path:
    path = folder / "mara.jpg"
    path.write_bytes(content)
    return path


def _request(front: Any) -> dict[str, Any]:
    others = [{"image_url": "https://a.example.com/b.png"}]
    return {**BODY, "element_image_list": {"frontal_image": front, "refer_images": others}}


@pytest.mark.parametrize("make_image", _ACCEPTED.values(), ids=_ACCEPTED)
def test_every_kind_of_image_is_accepted(
    client_class: Client, make_image: Callable[[Path], Any], tmp_path: Path
) -> None:
    client = ScriptedClient(client_class, task())
    image = make_image(tmp_path)

    client.create(_request(image))
    if isinstance(image, io.IOBase):
        image.close()

    (request,) = client.gateway.requests
    assert b'"frontal_image":"/9j/' in request.content or b'"frontal_image":"iVBORw0KGgo' in request.content


_REFUSED: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "a cut JPEG": (lambda folder: _write(folder, _JPEG[:9000]), "R14", f"{{path}}: {_CUT}"),
    "a cut PNG": (lambda folder: _write(folder, _PNG[:9000]), "R14", f"{{path}}: {_CUT}"),
    "cut bytes": (lambda _: _JPEG[:9000], "R14", f"bytes: {_CUT}"),
    "a WebP": (
        lambda folder: _write(folder, _encode("webp")),
        "R14",
        f"{{path}}: {_HEADER}; it looks like WEBP{_ADVICE}",
    ),
    "a HEIC": (
        lambda folder: _write(folder, b"\0\0\0\x18ftypheic" + bytes(99)),
        "R14",
        f"{{path}}: {_HEADER}; it looks like HEIC{_ADVICE}{_PLUGIN}",
    ),
    "a page": (
        lambda folder: _write(folder, b"\n<!DOCTYPE html><title>Not found</title>"),
        "R14",
        f"{{path}}: {_HEADER}; it looks like HTML",
    ),
    "nothing": (lambda folder: _write(folder, b""), "R14", f"{{path}}: {_HEADER}; it is empty"),
    "a small image": (
        lambda folder: _write(folder, Picture(width=299).build()),
        "R16",
        f"{{path}}: the image is shown as 299x300 px; both sides must have at least 300 px{_ADVICE}",
    ),
}


@pytest.mark.parametrize(("make_image", "rule", "expected"), _REFUSED.values(), ids=_REFUSED)
def test_an_error_describes_a_file_that_does_not_conform(
    client_class: Client, make_image: Callable[[Path], Any], rule: str, expected: str, tmp_path: Path
) -> None:
    """The message says what the file contains and, if possible, what to do."""
    error = ScriptedClient(client_class).error_of("create", _request(make_image(tmp_path)))

    assert isinstance(error, ContractError)
    assert "not_created" == error.outcome
    assert [(_FRONT, rule, expected.format(path=tmp_path / "mara.jpg"))] == [
        (violation.pointer, violation.rule, violation.message) for violation in error.violations
    ]


def test_an_error_about_a_string_that_is_too_long_recommends_fitting(client_class: Client) -> None:
    """The advice is given if the string contains an image."""
    text = base64_of(Picture().build() + bytes(10_485_761))

    error = ScriptedClient(client_class).error_of("create", _request(text))

    assert isinstance(error, ContractError)
    assert all(violation.message.endswith(_ADVICE) for violation in error.violations)
    assert {"R15"} == {violation.rule for violation in error.violations}


def test_a_remedy_is_neither_in_the_repr_nor_compared() -> None:
    """A test can compare violations by place, rule and message only."""
    violation = Violation("/a", "R14", "is a HEIC", "plugin")

    assert Violation("/a", "R14", "is a HEIC") == violation
    assert "Violation(pointer='/a', rule='R14', message='is a HEIC')" == repr(violation)


def _file_read_to_its_end() -> io.BytesIO:
    file = io.BytesIO(_JPEG)
    file.read()
    return file


_UNREADABLE: dict[str, tuple[Any, str]] = {
    "a file that is not there": (Path("no-such.jpg"), "no-such.jpg: cannot be read: No such file or directory"),
    "a file at its end": (_file_read_to_its_end(), "a file object: is at its end; call seek(0) before you pass it"),
    "a text file": (
        io.StringIO("x"),
        "a file object: its read() returns str instead of bytes; open it in binary mode, with 'rb'",
    ),
    "a file too large": (
        io.BytesIO(bytes(10_485_761)),
        "a file object: the file has more than 10485760 bytes, the maximum (R15); make it smaller",
    ),
    "an object": (object(), f"a value of type object: {_WANTED}"),
}


@pytest.mark.parametrize(("image", "expected"), _UNREADABLE.values(), ids=_UNREADABLE)
def test_an_unreadable_image_is_a_media_error(client_class: Client, image: Any, expected: str) -> None:
    """The error says that nothing was created."""
    error = ScriptedClient(client_class).error_of("create", _request(image))

    assert isinstance(error, MediaError)
    assert ("not_created", expected) == (error.outcome, str(error))


def test_all_violations_are_listed_even_if_a_file_cannot_be_read(client_class: Client) -> None:
    """An error about only that file would hide the other violations."""
    error: KlingError = ScriptedClient(client_class).error_of(
        "create", {**_request(Path("no-such.jpg")), "tag_list": Path("x")}
    )

    assert isinstance(error, ContractError)
    assert {_FRONT, "/tag_list"} == {violation.pointer for violation in error.violations}


def test_without_a_preflight_a_cut_image_is_sent(client_class: Client) -> None:
    """Only the image's size is checked."""
    client = ScriptedClient(client_class, task())

    client.create(_request(_JPEG[:9000]), preflight="off")

    assert client.gateway.is_finished()
