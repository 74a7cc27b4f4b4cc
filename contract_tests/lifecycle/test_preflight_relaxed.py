"""`relax` sends what breaks only the named rules, with a warning, and every other rule holds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.cases import base_body
from contract_tests.reading.image_body import BODY, body_with
from contract_tests.reading.images import Picture
from contract_tests.support.range_server import RangeRequest, RangeServer, head, range_server
from contract_tests.support.running import TOKEN
from contract_tests.support.scripted import ABSENT, Client, ScriptedClient, task
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import ContractError

_WITH_VOICE = body_with(element_voice_id="v-1", external_task_id="e-1")


def _picture(request: RangeRequest, _: RangeServer) -> Iterator[bytes]:
    """Answer with a part of an image that breaks no rule."""
    content = Picture().build()
    first, last = map(int, request.range.split("-"))
    part = content[first : last + 1]
    yield head(206, content_range=f"bytes {first}-{first + len(part) - 1}/{len(content)}", content_length=len(part))
    yield part


@pytest.mark.parametrize("method", ["create", "get_or_create", "create_all"])
@pytest.mark.parametrize("preflight", ["inline", "remote", "off"])
def test_a_request_that_breaks_a_relaxed_rule_is_sent_with_a_warning(
    client_class: Client, method: str, preflight: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning has no advice to relax the rule."""
    script = [ABSENT, task()] if method == "get_or_create" else [task()]
    with range_server(_picture) as server:
        images = {"frontal_image": server.url, "refer_images": [{"image_url": server.url}]}
        body: Any = {**_WITH_VOICE, "element_image_list": images}
        client = ScriptedClient(client_class, *script, relax={"R28"}, allow_private=True)

        getattr(client, method)([body] if method == "create_all" else body, preflight=preflight)

    assert "v-1" == client.gateway.bodies()[-1]["element_voice_id"]
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == (
        "createElement is sent although it breaks the contract: /element_voice_id: "
        "the property 'element_voice_id' is not allowed in this kind of request [R28]"
    )


@pytest.mark.parametrize("method", ["create", "get_or_create"])
def test_other_rules_hold_for_a_request_that_breaks_a_relaxed_one(client_class: Client, method: str) -> None:
    """The error lists only the rules that are not relaxed, and nothing was created."""
    body = {**_WITH_VOICE, "element_name": ""}
    script = [ABSENT] if method == "get_or_create" else []

    error = ScriptedClient(client_class, *script, relax={"R28"}).error_of(method, body)

    assert isinstance(error, ContractError)
    assert ["R04"] == [violation.rule for violation in error.violations]
    assert "not_created" == error.outcome


def test_rules_about_images_in_the_request_can_be_relaxed(client_class: Client, tmp_path: Path) -> None:
    """An image that is too small is sent; one that is also too long is not."""
    small, long = tmp_path / "small.png", tmp_path / "long.png"
    small.write_bytes(Picture(width=299).build())
    long.write_bytes(Picture(width=299, height=299 * 4).build())
    client = ScriptedClient(client_class, task(), relax={"R16"})

    client.create({**BODY, "element_image_list": {"frontal_image": small, "refer_images": [{"image_url": small}]}})
    error = client.error_of(
        "create", {**BODY, "element_image_list": {"frontal_image": long, "refer_images": [{"image_url": small}]}}
    )

    assert isinstance(error, ContractError)
    assert ["R17"] == [violation.rule for violation in error.violations]


def test_media_at_urls_are_checked_although_the_request_breaks_a_relaxed_rule(client_class: Client) -> None:
    """The files at the URLs are not images, and this rule is not relaxed."""
    with range_server() as server:
        images = {"frontal_image": server.url, "refer_images": [{"image_url": server.url}]}
        error = ScriptedClient(client_class, relax={"R28"}, allow_private=True).error_of(
            "create", {**_WITH_VOICE, "element_image_list": images}, preflight="remote"
        )

    assert isinstance(error, ContractError)
    assert {"R14"} == {violation.rule for violation in error.violations}


def test_rules_about_media_at_urls_can_be_relaxed(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The file is not a video."""
    with range_server() as server:
        body: Any = base_body("video")
        body["element_video_list"]["refer_videos"][0]["video_url"] = server.url
        client = ScriptedClient(client_class, task(), relax={"R20"}, allow_private=True)
        client.create(body, preflight="remote")

    assert client.gateway.is_finished()
    assert "/element_video_list/refer_videos/0/video_url" in caplog.text
    assert "[R20]" in caplog.text


def test_a_request_with_too_many_violations_to_list_is_never_sent(client_class: Client) -> None:
    """The list might lack a violation of another rule."""
    error = ScriptedClient(client_class, relax={"R30"}).error_of(
        "create", body_with(tag_list=[{"tag_id": f"o_{number}"} for number in range(200, 1300)], element_name="")
    )

    assert isinstance(error, ContractError)
    assert 1000 == len(error.violations)


def test_each_client_refuses_an_unknown_rule(client_class: Client) -> None:
    unknown: Any = {"R99", "upstream", 7}

    for kind in (client_class, AuthenticatedClient):
        with pytest.raises(ValueError, match=r"^there is no rule 7, R99, upstream; there are R01, R02, .*, R35$"):
            kind(TOKEN, relax=unknown)


@pytest.mark.parametrize("relax", ["R28", None, 28])
def test_each_client_refuses_anything_but_a_collection_of_ids(client_class: Client, relax: Any) -> None:
    """A string is a collection too, of letters."""
    for kind in (client_class, AuthenticatedClient):
        with pytest.raises(TypeError, match=r"^the ids of rules must be a set, such as {'R01'}, not "):
            kind(TOKEN, relax=relax)


def test_a_rule_that_the_gateway_does_not_have_can_be_relaxed(client_class: Client) -> None:
    """The same code works with each gateway."""
    client = ScriptedClient(client_class, task(), gateway="kling-singapore", relax={"R28"})

    assert "7" == client.create(_WITH_VOICE).task_id
    with pytest.raises(ValueError, match=r"^there is no rule R99; there are R01, .*R35"):
        client_class(TOKEN, gateway="kling-singapore", relax={"R99"})
