"""A call ends by its deadline whatever the server does, even if each of its steps could last forever."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from itertools import count
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import (
    GET,
    LARGE,
    POST,
    RESPONSE,
    CallStyle,
    Peer,
    PiecewiseBody,
    client_of,
    client_tls,
    listening,
    server_tls,
)
from contract_tests.support.proxies import tunnel
from contract_tests.support.running import TOKEN
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.deadline import seconds_left, stop_when, within
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.transport import sockets

pytestmark = pytest.mark.slow
_SECONDS = 0.3


def _head(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\n")
    peer.drip(b"X-%d: x\r\n" % number for number in count())


def _body(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    peer.drip(b" " for _ in count())


def _chunks(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\n \r\n" for _ in count())


def _informational(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" for _ in count())


def _slow_reader(peer: Peer) -> None:
    peer.head()
    peer.drip(b"" for _ in iter(lambda: peer.connected.recv(10_000), b""))


_SERVERS = {"head": _head, "body": _body, "chunks": _chunks, "1xx": _informational, "slow reader": _slow_reader}


@pytest.mark.parametrize("tls", [None, server_tls()], ids=["plain", "TLS"])
@pytest.mark.parametrize("name", _SERVERS)
def test_a_call_to_a_dripping_server_ends_at_its_deadline(name: str, tls: Any, call_style: CallStyle) -> None:
    """The server sends or reads a little at a time, again and again."""
    with listening(_SERVERS[name], tls) as server:
        error = call_style.outcome(client_of(server.url), LARGE if name == "slow reader" else POST, seconds=_SECONDS)

    assert isinstance(error, TransportError)
    assert "the time for this call is up" in str(error)
    assert bool(server.requests) is error.may_have_been_sent  # on a busy machine the time may be up before it is sent


def test_a_call_without_a_deadline_ends_after_the_sum_of_its_timeouts(call_style: CallStyle) -> None:
    remaining_seconds: list[float] = []

    def respond(_: httpx.Request) -> httpx.Response:
        remaining_seconds.append(seconds_left() or 0)
        return httpx.Response(200, content=RESPONSE)

    timeout = Timeout(connect=1000, read=2000, write=3000, pool=4000)
    call_style.outcome(client_of("http://127.0.0.1:1", timeout=timeout, transport=httpx.MockTransport(respond)))

    assert 9900 < remaining_seconds[0] <= 10_000


@pytest.mark.parametrize("is_tunnelled", [False, True], ids=["to the gateway", "through a tunnel"])
def test_a_dripping_handshake_ends_at_the_deadline(is_tunnelled: bool, call_style: CallStyle) -> None:  # noqa: FBT001 - a column of the table
    """The error says that nothing was sent."""

    def behave(peer: Peer) -> None:
        peer.send(b"\x16\x03\x03" + struct.pack("!H", 16_000))  # a handshake record that never becomes complete
        peer.drip(b"\x00" for _ in count())

    with listening(behave) as server, listening(tunnel(), server_tls()) as proxy:
        url = server.url.replace("http:", "https:")
        through = {"proxy": httpx.Proxy(proxy.url, ssl_context=client_tls())}
        call_style.failure(client_of(url, **(through if is_tunnelled else {})), seconds=_SECONDS)


def _slowly() -> Iterator[bytes]:
    """Yield spaces for at most half a minute, so that a client without a deadline fails the test."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:  # pragma: no branch - a client with a deadline stops earlier
        time.sleep(0.02)
        yield b" "


def test_the_deadline_applies_to_your_own_transport_between_two_chunks(call_style: CallStyle) -> None:
    """The transport doesn't know about it."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=PiecewiseBody(_slowly())))
    client = AuthenticatedClient(TOKEN, "http://127.0.0.1:1", http_client={"transport": transport})
    error = call_style.outcome(client, seconds=_SECONDS)

    assert isinstance(error, TransportError)
    assert "the time for this call is up" in str(error)


def test_a_call_through_your_own_transport_ends_once_it_is_abandoned() -> None:
    """The call has no time left then."""
    abandoned = threading.Event()
    abandoned.set()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=PiecewiseBody(_slowly())))
    client = AuthenticatedClient(TOKEN, "http://127.0.0.1:1", http_client={"transport": transport})
    context = copy_context()
    context.run(stop_when, abandoned)

    assert "the time for this call is up" in str(context.run(CallStyle("sync").outcome, client))


@pytest.mark.parametrize(("expected", "seconds"), [(60.0, None), (60.0, 3600.0), (5.0, 5.0)])
def test_your_own_transport_gets_timeouts_within_the_deadline(
    expected: float, seconds: float | None, call_style: CallStyle
) -> None:
    """The timeouts are in the request, as httpx passes them."""
    timeouts: list[dict[str, float]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, content=RESPONSE)

    client = AuthenticatedClient(
        TOKEN, "http://127.0.0.1:1", timeout=60.0, http_client={"transport": httpx.MockTransport(respond)}
    )
    call_style.outcome(client, GET, seconds=seconds)

    assert {"connect", "read", "write", "pool"} == timeouts[0].keys()
    assert all(expected - 4 < limit <= expected for limit in timeouts[0].values())


def test_a_timeout_error_of_your_own_transport_is_reported_unchanged() -> None:
    """The message doesn't mention the deadline."""

    def respond(_: httpx.Request) -> httpx.Response:
        raise TimeoutError("mine")

    transport = httpx.MockTransport(respond)
    client = AuthenticatedClient(TOKEN, "http://127.0.0.1:1", http_client={"transport": transport})
    error = CallStyle("async").outcome(client)

    assert "TimeoutError at http://127.0.0.1:1: mine" == str(error)


def test_a_nested_deadline_never_extends_the_outer_one() -> None:
    assert seconds_left() is None
    with within(None):
        assert seconds_left() is None
        with within(100), within(None), within(1000):
            remaining_seconds = seconds_left()
            assert remaining_seconds is not None
            assert 90 < remaining_seconds <= 100
            with within(-1):
                assert (seconds_left() or 0) < 0
        assert seconds_left() is None


@pytest.mark.parametrize(("expected", "timeout"), [(50, 60.0), (50, None), (40, 40.0)])
def test_a_step_of_a_blocking_socket_ends_by_the_deadline(expected: float, timeout: float | None) -> None:
    """The step's own timeout applies only if it is shorter than the remaining time."""
    near, far = socket.socketpair()
    stream = sockets._Stream(near)  # noqa: SLF001 - a test cannot wait that long
    with near, far, within(50):
        stream.write(bytes(20_000), timeout)  # more than is buffered
        written = near.gettimeout() or 0.0
        near.settimeout(1)
        far.send(b"y")
        assert b"y" == stream.read(1, timeout)
        read = near.gettimeout() or 0.0

    assert expected - 10 < written <= expected
    assert expected - 10 < read <= expected


def test_a_call_after_its_deadline_sends_nothing(call_style: CallStyle) -> None:
    """The call uses neither a kept connection nor a new one."""
    with listening(Peer.respond) as server:
        call_style.failure(client_of(server.url), seconds=-1.0)

    assert [] == server.requests
