"""Certificates are checked against the usual authorities, which are loaded only once."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from kling_elements_client import AuthenticatedClient
from kling_elements_runtime.transport.certificates import shared_context


@pytest.mark.parametrize("trust_env", [False, True])
@pytest.mark.parametrize("http2", [False, True])
def test_certificates_and_names_are_checked(*, trust_env: bool, http2: bool) -> None:
    """Clients share one context with these settings."""
    context = shared_context(trust_env=trust_env, http2=http2)

    assert context is shared_context(trust_env=trust_env, http2=http2)
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


def test_each_http_version_has_its_own_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """The context offers exactly the client's HTTP versions to the server."""
    ssl_contexts: list[ssl.SSLContext] = []

    def make(**_: Any) -> ssl.SSLContext:
        ssl_contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return ssl_contexts[-1]

    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(httpx, "create_ssl_context", make)
    shared_context.cache_clear()  # another test may have filled it
    clients = [AuthenticatedClient("sk-1", http_client={"http2": http2}) for http2 in [False, True] * 3]
    contexts = [client._route.ssl_context() for client in clients]  # noqa: SLF001 - not visible from outside
    shared_context.cache_clear()  # these contexts know no authorities

    assert ssl_contexts * 3 == contexts
    assert 2 == len(set(ssl_contexts))
