"""A client trusts the certificates that you choose, and missing or unreadable ones are reported."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import (
    GET,
    POST,
    CallStyle,
    Peer,
    authority,
    client_tls,
    listening,
    server_tls,
)
from contract_tests.support.running import TOKEN, URL
from kling_elements_client import AuthenticatedClient

pytestmark = pytest.mark.slow


def _make_client(url: str = URL, **http_client: Any) -> AuthenticatedClient:
    return AuthenticatedClient(TOKEN, url, allow_http=True, http_client=http_client)


@pytest.mark.parametrize("place", ["SSL_CERT_FILE", "verify", "a path in verify", "a context in verify"])
def test_you_can_choose_the_trusted_certificates(
    place: str, call_style: CallStyle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An argument or the environment names them, also for a gateway on this machine."""
    file = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(file))
    verify = {"verify": str(file), "a path in verify": file, "a context in verify": client_tls()}
    if place == "SSL_CERT_FILE":
        monkeypatch.setenv(place, str(file))
    options = {"verify": verify[place]} if place in verify else {}

    with listening(Peer.respond, server_tls()) as server, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`verify=<str>`", DeprecationWarning)  # from httpx
        responses = call_style.outcomes(AuthenticatedClient(TOKEN, server.url, http_client=options), POST, GET)

    assert [200, 200] == [response.status_code for response in responses]
    assert 1 == server.connections


def test_the_usual_authorities_are_trusted_by_default(call_style: CallStyle) -> None:
    """Any other certificate is refused, unless you switch the check off."""
    with listening(Peer.respond, server_tls()) as server:
        failure = call_style.failure(AuthenticatedClient(TOKEN, server.url))
        response = call_style.outcome(AuthenticatedClient(TOKEN, server.url, http_client={"verify": False}))

    assert "certificate verify failed: unable to get local issuer certificate" in failure
    assert 200 == response.status_code


def test_a_client_certificate_is_sent(call_style: CallStyle, tmp_path: Path) -> None:
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    issued = authority().issue_cert("client.example.com")
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(tls)
    authority().configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED

    with listening(Peer.respond, tls) as server, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`cert=...`", DeprecationWarning)  # from httpx
        options = {"verify": client_tls(), "cert": (str(certificate), str(key))}
        response = call_style.outcome(AuthenticatedClient(TOKEN, server.url, http_client=options))

    assert 200 == response.status_code


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_missing_certificates_are_an_error_that_names_the_variable(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is raised if the client needs no certificates or has others."""
    (tmp_path / "a file").touch()
    for value in ("/nowhere", str(tmp_path if name == "SSL_CERT_FILE" else tmp_path / "a file")):
        monkeypatch.setenv(name, value)
        message = f"the environment variable {name} does not point to certificates: {value}; correct it or unset it"
        with pytest.raises(ValueError, match=f"^{message}$"):
            _make_client()
    for url, options in (
        ("http://gateway.example.com", {}),
        (URL, {"trust_env": False}),
        (URL, {"verify": client_tls()}),
        (URL, {"transport": httpx.MockTransport(lambda _: httpx.Response(200))}),
    ):
        _make_client(url, **options)
    monkeypatch.setenv(name, "")
    _make_client()


@pytest.mark.parametrize("name", ["verify", "cert"])
@pytest.mark.parametrize("value", ["/nowhere/ca.pem", Path("/nowhere/ca.pem"), ("/nowhere/ca.pem", "key", "password")])
def test_missing_certificates_are_an_error_that_names_the_argument(name: str, value: Any) -> None:
    """The message doesn't repeat the password of the key."""
    if name == "verify" and isinstance(value, tuple):
        return
    with pytest.raises(ValueError, match="is not a file or folder of certificates") as caught:
        _make_client(**{name: value})

    message = f"http_client['{name}'] is not a file or folder of certificates: /nowhere/ca.pem"
    assert message == str(caught.value)


@pytest.mark.parametrize("place", ["SSL_CERT_FILE", "verify"])
def test_unreadable_certificates_are_a_connection_error(
    place: str, call_style: CallStyle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable if there is one. Nothing is sent."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    if place == "SSL_CERT_FILE":
        monkeypatch.setenv(place, str(file))
    options = {"verify": str(file)} if place == "verify" else {}
    with listening(Peer.respond, server_tls()) as server, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`verify=<str>`", DeprecationWarning)
        failure = call_style.failure(AuthenticatedClient(TOKEN, server.url, http_client=options))

    where = " (SSL_CERT_FILE of the environment)" if place == "SSL_CERT_FILE" else ""
    assert f"ConnectError at {server.url}: the certificates cannot be read{where}: " in failure
    assert 0 == server.connections
