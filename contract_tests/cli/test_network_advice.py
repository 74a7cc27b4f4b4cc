"""What to do if the gateway is not reached."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import httpx
import pytest

from contract_tests.support.peers import Peer, http_response, listening, server_tls
from kling_elements.cli.network_advice import advice_for
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import list_elements
from kling_elements_client.errors import TransportError


def _failure(url: str, timeout: float = 60) -> TransportError:
    with (
        AuthenticatedClient("sk-1234567890", url, timeout=timeout) as client,
        pytest.raises(TransportError) as caught,
    ):
        list_elements.sync_detailed(client=client)
    return caught.value


def _caused_by(cause: BaseException) -> TransportError:
    error = TransportError("no response", may_have_been_sent=False)
    error.__cause__ = cause
    return error


def test_a_port_without_a_server_is_explained() -> None:
    assert "no server listens at this URL" in advice_for(_failure("http://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("behave", "advice"),
    [
        (lambda peer: (peer.request(), peer.reset()), "closed the connection"),
        (lambda peer: peer.respond(b"SSH-2.0-OpenSSH\r\n\r\n"), "does not speak HTTP"),
    ],
    ids=["reset", "another protocol"],
)
def test_a_broken_connection_is_explained(behave: Callable[[Peer], object], advice: str) -> None:
    with listening(behave) as server:
        assert advice in advice_for(_failure(server.url))


def test_an_unknown_authority_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    with listening(lambda peer: peer.respond(http_response()), server_tls()) as server:
        assert "does not trust the authority that issued the certificate" in advice_for(_failure(server.url))


def test_a_slow_gateway_is_explained() -> None:
    with listening(lambda peer: peer.until_closed()) as server:
        assert "took too long" in advice_for(_failure(server.url, timeout=0.5))


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the host name is unknown"),
        (httpx.ProxyError("407 Proxy Authentication Required"), "the proxy refused the request"),
        (httpx.ConnectTimeout("timed out"), "a firewall may drop the connection"),
        (ssl.SSLError("wrong version number"), "does not speak TLS"),
        (ssl.SSLCertVerificationError("certificate has expired"), "has expired"),
        (ssl.SSLCertVerificationError("certificate is not yet valid"), "not valid yet"),
        (ssl.SSLCertVerificationError("Hostname mismatch"), "for another host"),
        (ssl.SSLCertVerificationError("certificate is not valid for 'a'"), "for another host"),
        (OSError(101, "Network is unreachable"), "no route to the gateway"),
        (RuntimeError("something else"), "check the network connection, and try again"),
    ],
    ids=str,
)
def test_each_cause_is_explained(cause: BaseException, advice: str) -> None:
    """The errors are simulated, because not every machine can produce them on a real connection."""
    assert advice in advice_for(_caused_by(cause))


def test_circular_causes_are_visited_once() -> None:
    first, second = RuntimeError("first"), ConnectionRefusedError("second")
    first.__cause__, second.__cause__ = second, first

    assert "no server listens at this URL" in advice_for(_caused_by(first))
