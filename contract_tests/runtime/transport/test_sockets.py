"""Sockets send and receive bytes, with TLS and without, and each failure becomes a clear error."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import aiohappyeyeballs
import pytest
import uvloop

from contract_tests.support.peers import (
    GET,
    LARGE,
    POST,
    CallStyle,
    Peer,
    client_of,
    http_response,
    listening,
    server_tls,
)
from kling_elements_client.errors import TransportError
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.transport import sockets

pytestmark = pytest.mark.slow

with_and_without_tls = pytest.mark.parametrize("tls", [None, server_tls()], ids=["plain", "TLS"])


# Bytes in both directions


@with_and_without_tls
def test_large_requests_and_responses_arrive_complete(tls: ssl.SSLContext | None, call_style: CallStyle) -> None:
    """The requests share one connection, which is kept."""
    large = http_response(b" " * 5_000_000 + b"{}")
    with listening(lambda peer: peer.respond(large), tls) as server:
        responses = call_style.outcomes(client_of(server.url), LARGE, GET, LARGE)

    assert [5_000_002] * 3 == [len(response.content) for response in responses]
    assert [LARGE["content"], b"", LARGE["content"]] == [request.body for request in server.requests]
    assert 1 == server.connections


def test_a_small_request_is_sent_in_one_system_call(call_style: CallStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large body is sent separately, because it would have to be copied."""
    sizes: list[int] = []
    send = socket.socket.send

    def count(self: socket.socket, data: Any) -> int:
        sizes.append(len(data))
        return send(self, data)

    with listening(Peer.respond) as server, monkeypatch.context() as patch:
        patch.setattr(socket.socket, "send", count)
        responses = call_style.outcomes(client_of(server.url), POST, GET, {**POST, "content": b"x" * 20_000}, POST)

    of_requests = [size for size in sizes if size > 1]  # event loops wake themselves up by one byte
    assert [200] * 4 == [response.status_code for response in responses]
    assert [b"{}", b"", b"x" * 20_000, b"{}"] == [request.body for request in server.requests]
    assert 5 == len(of_requests)
    assert 20_000 == of_requests[3]


@with_and_without_tls
def test_calls_work_on_uvloop(tls: ssl.SSLContext | None) -> None:
    """Many users have it, because the mock server installs it."""

    async def run(url: str) -> list[int]:
        async with client_of(url) as client:
            responses = await asyncio.gather(*(client.send_async(**call) for call in (LARGE, GET, POST)))
            return [response.status_code for response in [*responses, await client.send_async(**POST)]]

    with listening(Peer.respond, tls) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert [200] * 4 == runner.run(run(server.url))


def test_tools_can_read_the_details_of_a_connection(call_style: CallStyle) -> None:
    """Tracing tools, for example, record the addresses."""
    with listening(Peer.respond) as server, listening(Peer.respond, server_tls()) as secured:
        for listener in (server, secured):
            details: list[Any] = []

            def look(response: Any, details: list[Any] = details) -> None:
                stream = response.extensions["network_stream"]
                details += [
                    stream.get_extra_info(name) for name in ("client_addr", "server_addr", "socket", "ssl_object")
                ]
                details.append(details[-1] and details[-1].version())
                assert stream.get_extra_info("else") is None

            async def look_async(response: Any, look: Callable[[Any], None] = look) -> None:
                look(response)

            hook = look if call_style.name == "sync" else look_async
            call_style.outcome(client_of(listener.url, event_hooks={"response": [hook]}))
            client_address, server_address, connected, tls, version = details
            assert ("127.0.0.1", listener.port) == server_address
            assert client_address[0] == "127.0.0.1"
            assert isinstance(connected, socket.socket)
            assert (listener is secured) is (tls is not None)
            assert version == ("TLSv1.3" if listener is secured else None)


# Early responses


@with_and_without_tls
@pytest.mark.parametrize("status", ["401 Unauthorized", "413 Content Too Large"])
def test_a_response_before_the_request_is_complete_is_read(
    status: str, tls: ssl.SSLContext | None, call_style: CallStyle
) -> None:
    """The server answers early, and closes the connection during the body."""

    def behave(peer: Peer) -> None:
        peer.head()
        peer.send(http_response(b"{}", status, "Connection: close"))
        peer.connected.close()  # with bytes unread, so that the client gets a reset

    with listening(behave, tls) as server:
        response = call_style.outcome(client_of(server.url), LARGE)

    assert int(status[:3]) == response.status_code
    assert 1 == server.connections


@with_and_without_tls
def test_a_connection_that_ends_before_the_request_is_complete_leaves_no_doubt(
    tls: ssl.SSLContext | None, call_style: CallStyle
) -> None:
    """Without a readable response, the error says what the server probably meant."""

    def behave(peer: Peer) -> None:
        peer.head()
        peer.reset()

    with listening(behave, tls) as server:
        failure = call_style.failure(client_of(server.url), LARGE)

    assert f"Error at {server.url}: " in failure
    assert failure.endswith(
        "; the connection was closed before the whole request was sent, so nothing was done. Servers do this when they "
        "refuse a request early: check the key and the size of the request"
    )


@with_and_without_tls
@pytest.mark.parametrize("ends", [Peer.reset, lambda peer: peer.connected.close()], ids=["reset", "closed"])
def test_a_connection_that_ends_after_the_request_is_complete_leaves_doubt(
    ends: Callable[[Peer], None], tls: ssl.SSLContext | None, call_style: CallStyle
) -> None:
    """The server may have acted on it."""

    def behave(peer: Peer) -> None:
        peer.request()
        ends(peer)

    with listening(behave, tls) as server:
        failure = call_style.failure(client_of(server.url), sent=True)

    assert "before the request" not in failure


# Connecting


@contextmanager
def _no_more_files() -> Iterator[None]:
    """Prevent this process from opening files and sockets during the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@with_and_without_tls
def test_nothing_is_sent_if_no_socket_can_be_opened(tls: ssl.SSLContext | None, call_style: CallStyle) -> None:
    """The process has run out of open files."""
    limit = ExitStack()

    with listening(Peer.respond, tls) as server:
        begin = partial(limit.enter_context, _no_more_files())
        (error,) = call_style.outcomes(client_of(server.url), begin, POST, limit.close)

    assert isinstance(error, TransportError)
    assert not error.may_have_been_sent
    assert f"ConnectError at {server.url}: [Errno 24] Too many open files" == str(error)


def test_a_socket_that_cannot_be_set_up_is_closed(call_style: CallStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting its options fails, as on some systems after a reset by the peer."""
    opened: list[socket.socket] = []

    def refuse(connected: socket.socket) -> None:
        opened.append(connected)
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(sockets, "_disable_nagle", refuse)
    with listening(Peer.respond) as server:
        call_style.failure(client_of(server.url))

    assert [-1] == [connected.fileno() for connected in opened]


def test_a_runtime_error_of_the_event_loop_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uvloop raises RuntimeError where asyncio raises OSError."""

    async def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", fail)
    failure = CallStyle("async").failure(client_of("http://127.0.0.1:1"))

    assert "ConnectError at http://127.0.0.1:1: no" == failure


def test_a_write_ends_at_its_timeout(call_style: CallStyle) -> None:
    """The server reads nothing, so the request stays incomplete."""
    is_over = threading.Event()
    with listening(lambda peer: peer.head() and is_over.wait(60)) as server:
        try:
            failure = call_style.failure(client_of(server.url, timeout=Timeout(write=0.1)), LARGE)
        finally:
            is_over.set()

    message = "timed out; the request was not complete by then, so nothing was done"
    assert f"WriteTimeout at {server.url}: {message}" == failure
