"""A kept connection is reused only in a clean state, and a lost request is sent again only if that is safe."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import (
    GET,
    POST,
    CallStyle,
    Peer,
    Pieces,
    client_of,
    http_response,
    listening,
)
from contract_tests.support.running import TOKEN
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.transport import httpcore_internals, sockets

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("max_idle", [0, 1, None])
def test_a_connection_is_kept_for_the_next_request(max_idle: int | None, call_style: CallStyle) -> None:
    """The connection is closed if the limits allow no kept connections."""
    limits = httpx.Limits(max_keepalive_connections=max_idle, keepalive_expiry=60)
    with listening(Peer.respond) as server:
        call_style.outcomes(client_of(server.url, limits=limits), POST, GET, POST)

    assert server.connections == (3 if max_idle == 0 else 1)


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
    """Otherwise these bytes would be taken for the next response."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(response)
        if b"Content-Length" in response:
            peer.until_closed()

    with listening(behave) as server:
        responses = call_style.outcomes(client_of(server.url), GET, POST)

    assert [200, 200] == [received.status_code for received in responses]
    assert 2 == server.connections


def test_late_bytes_after_a_response_end_the_connection(call_style: CallStyle) -> None:
    """The bytes arrive just before the next request is sent."""
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
    """The server may close it just then, which would leave the create in doubt. Look-ups may use it."""
    assert 1.0 == AuthenticatedClient.reuse_seconds
    with listening(Peer.respond) as server:
        client = HastyClient(TOKEN, server.url, http_client={"limits": httpx.Limits(keepalive_expiry=600)})
        call_style.outcomes(client, GET, GET, POST, GET, POST)

    assert ["GET /a", "GET /a", "POST /b", "GET /a", "POST /b"] == [request.line[:-9] for request in server.requests]
    assert 3 == server.connections


def test_idle_connections_count_towards_the_maximum(call_style: CallStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A create that needs a new connection closes an idle one first."""
    opened: list[socket.socket] = []
    open_counts: list[int] = []

    def count(connected: socket.socket) -> None:
        opened.append(connected)
        open_counts.append(sum(connection.fileno() != -1 for connection in opened))

    monkeypatch.setattr(sockets, "_disable_nagle", count)
    with listening(Peer.respond) as server:
        client = HastyClient(TOKEN, server.url, http_client={"limits": httpx.Limits(max_connections=1)})
        call_style.outcomes(client, GET, POST, POST)

    assert [1, 1, 1] == open_counts


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
    """Nothing is in doubt, because the server can't have acted on it."""
    is_reset = threading.Event()

    def reset(peer: Peer) -> None:
        peer.head()
        peer.reset()
        is_reset.set()

    if not is_noticed:
        monkeypatch.setattr(httpcore_internals, "check_still_usable", lambda _: None)
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
    """This is safe, because it has no side effects."""
    with listening(_respond_once_then(Peer.request)) as server:
        responses = call_style.outcomes(client_of(server.url), POST, GET)

    assert [200, 200] == [response.status_code for response in responses]
    assert ["POST", "GET", "GET"] == [request.line.split()[0] for request in server.requests]


def test_a_complete_create_is_not_sent_again(call_style: CallStyle) -> None:
    """The server may have acted on it."""
    with listening(_respond_once_then(Peer.request)) as server:
        _, error = call_style.outcomes(client_of(server.url), GET, POST)

    assert isinstance(error, TransportError)
    assert error.may_have_been_sent
    assert ["GET", "POST"] == [request.line.split()[0] for request in server.requests]


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_a_request_lost_on_a_new_connection_is_not_sent_again(call: Any, call_style: CallStyle) -> None:
    """Otherwise a server that loses every request would be asked forever."""
    with listening(Peer.request) as server:
        call_style.failure(client_of(server.url), call, sent=True)

    assert 1 == server.connections


def test_a_timed_out_request_is_not_sent_again(call_style: CallStyle) -> None:
    """A look-up over a kept connection isn't either."""
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
