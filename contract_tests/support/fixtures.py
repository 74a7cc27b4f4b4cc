"""Fixtures for all tests: clients without connections, a respx router, and a server on this machine."""

from __future__ import annotations

import asyncio
import inspect
import re
import reprlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import Enum
from typing import Any

import httpx
import pytest
import respx
from hypothesis import HealthCheck, settings

from contract_tests.support.judges import Judges
from contract_tests.support.peers import CallStyle, Peer, listening
from contract_tests.support.running import URL, Create, InnerClients, MakeClient, run_async, tls
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.client import BASE_URL_VARIABLE, TOKEN_VARIABLE
from kling_elements_client.models import CreateElementResponse

# tests must pass on a slow or busy machine too
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 1000  # characters, before an id is cut
_NAMED = (str, bytes, int, float, complex, re.Pattern, Enum, type(None))


def pytest_make_parametrize_id(val: Any) -> str | None:
    """Return a readable name of a value for the id of a test; pytest only numbers lists, objects and long strings."""
    if isinstance(val, bytes) and len(val) > 100:
        return f"{len(val)} bytes"  # a colour profile begins with the time
    if isinstance(val, str) and len(val) > 100:
        return repr(val[:50])
    if isinstance(val, _NAMED) or hasattr(val, "__name__"):
        return None  # pytest names these itself
    return re.sub(" at 0x[0-9a-fA-F]+", "", _SHORT.repr(val))[:60]


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (TOKEN_VARIABLE, BASE_URL_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Return a function that creates a client. Its options have defaults."""
    with ExitStack() as clients:

        def make(**options: Any) -> AuthenticatedClient:
            http_client = {"verify": tls(), "trust_env": False} | options.pop("http_client", {})
            arguments = {"api_key": "test-token", "base_url": URL, "http_client": http_client} | options
            return clients.enter_context(AuthenticatedClient(**arguments))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> AuthenticatedClient:
    """Return a client with default options."""
    return make_client()


@pytest.fixture
def inner_clients() -> InnerClients:
    """Return a function that gives a client's sync and async httpx clients. The async one's loop has ended."""

    async def both(client: AuthenticatedClient) -> list[httpx.Client | httpx.AsyncClient]:
        return [client.get_httpx_client(), client.get_async_httpx_client()]

    return lambda client: asyncio.run(both(client))


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """Return a router that answers requests instead of the network."""
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture(params=["sync", "sync_detailed", "asyncio", "asyncio_detailed"])
def create(request: pytest.FixtureRequest) -> Create:
    """Return a function that creates an element. A test with this fixture runs once for each way to call it."""
    function = getattr(create_element, request.param)

    def create(client: AuthenticatedClient, body: Any) -> CreateElementResponse:
        response: Any = function(client=client, body=body)
        if inspect.iscoroutine(response):
            response = run_async(response)
        model: CreateElementResponse = response if isinstance(response, CreateElementResponse) else response.parsed
        return model

    return create


@pytest.fixture(params=[KlingElements, AsyncKlingElements], ids=["sync", "async"])
def client_class(request: pytest.FixtureRequest) -> Any:
    """Return the class of a client. A test with this fixture runs once for each of the two."""
    return request.param


@pytest.fixture(params=["sync", "async"])
def call_style(request: pytest.FixtureRequest) -> CallStyle:
    """Return a call style. A test with this fixture runs once for each style."""
    return CallStyle(request.param)


@pytest.fixture
def judges() -> Iterator[Judges]:
    """Return the client, the mock server and the oracle. Each test gets its own mock server."""
    judges = Judges()
    yield judges
    judges.close()


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """Return a function that starts a server and returns its URL. Each connection gets the same bytes."""
    with ExitStack() as servers:

        def serve(response: bytes) -> str:
            def behave(peer: Peer) -> None:
                peer.request()
                peer.send(response)

            return servers.enter_context(listening(behave)).url

        yield serve
