"""Requests take turns on a limited number of connections, and reuse only connections without leftover data."""

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
    Pieces,
    client_of,
    http_response,
    listening,
)
from contract_tests.support.running import TOKEN, run_async
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.deadline import within
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.transport import httpcore_internals

pytestmark = pytest.mark.slow


def _limits(connections: int | None, kept: int | None = 20, seconds: float | None = 60) -> dict[str, Any]:
    return {
        "limits": httpx.Limits(max_connections=connections, max_keepalive_connections=kept, keepalive_expiry=seconds)
    }


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
    """A task may be cancelled while it waits, while it is answered, or just as it gets a place (httpcore#1093)."""
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
            with within(60):  # so that a lost place makes the test fail
                return await asyncio.gather(*(client.send_async(**GET) for _ in range(2 * places)))

    with listening(behave) as server:
        responses = run_async(run(server.url))

    assert [200] * (2 * places) == [response.status_code for response in responses]
    assert places == _connections_of_gets(server)


def test_timed_out_threads_give_their_places_back() -> None:
    """The time may run out while a thread waits for a place and while it waits for the response."""
    behave = SelectiveServer(2)
    errors: list[Exception] = []

    with listening(behave) as server, client_of(server.url, **_limits(2)) as client:

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


def test_a_pool_timeout_names_the_limit_and_how_to_raise_it() -> None:
    """The error is the same on an event loop and in threads, and says that nothing was sent."""
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


# Kept connections


@pytest.mark.parametrize("kept", [0, 1, None])
def test_a_connection_is_kept_for_the_next_request(kept: int | None, call_style: CallStyle) -> None:
    """A connection is closed after its response if the limits allow no kept connections."""
    with listening(Peer.respond) as server:
        call_style.outcomes(client_of(server.url, **_limits(None, kept)), POST, GET, POST)

    assert server.connections == (3 if kept == 0 else 1)


@pytest.mark.parametrize(
    "response",
    [
        http_response(b"{}", "200 OK", "Connection: close"),
        http_response().replace(b"HTTP/1.1", b"HTTP/1.0"),
        http_response() + http_response(b"{}", "400 Bad Request"),
        http_response() + b"x",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
    ],
    ids=["to be closed", "HTTP/1.0", "two responses", "one byte more", "until it is closed"],
)
def test_a_connection_with_leftover_data_is_not_used_again(response: bytes, call_style: CallStyle) -> None:
    """Bytes after a response would be taken for the response to the next request."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(response)
        if b"Content-Length" in response:
            peer.until_closed()

    with listening(behave) as server:
        responses = call_style.outcomes(client_of(server.url), GET, POST)

    assert [200, 200] == [answered.status_code for answered in responses]
    assert 2 == server.connections


def test_late_bytes_after_a_response_end_the_connection_too(call_style: CallStyle) -> None:
    """Stray bytes may arrive just before the next request is sent."""
    has_come = threading.Event()

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(http_response())
        peer.send(http_response(b"{}", "400 Bad Request"))
        has_come.set()
        peer.until_closed()

    with listening(behave) as server:
        responses = call_style.outcomes(client_of(server.url), GET, has_come.wait, POST)

    assert [200, 200] == [response.status_code for response in responses]
    assert 2 == server.connections


class HastyClient(AuthenticatedClient):
    """A client that never sends a create over a connection that was idle."""

    reuse_seconds = 0.0


def test_a_create_never_uses_a_connection_that_was_idle_for_a_second(call_style: CallStyle) -> None:
    """A server may close an idle connection at any time, which would leave the create in doubt. Look-ups may use it."""
    assert 1.0 == AuthenticatedClient.reuse_seconds
    with listening(Peer.respond) as server:
        client = HastyClient(TOKEN, server.url, http_client=_limits(None, seconds=600))
        call_style.outcomes(client, GET, GET, POST, GET, POST)

    assert ["GET /a", "GET /a", "POST /b", "GET /a", "POST /b"] == [request.line[:-9] for request in server.requests]
    assert 3 == server.connections


# Kept connections that the server closes while the next request is written


def _respond_once_then(behave: Callable[[Peer], object]) -> Callable[[Peer], None]:
    """Return a server that answers the first request of each connection, then runs `behave` on the first connection."""

    def serve(peer: Peer) -> None:
        peer.request()
        peer.send(http_response())
        if peer.number == 0:
            behave(peer)
        else:
            peer.respond()

    return serve


@pytest.mark.parametrize("is_noticed", [True, False], ids=["noticed in time", "noticed by a failed write"])
def test_an_incomplete_request_is_sent_again_over_another_connection(
    is_noticed: bool,  # noqa: FBT001 - a column of the table
    call_style: CallStyle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server cannot have acted on an incomplete request, so nothing is in doubt."""
    is_reset = threading.Event()

    def reset(peer: Peer) -> None:
        peer.head()
        peer.reset()
        is_reset.set()

    if not is_noticed:
        monkeypatch.setattr(httpcore_internals, "check_kept", lambda _: None)
    with listening(_respond_once_then(reset)) as server:
        second = {**POST, "content": Pieces(b"{", is_reset, b"}")}
        responses = call_style.outcomes(client_of(server.url), POST, second)

    assert [200, 200] == [response.status_code for response in responses]
    assert [b"{}", b"{}"] == [request.body for request in server.requests]
    assert 2 == server.connections


def test_a_response_before_the_request_is_complete_is_ignored(call_style: CallStyle) -> None:
    """Early bytes on a kept connection may belong to the previous request."""
    is_sent = threading.Event()

    def send_early(peer: Peer) -> None:
        peer.head()
        peer.send(http_response(b"{}", "400 Bad Request"))
        is_sent.set()
        peer.until_closed()

    with listening(_respond_once_then(send_early)) as server:
        responses = call_style.outcomes(client_of(server.url), GET, {**POST, "content": Pieces(b"{", is_sent, b"}")})

    assert [200, 200] == [response.status_code for response in responses]
    assert [b"", b"{}"] == [request.body for request in server.requests]


def test_a_look_up_lost_with_a_kept_connection_is_sent_again(call_style: CallStyle) -> None:
    """A look-up has no side effects."""
    with listening(_respond_once_then(Peer.request)) as server:
        responses = call_style.outcomes(client_of(server.url), POST, GET)

    assert [200, 200] == [response.status_code for response in responses]
    assert ["POST", "GET", "GET"] == [request.line.split()[0] for request in server.requests]


def test_a_complete_create_is_not_sent_again(call_style: CallStyle) -> None:
    """The server may have acted on a complete create."""
    with listening(_respond_once_then(Peer.request)) as server:
        _, error = call_style.outcomes(client_of(server.url), GET, POST)

    assert isinstance(error, TransportError)
    assert error.may_have_been_sent
    assert ["GET", "POST"] == [request.line.split()[0] for request in server.requests]


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_a_request_lost_on_a_new_connection_is_not_sent_again(call: Any, call_style: CallStyle) -> None:
    """You decide; otherwise a server that loses every request would be asked forever."""
    with listening(Peer.request) as server:
        call_style.failure(client_of(server.url), call, sent=True)

    assert 1 == server.connections


def test_a_timed_out_request_is_not_sent_again(call_style: CallStyle) -> None:
    """A look-up over a kept connection is not sent again either."""
    with listening(_respond_once_then(Peer.until_closed)) as server:
        client = client_of(server.url)

        def shorten_read_timeout() -> None:
            inner = client.get_async_httpx_client() if call_style.name == "async" else client.get_httpx_client()
            inner.timeout = httpx.Timeout(60, read=0.1)

        first, error = call_style.outcomes(client, POST, shorten_read_timeout, GET)

    assert 200 == first.status_code
    assert isinstance(error, TransportError)
    assert "ReadTimeout" in str(error)
    assert 1 == server.connections


# httpx's own client over the same connections


def test_the_httpx_client_uses_the_same_connections(call_style: CallStyle) -> None:
    """A request to another host uses httpcore's own connections, because ours connect to one gateway."""

    async def by_httpx(client: Any, elsewhere: str) -> list[httpx.Response]:
        async with client:
            first = await client.send_async(**POST)
            http = client.get_async_httpx_client()
            return [first, await http.get("/c"), await http.get(f"{elsewhere}/d")]

    with listening(Peer.respond) as server, listening(Peer.respond) as other:
        client = client_of(server.url)
        if call_style.name == "async":
            responses = run_async(by_httpx(client, other.url))
        else:
            with client:
                http = client.get_httpx_client()
                responses = [client.send(**POST), http.get("/c"), http.get(f"{other.url}/d")]

    assert [200, 200, 200] == [response.status_code for response in responses]
    assert ["POST /b HTTP/1.1", "GET /c HTTP/1.1"] == [request.line for request in server.requests]
    assert ["GET /d HTTP/1.1"] == [request.line for request in other.requests]
    assert (1, 1) == (server.connections, other.connections)


def test_a_connection_in_use_is_closed_after_its_response(call_style: CallStyle) -> None:
    """Closing the client neither waits for a call nor interrupts it."""
    came, may_respond = threading.Event(), threading.Event()
    closed: list[bool] = []

    def behave(peer: Peer) -> None:
        peer.request()
        came.set()
        may_respond.wait(60)
        peer.send(http_response())
        closed.append(peer.request() is None)

    async def run(client: Any) -> Any:
        call = asyncio.create_task(client.send_async(**POST))
        await asyncio.to_thread(came.wait)
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
            assert came.wait(60)
            client.close()
            may_respond.set()
            thread.join()
            (response,) = responses

    assert 200 == response.status_code
    assert [True] == closed
