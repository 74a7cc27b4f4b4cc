"""Names are resolved for each connection, and each address is tried."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.support.peers import (
    POST,
    CallStyle,
    Peer,
    http_response,
    listening,
)
from contract_tests.support.running import TOKEN
from kling_elements_client import AuthenticatedClient
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.transport import sockets

pytestmark = pytest.mark.slow


class FakeResolver:
    """A replacement for the system's resolver that returns the addresses of your choice."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace `socket.getaddrinfo`."""
        self.hosts: list[Any] = []
        self.addresses: Callable[[int], Any] = lambda port: [("127.0.0.1", port)]
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, port: int, *_: Any, **__: Any) -> Any:
        self.hosts.append(host)
        families = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*families, address) for address in self.addresses(port)]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> FakeResolver:
    """Replace the system's resolver with one that returns whatever addresses the test sets."""
    return FakeResolver(monkeypatch)


def _client_by_name(url: str) -> AuthenticatedClient:
    return AuthenticatedClient(TOKEN, url.replace("127.0.0.1", "gateway.test"), timeout=60, allow_http=True)


def test_a_name_is_looked_up_for_each_connection(call_style: CallStyle, resolver: FakeResolver) -> None:
    """The name's addresses may have changed."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(http_response(b"{}", "200 OK", "Connection: close"))

    with listening(behave) as server:
        responses = call_style.outcomes(_client_by_name(server.url), POST, POST)

    assert [200, 200] == [response.status_code for response in responses]
    assert [b"gateway.test"] * 2 == resolver.hosts


def test_the_next_address_is_tried_if_one_refuses_the_connection(call_style: CallStyle, resolver: FakeResolver) -> None:
    """The first may be, for example, an IPv6 address at which nothing listens."""
    with socket.socket() as nobody, listening(Peer.respond) as server:
        nobody.bind(("127.0.0.1", 0))
        resolver.addresses = lambda port: [nobody.getsockname(), ("127.0.0.1", port)]
        response = call_style.outcome(_client_by_name(server.url))

    assert 200 == response.status_code


def test_a_host_that_refuses_at_all_addresses_is_a_connection_error(
    call_style: CallStyle, resolver: FakeResolver
) -> None:
    """The error quotes one of the failures."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        resolver.addresses = lambda _: [nobody.getsockname()] * 2
        failure = call_style.failure(_client_by_name("http://127.0.0.1:1"))

    assert failure.startswith("ConnectError at http://gateway.test:1: ")
    assert "111" in failure  # connection refused


def test_all_addresses_share_one_timeout(
    call_style: CallStyle, resolver: FakeResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may have several addresses that all ignore connections."""
    timeouts: list[float] = []
    connect = socket.socket.connect

    def record(self: socket.socket, address: Any) -> None:
        timeouts.append(self.gettimeout() or 0.0)  # 0 on an event loop
        connect(self, address)

    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent, socket.create_connection(silent.getsockname()):
        resolver.addresses = lambda _: [silent.getsockname()] * 2  # its only place for a connection is taken
        monkeypatch.setattr(socket.socket, "connect", record)
        monkeypatch.setattr(sockets, "_HEAD_START_SECONDS", 60)  # an event loop would try both at the same time
        failure = call_style.failure(
            AuthenticatedClient(TOKEN, "http://gateway.test:1", timeout=Timeout(connect=0.1), allow_http=True)
        )

    assert "ConnectTimeout at http://gateway.test:1: timed out" == failure
    assert sum(timeouts) <= 0.1


def test_a_silent_address_leaves_time_for_the_next_one(call_style: CallStyle, resolver: FakeResolver) -> None:
    """The first address may belong to a route that is broken, for example over IPv6."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as silent,
        socket.create_connection(silent.getsockname()),
        listening(Peer.respond) as server,
    ):
        resolver.addresses = lambda port: [silent.getsockname(), ("127.0.0.1", port)]
        response = call_style.outcome(
            AuthenticatedClient(
                TOKEN,
                server.url.replace("127.0.0.1", "gateway.test"),
                timeout=Timeout(connect=4),
                allow_http=True,
            )
        )

    assert 200 == response.status_code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "[Errno -2] Name or service not known",
            id="system",
        ),
        pytest.param(ValueError("no such zone"), "no such zone", id="resolver-of-another-program"),
    ],
)
def test_an_unknown_name_is_a_connection_error(
    call_style: CallStyle, resolver: FakeResolver, error: Exception, expected: str
) -> None:
    """The error is the same if another resolver replaces the system's."""

    def unknown(_: int) -> Any:
        raise error

    resolver.addresses = unknown
    failure = call_style.failure(_client_by_name("http://127.0.0.1:1"))

    assert f"ConnectError at http://gateway.test:1: {expected}" == failure


def test_a_slow_name_look_up_is_abandoned_at_the_timeout(call_style: CallStyle, resolver: FakeResolver) -> None:
    """The look-up delays neither the call nor the end of the event loop."""
    may_end = threading.Event()

    def slow(_: int) -> Any:
        may_end.wait()
        return []

    resolver.addresses = slow
    try:  # it returns while the look-up is still in progress
        patient = Timeout(connect=0.1)
        failure = call_style.failure(
            AuthenticatedClient(TOKEN, "http://gateway.test:1", timeout=patient, allow_http=True)
        )
    finally:
        may_end.set()

    assert "ConnectTimeout at http://gateway.test:1: timed out" == failure
