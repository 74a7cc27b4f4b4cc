"""Which requests `get_or_create` sends, and under which ids."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import TOKEN
from contract_tests.support.scripted import ABSENT, LOST, NAMED, Client, ScriptedClient, task
from kling_elements_client.errors import (
    ContractError,
)


def test_look_ups_are_not_answered_by_caches(client_class: Client) -> None:
    """Look-ups ask for `no-cache`, unless you set the header. Creates don't."""
    client = ScriptedClient(client_class, ABSENT, task())
    client.get_or_create(NAMED)
    client_with_header = ScriptedClient(client_class, task(), headers={"cache-control": "max-age=0", "X-A": "1"})
    client_with_header.create(NAMED)

    assert ["no-cache", None] == [request.headers.get("Cache-Control") for request in client.gateway.requests]
    assert ("max-age=0", "1") == tuple(
        client_with_header.gateway.requests[0].headers[name] for name in ("Cache-Control", "X-A")
    )
    with pytest.raises(TypeError, match="headers must be a mapping"):
        client_class(TOKEN, headers=["X-A"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "external_id", ["a/b", "a b", "?x=1#y", "%2F", "...", "../x", "任务", "e\u0301", "\u0000", "x" * 2000]
)
def test_an_external_id_is_one_segment_of_the_path(client_class: Client, external_id: str) -> None:
    """Special characters are encoded, so that an id can't turn the request into another call."""
    client = ScriptedClient(client_class, ABSENT, task())

    client.get_or_create({**BODY, "external_task_id": external_id})

    target = f"{ELEMENTS}/{quote(external_id, safe='')}"
    assert target == client.gateway.requests[0].url.raw_path.decode()
    assert [external_id] == [body["external_task_id"] for body in client.gateway.bodies()]


@pytest.mark.parametrize("external_id", [".", "..", "\ud83d"])
def test_an_external_id_that_fits_into_no_path_is_refused(client_class: Client, external_id: str) -> None:
    """Nothing is sent, because you couldn't look up the element later."""
    client = ScriptedClient(client_class)

    error = client.error_of("get_or_create", {**BODY, "external_task_id": external_id})

    assert isinstance(error, ContractError)
    assert ("may_exist", external_id) == (error.outcome, error.external_task_id)
    assert "" == client.gateway.calls()


def test_a_request_that_breaks_the_contract_is_not_sent(client_class: Client) -> None:
    """The error says that nothing was created."""
    client = ScriptedClient(client_class, ABSENT)

    error = client.error_of("get_or_create", {**NAMED, "element_name": ""})

    assert isinstance(error, ContractError)
    assert ("not_created", "look") == (error.outcome, client.gateway.calls())


def test_without_an_id_a_fresh_one_is_used(client_class: Client) -> None:
    """All attempts and look-ups use the same id."""
    client = ScriptedClient(client_class, ABSENT, LOST, ABSENT, ABSENT, task())

    external_id = client.get_or_create(BODY).task_info.external_task_id

    assert [external_id] * 2 == [body["external_task_id"] for body in client.gateway.bodies()]
    looked_up = [request.url.path.rpartition("/")[2] for request in client.gateway.requests if request.method == "GET"]
    assert [external_id] * 3 == looked_up
