"""Create the TLS context with the usual authorities, once for each process, because reading them is slow."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def shared_context(*, trust_env: bool, http2: bool) -> ssl.SSLContext:
    """Return the context that all clients with the usual authorities and the same versions of HTTP share.

    Args:
        trust_env: Whether the environment may name other authorities.
        http2: Whether to allow HTTP/2.
    """
    context = httpx.create_ssl_context(trust_env=trust_env)
    context.set_alpn_protocols(["http/1.1", "h2"] if http2 else ["http/1.1"])  # as httpcore does for each connection
    return context
