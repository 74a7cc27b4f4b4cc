"""Client and mock server go by the contract that they are given, and not by the package's."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.documents import changed, with_other_codes
from contract_tests.support.running import tls
from contract_tests.support.scripted import Reply, Scripted, named
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
    "retry": RetryPolicy(first_seconds=0.001, longest_seconds=0.001),
    "poll": PollPolicy(first_seconds=0.001, longest_seconds=0.001, max_unknown_seconds=0.01),
}


def _use_other_words(document: dict[str, Any]) -> None:
    """Have tasks described in German."""
    schemas = document["components"]["schemas"]
    schemas["TaskStatus"]["x-progress"] = {"pending": ["offen"], "succeeded": ["fertig"], "failed": ["gescheitert"]}
    schemas["Element"]["properties"]["status"]["x-unusable"] = ["kaputt"]
    schemas["Task"]["x-aliases"]["task_id"] = ["nummer"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_codes_mean_what_the_contract_of_the_client_says(dialect: str) -> None:
    """An absence, a duplicate, a limit, a second deletion and a passing refusal all come with other codes."""
    other = with_other_codes(_MORE)
    app = create_app(contract=other, tick_seconds=0, dialect=dialect)
    options: dict[str, Any] = {"http_client": {"verify": tls()}, "contract": other, **_QUICK}
    with respx_router(app=app) as router, KlingElements("any-token", **options) as kling:
        router.kling.queue_faults(f"code:{_MORE + 1302}", f"code:{_MORE + 1303}")
        first = kling.get_or_create(named("first"))
        router.kling.queue_faults(f"code:{_MORE + 1303}")
        (second,) = kling.create_all([named("second")])
        with pytest.raises(ResponseError) as caught:
            kling.create(named("first"))
        element = kling.wait(first)
        kling.delete(element)
        with nullcontext() if dialect == "live" else pytest.raises(NotFoundError):
            kling.delete(element)

        assert first.task_id != second.task_id
        assert caught.value.code in (_MORE + 1201, _MORE + 1203)
        assert "not_created" != caught.value.outcome
        assert [True, False] == [task["deleted"] for task in router.kling.tasks()]


def test_limits_and_permissions_mean_what_the_contract_of_the_client_says() -> None:
    """A create too fast, a task too many and a subject of the library are refused, and known, by other numbers."""
    other = with_other_codes(_MORE)
    app = create_app(contract=other, manual_clock=True, rate=1, concurrency=1)
    options: dict[str, Any] = {"contract": other, "retry": RetryPolicy(max_wait_seconds=0)}
    with respx_router(app=app), KlingElements("any-token", http_client={"verify": tls()}, **options) as kling:
        kling.create(named("first"))
        with pytest.raises(RateLimitError) as too_fast:
            kling.create(named("second"))
        app.clock.step(1)
        with pytest.raises(RateLimitError) as too_many:
            kling.create(named("second"))
        with pytest.raises(PermissionDeniedError) as not_ours:
            kling.delete(next(kling.presets()))

    refusals = [too_fast.value, too_many.value, not_ours.value]
    assert [_MORE + 1302, _MORE + 1303, _MORE + 1103] == [refusal.code for refusal in refusals]
    assert ["not_created", "not_created"] == [refusal.outcome for refusal in refusals[:2]]
    assert [False, True] == [is_too_many(refusal, other) for refusal in refusals[:2]]
    assert not is_too_many(too_many.value, contract.CONTRACT)


def test_the_packages_contract_does_not_know_the_other_codes() -> None:
    """The control: the same gateway is not understood by a client that was given nothing."""
    app = create_app(contract=with_other_codes(_MORE), tick_seconds=0)
    with respx_router(app=app), KlingElements("any-token", http_client={"verify": tls()}, **_QUICK) as kling:
        with pytest.raises(ResponseError) as caught:
            kling.get_or_create(named("first"))

        assert _MORE + 1201 == caught.value.code


def _answers(request: httpx.Request) -> httpx.Response:
    name = request.url.path.rpartition("/")[2]
    status = {"3": "gescheitert"}.get(name, "fertig")
    element = {"element_id": 9, "status": "kaputt" if name == "2" else "gut"}
    task = {"nummer": name, "task_status": status, "task_result": {"elements": [element]}}
    data = [task] if name.endswith("elements") else task
    return httpx.Response(200, json={"code": 0, "message": "SUCCEED", "request_id": "r", "data": data})


def test_words_mean_what_the_contract_of_the_client_says() -> None:
    """Whether a task is done or failed, whether its subject can be used, and what its id is called."""
    transport = httpx.MockTransport(_answers)
    with KlingElements(
        "any-token", http_client={"transport": transport}, contract=changed(_use_other_words), **_QUICK
    ) as kling:
        assert 9 == kling.wait("1").element_id
        with pytest.raises(ElementUnavailableError, match="kaputt"):
            kling.wait("2")
        with pytest.raises(TaskFailedError):
            kling.wait("3")
        assert "1" == kling.get("1").task_id
        assert "advanced-custom-elements" == next(kling.list()).task_id


def test_requests_are_held_against_the_contract_of_the_client() -> None:
    """A shorter name is allowed, by the client and by the mock server; a client on an event loop does the same."""
    shorter = changed(lambda document: document["components"]["schemas"]["ElementName"].update(maxLength=3))
    request = {**named("first"), "element_name": "Mara"}

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
    """The generated client below goes by it in everything else, too."""
    seen: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={"code": 0, "message": "SUCCEED", "request_id": "r", "data": {}})

    def change(document: dict[str, Any]) -> None:
        document["servers"] = [{"url": "https://kling.example"}]
        document["components"]["schemas"]["TaskResponse"]["x-envelope"]["success-codes"] = [5]

    other = changed(change)
    with (
        AuthenticatedClient("t", contract=other, http_client={"transport": httpx.MockTransport(answer)}) as client,
        pytest.raises(BusinessError),
    ):
        get_element.sync("1", client=client)

    assert ["kling.example"] == [url.host for url in seen]
    assert other is client.contract


def test_a_code_is_read_where_the_contract_of_the_client_has_it() -> None:
    """What tells that a create was refused tells by which code, and so that nothing was created."""
    other = changed(
        lambda document: document["components"]["schemas"]["CreateElementResponse"]["x-envelope"].update(code="/ret")
    )
    refused = Reply(200, {"ret": 1102, "message": "balance not enough"})

    error = Scripted(KlingElements, refused, contract=other).failing("create", named("first"))

    assert isinstance(error, BusinessError)
    assert (1102, "not_created") == (error.code, error.outcome)


def test_a_contract_with_several_limits_of_images_advises_all_the_same() -> None:
    """A component that nothing uses does not matter to a create."""

    def add(document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        schemas["Another"] = schemas["ImageBase64"]

    error = Scripted(KlingElements, contract=changed(add)).failing("create", {**named("first"), "element_name": ""})

    assert isinstance(error, ContractError)
