"""Large images are checked separately from the rest of a request, and are sent unchanged."""

from __future__ import annotations

import base64
import copy
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pybase64
import pytest

from contract_tests.reading.cases import BodyCase, base_body, body_cases
from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.bodies_with_images import LARGE, body_with_images, sent_text
from contract_tests.support.tables import for_each_row
from kling_elements_client import AuthenticatedClient, contract
from kling_elements_client.errors import ContractError, Violation
from kling_elements_client.models import ElementImageList, ImageElementRequest, ReferImage
from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.uploads import EncodedImage, InlineFile, InlineText, decoded_size, encode, encoded_length

_FRONT, _SIDE = "/element_image_list/frontal_image", "/element_image_list/refer_images/0/image_url"
_SLICE = 262_144  # characters that are checked together


def _as_files(value: Any, folder: Path) -> Any:
    """Return the body with each Base64 image replaced by the path of a file with the same bytes."""
    if isinstance(value, dict):
        return {name: _as_files(inner, folder) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_files(inner, folder) for inner in value]
    if isinstance(value, str) and len(value) % 4 == 0 and value.startswith(("iVBOR", "/9j/", "Qk0", "R0lGOD", "UklGR")):
        path = folder / f"{len(list(folder.iterdir()))}"
        path.write_bytes(base64.b64decode(value, validate=True))
        return path
    return value


_MEDIA_CASES = [
    case for case in (*body_cases("accepted"), *body_cases("refused")) if case.rule in ("R14", "R15", "R16", "R17")
]


@for_each_row(_MEDIA_CASES, "case")
def test_a_file_gets_the_same_verdict_as_its_base64_string(case: BodyCase, tmp_path: Path) -> None:
    """Each image case of the rules table has the same violations if you pass files."""
    body = case.body()
    files = _as_files(body, tmp_path)

    checked = contract.check("createElement", files)

    assert case.violations == {(violation.pointer, violation.rule) for violation in checked.violations}
    assert checked.content is not None
    assert json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() == b"".join(_chunks(checked.content))


def _chunks(content: bytes | StreamedBody) -> Iterator[bytes]:
    return iter([content]) if isinstance(content, bytes) else iter(content)


def test_image_cases_of_the_table_contain_files(tmp_path: Path) -> None:
    assert any(_as_files(case.body(), tmp_path) != case.body() for case in _MEDIA_CASES)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 196_607, 196_608, 196_609, 400_000])
def test_a_file_is_encoded_like_the_standard_library_does(size: int, tmp_path: Path) -> None:
    """The length is known in advance, even if bytes remain after the last group of three."""
    data = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    file = InlineFile(path)

    assert base64.b64encode(data) == b"".join(file.pieces()) == b"".join(file.pieces())
    assert len(base64.b64encode(data)) == encoded_length(size)
    assert size == decoded_size(base64_of(data)) == InlineText(base64_of(data)).size


def test_a_request_with_files_has_the_same_text_as_one_with_base64(photograph: Path) -> None:
    """Names, order and non-ASCII characters are the same, and the length is known in advance."""
    text = base64_of(LARGE)
    files = {"external_task_id": "é😀", **body_with_images(photograph, photograph, "https://a.example.com/b.png")}
    texts = {"external_task_id": "é😀", **body_with_images(text, text, "https://a.example.com/b.png")}
    expected = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()

    content = contract.check("createElement", files).content

    assert isinstance(content, StreamedBody)
    assert expected == b"".join(content) == b"".join(content) == sent_text(texts)
    assert len(expected) == len(content)


def test_models_accept_files(photograph: Path) -> None:
    """Showing or copying a model with a `Path` doesn't read the file."""
    images = ElementImageList(frontal_image=photograph, refer_images=[ReferImage(image_url=photograph)])
    request = ImageElementRequest(element_name="Ada", element_description="A", element_image_list=images)

    assert json.loads(sent_text(request))["element_image_list"]["frontal_image"] == base64_of(LARGE)
    assert copy.deepcopy(request) == request
    assert "/9j/" not in repr(request)


class _RepeatingMapping(Mapping[str, Any]):
    """A mapping that lists every key twice."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __getitem__(self, name: str) -> Any:
        return self._value[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._value, *self._value])

    def __len__(self) -> int:
        return 2 * len(self._value)


def test_an_image_under_a_repeated_key_is_sent_once(photograph: Path) -> None:
    """If a mapping repeats a key, the value is written once, with its image rather than a placeholder."""
    body = body_with_images(photograph)
    body["element_image_list"] = _RepeatingMapping(body["element_image_list"])
    assert 4 == len(body["element_image_list"])

    assert sent_text(body_with_images(base64_of(LARGE))) == sent_text(body)


_SPOILING: dict[str, Callable[[str], str]] = {
    "line break": lambda text: text[:300_000] + "\n" + text[300_001:],
    "letter of another alphabet": lambda text: text[:300_000] + "-" + text[300_001:],
    "padding at the end of a slice": lambda text: text[: _SLICE - 1] + "=" + text[_SLICE:],
    "two of padding at the end of a slice": lambda text: text[: _SLICE - 2] + "==" + text[_SLICE:],
    "letter after the padding": lambda text: text[:-2] + "=A",
    "only padding": lambda text: text[:-4] + "====",
    "one letter too few": lambda text: text[:-1],
    "one letter too many": lambda text: text + "A",
    "not ASCII": lambda text: text + "é",
    "not ASCII before the padding": lambda text: text[:-4] + "AAé=",
    "white space": lambda text: " " + text,
    "data URL": lambda text: "data:image/jpeg;base64," + text,
}


@pytest.mark.parametrize("spoil", _SPOILING.values(), ids=_SPOILING)
def test_a_large_string_that_is_not_base64_is_refused(spoil: Callable[[str], str]) -> None:
    """The error is found at any place, even between two slices."""
    violations = contract.violations(
        "createElement", body_with_images("https://a.example.com/b.png", spoil(base64_of(LARGE)))
    )

    assert [(_SIDE, "R13")] == [(violation.pointer, violation.rule) for violation in violations]


@pytest.mark.parametrize("length", [4096, 4100, _SLICE - 4, _SLICE, _SLICE + 4])
def test_a_base64_string_of_any_length_is_sent_unchanged(length: int) -> None:
    """The validator checks short strings; long ones bypass it."""
    text = base64_of(Picture(format="jpeg", file_size=length // 4 * 3).build())

    assert length == len(text)
    assert text == json.loads(sent_text(body_with_images(text)))["element_image_list"]["frontal_image"]


def test_a_large_image_in_a_text_field_is_refused() -> None:
    body = {**body_with_images("https://a.example.com/b.png"), "element_name": base64_of(LARGE)}

    assert [("/element_name", "R04")] == [(v.pointer, v.rule) for v in contract.violations("createElement", body)]


@pytest.mark.parametrize("where", ["element_name", "callback_url", "unknown"])
def test_a_path_is_refused_outside_image_fields(where: str, photograph: Path) -> None:
    """The violation is reported without reading the file."""
    violations = contract.violations(
        "createElement", {**body_with_images("https://a.example.com/b.png"), where: photograph}
    )

    assert [f"/{where}"] == [violation.pointer for violation in violations]
    images = "/element_image_list/frontal_image or /element_image_list/refer_images/0/image_url"
    assert f"is a path, but paths are only allowed for images: {images}" == violations[0].message


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_accepted_as_an_image(kind: Callable[[bytes], Any]) -> None:
    """Bytes are sent like a file with the same content."""
    assert sent_text(body_with_images(base64_of(LARGE))) == sent_text(body_with_images(kind(LARGE)))


def test_an_unsupported_image_object_is_refused_with_the_supported_types() -> None:
    """The generated client accepts paths and bytes only; `KlingElements` accepts more."""
    (violation,) = contract.violations("createElement", body_with_images(object()))

    reason = "a value of type object: cannot be used as an image; pass a pathlib.Path or bytes"
    assert (_FRONT, "R13", reason) == (violation.pointer, violation.rule, violation.message)


def test_a_path_is_refused_as_a_video(photograph: Path) -> None:
    """The message says to upload the video, because only a URL can be sent."""
    videos = {"reference_type": "video_refer", "element_video_list": {"refer_videos": [{"video_url": photograph}]}}
    body = {name: value for name, value in body_with_images("").items() if name != "element_image_list"}
    reason = "is a path, but videos are sent by URL only: upload the file, and pass its URL"

    assert [Violation("/element_video_list/refer_videos/0/video_url", "R19", reason)] == contract.violations(
        "createElement", {**body, **videos}
    )


def test_a_path_in_a_request_without_images_is_refused(photograph: Path) -> None:
    """The message says that the request, such as a deletion, has no images."""
    (violation,) = contract.violations("deleteElement", {"element_id": photograph})

    assert "is a path, but paths are only allowed for images: this request has none" == violation.message


@pytest.fixture
def decoded_lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each later Base64 decoding adds its number of characters."""
    decoded_lengths: list[int] = []
    decode = pybase64.b64decode

    def count(text: str, *, validate: bool) -> bytes:
        decoded_lengths.append(len(text))
        return decode(text, validate=validate)

    monkeypatch.setattr(pybase64, "b64decode", count)
    return decoded_lengths


def test_base64_from_our_own_encoder_is_not_decoded_again(decoded_lengths: list[int]) -> None:
    """Base64 from outside is decoded once and completely."""
    encoded = encode(LARGE)

    assert not contract.violations("createElement", body_with_images(encoded))
    assert [] == decoded_lengths
    assert not contract.violations("createElement", body_with_images(str.__str__(encoded)))
    assert len(encoded) == sum(decoded_lengths)


def test_base64_from_our_own_encoder_behaves_like_a_plain_string() -> None:
    """Our Base64 equals the standard library's, and strings derived from it are of the class `str`."""
    encoded = encode(LARGE)

    assert base64_of(LARGE) == encoded
    assert EncodedImage is type(encoded)
    assert str is type(encoded + "") is type(encoded.strip("=")[:8])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "none.jpg", "none.jpg: cannot be read: No such file or directory"),
        (lambda folder: folder, ": is not a file"),
        (lambda _: Path("/dev/zero"), "/dev/zero: is not a file"),
        (lambda _: Path("a\0b"), "embedded null"),  # the rest differs from Python to Python
    ],
    ids=["missing", "a folder", "a device", "a NUL"],
)
def test_a_file_that_cannot_be_read_is_a_violation(make: Callable[[Path], Path], reason: str, tmp_path: Path) -> None:
    """All unreadable files are reported at once, and nothing is sent even if you ignore violations."""
    body = body_with_images(make(tmp_path), make(tmp_path))

    violations = contract.violations("createElement", body)

    assert [(_FRONT, "R13"), (_SIDE, "R13")] == [(violation.pointer, violation.rule) for violation in violations]
    assert all(reason in violation.message for violation in violations)
    with pytest.raises(ContractError):
        AuthenticatedClient("test-token", on_violation="ignore").encode("createElement", body)


def test_each_file_that_breaks_a_rule_is_reported(tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_bytes(b"GIF89a")

    violations = contract.violations("createElement", body_with_images(tmp_path / "no.jpg", tmp_path / "no.jpg"))

    assert [(_FRONT, "R14"), (_SIDE, "R14")] == [(violation.pointer, violation.rule) for violation in violations]


def test_a_file_without_read_permission_is_a_violation(photograph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    contract.document()  # read it now, because opening files fails from here on
    monkeypatch.setattr(Path, "open", refuse)

    (violation,) = contract.violations("createElement", body_with_images(photograph))

    assert (_FRONT, "R13") == (violation.pointer, violation.rule)
    assert f"{photograph}: cannot be read: Permission denied" == violation.message


def test_a_file_that_breaks_a_rule_is_sent_if_violations_are_ignored(photograph: Path) -> None:
    """`on_violation="ignore"` covers files as well as strings."""
    photograph.write_bytes(b"GIF89a" + bytes(6000))
    client = AuthenticatedClient("test-token", on_violation="ignore")

    content = client.encode("createElement", body_with_images(photograph))

    assert base64.b64encode(photograph.read_bytes()) in b"".join(_chunks(content))
    with pytest.raises(ContractError, match="R14"):
        AuthenticatedClient("test-token").encode("createElement", body_with_images(photograph))


@pytest.mark.parametrize("size", [10_485_760, 10_485_761])
def test_the_size_is_checked_even_if_the_header_is_not(size: int, tmp_path: Path) -> None:
    """Without media checks, a GIF is accepted, but a file or string that is too large is refused."""
    path = tmp_path / "large.gif"
    path.write_bytes(b"GIF89a" + bytes(size - 6))

    for image in (path, base64_of(path.read_bytes()), encode(path.read_bytes())):
        violations = contract.check("createElement", body_with_images(image), check_media=False).violations
        assert (size > 10_485_760) == ("R15" in {violation.rule for violation in violations})
        assert (size == 10_485_760) == (not violations)


def test_base64_is_checked_even_if_media_checks_are_off() -> None:
    good, bad = (
        contract.check("createElement", body_with_images(t), check_media=False).violations for t in ("R0lG", "R0l-")
    )

    assert [] == good
    assert "R13" in {violation.rule for violation in bad}


def test_a_checked_request_can_only_be_sent_to_its_operation(photograph: Path) -> None:
    """Another one is refused, because sending doesn't check the request again."""
    checked = contract.check("createElement", body_with_images(photograph))
    client = AuthenticatedClient("test-token")

    assert checked.content is client.encode("createElement", checked)
    with pytest.raises(ValueError, match="was checked for createElement, not for deleteElement"):
        client.encode("deleteElement", checked)


def test_a_checked_request_shows_no_media(photograph: Path) -> None:
    """The request's repr contains neither Base64 nor URLs of media."""
    checked = contract.check("createElement", body_with_images(photograph, "https://a.example.com/b.png?secret=1"))

    assert "CheckedRequest(operation_id='createElement', violations=[])" == repr(checked)
    assert f"InlineFile({str(photograph)!r}, <600001 bytes>)" == repr(InlineFile(photograph))


def test_the_urls_of_media_in_a_request_are_listed() -> None:
    """Each entry has its place, its media keyword and its URL; the repr leaves the URL out."""
    image, side, video = "https://a.example.com/1.png", "http://b.example.com/2.png", "https://c.example.com/v.mp4"
    with_video: Any = base_body("video")
    with_video["element_video_list"]["refer_videos"][0]["video_url"] = video

    def listed(body: Any) -> list[tuple[str, str, str]]:
        addresses = contract.CONTRACT.addresses(contract.check("createElement", body))
        assert "example.com" not in repr(addresses)
        return [(address.pointer, address.keyword, address.url) for address in addresses]

    body = {**body_with_images(image, base64_of(LARGE), side), "callback_url": "https://d.example.com"}
    third = "/element_image_list/refer_images/1/image_url"
    assert [(_FRONT, "x-image", image), (third, "x-image", side)] == listed(body)
    assert [("/element_video_list/refer_videos/0/video_url", "x-video", video)] == listed(with_video)
    assert [] == listed(body_with_images(base64_of(LARGE), base64_of(LARGE)))
    assert [] == contract.CONTRACT.addresses(contract.check("deleteElement", {"element_id": 7}))


def test_images_are_checked_in_a_recursive_schema() -> None:
    """The validator checks nested images, which get no placeholders."""
    document = copy.deepcopy(contract.document())
    document["components"]["schemas"]["ReferImage"]["properties"]["inner"] = {"$ref": "#/components/schemas/ReferImage"}
    image = base64_of(Picture().build())
    body = body_with_images(image, image)
    outer = body["element_image_list"]["refer_images"][0]
    recursive_contract = Contract(document)

    outer["inner"] = {"image_url": image, "inner": {"image_url": image}}
    assert [] == recursive_contract.violations("createElement", body)

    outer["inner"]["inner"]["image_url"] = base64_of(Picture(width=299).build())
    (violation,) = recursive_contract.violations("createElement", body)
    assert ("/element_image_list/refer_images/0/inner/inner/image_url", "R16") == (violation.pointer, violation.rule)
