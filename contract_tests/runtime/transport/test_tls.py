"""TLS handshakes, certificates and records are checked, and each failure becomes a clear error."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.support.peers import (
    GET,
    RESPONSE,
    CallStyle,
    Peer,
    client_of,
    http_response,
    listening,
    server_tls,
)
from kling_elements_runtime.settings import Timeout

pytestmark = pytest.mark.slow


class ManualTlsServer:
    """The server's side of a TLS connection, which sends its records only when you call `send`."""

    def __init__(self, peer: Peer) -> None:
        """Do the TLS handshake."""
        self._peer = peer
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = server_tls().wrap_bio(self._received, self._to_send, server_side=True)
        self._do(self._tls.do_handshake)
        self.send()

    def request(self) -> bytes:
        """Read and return a small request without a body."""
        head: bytes = self._do(lambda: self._tls.read(65_536))
        return head

    def add(self, data: bytes) -> None:
        """Encrypt a record without sending it yet."""
        self._tls.write(data)

    def send(self) -> None:
        """Send all encrypted records at once."""
        self._peer.send(self._to_send.read())

    def _do(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if waiting := self._to_send.read():
                    self._peer.send(waiting)
                self._received.write(self._peer.connected.recv(65_536))


@pytest.mark.parametrize("stray", [http_response(b"{}", "400 Bad Request"), b"x" * 10], ids=["a response", "something"])
def test_a_tls_record_after_a_response_ends_the_connection(stray: bytes, call_style: CallStyle) -> None:
    """Otherwise a record that is read early could become the next response."""

    def behave(peer: Peer) -> None:
        tls = ManualTlsServer(peer)
        tls.request()
        tls.add(http_response())
        if peer.number == 0:
            tls.add(stray)
        tls.send()
        peer.until_closed()

    with listening(behave) as server:
        responses = call_style.outcomes(client_of(server.url.replace("http:", "https:")), GET, GET)

    assert [RESPONSE, RESPONSE] == [response.content for response in responses]
    assert 2 == server.connections


@pytest.mark.parametrize(
    ("message", "behave"),
    [
        ("WRONG_VERSION_NUMBER", lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("", lambda peer: peer.connected.recv(1)),
        ("", Peer.reset),
    ],
    ids=["no TLS", "closed", "reset"],
)
def test_a_failed_handshake_is_a_connection_error(
    message: str, behave: Callable[[Peer], None], call_style: CallStyle
) -> None:
    """The error says that nothing was sent."""
    with listening(behave) as server:
        failure = call_style.failure(client_of(server.url.replace("http:", "https:")))

    assert failure.startswith("ConnectError at https://127.0.0.1:")
    assert message in failure.replace(" ", "_").upper()
    assert "no detail" not in failure


def test_a_handshake_is_bounded_by_the_connect_timeout(call_style: CallStyle) -> None:
    """The handshake counts as a part of connecting."""
    with listening(Peer.until_closed) as server:
        client = client_of(server.url.replace("http:", "https:"), timeout=Timeout(connect=0.1))
        failure = call_style.failure(client)

    assert failure.startswith("ConnectTimeout at https://127.0.0.1:")


@pytest.mark.parametrize("names", [("elsewhere.example.com",), ("127.0.0.2",)])
def test_a_certificate_for_another_name_is_a_connection_error(names: tuple[str, ...], call_style: CallStyle) -> None:
    """The token is not sent to that server."""
    with listening(Peer.respond, server_tls(*names)) as server:
        failure = call_style.failure(client_of(server.url))

    assert "certificate verify failed: IP address mismatch" in failure
    assert [] == server.requests


def test_a_tls_connection_may_end_without_a_closing_message(call_style: CallStyle) -> None:
    """A body without a Content-Length is complete then, because many servers just close the socket."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + RESPONSE)
        socket.socket.shutdown(peer.connected, socket.SHUT_RDWR)  # without the closing message of TLS

    with listening(behave, server_tls()) as server:
        assert RESPONSE == call_style.outcome(client_of(server.url)).content
