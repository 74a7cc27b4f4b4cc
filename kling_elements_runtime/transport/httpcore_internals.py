"""Every private name of httpcore that is read or set: because of them, `pyproject.toml` has `httpcore<1.1`."""

from __future__ import annotations

from typing import Any

import httpcore

from kling_elements_runtime.transport.route import Route

_HTTP2 = (httpcore.HTTP2Connection, httpcore.AsyncHTTP2Connection)


def trust(pool: Any, route: Route, origin: httpcore.Origin) -> None:
    """Give a pool of httpcore's what checks certificates, which is made on first use, as that takes long.

    Raises:
        AttributeError: This httpcore has it elsewhere, and would trust the usual authorities whatever the route says.
        httpcore.ConnectError: The certificates cannot be read.
    """
    if origin.scheme == b"https" and pool._ssl_context is None:  # noqa: SLF001 - read before it is set: see above
        pool._ssl_context = route.ssl_context()  # noqa: SLF001 - as the pools of ours derive from it


def is_reusable(connection: Any) -> bool:
    """Return whether a connection is ready for another request, and holds nothing that came behind the answer.

    What came is in the parser already, where the next request would take it for its answer.
    """
    inner = _innermost(connection)
    return connection.is_idle() and (isinstance(inner, _HTTP2) or _is_silent(inner))


def _is_silent(inner: Any) -> bool:
    """Return whether nothing came behind an answer; False if that cannot be seen, as after a change of httpcore."""
    parser = getattr(inner, "_h11_state", None)
    return parser is not None and not parser.trailing_data[0] and hasattr(inner, "_network_stream")


def check_kept(connection: Any) -> None:
    """Raise RemoteProtocolError if the server has closed a connection that was kept, or says something unasked.

    Before the last piece of a request is written that does no harm yet. Over HTTP/2 something is said all the time.
    """
    inner = _innermost(connection)
    if not isinstance(inner, _HTTP2) and inner._network_stream.get_extra_info("is_readable"):  # noqa: SLF001
        raise httpcore.RemoteProtocolError("the server has closed the connection that was kept")


def _innermost(connection: Any) -> Any:
    """Return what speaks HTTP with the gateway, without what it goes through, such as a proxy."""
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    return connection
