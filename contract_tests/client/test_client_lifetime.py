"""A client makes its connections when they are needed, shares them, closes them, and stays closed."""

from __future__ import annotations

import asyncio
import gc
import importlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import respx
import trio

from contract_tests.reading.image_body import BODY
from contract_tests.support.peers import GET, POST, Peer, Ways, client_of, listening
from contract_tests.support.running import MakeClient, run_async
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_runtime import client as client_


def test_threads_share_one_client_of_httpx(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask for it at the same moment."""
    made: list[httpx.Client] = []
    ready = threading.Barrier(32)
    arrived = threading.Event()

    class Counted(httpx.Client):
        def __init__(self, **options: Any) -> None:
            made.append(self)
            arrived.wait(0.05)  # leaves the others time to make another, if they can
            super().__init__(**options)

    monkeypatch.setattr(httpx, "Client", Counted)
    client = make_client()

    def ask(_: int) -> httpx.Client:
        ready.wait()
        return client.get_httpx_client()

    with ThreadPoolExecutor(32) as threads:
        got = list(threads.map(ask, range(32)))

    assert [made[0]] * 32 == got
    assert 1 == len(made)


def test_each_event_loop_has_its_own_client_of_httpx(client: AuthenticatedClient) -> None:
    """Connections belong to the loop that they were opened on; within one, all calls share them."""

    async def ask() -> list[httpx.AsyncClient]:
        return [client.get_async_httpx_client() for _ in range(2)]

    with asyncio.Runner() as one, asyncio.Runner() as other:  # both loops are there at the same time
        first, second = one.run(ask()), other.run(ask())

    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_outside_of_an_event_loop_there_is_no_client_for_one(client: AuthenticatedClient) -> None:
    """Nobody could use it."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.get_async_httpx_client()


def test_a_with_block_closes_the_connections(make_client: MakeClient) -> None:
    """Also when it ends in an exception, which it lets through."""
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
    """A program may have used both."""

    async def run() -> list[Any]:
        async with make_client() as client:
            return [client.get_httpx_client(), client.get_async_httpx_client()]

    assert [True, True] == [inner.is_closed for inner in asyncio.run(run())]


def test_a_client_may_be_closed_twice_and_before_it_was_used(client: AuthenticatedClient) -> None:
    """It is closed then, and nothing else happens."""

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
    was_used: bool,  # noqa: FBT001 - of a table
    client: AuthenticatedClient,
    router: respx.MockRouter,
) -> None:
    """It sends nothing, opens no connection that nobody would close, and the error says what to do."""
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

    closed = pytest.raises(RuntimeError, match=r"^the client is closed: make another one, or close it only when it is ")
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


def test_connections_of_an_event_loop_end_with_it(make_client: MakeClient, recwarn: pytest.WarningsRecorder) -> None:
    """Nobody has to close anything between two runs, and the client serves the next loop."""

    async def run(client: AuthenticatedClient) -> httpx.AsyncClient:
        assert 200 == (await client.send_async(**POST)).status_code
        return client.get_async_httpx_client()

    with listening(Peer.answer) as server:
        client = make_client(base_url=server.url)
        inner = [run_async(run(client)) for _ in range(2)]

    assert [True, True] == [each.is_closed for each in inner]
    assert 2 == server.connections
    gc.collect()  # where a connection was left open, Python says so now
    assert [] == list(recwarn)


def test_connections_of_a_loop_that_was_not_ended_properly_are_closed_by_the_next(make_client: MakeClient) -> None:
    """Without `shutdown_asyncgens`, as with `run_until_complete` alone, nothing is left to await their end."""
    gone = threading.Event()

    def behave(peer: Peer) -> None:
        peer.answer()
        if peer.number == 0:
            gone.set()

    with listening(behave) as server:
        client = make_client(base_url=server.url)
        loop = asyncio.new_event_loop()
        assert 200 == loop.run_until_complete(client.send_async(**POST)).status_code
        loop.close()
        assert 200 == run_async(client.send_async(**POST)).status_code
        assert gone.wait(60)
    assert 2 == server.connections


def test_a_loop_that_ended_and_had_a_transport_of_the_caller_s_is_let_go(make_client: MakeClient) -> None:
    """The transport is the caller's to close."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}"))
    client = make_client(http_client={"transport": transport})
    for _ in range(2):
        loop = asyncio.new_event_loop()
        assert 200 == loop.run_until_complete(client.send_async(**POST)).status_code
        loop.close()


def test_on_trio_the_error_says_what_it_takes(client: AuthenticatedClient) -> None:
    """Closing works there all the same."""

    async def run() -> None:
        async with client:
            with pytest.raises(RuntimeError, match="asynchronous calls work on asyncio only, not on trio"):
                await client.send_async(**POST)

    trio.run(run)
    assert client.is_closed


@pytest.mark.parametrize("name", ["certifi", "encodings.idna", "importlib.resources.readers"])
def test_what_a_call_needs_is_imported_when_a_client_is_made(
    name: str, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork while another thread imports something leaves the child a lock that nobody releases."""
    importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)

    make_client()

    assert name in sys.modules


def test_a_module_that_another_version_of_a_library_lacks_fails_no_call(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is only imported early, and each name stands for itself."""
    for early in ("_IMPORTED_BY_CALLS", "_IMPORTED_BY_ASYNC_CALLS"):
        monkeypatch.setattr(client_, early, ("anyio._backends._renamed", "encodings.idna"))
    monkeypatch.delitem(sys.modules, "encodings.idna")
    with listening(Peer.answer) as server:
        found = ways.outcomes(client_of(server.url), GET)

    assert [200] == [answer.status_code for answer in found]
    assert "encodings.idna" in sys.modules


def test_a_first_call_imports_nothing() -> None:
    """Of all that a program has loaded by then; measured in a process of its own."""
    with listening(Peer.answer) as server:
        done = subprocess.run(
            [sys.executable, "-c", _FIRST_CALL, server.url], capture_output=True, text=True, check=True, timeout=240
        )

    assert "set()" == done.stdout.strip()


_FIRST_CALL = """
import sys
from kling_elements import KlingElements

kling = KlingElements("any-token", sys.argv[1])
before = {*sys.modules}
kling.get("1")
print({*sys.modules} - before)
"""
