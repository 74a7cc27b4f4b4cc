"""Every private name of httpcore that is read or set: because of them, `pyproject.toml` has `httpcore<1.1`."""

from __future__ import annotations

from typing import Any

import httpcore

from kling_elements_runtime.transport.route import Route

_HTTP2 = (httpcore.HTTP2Connection, httpcore.AsyncHTTP2Connection)


def set_ssl_context(pool: Any, route: Route, origin: httpcore.Origin) -> None:
    """Set the TLS context of a pool. It is created on first use, because that takes long.

    Raises:
        AttributeError: This httpcore stores it elsewhere, and would trust the usual authorities despite the route.
        httpcore.ConnectError: The certificates cannot be read.
    """
    if origin.scheme == b"https" and pool._ssl_context is None:  # noqa: SLF001 - read before it is set: see above
        pool._ssl_context = route.ssl_context()  # noqa: SLF001 - our own pools subclass it


def is_reusable(connection: Any) -> bool:
    """Return whether a connection is ready for another request, and no data has arrived after the response.

    Such data is in the parser already, and the next request would take it for its response.
    """
    inner = _innermost(connection)
    return connection.is_idle() and (isinstance(inner, _HTTP2) or _is_silent(inner))


def _is_silent(inner: Any) -> bool:
    """Return whether no data came after a response; False if that is unknown, for example with another httpcore."""
    parser = getattr(inner, "_h11_state", None)
    return parser is not None and not parser.trailing_data[0] and hasattr(inner, "_network_stream")


def check_kept(connection: Any) -> None:
    """Raise RemoteProtocolError if the server has closed an idle connection, or has sent data on it.

    This is safe until the last piece of a request is written. Over HTTP/2, servers send data at any time.
    """
    inner = _innermost(connection)
    if not isinstance(inner, _HTTP2) and inner._network_stream.get_extra_info("is_readable"):  # noqa: SLF001
        raise httpcore.RemoteProtocolError("the server has closed the connection that was kept")


def _innermost(connection: Any) -> Any:
    """Return the connection that speaks HTTP, without proxy wrappers around it."""
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    return connection
