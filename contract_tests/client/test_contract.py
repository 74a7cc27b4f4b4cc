"""What breaks the contract is told before anything is sent: all of it, unless the caller wants it otherwise."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
import respx

from contract_tests.reading.image_body import BODY, body_with
from contract_tests.support.running import MakeClient
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import violations
from kling_elements_client.errors import ContractError
from kling_elements_client.models import ImageElementRequest, ReferImage


def test_by_default_it_raises(client: AuthenticatedClient, router: respx.MockRouter) -> None:
    """With everything that is wrong; nothing is sent."""
    with pytest.raises(ContractError) as caught:
        create_element.sync(client=client, body=body_with(element_name="", tag_list=[{}]))

    assert violations("createElement", body_with(element_name="", tag_list=[{}])) == caught.value.violations
    assert {"/element_name", "/tag_list/0"} == {each.pointer for each in caught.value.violations}
    assert not router.calls


@pytest.mark.parametrize(("on_violation", "lines"), [("warn", 1), ("ignore", 0)])
def test_it_is_sent_as_it_is_where_the_caller_wants_that(
    on_violation: str,
    lines: int,
    make_client: MakeClient,
    router: respx.MockRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With `warn` the log tells what is wrong, in one line; with `ignore` nothing does."""
    router.post().respond(json={})
    client = make_client(on_violation=on_violation)

    create_element.sync(client=client, body={"element_name": "", "new": [1.5, None]})
    logged = [record for record in caplog.records if record.name == "kling_elements.http"]

    assert b'{"element_name":"","new":[1.5,null]}' == router.calls.last.request.content
    assert [logging.WARNING] * lines == [record.levelno for record in logged]
    for record in logged:
        assert record.getMessage().startswith("createElement is sent although it breaks the contract: ")
        assert all(
            str(each) in record.getMessage() for each in violations("createElement", {"element_name": "", "new": 1})
        )


@pytest.mark.parametrize("on_violation", ["warn", "ignore"])
def test_a_conforming_request_is_not_mentioned(
    on_violation: str, make_client: MakeClient, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to say about it."""
    router.post().respond(json={})

    create_element.sync(client=make_client(on_violation=on_violation), body=BODY)

    assert [record for record in caplog.records if record.name == "kling_elements.http"] == []


def test_an_unknown_operation_is_an_error_of_the_program(client: AuthenticatedClient) -> None:
    """It is no violation."""
    for call in (violations, client.encode):
        with pytest.raises(KeyError, match="destroyElement"):
            call("destroyElement", BODY)


def test_no_more_than_1000_violations_are_told() -> None:
    """More would help nobody, and a hostile body could ask for as many as it has values."""
    assert len(violations("createElement", body_with(tag_list=[{"tag_id": "x"}] * 1_001))) == 1_000


@pytest.mark.parametrize("letter", ["a", "é"])
@pytest.mark.parametrize("more", [0, 1], ids=["the largest", "one letter more"])
def test_a_body_may_be_so_large_and_no_larger(more: int, letter: str) -> None:
    """56,972,640 bytes of JSON text are sent, and no more: bytes as sent, whatever fills them."""
    room = 56_972_640 - len(json.dumps(body_with(external_task_id=""), separators=(",", ":")))
    body = body_with(external_task_id=letter * (room // len(letter.encode()) + more))

    found = violations("createElement", body)

    assert [("", "R15")] * more == [(violation.pointer, violation.rule) for violation in found]
    assert all("at most 56972640 are allowed" in violation.message for violation in found)


def test_a_model_that_was_changed_is_checked_as_it_is_now(
    client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """There is no way round the check, neither by a list nor by an attribute nor by additional properties."""
    changes: dict[str, Callable[[ImageElementRequest], object]] = {
        "/element_image_list/refer_images": lambda model: model.element_image_list.refer_images.clear(),
        "/element_image_list/refer_images/0/image_url": lambda model: setattr(
            model.element_image_list.refer_images[0], "image_url", 5
        ),
        "/element_name": lambda model: setattr(model, "element_name", "x" * 21),
        "/element_image_list": lambda model: setattr(model, "element_image_list", ReferImage(image_url="x")),
        "/reference_type": lambda model: setattr(model, "reference_type", "video_refer"),
        "/tag_list": lambda model: setattr(model, "tag_list", None),
        "/colour": lambda model: model.additional_properties.update(colour="red"),
        "/element_voice_id": lambda model: model.additional_properties.update(element_voice_id=""),
    }

    for pointer, change in changes.items():
        model = ImageElementRequest.from_dict(BODY)
        assert [] == violations("createElement", model)
        change(model)
        with pytest.raises(ContractError) as caught:
            create_element.sync(client=client, body=model)
        if pointer != "/reference_type":
            assert pointer in {each.pointer[: len(pointer)] for each in caught.value.violations}

    assert not router.calls
