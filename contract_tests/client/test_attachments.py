"""Images are taken out of a request and judged by themselves; its text stays the same."""

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
from contract_tests.support.attached import LARGE, body_with_images, sent_text
from contract_tests.support.tables import each
from kling_elements_client import AuthenticatedClient, contract
from kling_elements_client.errors import ContractError, Violation
from kling_elements_client.models import ElementImageList, ImageElementRequest, ReferImage
from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.uploads import EncodedImage, InlineFile, InlineText, decoded_size, encode, encoded_length

_FRONT, _SIDE = "/element_image_list/frontal_image", "/element_image_list/refer_images/0/image_url"
_SLICE = 262_144  # characters that are looked at together


def _as_files(value: Any, folder: Path) -> Any:
    """A body in which each image of Base64 is a file with the same bytes."""
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


@each(_MEDIA_CASES, "case")
def test_a_file_is_judged_as_its_base64_text_is(case: BodyCase, tmp_path: Path) -> None:
    """Each case of the rules table about images has the same verdict, place and rule where files are given as paths."""
    body = case.body()
    files = _as_files(body, tmp_path)

    checked = contract.check("createElement", files)

    assert case.violations == {(found.pointer, found.rule) for found in checked.violations}
    assert checked.content is not None
    assert json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() == b"".join(_pieces(checked.content))


def _pieces(content: bytes | StreamedBody) -> Iterator[bytes]:
    return iter([content]) if isinstance(content, bytes) else iter(content)


def test_the_table_has_such_cases_with_files(tmp_path: Path) -> None:
    """Most of them hold images in Base64, and so files here."""
    with_files = [case for case in _MEDIA_CASES if _as_files(case.body(), tmp_path) != case.body()]

    assert len(with_files) > 40


@pytest.mark.parametrize("size", [0, 1, 2, 3, 196_607, 196_608, 196_609, 400_000])
def test_a_file_is_encoded_as_the_standard_library_does_it(size: int, tmp_path: Path) -> None:
    """Whatever is left over at the end of a piece or of the file; its length is known before."""
    data = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    file = InlineFile(path)

    assert base64.b64encode(data) == b"".join(file.pieces()) == b"".join(file.pieces())
    assert len(base64.b64encode(data)) == encoded_length(size)
    assert size == decoded_size(base64_of(data)) == InlineText(base64_of(data)).size


def test_the_text_with_files_is_the_text_with_base64(photograph: Path) -> None:
    """Names, order and characters beyond ASCII are as they would be; the length is known before anything is sent."""
    text = base64_of(LARGE)
    files = {"external_task_id": "é😀", **body_with_images(photograph, photograph, "https://a.example.com/b.png")}
    texts = {"external_task_id": "é😀", **body_with_images(text, text, "https://a.example.com/b.png")}
    expected = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()

    content = contract.check("createElement", files).content

    assert isinstance(content, StreamedBody)
    assert expected == b"".join(content) == b"".join(content) == sent_text(texts)
    assert len(expected) == len(content)


def test_models_take_files(photograph: Path) -> None:
    """A `Path` stands in a model as it does in a mapping, and is not read when the model is shown or copied."""
    images = ElementImageList(frontal_image=photograph, refer_images=[ReferImage(image_url=photograph)])
    request = ImageElementRequest(element_name="Ada", element_description="A", element_image_list=images)

    assert json.loads(sent_text(request))["element_image_list"]["frontal_image"] == base64_of(LARGE)
    assert copy.deepcopy(request) == request
    assert "/9j/" not in repr(request)


class _Twice(Mapping[str, Any]):
    """A mapping that names one key twice."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __getitem__(self, name: str) -> Any:
        return self._value[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._value, *self._value])

    def __len__(self) -> int:
        return 2 * len(self._value)


def test_an_image_that_is_walked_twice_is_sent_once(photograph: Path) -> None:
    """What a mapping repeats is written once, with its image and not with a stand-in."""
    body = body_with_images(photograph)
    body["element_image_list"] = _Twice(body["element_image_list"])
    assert 4 == len(body["element_image_list"])

    assert sent_text(body_with_images(base64_of(LARGE))) == sent_text(body)


_SPOILING: dict[str, Callable[[str], str]] = {
    "line break": lambda text: text[:300_000] + "\n" + text[300_001:],
    "letter of another alphabet": lambda text: text[:300_000] + "-" + text[300_001:],
    "padding at the end of a slice": lambda text: text[: _SLICE - 1] + "=" + text[_SLICE:],
    "two of padding at the end of a slice": lambda text: text[: _SLICE - 2] + "==" + text[_SLICE:],
    "letter behind the padding": lambda text: text[:-2] + "=A",
    "only padding": lambda text: text[:-4] + "====",
    "one letter too few": lambda text: text[:-1],
    "one letter too many": lambda text: text + "A",
    "not ASCII": lambda text: text + "é",
    "not ASCII before the padding": lambda text: text[:-4] + "AAé=",
    "white space": lambda text: " " + text,
    "data URL": lambda text: "data:image/jpeg;base64," + text,
}


@pytest.mark.parametrize("spoil", _SPOILING.values(), ids=_SPOILING)
def test_a_large_text_that_is_no_base64_is_refused(spoil: Callable[[str], str]) -> None:
    """Wherever the fault is, also where one slice ends and the next begins; nothing else is reported."""
    violations = contract.violations(
        "createElement", body_with_images("https://a.example.com/b.png", spoil(base64_of(LARGE)))
    )

    assert [(_SIDE, "R13")] == [(found.pointer, found.rule) for found in violations]


@pytest.mark.parametrize("length", [4096, 4100, _SLICE - 4, _SLICE, _SLICE + 4])
def test_a_text_of_any_length_is_sent_as_it_is(length: int) -> None:
    """Short ones by way of the validator, long ones past it."""
    text = base64_of(Picture(format="jpeg", file_size=length // 4 * 3).build())

    assert length == len(text)
    assert text == json.loads(sent_text(body_with_images(text)))["element_image_list"]["frontal_image"]


def test_what_stands_elsewhere_is_not_taken_for_an_image() -> None:
    """A large image where none belongs is as wrong as any text of that length."""
    body = {**body_with_images("https://a.example.com/b.png"), "element_name": base64_of(LARGE)}

    assert [("/element_name", "R04")] == [(v.pointer, v.rule) for v in contract.violations("createElement", body)]


@pytest.mark.parametrize("where", ["element_name", "callback_url", "unknown"])
def test_a_path_stands_for_an_image_alone(where: str, photograph: Path) -> None:
    """Elsewhere it is no JSON value, and the file is not read."""
    violations = contract.violations(
        "createElement", {**body_with_images("https://a.example.com/b.png"), where: photograph}
    )

    assert [f"/{where}"] == [found.pointer for found in violations]
    images = "/element_image_list/frontal_image or /element_image_list/refer_images/0/image_url"
    assert f"is a path, which may stand only for an image: {images}" == violations[0].message


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_stand_for_an_image(kind: Callable[[bytes], Any]) -> None:
    """As the file itself would."""
    assert sent_text(body_with_images(base64_of(LARGE))) == sent_text(body_with_images(kind(LARGE)))


def test_what_else_stands_for_an_image_is_told_what_may() -> None:
    """By a client of this package alone; `KlingElements` takes more."""
    (violation,) = contract.violations("createElement", body_with_images(object()))

    says = "a value of type object: cannot be taken for an image; give a pathlib.Path or bytes"
    assert (_FRONT, "R13", says) == (violation.pointer, violation.rule, violation.message)


def test_a_path_does_not_stand_for_a_video(photograph: Path) -> None:
    """The message says what can be sent, and how to get there."""
    videos = {"reference_type": "video_refer", "element_video_list": {"refer_videos": [{"video_url": photograph}]}}
    body = {name: value for name, value in body_with_images("").items() if name != "element_image_list"}
    says = "is a path, but only the address of a video can be sent: put it where the service can fetch it"

    assert [Violation("/element_video_list/refer_videos/0/video_url", "R19", says)] == contract.violations(
        "createElement", {**body, **videos}
    )


def test_a_path_in_a_request_without_images_is_told_so(photograph: Path) -> None:
    """As where something is deleted."""
    (violation,) = contract.violations("deleteElement", {"element_id": photograph})

    assert "is a path, which may stand only for an image: this request has none" == violation.message


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many characters are decoded by slices from here on."""
    decoded: list[int] = []
    decode = pybase64.b64decode

    def count(text: str, *, validate: bool) -> bytes:
        decoded.append(len(text))
        return decode(text, validate=validate)

    monkeypatch.setattr(pybase64, "b64decode", count)
    return decoded


def test_base64_of_our_own_is_not_decoded_again(decoded: list[int]) -> None:
    """What this package encoded is whole; what came as text is decoded once, all of it."""
    encoded = encode(LARGE)

    assert not contract.violations("createElement", body_with_images(encoded))
    assert [] == decoded
    assert not contract.violations("createElement", body_with_images(str.__str__(encoded)))
    assert len(encoded) == sum(decoded)


def test_base64_of_our_own_is_text() -> None:
    """It is equal to what the standard library makes, and what is made from it is plain text."""
    encoded = encode(LARGE)

    assert base64_of(LARGE) == encoded
    assert EncodedImage is type(encoded)
    assert str is type(encoded + "") is type(encoded.strip("=")[:8])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "none.jpg", "none.jpg: cannot be read: No such file or directory"),
        (lambda folder: folder, ": is no file"),
        (lambda _: Path("/dev/zero"), "/dev/zero: is no file"),
        (lambda _: Path("a\0b"), "cannot be read: embedded null byte"),
    ],
    ids=["missing", "a folder", "a device", "a NUL"],
)
def test_a_file_that_cannot_be_read_is_a_violation(make: Callable[[Path], Path], says: str, tmp_path: Path) -> None:
    """All of them are told at once, with their places, and nothing is sent even if violations are to be ignored."""
    body = body_with_images(make(tmp_path), make(tmp_path))

    violations = contract.violations("createElement", body)

    assert [(_FRONT, "R13"), (_SIDE, "R13")] == [(found.pointer, found.rule) for found in violations]
    assert all(says in found.message for found in violations)
    with pytest.raises(ContractError):
        AuthenticatedClient("test-token", on_violation="ignore").encode("createElement", body)


def test_each_file_that_breaks_a_rule_is_told(tmp_path: Path) -> None:
    """The second does not hide the first."""
    (tmp_path / "no.jpg").write_bytes(b"GIF89a")

    violations = contract.violations("createElement", body_with_images(tmp_path / "no.jpg", tmp_path / "no.jpg"))

    assert [(_FRONT, "R14"), (_SIDE, "R14")] == [(found.pointer, found.rule) for found in violations]


def test_a_file_that_may_not_be_opened_is_a_violation(photograph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size alone does not tell whether it is an image."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    contract.document()  # is read now, as it is a file too
    monkeypatch.setattr(Path, "open", refuse)

    (found,) = contract.violations("createElement", body_with_images(photograph))

    assert (_FRONT, "R13") == (found.pointer, found.rule)
    assert f"{photograph}: cannot be read: Permission denied" == found.message


def test_a_file_that_breaks_a_rule_is_sent_if_the_caller_says_so(photograph: Path) -> None:
    """`on_violation="ignore"` holds for files as for texts."""
    photograph.write_bytes(b"GIF89a" + bytes(6000))
    client = AuthenticatedClient("test-token", on_violation="ignore")

    content = client.encode("createElement", body_with_images(photograph))

    assert base64.b64encode(photograph.read_bytes()) in b"".join(_pieces(content))
    with pytest.raises(ContractError, match="R14"):
        AuthenticatedClient("test-token").encode("createElement", body_with_images(photograph))


@pytest.mark.parametrize("size", [10_485_760, 10_485_761])
def test_the_size_is_judged_even_if_the_header_is_not(size: int, tmp_path: Path) -> None:
    """Without a look at the media, a GIF may pass; a file that is too large may not, as file or as text."""
    path = tmp_path / "large.gif"
    path.write_bytes(b"GIF89a" + bytes(size - 6))

    for given in (path, base64_of(path.read_bytes()), encode(path.read_bytes())):
        found = contract.check("createElement", body_with_images(given), judge_media=False).violations
        assert (size > 10_485_760) == ("R15" in {each.rule for each in found})
        assert (size == 10_485_760) == (not found)


def test_without_a_look_at_the_media_a_text_must_still_be_base64() -> None:
    """Only headers go unjudged."""
    good, bad = (
        contract.check("createElement", body_with_images(t), judge_media=False).violations for t in ("R0lG", "R0l-")
    )

    assert [] == good
    assert "R13" in {found.rule for found in bad}


def test_a_checked_request_belongs_to_its_operation(photograph: Path) -> None:
    """It is sent without another check, and to no other operation."""
    checked = contract.check("createElement", body_with_images(photograph))
    client = AuthenticatedClient("test-token")

    assert checked.content is client.encode("createElement", checked)
    with pytest.raises(ValueError, match="was checked for createElement, not for deleteElement"):
        client.encode("deleteElement", checked)


def test_a_checked_request_shows_no_media(photograph: Path) -> None:
    """Neither the text nor the addresses in it."""
    checked = contract.check("createElement", body_with_images(photograph, "https://a.example.com/b.png?secret=1"))

    assert "CheckedRequest(operation_id='createElement', violations=[])" == repr(checked)
    assert f"InlineFile({str(photograph)!r}, <600001 bytes>)" == repr(InlineFile(photograph))


def test_the_addresses_of_a_request_are_told() -> None:
    """Where media lie elsewhere: of each its place, what it leads to, and the address, which is not shown."""
    image, side, video = "https://a.example.com/1.png", "http://b.example.com/2.png", "https://c.example.com/v.mp4"
    with_video: Any = base_body("video")
    with_video["element_video_list"]["refer_videos"][0]["video_url"] = video

    def addresses(body: Any) -> list[tuple[str, str, str]]:
        found = contract.CONTRACT.addresses(contract.check("createElement", body))
        assert "example.com" not in repr(found)
        return [(each.pointer, each.keyword, each.url) for each in found]

    body = {**body_with_images(image, base64_of(LARGE), side), "callback_url": "https://d.example.com"}
    third = "/element_image_list/refer_images/1/image_url"
    assert [(_FRONT, "x-image", image), (third, "x-image", side)] == addresses(body)
    assert [("/element_video_list/refer_videos/0/video_url", "x-video", video)] == addresses(with_video)
    assert [] == addresses(body_with_images(base64_of(LARGE), base64_of(LARGE)))
    assert [] == contract.CONTRACT.addresses(contract.check("deleteElement", {"element_id": 7}))


def test_images_are_judged_in_a_schema_that_refers_to_itself() -> None:
    """Those at the places that it has at first are taken out; the validator judges those that are deeper."""
    document = copy.deepcopy(contract.document())
    document["components"]["schemas"]["ReferImage"]["properties"]["inner"] = {"$ref": "#/components/schemas/ReferImage"}
    image = base64_of(Picture().build())
    body = body_with_images(image, image)
    outer = body["element_image_list"]["refer_images"][0]
    of_its_own = Contract(document)

    outer["inner"] = {"image_url": image, "inner": {"image_url": image}}
    assert [] == of_its_own.violations("createElement", body)

    outer["inner"]["inner"]["image_url"] = base64_of(Picture(width=299).build())
    (found,) = of_its_own.violations("createElement", body)
    assert ("/element_image_list/refer_images/0/inner/inner/image_url", "R16") == (found.pointer, found.rule)
