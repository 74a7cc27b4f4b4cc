"""Every private name of httpx that we read or set. They are the reason for `httpx<0.29` in `pyproject.toml`."""

from __future__ import annotations

from typing import Any, Final

import httpx

from kling_elements_runtime.transport.pool import AsyncPool, Pool

PATCHED_METHODS: Final = ("send", "_send_single_request", "_transport_for_url")
"""The methods of httpx's clients that tools replace: Sentry and ddtrace the first, vcrpy up to version 7 the second,
respx the third."""


class PoolTransport(httpx.HTTPTransport):
    """httpx's own transport over our pool, so that tools that patch its functions also see these requests."""

    def __init__(self, pool: Pool) -> None:
        """Create a transport over a pool, without the pool that httpx's constructor would create."""
        self._pool = pool


class AsyncPoolTransport(httpx.AsyncHTTPTransport):
    """The async version of `PoolTransport`."""

    def __init__(self, pool: AsyncPool) -> None:
        """Create a transport over a pool, without the pool that httpx's constructor would create."""
        self._pool = pool


def transport_of(http: httpx.Client | httpx.AsyncClient) -> Any:
    """Return the transport of a client, which OpenTelemetry replaces, or None if this httpx stores it elsewhere."""
    return getattr(http, "_transport", None)
