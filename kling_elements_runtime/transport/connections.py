"""Which way a request takes: our own connections, or httpx around them where its settings or a mock need it.

httpx's `send` serves hooks, cookies and credentials. Without any of these it takes longer than the rest of a small
request together, so that the connections are used directly then. They are never used while somebody has put a
function of their own in the place of one of httpx or httpcore, as tools that trace or mock requests do: what such a
tool is not shown is sent for real.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, Final, TypeVar

import httpcore
import httpx

from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.responses import UNREADABLE
from kling_elements_runtime.transport.bodies import AnswerBody, SentBody
from kling_elements_runtime.transport.pool import AsyncPool, Pool, Received
from kling_elements_runtime.transport.route import Route

T = TypeVar("T")

SENT: Final = "kling_elements_runtime.sent"
"""The extension of a request that has its `SentBody`, where our own connections carried it."""

# Arguments of httpx's clients that are about connections, or that every client of ours has.
_OF_CONNECTIONS = frozenset({"verify", "cert", "trust_env", "http1", "http2", "limits", "proxy"})
_OF_REQUESTS = frozenset({"base_url", "timeout", "headers"})

# What tools that trace or mock requests replace: Sentry and ddtrace the first, vcrpy up to version 7 the second, respx
# the third or the fifth, pytest-httpx, vcrpy from version 8 and OpenTelemetry the fourth.
_REPLACED = (
    (httpx.Client, "send"),
    (httpx.Client, "_send_single_request"),
    (httpx.Client, "_transport_for_url"),
    (httpx.HTTPTransport, "handle_request"),
    (httpcore.ConnectionPool, "handle_request"),
)
_REPLACED_ASYNC = (
    (httpx.AsyncClient, "send"),
    (httpx.AsyncClient, "_send_single_request"),
    (httpx.AsyncClient, "_transport_for_url"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
)


def _own_functions(places: tuple[tuple[type, str], ...]) -> tuple[Any, ...]:
    """Return the libraries' own functions; in place of one that was replaced before, something that equals nothing."""
    folders = {Path(library.__file__ or "").parent for library in (httpx, httpcore)}

    def is_own(function: Any) -> bool:  # tools copy names and modules onto theirs, but cannot copy the code
        return type(function) is FunctionType and not folders.isdisjoint(Path(function.__code__.co_filename).parents)

    found = [getattr(owner, name) for owner, name in places]
    return tuple(function if is_own(function) else object() for function in found)


_OWN, _OWN_ASYNC = _own_functions(_REPLACED), _own_functions(_REPLACED_ASYNC)


def _is_replaced(places: tuple[tuple[type, str], ...], own: tuple[Any, ...]) -> bool:
    return any(getattr(owner, name) is not function for (owner, name), function in zip(places, own, strict=True))


class _Transport(httpx.BaseTransport):
    """Our own connections as a transport of httpx, which gives way to httpx's own while that is replaced."""

    def __init__(self, route: Route, options: Mapping[str, Any]) -> None:
        self._route = route
        self._options = options
        self._pool: Pool | None = None
        self._plain: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _is_replaced(_REPLACED, _OWN):
            self._plain = self._plain or httpx.HTTPTransport(**self._options)
            return self._plain.handle_request(request)
        self._pool = self._pool or self._route.pool()
        try:
            return _response(self._pool.exchange(_core_request(request)))
        except _CORE_ERRORS as error:
            raise _as_httpx(error) from error

    def close(self) -> None:
        for each in (self._pool, self._plain):
            if each is not None:
                each.close()


class _AsyncTransport(httpx.AsyncBaseTransport):
    """As `_Transport`, for an event loop."""

    def __init__(self, route: Route, options: Mapping[str, Any]) -> None:
        self._route = route
        self._options = options
        self._pool: AsyncPool | None = None
        self._plain: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if _is_replaced(_REPLACED_ASYNC, _OWN_ASYNC):
            self._plain = self._plain or httpx.AsyncHTTPTransport(**self._options)
            return await self._plain.handle_async_request(request)
        self._pool = self._pool or self._route.async_pool()
        try:
            return _response(await self._pool.exchange(_core_request(request)))
        except _CORE_ERRORS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        for each in (self._pool, self._plain):
            if each is not None:
                await each.aclose()


class Connections:
    """An `httpx.Client` over our own connections, and the direct way to these.

    Attributes:
        http: The client.
    """

    def __init__(self, settings: Mapping[str, Any], route: Route, log: logging.Logger) -> None:
        """Take the arguments of `httpx.Client`, the way to the gateway, and where to log."""
        self._log = log
        self._transport: httpx.BaseTransport = settings.get("transport") or _Transport(route, _plain_options(settings))
        self.http = httpx.Client(**_client_settings(settings, self._transport))
        self._is_direct = _is_direct(settings)

    def send(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, with its body read.

        Raises:
            httpx.RequestError: No answer came.
        """
        _shorten_timeouts(request)
        if not self._is_direct or self.http.is_closed or _is_replaced(_REPLACED, _OWN):
            response = self.http.send(request, stream=True)
        else:
            response = self._transport.handle_request(request)
            _log_as_httpx(self._log, request, response)
        try:
            return _whole(response, _read(response))
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.http.close()


class AsyncConnections:
    """As `Connections`, for an event loop."""

    def __init__(self, settings: Mapping[str, Any], route: Route, log: logging.Logger) -> None:
        """Take the arguments of `httpx.AsyncClient`, the way to the gateway, and where to log."""
        self._log = log
        own = _AsyncTransport(route, _plain_options(settings))
        self._transport: httpx.AsyncBaseTransport = settings.get("transport") or own
        self.http = httpx.AsyncClient(**_client_settings(settings, self._transport))
        self._is_direct = _is_direct(settings)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, with its body read; see `Connections.send`."""
        try:
            async with asyncio.timeout(seconds_left()):
                return await self._send(request)
        except TimeoutError:
            raise httpx.ReadTimeout("the time for this call is up", request=request) from None

    async def aclose(self) -> None:
        """Close the connections that are not in use."""
        await self.http.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        if not self._is_direct or self.http.is_closed or _is_replaced(_REPLACED_ASYNC, _OWN_ASYNC):
            response = await self.http.send(request, stream=True)
        else:
            response = await self._transport.handle_async_request(request)
            _log_as_httpx(self._log, request, response)
        try:
            return _whole(response, await _aread(response))
        finally:
            await response.aclose()


def _plain_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of httpx's own transport."""
    return {name: value for name, value in settings.items() if name in _OF_CONNECTIONS}


def _client_settings(settings: Mapping[str, Any], transport: Any) -> dict[str, Any]:
    """Return the arguments of httpx's client over a transport, which has those that are about connections."""
    kept = {name: value for name, value in settings.items() if name not in _OF_CONNECTIONS | {"transport"}}
    # proxies of the environment are on the way that our transport takes
    return {**kept, "transport": transport, "trust_env": False}


def _is_direct(settings: Mapping[str, Any]) -> bool:
    """Return whether these settings ask httpx for nothing but a connection."""
    return settings.keys() <= _OF_CONNECTIONS | _OF_REQUESTS | {"transport"}


def _log_as_httpx(log: logging.Logger, request: httpx.Request, response: httpx.Response) -> None:
    log.info("%s %s: HTTP %d", request.method, request.url, response.status_code)


def _shorten_timeouts(request: httpx.Request) -> None:
    """Give no step of a request more time than the call has, where a transport is not ours and knows of no deadline."""
    left = seconds_left()
    if left is not None:
        limits = request.extensions["timeout"]
        request.extensions["timeout"] = {step: min(seconds, max(left, 0.001)) for step, seconds in limits.items()}


def _core_request(request: httpx.Request) -> httpcore.Request:
    body = request.extensions[SENT] = SentBody(request.stream)
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=body,
        extensions=request.extensions,
    )


def _response(received: Received) -> httpx.Response:
    """Return an answer as httpx has it."""
    extensions = (
        received.extensions if received.problem is None else {**received.extensions, UNREADABLE: received.problem}
    )
    return httpx.Response(received.status, headers=received.headers, content=received.content, extensions=extensions)


def _whole(response: httpx.Response, body: AnswerBody | None) -> httpx.Response:
    """Return an answer with a body that was read elsewhere; as it is where httpx has read it."""
    if body is None:
        return response
    headers = [pair for pair in response.headers.raw if pair[0].lower() not in (b"content-encoding", b"content-length")]
    return _response(Received(response.status_code, headers, body.content(), body.problem, dict(response.extensions)))


def _read(response: httpx.Response) -> AnswerBody | None:
    """Return the body of an answer that is still on its way; None where it was read before, as mocks have it."""
    if response.is_stream_consumed:
        response.read()
        return None
    body = AnswerBody(response.headers.get("content-encoding", ""))
    for piece in response.iter_raw():
        if (seconds_left() or 1.0) <= 0:
            raise httpx.ReadTimeout("the time for this call is up")
        if not body.add(piece):
            break
    return body


async def _aread(response: httpx.Response) -> AnswerBody | None:
    """Return the body of an answer; see `_read`."""
    if response.is_stream_consumed:
        await response.aread()
        return None
    body = AnswerBody(response.headers.get("content-encoding", ""))
    async for piece in response.aiter_raw():
        if not body.add(piece):
            break
    return body


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx.TransportError:
    """Return an exception of httpcore as the one of the same name that httpx has for it."""
    kind: Callable[[str], httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))


__all__ = ["SENT", "AsyncConnections", "Connections"]
