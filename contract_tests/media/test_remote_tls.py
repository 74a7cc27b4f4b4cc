"""A file behind https is read only by a certificate that is trusted, and a redirect does not lead out of TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from contract_tests.support import remote_files
from contract_tests.support.range_server import RangeServer, redirect
from contract_tests.support.remote_files import private_refusal
from kling_elements.media.remote import reading
from kling_elements_runtime.transport.route import shared_context

_no_socket_stays_open = remote_files.no_socket_stays_open
serving = remote_files.serving


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[trustme.CA]:
    """An authority that is trusted here, by way of the environment."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    shared_context.cache_clear()  # it was made for another environment
    yield authority
    shared_context.cache_clear()  # as above


def certified(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """What a server with a certificate for that name needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_that_is_trusted_lets_a_file_be_read(
    serving: Callable[..., RangeServer], authority: trustme.CA
) -> None:
    """By one context for all."""
    server = serving(tls=certified(authority))
    for _ in range(2):
        with reading(server.url, allow_private=True) as file:
            assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
    assert 1 == shared_context.cache_info().misses  # making one takes 26 ms
    assert 2 == server.connections


@pytest.mark.parametrize("name", ["localhost", None])
def test_a_certificate_that_is_wrong_is_no_connection(
    serving: Callable[..., RangeServer], authority: trustme.CA, name: str | None
) -> None:
    """Be it for another name, or by somebody unknown."""
    tls = certified(trustme.CA()) if name is None else certified(authority, name)
    server = serving(tls=tls)
    assert "certificate verify failed" in private_refusal(server.url)
    assert [] == server.asked


def test_a_redirect_does_not_lead_out_of_tls(serving: Callable[..., RangeServer], authority: trustme.CA) -> None:
    """But it may lead into it."""
    plain, tls = serving(), certified(authority)
    down = serving(redirect(f"{plain.url}?token=secret"), tls=tls)
    up = serving(redirect(serving(tls=tls).url))

    says = private_refusal(down.url)
    assert says.startswith("is redirected from https to http, ")
    assert says.endswith(f"give the address itself: {plain.url}")
    assert [] == plain.asked
    with reading(up.url, allow_private=True) as file:
        assert file.size == 100_000
