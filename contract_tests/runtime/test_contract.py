"""Violations are reported before anything is sent: all at once, and as errors unless you choose otherwise."""

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


def test_a_violation_raises_by_default(client: AuthenticatedClient, router: respx.MockRouter) -> None:
    """The exception lists all violations, and nothing is sent."""
    with pytest.raises(ContractError) as caught:
        create_element.sync(client=client, body=body_with(element_name="", tag_list=[{}]))

    assert violations("createElement", body_with(element_name="", tag_list=[{}])) == caught.value.violations
    assert {"/element_name", "/tag_list/0"} == {violation.pointer for violation in caught.value.violations}
    assert not router.calls


@pytest.mark.parametrize(("on_violation", "lines"), [("warn", 1), ("ignore", 0)])
def test_a_body_with_violations_is_sent_unchanged_if_they_are_allowed(
    on_violation: str,
    lines: int,
    make_client: MakeClient,
    router: respx.MockRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`warn` lists the violations in one log line, and `ignore` logs nothing."""
    router.post().respond(json={})
    client = make_client(on_violation=on_violation)

    create_element.sync(client=client, body={"element_name": "", "new": [1.5, None]})
    logged = [record for record in caplog.records if record.name == "kling_elements.http"]

    assert b'{"element_name":"","new":[1.5,null]}' == router.calls.last.request.content
    assert [logging.WARNING] * lines == [record.levelno for record in logged]
    for record in logged:
        assert record.getMessage().startswith("createElement is sent although it breaks the contract: ")
        assert all(
            str(violation) in record.getMessage()
            for violation in violations("createElement", {"element_name": "", "new": 1})
        )


@pytest.mark.parametrize("on_violation", ["warn", "ignore"])
def test_a_valid_request_is_not_logged(
    on_violation: str, make_client: MakeClient, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    router.post().respond(json={})

    create_element.sync(client=make_client(on_violation=on_violation), body=BODY)

    assert [record for record in caplog.records if record.name == "kling_elements.http"] == []


def test_an_unknown_operation_raises_key_error(client: AuthenticatedClient) -> None:
    """A wrong name is a mistake in the program and not a violation."""
    for call in (violations, client.encode):
        with pytest.raises(KeyError, match="destroyElement"):
            call("destroyElement", BODY)


def test_at_most_1000_violations_are_reported() -> None:
    """A hostile body could have as many as it has values."""
    assert len(violations("createElement", body_with(tag_list=[{"tag_id": "x"}] * 1_001))) == 1_000


@pytest.mark.parametrize("letter", ["a", "é"])
@pytest.mark.parametrize("more", [0, 1], ids=["the largest", "one letter more"])
def test_a_body_may_have_at_most_56972640_bytes(more: int, letter: str) -> None:
    """The limit is on the bytes of the JSON text that is sent."""
    room = 56_972_640 - len(json.dumps(body_with(external_task_id=""), separators=(",", ":")))
    body = body_with(external_task_id=letter * (room // len(letter.encode()) + more))

    reported = violations("createElement", body)

    assert [("", "R15")] * more == [(violation.pointer, violation.rule) for violation in reported]
    assert all("at most 56972640 are allowed" in violation.message for violation in reported)


def test_a_changed_model_is_checked_in_its_current_state(client: AuthenticatedClient, router: respx.MockRouter) -> None:
    """Changes to lists, attributes and additional properties don't bypass the check."""
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
            assert pointer in {violation.pointer[: len(pointer)] for violation in caught.value.violations}

    assert not router.calls
