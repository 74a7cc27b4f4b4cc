"""If httpcore renames private attributes, no connection is reused or trusted without a check."""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import GET, POST, CallStyle, Peer, client_of, listening
from kling_elements_runtime.transport import httpcore_internals
from kling_elements_runtime.transport.pool import AsyncPool, Pool
from kling_elements_runtime.transport.route import Route


@pytest.mark.parametrize("name", ["_connection", "_h11_state", "_network_stream"])
def test_a_connection_whose_state_is_unknown_is_not_used_again(
    name: str, call_style: CallStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without httpcore's private attributes, bytes after a response can't be detected."""
    innermost = httpcore_internals._innermost  # noqa: SLF001 - what differs between the cases

    def without(connection: Any) -> Any:
        if name == "_connection":
            return connection
        return SimpleNamespace(
            **{attribute: value for attribute, value in vars(innermost(connection)).items() if attribute != name}
        )

    monkeypatch.setattr(httpcore_internals, "_innermost", without)
    with listening(Peer.respond) as server:
        responses = call_style.outcomes(client_of(server.url), GET, POST)

    assert [200, 200] == [response.status_code for response in responses]
    assert 2 == server.connections


@pytest.mark.parametrize("kind", [Pool, AsyncPool])
def test_no_connection_is_opened_if_httpcore_has_renamed_its_tls_context(
    kind: type[Pool | AsyncPool],
) -> None:
    """Otherwise it would trust the usual authorities in place of those that you chose."""
    options = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "trust_env": False}
    route = Route.of(httpx.URL("https://gateway.example.com"), options, on_this_machine=False, reuse_seconds=1)
    pool = kind(route)
    del pool._ssl_context  # noqa: SLF001 - this name is what the test is about

    with pytest.raises(AttributeError, match="_ssl_context"):
        pool.create_connection(route.origin)
