"""TLS requires a trusted certificate, and redirects to plain HTTP are refused."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from contract_tests.support.range_server import (
    RangeServer,
    redirect,
)
from contract_tests.support.remote_files import private_refusal
from kling_elements.media.remote import open_remote
from kling_elements_runtime.transport.certificates import shared_context

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_socket_stays_open")]


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[trustme.CA]:
    """Yield a certificate authority that SSL_CERT_FILE makes trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    shared_context.cache_clear()  # because it was made for another environment
    yield authority
    shared_context.cache_clear()  # because it was made for this environment


def tls_server_for(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return the TLS settings of a server with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_file_is_read_with_a_trusted_certificate(serving: Callable[..., RangeServer], authority: trustme.CA) -> None:
    """All connections share one context."""
    server = serving(tls=tls_server_for(authority))
    for _ in range(2):
        with open_remote(server.url, allow_private=True) as file:
            assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
    assert 1 == shared_context.cache_info().misses  # because making one takes 26 ms
    assert 2 == server.connections


@pytest.mark.parametrize("name", ["localhost", None])
def test_a_wrong_certificate_is_refused(
    serving: Callable[..., RangeServer], authority: trustme.CA, name: str | None
) -> None:
    """The certificate is for another name, or from an unknown authority."""
    tls = tls_server_for(trustme.CA()) if name is None else tls_server_for(authority, name)
    server = serving(tls=tls)
    assert "certificate verify failed" in private_refusal(server.url)
    assert [] == server.requests


def test_a_redirect_to_insecure_http_is_refused(serving: Callable[..., RangeServer], authority: trustme.CA) -> None:
    """The opposite, from http to https, is allowed."""
    plain, tls = serving(), tls_server_for(authority)
    down = serving(redirect(f"{plain.url}?token=secret"), tls=tls)
    up = serving(redirect(serving(tls=tls).url))

    message = private_refusal(down.url)
    assert message.startswith("is redirected to insecure http; ")
    assert message.endswith(f"use its target directly: {plain.url}")
    assert [] == plain.requests
    with open_remote(up.url, allow_private=True) as file:
        assert file.size == 100_000
