"""A client makes its connections when they are needed, shares them, closes them, and can be used again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from contract_tests.image_body import BODY
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element

if TYPE_CHECKING:
    from collections.abc import Callable

    import respx

    MakeClient = Callable[..., AuthenticatedClient]


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
    """Nothing happens then."""

    async def run() -> None:
        await client.aclose()
        await client.aclose()

    client.close()
    client.close()
    asyncio.run(run())

    assert client.get_httpx_client().is_closed is False


def test_a_closed_client_can_be_used_again(client: AuthenticatedClient, gateway: respx.MockRouter) -> None:
    """It makes new connections."""
    gateway.post().respond(json={})

    for _ in range(2):
        with client:
            create_element.sync(client=client, body=BODY)
            inner = client.get_httpx_client()
        assert inner.is_closed
        asyncio.run(_create_and_close(client))

    assert 4 == gateway.calls.call_count


async def _create_and_close(client: AuthenticatedClient) -> None:
    async with client:
        await create_element.asyncio(client=client, body=BODY)
