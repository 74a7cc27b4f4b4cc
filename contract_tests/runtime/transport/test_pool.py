"""Requests take turns on a limited number of connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import (
    GET,
    POST,
    CallStyle,
    Listener,
    Peer,
    client_of,
    http_response,
    listening,
)
from contract_tests.support.running import run_async
from kling_elements_client.errors import TransportError
from kling_elements_runtime.deadline import within
from kling_elements_runtime.settings import Timeout

pytestmark = pytest.mark.slow


def _limits(connections: int) -> dict[str, Any]:
    return {"limits": httpx.Limits(max_connections=connections, max_keepalive_connections=20, keepalive_expiry=60)}


class SelectiveServer:
    """A server that never answers a POST, and answers GETs in groups.

    Attributes:
        has_post: Set once a POST arrived.
    """

    def __init__(self, group_size: int) -> None:
        """Create the server.

        Args:
            group_size: The number of GETs that must have arrived before the server answers them. A client that can
                send fewer at a time gets no response.
        """
        self.has_post = threading.Event()
        self._group = threading.Barrier(group_size)

    def __call__(self, peer: Peer) -> None:
        """Serve one connection."""
        while (request := peer.request()) is not None:
            if request.line.startswith("POST"):
                self.has_post.set()
                peer.until_closed()
                return
            self._group.wait(60)
            peer.send(http_response())


def _connections_of_gets(server: Listener) -> int:
    return len({request.connection for request in server.requests if request.line.startswith("GET")})


@pytest.mark.parametrize("places", [1, 2, 5])
def test_cancelled_tasks_give_their_places_back(places: int) -> None:
    """A task is cancelled while it waits, while it is answered, or just as it gets a place (httpcore#1093)."""
    behave = SelectiveServer(places)

    async def run(url: str) -> list[Any]:
        async with client_of(url, **_limits(places)) as client:
            for turns in range(0, 40, 3):
                callers = [asyncio.create_task(client.send_async(**POST)) for _ in range(2 * places + 1)]
                for _ in range(turns):  # so that they are cancelled at every step
                    await asyncio.sleep(0)
                for caller in callers:
                    caller.cancel()
                    await asyncio.sleep(0)  # the next one gets the place, and is cancelled with it
                await asyncio.gather(*callers, return_exceptions=True)
            with within(30):  # so that a lost place makes the test fail
                return await asyncio.gather(*(client.send_async(**GET) for _ in range(2 * places)))

    with listening(behave) as server:
        responses = run_async(run(server.url))

    assert [200] * (2 * places) == [response.status_code for response in responses]
    assert places == _connections_of_gets(server)


def test_timed_out_threads_give_their_places_back() -> None:
    """The time runs out while a thread waits for a place or for the response."""
    behave = SelectiveServer(2)
    errors: list[Exception] = []

    options = {"timeout": Timeout(pool=30), **_limits(2)}  # so that a lost place makes the test fail

    with listening(behave) as server, client_of(server.url, **options) as client:

        def call() -> None:
            with pytest.raises(TransportError) as caught, within(0.1):
                client.send(**POST)
            errors.append(caught.value)

        callers = [threading.Thread(target=call) for _ in range(7)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        with ThreadPoolExecutor(4) as threads:
            responses = list(threads.map(lambda _: client.send(**GET), range(4)))

    assert 7 == len(errors)
    assert [200] * 4 == [response.status_code for response in responses]
    assert 2 == _connections_of_gets(server)


def test_a_pool_timeout_says_how_to_raise_the_limit() -> None:
    """The error also says that nothing was sent. Both kinds of call raise the same error."""
    behave = SelectiveServer(1)
    options = {"timeout": Timeout(pool=0.05), **_limits(1)}

    async def second(url: str) -> Any:
        async with client_of(url, **options) as client:
            first = asyncio.create_task(client.send_async(**POST))
            await asyncio.to_thread(behave.has_post.wait)
            try:
                with pytest.raises(TransportError) as caught:
                    await client.send_async(**POST)
            finally:
                first.cancel()
                await asyncio.wait([first])
            return caught.value

    def second_of_threads(url: str) -> Any:
        with client_of(url, **options) as client:
            first = threading.Thread(target=_ignore_errors, args=(client.send,))
            first.start()
            behave.has_post.wait()
            with pytest.raises(TransportError) as caught:
                client.send(**POST)
        return caught.value, first

    with listening(behave) as server:
        errors = [run_async(second(server.url))]
        behave.has_post.clear()
        error, first = second_of_threads(server.url)
        errors.append(error)
        text = f"PoolTimeout at {server.url}: all 1 connections of this client are in use, and none became free in time"
    first.join()

    assert [False, False] == [error.may_have_been_sent for error in errors]
    assert [text] * 2 == [str(error).partition(";")[0] for error in errors]
    assert all("http_client={'limits': httpx.Limits(max_connections=...)}" in str(error) for error in errors)


def _ignore_errors(send: Callable[..., Any]) -> None:
    with pytest.raises(TransportError):
        send(**POST)


# httpx's own client over the same connections


def test_the_httpx_client_uses_the_same_connections(call_style: CallStyle) -> None:
    """A request to another host uses httpcore's own, because ours connect to one gateway."""

    async def by_httpx(client: Any, elsewhere: str) -> list[httpx.Response]:
        async with client:
            first = await client.send_async(**POST)
            http = client.get_async_httpx_client()
            return [first, await http.get("/c"), await http.get(f"{elsewhere}/d")]

    with listening(Peer.respond) as server, listening(Peer.respond) as other_server:
        client = client_of(server.url)
        if call_style.name == "async":
            responses = run_async(by_httpx(client, other_server.url))
        else:
            with client:
                http = client.get_httpx_client()
                responses = [client.send(**POST), http.get("/c"), http.get(f"{other_server.url}/d")]

    assert [200, 200, 200] == [response.status_code for response in responses]
    assert ["POST /b HTTP/1.1", "GET /c HTTP/1.1"] == [request.line for request in server.requests]
    assert ["GET /d HTTP/1.1"] == [request.line for request in other_server.requests]
    assert (1, 1) == (server.connections, other_server.connections)


def test_a_connection_in_use_is_closed_after_its_response(call_style: CallStyle) -> None:
    """Closing the client neither waits for the call nor interrupts it."""
    has_request, may_respond = threading.Event(), threading.Event()
    closed: list[bool] = []

    def behave(peer: Peer) -> None:
        peer.request()
        has_request.set()
        may_respond.wait(60)
        peer.send(http_response())
        closed.append(peer.request() is None)

    async def run(client: Any) -> Any:
        call = asyncio.create_task(client.send_async(**POST))
        await asyncio.to_thread(has_request.wait)
        await client.aclose()
        may_respond.set()
        return await call

    with listening(behave) as server:
        client = client_of(server.url)
        if call_style.name == "async":
            response = run_async(run(client))
        else:
            responses: list[Any] = []
            thread = threading.Thread(target=lambda: responses.append(client.send(**POST)))
            thread.start()
            assert has_request.wait(60)
            client.close()
            may_respond.set()
            thread.join()
            (response,) = responses

    assert 200 == response.status_code
    assert [True] == closed
