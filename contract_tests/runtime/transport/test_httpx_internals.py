"""The private names of httpx that we use exist, and our pool works through them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import Peer, listening
from contract_tests.support.running import run_async
from kling_elements_runtime.transport.httpx_internals import (
    PATCHED_METHODS,
    AsyncPoolTransport,
    PoolTransport,
    transport_of,
)
from kling_elements_runtime.transport.pool import AsyncPool, Pool
from kling_elements_runtime.transport.route import Route


def _route(url: str) -> Route:
    return Route.of(httpx.URL(url), {}, on_this_machine=True, reuse_seconds=60)


@pytest.mark.parametrize("kind", [httpx.Client, httpx.AsyncClient])
@pytest.mark.parametrize("name", PATCHED_METHODS)
def test_the_methods_that_tools_replace_exist(name: str, kind: type) -> None:
    """If httpx renames one, tools will patch another, which must be added to the code."""
    assert callable(getattr(kind, name))


@pytest.mark.parametrize("kind", [httpx.Client, httpx.AsyncClient])
def test_the_transport_of_a_client_is_read(kind: Any) -> None:
    """If httpx renames the attribute, it counts as replaced, and no request bypasses httpx."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200))

    assert transport is transport_of(kind(transport=transport))
    renamed: Any = SimpleNamespace(_renamed=transport)
    assert transport_of(renamed) is None


def test_a_transport_sends_through_its_pool_and_closes_it() -> None:
    """A closed pool keeps no connection."""
    with listening(Peer.respond) as server:
        pool = Pool(_route(server.url))
        with httpx.Client(base_url=server.url, transport=PoolTransport(pool)) as client:
            statuses = [client.get("/a").status_code for _ in range(2)]
        (connection,) = {request.connection for request in server.requests}

    assert ([200, 200], 0) == (statuses, connection)
    assert (None, []) == pool.idle.take(b"GET")


def test_an_async_transport_sends_through_its_pool_and_closes_it() -> None:
    """A closed pool keeps no connection."""

    async def run(url: str) -> tuple[list[int], AsyncPool]:
        pool = AsyncPool(_route(url))
        async with httpx.AsyncClient(base_url=url, transport=AsyncPoolTransport(pool)) as client:
            return [(await client.get("/a")).status_code for _ in range(2)], pool

    with listening(Peer.respond) as server:
        statuses, pool = run_async(run(server.url))
        (connection,) = {request.connection for request in server.requests}

    assert ([200, 200], 0) == (statuses, connection)
    assert (None, []) == pool.idle.take(b"GET")
