"""A violation says what is wrong, where, which rule it breaks, and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.reading.image_body import BODY, body_with
from kling_elements_client.contract import violations
from kling_elements_client.errors import Violation

_OF_A_FILE = "to send a file, use the Base64 text of its bytes; in Python, pass"
_OBJECT = "it must be object with 'element_name', 'element_description', 'reference_type', 'element_image_list'"


def test_all_violations_are_reported_at_once() -> None:
    """Each violation has its place and its rule, and says what is wrong and what is allowed."""
    body = {
        "element_name": "x" * 21,
        "element_description": 7,
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": "nothing", "refer_images": [{"image_url": None}] * 4},
        "element_voice_id": "v",
        "tag_list": [{"tag_id": "o_109"}, {"tag": 1}],
        "callback_url": "ftp://example.com",
        "a/b~c": 1,
    }
    image = "an http or https URL, or an image file in standard padded Base64 without white space or a data prefix"
    hint = "use the alphabet with + and /, and pad with = to a multiple of four characters"
    url = (
        "an http or https URL with a host name or IP address, in which characters outside RFC 3986 are percent-encoded"
    )
    fields = (
        "'element_name', 'element_description', 'reference_type', 'element_image_list', 'tag_list', 'callback_url', "
        "'external_task_id'"
    )
    tags = "'o_101', 'o_102', 'o_103', 'o_104', 'o_105', 'o_106', 'o_107', 'o_108'"

    reported = violations("createElement", body)

    assert {
        Violation("/element_name", "R04", "has 21 characters; it must have at most 20"),
        Violation("/element_description", "R05", "is a number; it must be string"),
        Violation("/element_image_list/frontal_image", "R13", f"must be {image}; {hint}"),
        Violation("/element_image_list/refer_images", "R11", "has 4 items; it must have at most 3"),
        *(
            Violation(f"/element_image_list/refer_images/{index}/image_url", "R13", f"is null; it must be {image}")
            for index in range(4)
        ),
        Violation("/element_voice_id", "R28", "the property 'element_voice_id' is not allowed in this kind of request"),
        Violation("/tag_list/0/tag_id", "R30", f"must be one of {tags}, not 'o_109'"),
        Violation("/tag_list/1", "R29", "the property 'tag_id' is missing"),
        Violation("/tag_list/1/tag", "R33", "the property 'tag' is unknown; did you mean 'tag_id'?"),
        Violation("/callback_url", "R31", f"must be {url}, or empty for none"),
        Violation("/a~1b~0c", "R33", f"the property 'a/b~c' is unknown; allowed are {fields}"),
    } == set(reported)
    assert len(set(reported)) == len(reported)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ([("", f"is an array; {_OBJECT}")], []),
        ([("", f"is null; {_OBJECT}")], None),
        ([("", f"is a string; {_OBJECT}")], "{}"),
        ([("", f"is a boolean; {_OBJECT}")], True),
        ([("", f"is a number; {_OBJECT}")], 1.5),
        (
            [
                ("", "the property 'element_description' is missing"),
                ("", "the property 'element_name' is missing"),
                ("", "the property 'reference_type' is missing; it must be one of 'image_refer', 'video_refer'"),
            ],
            {},
        ),
        (
            [("/reference_type", "must be one of 'image_refer', 'video_refer', not 'audio_refer'")],
            body_with(reference_type="audio_refer"),
        ),
        (
            [("/reference_type", "must be one of 'image_refer', 'video_refer', not ['image_refer']")],
            body_with(reference_type=["image_refer"]),
        ),
    ],
    ids=repr,
)
def test_a_body_of_an_unknown_kind_lists_the_kinds(expected: list[Any], body: Any) -> None:
    """Violations that don't depend on the kind are reported too."""
    assert expected == sorted((violation.pointer, violation.message) for violation in violations("createElement", body))


def test_a_value_of_the_wrong_type_for_a_choice_is_reported_once() -> None:
    """Only the choice is reported, because its message says more than that of the type."""
    (violation,) = violations("createElement", body_with(tag_list=[{"tag_id": 5}]))

    assert "must be one of 'o_101', 'o_102', 'o_103', 'o_104', 'o_105', 'o_106', 'o_107', 'o_108', not 5" == (
        violation.message
    )


@pytest.mark.parametrize("length", [78, 79, 1000])
def test_a_message_holds_at_most_80_characters_of_a_value(length: int) -> None:
    """The message quotes the whole repr or only gives the length."""
    value, unknown = "v" * length, "u" * length
    (violation,) = violations("createElement", body_with(tag_list=[{"tag_id": value}]))
    (property_violation,) = violations("createElement", {**BODY, unknown: 1})

    assert ("v" * 78 in violation.message) is (length == 78)
    assert ("u" * 78 in property_violation.message) is (length == 78)
    if length > 78:
        assert violation.message.endswith(f", not one of {length + 2} characters")
        assert "vvv" not in violation.message
        assert property_violation.message.startswith(f"the property one of {length + 2} characters is unknown")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("elment_name", "element_name"),
        ("referenceType", "reference_type"),
        ("callback", "callback_url"),
        ("external_id", "external_task_id"),
        ("model_name", None),
        ("url", None),
    ],
)
def test_a_property_name_is_suggested_only_if_it_is_similar(name: str, meant: str | None) -> None:
    """Names with a typo or the same first word are similar."""
    (message,) = (violation.message for violation in violations("createElement", body_with(**{name: 1})))

    assert message.startswith(f"the property {name!r} is unknown; ")
    assert message.endswith(f"did you mean {meant!r}?") if meant else "; allowed are 'element_name', " in message


@pytest.mark.parametrize(
    ("expected", "video"),
    [
        ("upload a file to where the service can fetch it, and send that URL", "walk.mp4"),
        (
            "percent-encode characters beyond ASCII, or use Punycode in a host: '\\xfc'",
            "https://example.com/\u00fc.mp4",
        ),
        ("write the host without percent-encoding, because no resolver decodes it", "https://a%40b@%61.com/a.mp4"),
        ("use a port from 1 to 65535", "https://example.com:70000/walk.mp4"),
        (
            "write an IPv4 address as four numbers from 0 to 255, without leading zeros",
            "http://192.168.0.257:8080/walk.mp4",
        ),
    ],
)
def test_a_string_that_is_almost_a_url_gets_advice(expected: str, video: str) -> None:
    """The message ends by saying how to correct it."""
    body = {name: value for name, value in BODY.items() if name != "element_image_list"}
    videos = {"reference_type": "video_refer", "element_video_list": {"refer_videos": [{"video_url": video}]}}
    (violation,) = violations("createElement", {**body, **videos})

    assert violation.message.endswith(f"characters outside RFC 3986 are percent-encoded; {expected}")


def test_a_violation_of_an_item_type_names_the_expected_type() -> None:
    """The test passes a list of plain URLs, as many people first do."""
    images = {"frontal_image": "https://example.com/a.png", "refer_images": ["https://example.com/b.png"]}
    (violation,) = violations("createElement", body_with(element_image_list=images))

    assert ("/element_image_list/refer_images/0", "is a string; it must be object with 'image_url'") == (
        violation.pointer,
        violation.message,
    )


@pytest.mark.parametrize(
    ("expected", "image"),
    [
        ("remove the data prefix, up to and including the comma", "data:image/png;base64,iVBORw0KGgo="),
        ("remove the white space", "/9j/" + "QUJD" * 18 + "\nQUJD"),
        (f"{_OF_A_FILE} pathlib.Path('photos/mara 1.jpg')", "photos/mara 1.jpg"),
        (f"{_OF_A_FILE} pathlib.Path('C:\\\\photos\\\\mara')", "C:\\photos\\mara"),
        (f"{_OF_A_FILE} pathlib.Path('~/mara.HEIC')", "~/mara.HEIC"),
        ("use the alphabet with + and /, and pad with = to a multiple of four characters", "_9j_4AAQSkZJRg=="),
    ],
)
def test_a_string_that_is_almost_an_image_gets_advice(expected: str, image: str) -> None:
    """The message ends by saying how to correct it."""
    images = {"frontal_image": image, "refer_images": [{"image_url": "https://example.com/a.png"}]}
    (violation,) = violations("createElement", body_with(element_image_list=images))

    assert violation.message.endswith(f"without white space or a data prefix; {expected}")


def test_a_message_is_ascii() -> None:
    """A line break or a mark that reverses the text direction is escaped."""
    (violation,) = violations("createElement", body_with(tag_list=[{"tag_id": "\u202eé\n"}]))

    assert r"not '\u202e\xe9\n'" in violation.message
