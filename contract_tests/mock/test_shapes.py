"""The mock server's tasks and elements have the shapes of the contract's examples."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import VIDEO_REQUEST, Caller
from kling_elements_client import contract


@pytest.mark.parametrize(("name", "seconds"), [("taskProcessing", 1), ("taskSucceeded", 2)])
def test_a_look_up_is_answered_like_the_example(name: str, seconds: float, caller: Caller) -> None:
    """The response has exactly the keys of the example, down to those of the element, with values of the same types."""
    caller.create(external_task_id="mara-2026-07", tag_list=[{"tag_id": "o_102"}])
    caller.app.clock.step(seconds)
    response = caller.ask("GET", f"{ELEMENTS}/mara-2026-07")
    expected = example(name)

    assert _kinds(expected) == _kinds(response)
    assert expected["data"]["task_info"] == response["data"]["task_info"]
    assert expected["data"]["task_status"] == response["data"]["task_status"]
    assert not contract.schema_violations(contract.operations()["getElement"].success_schema(), response)


def _kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _kinds(inner) for key, inner in value.items()}
    return [_kinds(inner) for inner in value] if isinstance(value, list) else type(value)


def test_an_element_has_the_fields_of_its_request(caller: Caller) -> None:
    """Name, description, type and URLs come back unchanged, and tags with their names."""
    texts = {"element_name": " Mara ", "element_description": "Keeper of a lighthouse.\n"}
    caller.create(external_task_id="e", tag_list=[{"tag_id": "o_101"}, {"tag_id": "o_108"}], **texts)
    caller.app.clock.step(2)
    element = caller.element("e")
    (listed,) = caller.every_task()

    assert {
        "element_id": listed["element_id"],
        **BODY,
        **texts,
        "tag_list": [
            {"id": "o_101", "name": "Trending", "description": "Trending"},
            {"id": "o_108", "name": "Other", "description": "Other"},
        ],
        "owned_by": listed["owner"],
        "status": "succeed",
    } == element


@pytest.mark.parametrize(
    ("expected", "more"),
    [
        ({}, {}),
        ({}, {"element_voice_id": ""}),
        ({"element_voice_info": {"voice_id": "v1"}}, {"element_voice_id": "v1"}),
    ],
)
def test_an_element_from_a_video_has_its_voice(expected: Any, more: Any, caller: Caller) -> None:
    """The element has the voice of the request, or none."""
    caller.create(VIDEO_REQUEST, external_task_id="e", **more)
    caller.app.clock.step(2)
    element = caller.element("e")

    assert VIDEO_REQUEST["element_video_list"] == element["element_video_list"]
    assert expected == {name: value for name, value in element.items() if "voice" in name}


def test_no_inline_image_is_kept(caller: Caller) -> None:
    """A placeholder replaces an inline image; URLs stay."""
    image = "QUJD" * 100_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract.CONTRACT, "violations", lambda *_: [])  # the text need not be a real image
        caller.create(
            external_task_id="e",
            element_image_list={
                "frontal_image": image,
                "refer_images": [{"image_url": image}, {"image_url": "http://x"}],
            },
        )
    caller.app.clock.step(2)
    placeholder = "https://media.invalid/inline-image"

    assert {
        "frontal_image": placeholder,
        "refer_images": [{"image_url": placeholder}, {"image_url": "http://x"}],
    } == caller.element("e")["element_image_list"]
