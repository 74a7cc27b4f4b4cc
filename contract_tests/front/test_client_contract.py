"""If you pass a contract of your own, the client and the mock server follow it and not the package's."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.documents import changed_contract, with_other_codes
from contract_tests.support.running import tls
from contract_tests.support.scripted import ScriptedClient, StubReply, request_with_id
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.errors import ElementUnavailableError, TaskFailedError
from kling_elements.mock.app import create_app
from kling_elements.outcomes import is_too_many
from kling_elements.policies import PollPolicy, RetryPolicy
from kling_elements.testing import respx_router
from kling_elements_client import AuthenticatedClient, contract
from kling_elements_client.api.elements import get_element
from kling_elements_client.errors import (
    BusinessError,
    ContractError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
)

_MORE = 7000
_QUICK: dict[str, Any] = {
    "retry": RetryPolicy(first_interval_seconds=0.001, max_interval_seconds=0.001),
    "poll": PollPolicy(first_interval_seconds=0.001, max_interval_seconds=0.001, max_unknown_seconds=0.01),
}


def _use_other_words(document: dict[str, Any]) -> None:
    """Replace the status words of tasks with German ones."""
    schemas = document["components"]["schemas"]
    schemas["TaskStatus"]["x-progress"] = {"pending": ["offen"], "succeeded": ["fertig"], "failed": ["gescheitert"]}
    schemas["Element"]["properties"]["status"]["x-unusable"] = ["kaputt"]
    schemas["Task"]["x-aliases"]["task_id"] = ["nummer"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_business_codes_are_read_from_the_clients_contract(dialect: str) -> None:
    """The gateway in this test uses other codes for every refusal that the client knows."""
    other_contract = with_other_codes(_MORE)
    app = create_app(contract=other_contract, tick_seconds=0, dialect=dialect)
    options: dict[str, Any] = {"http_client": {"verify": tls()}, "contract": other_contract, **_QUICK}
    with respx_router(app=app) as router, KlingElements("any-token", **options) as kling:
        router.kling.queue_faults(f"code:{_MORE + 1302}", f"code:{_MORE + 1303}")
        first = kling.get_or_create(request_with_id("first"))
        router.kling.queue_faults(f"code:{_MORE + 1303}")
        (second,) = kling.create_all([request_with_id("second")])
        with pytest.raises(ResponseError) as caught:
            kling.create(request_with_id("first"))
        element = kling.wait(first)
        kling.delete(element)
        with nullcontext() if dialect == "live" else pytest.raises(NotFoundError):
            kling.delete(element)

        assert first.task_id != second.task_id
        assert caught.value.code in (_MORE + 1201, _MORE + 1203)
        assert "not_created" != caught.value.outcome
        assert [True, False] == [task["deleted"] for task in router.kling.tasks()]


def test_limits_and_permissions_are_read_from_the_clients_contract() -> None:
    """The client recognizes exceeded limits and the deletion of a preset element by their new codes."""
    other_contract = with_other_codes(_MORE)
    app = create_app(contract=other_contract, manual_clock=True, rate=1, concurrency=1)
    options: dict[str, Any] = {"contract": other_contract, "retry": RetryPolicy(max_wait_seconds=0)}
    with respx_router(app=app), KlingElements("any-token", http_client={"verify": tls()}, **options) as kling:
        kling.create(request_with_id("first"))
        with pytest.raises(RateLimitError) as too_fast:
            kling.create(request_with_id("second"))
        app.clock.step(1)
        with pytest.raises(RateLimitError) as too_many:
            kling.create(request_with_id("second"))
        with pytest.raises(PermissionDeniedError) as not_ours:
            kling.delete(next(kling.presets()))

    refusals = [too_fast.value, too_many.value, not_ours.value]
    assert [_MORE + 1302, _MORE + 1303, _MORE + 1103] == [refusal.code for refusal in refusals]
    assert ["not_created", "not_created"] == [refusal.outcome for refusal in refusals[:2]]
    assert [False, True] == [is_too_many(refusal, other_contract) for refusal in refusals[:2]]
    assert not is_too_many(too_many.value, contract.CONTRACT)


def test_the_packages_contract_does_not_know_the_other_codes() -> None:
    """As a control, a client with the package's contract misreads the same gateway."""
    app = create_app(contract=with_other_codes(_MORE), tick_seconds=0)
    with respx_router(app=app), KlingElements("any-token", http_client={"verify": tls()}, **_QUICK) as kling:
        with pytest.raises(ResponseError) as caught:
            kling.get_or_create(request_with_id("first"))

        assert _MORE + 1201 == caught.value.code


def _responses(request: httpx.Request) -> httpx.Response:
    name = request.url.path.rpartition("/")[2]
    status = {"3": "gescheitert"}.get(name, "fertig")
    element = {"element_id": 9, "status": "kaputt" if name == "2" else "gut"}
    task = {"nummer": name, "task_status": status, "task_result": {"elements": [element]}}
    data = [task] if name.endswith("elements") else task
    return httpx.Response(200, json={"code": 0, "message": "SUCCEED", "request_id": "r", "data": data})


def test_status_words_are_read_from_the_clients_contract() -> None:
    """The words decide whether a task has ended and whether its element is usable."""
    transport = httpx.MockTransport(_responses)
    with KlingElements(
        "any-token", http_client={"transport": transport}, contract=changed_contract(_use_other_words), **_QUICK
    ) as kling:
        assert 9 == kling.wait("1").element_id
        with pytest.raises(ElementUnavailableError, match="kaputt"):
            kling.wait("2")
        with pytest.raises(TaskFailedError):
            kling.wait("3")
        assert "1" == kling.get("1").task_id
        assert "advanced-custom-elements" == next(kling.list()).task_id


def test_requests_are_checked_against_the_clients_contract() -> None:
    """If a contract allows three characters, the mock server and an async client refuse four."""
    shorter = changed_contract(lambda document: document["components"]["schemas"]["ElementName"].update(maxLength=3))
    request = {**request_with_id("first"), "element_name": "Mara"}

    async def create() -> None:
        async with AsyncKlingElements("any-token", http_client={"verify": tls()}, contract=shorter) as kling:
            await kling.create(request)

    with (
        respx_router(app=create_app(contract=shorter)),
        KlingElements("any-token", http_client={"verify": tls()}) as kling,
    ):
        with pytest.raises(ResponseError, match="at most 3"):
            kling.create(request)
        with pytest.raises(ContractError, match="at most 3"):
            asyncio.run(create())


def test_a_client_calls_the_first_server_of_its_contract() -> None:
    """The generated client also follows the rest of the contract."""
    seen: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={"code": 0, "message": "SUCCEED", "request_id": "r", "data": {}})

    def change(document: dict[str, Any]) -> None:
        document["servers"] = [{"url": "https://kling.example"}]
        document["components"]["schemas"]["TaskResponse"]["x-envelope"]["success-codes"] = [5]

    other_contract = changed_contract(change)
    with (
        AuthenticatedClient(
            "t", contract=other_contract, http_client={"transport": httpx.MockTransport(respond)}
        ) as client,
        pytest.raises(BusinessError),
    ):
        get_element.sync("1", client=client)

    assert ["kling.example"] == [url.host for url in seen]
    assert other_contract is client.contract


def test_a_code_is_read_from_the_place_that_the_clients_contract_names() -> None:
    """The client reads the code there to decide whether anything was created."""
    other_contract = changed_contract(
        lambda document: document["components"]["schemas"]["CreateElementResponse"]["x-envelope"].update(code="/ret")
    )
    refused = StubReply(200, {"ret": 1102, "message": "balance not enough"})

    error = ScriptedClient(KlingElements, refused, contract=other_contract).error_of("create", request_with_id("first"))

    assert isinstance(error, BusinessError)
    assert (1102, "not_created") == (error.code, error.outcome)


def test_a_second_image_limit_that_nothing_uses_does_not_matter() -> None:
    """The error of a create is about its own request."""

    def add(document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        schemas["Another"] = schemas["ImageBase64"]

    error = ScriptedClient(KlingElements, contract=changed_contract(add)).error_of(
        "create", {**request_with_id("first"), "element_name": ""}
    )

    assert isinstance(error, ContractError)
