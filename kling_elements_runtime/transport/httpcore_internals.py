"""Every private name of httpcore that we read or set. They are the reason for `httpcore<1.1` in `pyproject.toml`."""

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
    if origin.scheme == b"https" and pool._ssl_context is None:  # noqa: SLF001 - reading it may raise
        pool._ssl_context = route.ssl_context()  # noqa: SLF001 - our own pools subclass it


def is_reusable(connection: Any) -> bool:
    """Return whether a connection is ready for another request, without leftover data after the response.

    Leftover data is already in the parser, which would take it for the response to the next request.
    """
    inner = _innermost(connection)
    return connection.is_idle() and (isinstance(inner, _HTTP2) or _has_no_leftover_data(inner))


def _has_no_leftover_data(inner: Any) -> bool:
    """Return whether the parser contains no data after a response, or False if that is unknown with this httpcore."""
    parser = getattr(inner, "_h11_state", None)
    return parser is not None and not parser.trailing_data[0] and hasattr(inner, "_network_stream")


def check_still_usable(connection: Any) -> None:
    """Raise RemoteProtocolError if the server has closed an idle connection, or has sent data on it.

    Until the last piece of a request is written, the request can be sent again. HTTP/2 connections are not checked,
    because servers send data on them at any time.
    """
    inner = _innermost(connection)
    if not isinstance(inner, _HTTP2) and inner._network_stream.get_extra_info("is_readable"):  # noqa: SLF001
        raise httpcore.RemoteProtocolError("the server has closed the idle connection")


def _innermost(connection: Any) -> Any:
    """Return the connection that speaks HTTP, without proxy wrappers around it."""
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    return connection
