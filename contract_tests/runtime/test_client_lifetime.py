"""A client opens connections when it needs them, shares them, closes them, and stays closed."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import respx
import trio

from contract_tests.reading.image_body import BODY
from contract_tests.support.peers import GET, POST, CallStyle, Peer, client_of, listening
from contract_tests.support.running import MakeClient, run_async, run_program
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_runtime import client_connections

pytestmark = pytest.mark.slow


def test_threads_share_one_httpx_client(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One client is created, even if 32 threads need it at the same moment."""
    http_clients: list[httpx.Client] = []
    ready = threading.Barrier(32)
    arrived = threading.Event()

    class Counted(httpx.Client):
        def __init__(self, **options: Any) -> None:
            http_clients.append(self)
            arrived.wait(0.05)  # gives the other threads time to make a second one
            super().__init__(**options)

    monkeypatch.setattr(httpx, "Client", Counted)
    client = make_client()

    def ask(_: int) -> httpx.Client:
        ready.wait()
        return client.get_httpx_client()

    with ThreadPoolExecutor(32) as threads:
        results = list(threads.map(ask, range(32)))

    assert [http_clients[0]] * 32 == results
    assert 1 == len(http_clients)


def test_each_event_loop_has_its_own_httpx_client(client: AuthenticatedClient) -> None:
    """All calls on one loop share it, because a connection belongs to the loop that opened it."""

    async def ask() -> list[httpx.AsyncClient]:
        return [client.get_async_httpx_client() for _ in range(2)]

    with asyncio.Runner() as one, asyncio.Runner() as other:  # both loops exist at the same time
        first, second = one.run(ask()), other.run(ask())

    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_an_async_httpx_client_needs_a_running_event_loop(client: AuthenticatedClient) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.get_async_httpx_client()


def test_a_with_block_closes_the_connections(make_client: MakeClient) -> None:
    """The connections are closed even if the block raises, and its exception passes through."""
    client = make_client()
    inner = client.get_httpx_client()

    def leave_with_an_exception() -> None:
        with client as entered:
            raise LookupError(entered)

    with pytest.raises(LookupError) as caught:
        leave_with_an_exception()

    assert (client,) == caught.value.args
    assert inner.is_closed


def test_an_async_with_block_closes_both_kinds_of_connection(make_client: MakeClient) -> None:
    """Blocking calls may have opened some as well."""

    async def run() -> list[Any]:
        async with make_client() as client:
            return [client.get_httpx_client(), client.get_async_httpx_client()]

    assert [True, True] == [inner.is_closed for inner in asyncio.run(run())]


def test_a_client_may_be_closed_twice_and_before_first_use(client: AuthenticatedClient) -> None:
    async def run() -> None:
        await client.aclose()
        await client.aclose()

    assert not client.is_closed
    client.close()
    client.close()
    asyncio.run(run())
    assert client.is_closed


@pytest.mark.parametrize("way", ["close", "with", "aclose", "async with"])
@pytest.mark.parametrize("was_used", [True, False])
def test_a_closed_client_stays_closed(
    way: str,
    was_used: bool,  # noqa: FBT001 - a column of the table
    client: AuthenticatedClient,
    router: respx.MockRouter,
) -> None:
    """The client sends nothing and opens no connection. The error says what to do."""
    router.post().respond(json={})

    async def close() -> None:
        if way == "aclose":
            await client.aclose()
        else:
            async with client:
                pass

    if was_used:
        create_element.sync(client=client, body=BODY)
    if way == "close":
        client.close()
    elif way == "with":
        with client:
            pass
    else:
        run_async(close())

    closed = pytest.raises(RuntimeError, match=r"^the client is closed: create another one, or close it only when you ")
    with closed:
        create_element.sync(client=client, body=BODY)
    with closed:
        run_async(create_element.asyncio(client=client, body=BODY))
    with closed:
        client.get_httpx_client()
    with closed:
        client.__enter__()
    with closed:
        run_async(client.__aenter__())
    assert was_used is bool(router.calls)


def test_connections_are_closed_when_their_event_loop_ends(
    make_client: MakeClient, recwarn: pytest.WarningsRecorder
) -> None:
    """The client then works on the next loop, without being closed in between."""

    async def run(client: AuthenticatedClient) -> httpx.AsyncClient:
        assert 200 == (await client.send_async(**POST)).status_code
        return client.get_async_httpx_client()

    with listening(Peer.respond) as server:
        client = make_client(base_url=server.url)
        inner = [run_async(run(client)) for _ in range(2)]

    assert [True, True] == [client_of_loop.is_closed for client_of_loop in inner]
    assert 2 == server.connections
    gc.collect()  # if a connection was left open, Python warns now
    assert [] == list(recwarn)


def test_connections_of_an_abandoned_event_loop_are_closed_by_the_next_one(make_client: MakeClient) -> None:
    """The first loop ended without `shutdown_asyncgens`, as after `run_until_complete`."""
    has_ended = threading.Event()

    def behave(peer: Peer) -> None:
        peer.respond()
        if peer.number == 0:
            has_ended.set()

    with listening(behave) as server:
        client = make_client(base_url=server.url)
        loop = asyncio.new_event_loop()
        assert 200 == loop.run_until_complete(client.send_async(**POST)).status_code
        loop.close()
        assert 200 == run_async(client.send_async(**POST)).status_code
        assert has_ended.wait(60)
    assert 2 == server.connections


def test_a_closed_event_loop_does_not_close_your_own_transport(make_client: MakeClient) -> None:
    """Closing it is up to you."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}"))
    client = make_client(http_client={"transport": transport})
    for _ in range(2):
        loop = asyncio.new_event_loop()
        assert 200 == loop.run_until_complete(client.send_async(**POST)).status_code
        loop.close()


def test_on_trio_the_error_says_that_asyncio_is_needed(client: AuthenticatedClient) -> None:
    """Closing a client works on trio too."""

    async def run() -> None:
        async with client:
            with pytest.raises(RuntimeError, match="asynchronous calls work on asyncio only, not on trio"):
                await client.send_async(**POST)

    trio.run(run)
    assert client.is_closed


@pytest.mark.parametrize("name", ["certifi", "encodings.idna", "importlib.resources.readers"])
def test_creating_a_client_imports_what_calls_need(
    name: str, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a fork during an import could leave the child with a lock that nobody releases."""
    importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)

    make_client()

    assert name in sys.modules


def test_a_module_that_cannot_be_imported_early_breaks_no_call(
    call_style: CallStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of a library may lack the module."""
    for early in ("_IMPORTED_BY_CALLS", "_IMPORTED_BY_ASYNC_CALLS"):
        monkeypatch.setattr(client_connections, early, ("anyio._backends._renamed", "encodings.idna"))
    monkeypatch.delitem(sys.modules, "encodings.idna")
    with listening(Peer.respond) as server:
        responses = call_style.outcomes(client_of(server.url), GET)

    assert [200] == [response.status_code for response in responses]
    assert "encodings.idna" in sys.modules


def test_the_first_call_imports_nothing() -> None:
    """The loaded modules are compared before and after the call, in a separate process."""
    with listening(Peer.respond) as server:
        result = run_program("first_call", server.url)

    assert ("set()\n", "") == (result.stdout, result.stderr)
