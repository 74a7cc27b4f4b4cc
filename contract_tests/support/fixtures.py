"""What tests share: clients that open no connection by themselves, a router of respx, and a server on this machine."""

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
from contract_tests.support.peers import Peer, Ways, listening
from contract_tests.support.running import URL, Create, InnerClients, MakeClient, run_async, tls
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.client import BASE_URL_VARIABLE, TOKEN_VARIABLE
from kling_elements_client.models import CreateElementResponse

# how fast this machine is, and how busy, proves nothing
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 1000  # characters, before an id is cut
_NAMED = (str, bytes, int, float, complex, re.Pattern, Enum, type(None))


def pytest_make_parametrize_id(val: Any) -> str | None:
    """Name a value of a table, in the id of a test, by what it is: pytest only counts lists, objects and long texts."""
    if isinstance(val, bytes) and len(val) > 100:
        return f"{len(val)} bytes"  # a profile of colours has the time in its first ones
    if isinstance(val, str) and len(val) > 100:
        return repr(val[:50])
    if isinstance(val, _NAMED) or hasattr(val, "__name__"):
        return None  # pytest shows these
    return re.sub(" at 0x[0-9a-fA-F]+", "", _SHORT.repr(val))[:60]


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (TOKEN_VARIABLE, BASE_URL_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """A function that makes a client with the given options, and with a token and an address where none are given."""
    with ExitStack() as clients:

        def make(**options: Any) -> AuthenticatedClient:
            http_client = {"verify": tls(), "trust_env": False} | options.pop("http_client", {})
            given = {"api_key": "test-token", "base_url": URL, "http_client": http_client} | options
            return clients.enter_context(AuthenticatedClient(**given))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> AuthenticatedClient:
    """A client with nothing special about it."""
    return make_client()


@pytest.fixture
def inner_clients() -> InnerClients:
    """A function that returns both clients of httpx that a client uses; the event loop of the second one has ended."""

    async def both(client: AuthenticatedClient) -> list[httpx.Client | httpx.AsyncClient]:
        return [client.get_httpx_client(), client.get_async_httpx_client()]

    return lambda client: asyncio.run(both(client))


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """What answers requests in place of the network."""
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture(params=["sync", "sync_detailed", "asyncio", "asyncio_detailed"])
def create(request: pytest.FixtureRequest) -> Create:
    """A function that creates a subject; a test that takes it runs once for each way to call the operation."""
    function = getattr(create_element, request.param)

    def create(client: AuthenticatedClient, body: Any) -> CreateElementResponse:
        answer: Any = function(client=client, body=body)
        if inspect.iscoroutine(answer):
            answer = run_async(answer)
        model: CreateElementResponse = answer if isinstance(answer, CreateElementResponse) else answer.parsed
        return model

    return create


@pytest.fixture(params=["sync", "async"])
def ways(request: pytest.FixtureRequest) -> Ways:
    """How calls are made; a test that takes it runs once for each way."""
    return Ways(request.param)


@pytest.fixture
def judges() -> Iterator[Judges]:
    """Client, mock server and oracle, with a mock server of their own."""
    judges = Judges()
    yield judges
    judges.close()


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """A function that starts a server, which answers a request on each connection with bytes, and returns where."""
    with ExitStack() as servers:

        def serve(answer: bytes) -> str:
            def behave(peer: Peer) -> None:
                peer.request()
                peer.send(answer)

            return servers.enter_context(listening(behave)).url

        yield serve
