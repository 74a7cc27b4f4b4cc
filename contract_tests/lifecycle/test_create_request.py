"""A create is sent under an external id: the caller's own, or else a fresh one."""

from __future__ import annotations

import copy
import uuid
from types import MappingProxyType
from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import (
    Client,
    ScriptedClient,
    task,
)
from kling_elements import AsyncKlingElements
from kling_elements_client import UNSET
from kling_elements_client.errors import ContractError
from kling_elements_client.models import ElementImageList, ImageElementRequest, ReferImage, Task, VideoElementRequest


def _mapping(**members: Any) -> dict[str, Any]:
    return {**BODY, **members}


def _image(**members: Any) -> ImageElementRequest:
    images = ElementImageList(
        frontal_image="https://example.com/a.png", refer_images=[ReferImage(image_url="https://example.com/b.png")]
    )
    return ImageElementRequest(element_name="Ada", element_description="A woman", element_image_list=images, **members)


def _video(**members: Any) -> VideoElementRequest:
    body: Any = {"element_name": "Ada", "element_description": "A woman", "reference_type": "video_refer"}
    video = {"element_video_list": {"refer_videos": [{"video_url": "https://example.com/a.mp4"}]}}
    return VideoElementRequest.from_dict({**body, **video, **members})


@pytest.mark.parametrize("external_id", ["e-1", " ", "a/b c?d#e", "..", "任务-1", "x" * 5000, "0"])
@pytest.mark.parametrize("build", [_mapping, _image, _video])
def test_your_own_id_is_sent_and_returned(client_class: Client, build: Any, external_id: str) -> None:
    """Requests may be models or mappings, and any string may be the id."""
    client = ScriptedClient(client_class, task())
    request = build(external_task_id=external_id)

    created = client.create(request)

    assert [external_id] == [body["external_task_id"] for body in client.gateway.bodies()]
    assert ("7", external_id) == (created.task_id, created.task_info.external_task_id)


@pytest.mark.parametrize(
    "request_made",
    [
        BODY,
        {**BODY, "external_task_id": ""},
        _image(),
        _image(external_task_id=""),
        _image(external_task_id=UNSET),
        _video(),
    ],
)
def test_without_an_id_a_fresh_uuid_is_sent(client_class: Client, request_made: Any) -> None:
    """An empty id counts as missing, and no two creates share an id."""
    client = ScriptedClient(client_class, task(), task())

    returned = [client.create(request_made).task_info.external_task_id for _ in "12"]

    assert returned == [body["external_task_id"] for body in client.gateway.bodies()]
    assert returned == [str(uuid.UUID(text, version=4)) for text in returned]
    assert 2 == len(set(returned))


@pytest.mark.parametrize("request_made", [dict(BODY), MappingProxyType(BODY), _image(), _video()])
def test_your_request_object_is_not_changed(client_class: Client, request_made: Any) -> None:
    """You can reuse it, and the next create gets another id."""
    before = copy.deepcopy(dict(request_made)) if not hasattr(request_made, "to_dict") else request_made.to_dict()

    ScriptedClient(client_class, task()).create(request_made)

    assert before == (request_made.to_dict() if hasattr(request_made, "to_dict") else dict(request_made))
    assert "external_task_id" not in before


@pytest.mark.parametrize("invalid_id", [None, 5, True, 1.5, b"e-1", ["e-1"], {}])
@pytest.mark.parametrize("build", [_mapping, _image])
def test_an_id_that_is_not_a_string_is_refused(client_class: Client, build: Any, invalid_id: Any) -> None:
    """Otherwise you would look up a different id than the one that was sent."""
    client = ScriptedClient(client_class)

    for call in ("create", "get_or_create"):
        error = client.error_of(call, build(external_task_id=invalid_id))

        assert isinstance(error, ContractError)
        assert "not_created" == error.outcome
        assert ["/external_task_id"] == [violation.pointer for violation in error.violations]
    assert "" == client.gateway.calls()


@pytest.mark.parametrize("request_made", [None, "text", 5, [BODY], b"{}", Task(task_id="7"), object()])
def test_a_value_that_is_not_a_request_is_refused(client_class: Client, request_made: Any) -> None:
    """Such a value is refused even if you ignore violations."""
    for on_violation in ("raise", "ignore"):
        error = ScriptedClient(client_class, on_violation=on_violation).error_of("create", request_made)

        assert isinstance(error, ContractError)
        assert "not_created" == error.outcome
        assert str(error).count("create_all") == isinstance(request_made, list)


def test_half_a_surrogate_pair_is_refused_as_an_id() -> None:
    """The id is refused, because UTF-8 cannot represent half a pair."""
    error = ScriptedClient(AsyncKlingElements).error_of("create", {**BODY, "external_task_id": "\ud83d"})

    assert ["/external_task_id"] == [violation.pointer for violation in error.violations]  # type: ignore[attr-defined]
    assert ("not_created", "\ud83d") == (error.outcome, error.external_task_id)
