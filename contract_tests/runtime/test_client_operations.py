"""A client calls the operations of its contract: with their paths and methods, and no others."""

from __future__ import annotations

import pickle

import httpx
import pytest

from contract_tests.support.running import TOKEN, URL
from contract_tests.support.scripted import ScriptedGateway, page
from kling_elements.gateway_catalog import contract_of
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import list_elements, list_preset_elements
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import KlingError, OperationNotOfferedError


def _client(gateway: str, answers: ScriptedGateway) -> AuthenticatedClient:
    http_client = {"transport": httpx.MockTransport(answers)}
    return AuthenticatedClient(TOKEN, URL, contract=contract_of(gateway, None), http_client=http_client)


@pytest.mark.parametrize(
    ("gateway", "method", "path"),
    [
        ("kkiai", "GET", "/kling/v1/general/advanced-presets-elements"),
        ("kling-singapore", "GET", "/v1/general/advanced-presets-elements"),
        ("presets-by-post", "POST", "/kling/v1/general/advanced-presets-elements"),
    ],
)
def test_an_operation_has_the_method_and_the_path_of_the_contract(gateway: str, method: str, path: str) -> None:
    answers = ScriptedGateway((page(1),), "documented")

    with _client(gateway, answers) as client:
        list_preset_elements.sync(client=client, page_num=2, page_size=3)

    (request,) = answers.requests
    assert (method, path, b"pageNum=2&pageSize=3") == (request.method, request.url.path, request.url.query)


def test_an_operation_that_the_contract_lacks_is_not_sent() -> None:
    """The error names those that it has, and survives pickling."""
    answers = ScriptedGateway((), "documented")

    with _client("text-ids", answers) as client, pytest.raises(OperationNotOfferedError) as caught:
        list_elements.sync(client=client)

    message = "the contract of this gateway does not offer listElements, only "
    assert message + ", ".join(contract_of("text-ids", None).operations()) == str(caught.value)
    assert isinstance(caught.value, KlingError)
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))
    assert [] == answers.requests


def test_an_operation_is_that_of_the_contract() -> None:
    with _client("kkiai", ScriptedGateway((), "documented")) as client:
        assert client.operation("getElement") is CONTRACT.operation("getElement")
        with pytest.raises(OperationNotOfferedError, match=r"does not offer getThing, only \w+, "):
            client.operation("getThing")
