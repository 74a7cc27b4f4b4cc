"""Send through our own connections, or through httpx if its settings or a mock require it.

httpx's `send` handles hooks, cookies and credentials. Without any of these, it takes longer than everything else in a
small request, so we use the connections directly, unless a tool that traces or mocks requests has patched httpx or
httpcore.

Each client has two paths: `_send_by_httpx`, and `_send_directly` to the caller's own transport or to our pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import httpcore
import httpx

from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport.bodies import SENT, ReceivedResponse, ResponseBody, SendProgress
from kling_elements_runtime.transport.httpx_internals import (
    PATCHED_METHODS,
    AsyncPoolTransport,
    PoolTransport,
    transport_of,
)
from kling_elements_runtime.transport.patch_detection import LibraryFunctions
from kling_elements_runtime.transport.pool import AsyncPool, Pool
from kling_elements_runtime.transport.route import Route
from kling_elements_runtime.transport.steps import TIME_IS_UP, is_time_up

# The arguments of httpx's clients that concern connections, and those that our own clients always pass.
_CONNECTION_ARGUMENTS = frozenset({"verify", "cert", "trust_env", "http1", "http2", "limits", "proxy"})
_REQUEST_ARGUMENTS = frozenset({"base_url", "timeout", "headers", "transport"})
_CLIENTS = (httpx.Client, httpx.AsyncClient)
# The functions of classes that tools replace. respx replaces that of httpcore's pool, or a method of httpx's clients.
# pytest-httpx, vcrpy from version 8 on and OpenTelemetry replace that of httpx's transport.
_FUNCTIONS = LibraryFunctions(
    *((httpx.Client, name) for name in PATCHED_METHODS),
    (httpx.HTTPTransport, "handle_request"),
    (httpcore.ConnectionPool, "handle_request"),
)
_ASYNC_FUNCTIONS = LibraryFunctions(
    *((httpx.AsyncClient, name) for name in PATCHED_METHODS),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
)


class _DirectPath:
    """The decision whether requests may bypass httpx.

    Attributes:
        needs_httpx: Whether the settings require httpx itself.
        uses_pool_only: Whether only our own pool can send requests, unless a tool has patched something.
    """

    def __init__(
        self, settings: Mapping[str, Any], http: Any, transport: Any, functions: LibraryFunctions, function: str
    ) -> None:
        """Inspect one client.

        Args:
            settings: The arguments of httpx's client.
            http: The client.
            transport: Its transport.
            functions: The functions that tools patch.
            function: The name of the transport's function that sends a request.
        """
        self._http, self._transport = http, transport
        self._functions, self._function = functions, function
        self.needs_httpx = _needs_httpx(settings)
        self.uses_pool_only = settings.get("transport") is None and "mounts" not in settings

    def is_unpatched(self) -> bool:
        """Return whether no tool has patched httpx, httpcore, the client or its transport."""
        return self._functions.are_unpatched() and _is_unpatched(self._http, self._transport, self._function)


class Connections:
    """An `httpx.Client` over our own connections, and the direct path to them.

    Attributes:
        http: The client.
    """

    def __init__(self, settings: Mapping[str, Any], route: Route) -> None:
        """Create the client from the arguments of `httpx.Client` and a route. It opens no connection yet."""
        self._pool = pool = Pool(route) if settings.get("transport") is None else None
        transport = settings["transport"] if pool is None else PoolTransport(pool)
        self.http = httpx.Client(**_client_settings(settings, transport))
        self._direct_path = _DirectPath(settings, self.http, transport, _FUNCTIONS, "handle_request")
        self._send_by_httpx = partial(_send_by_httpx, self.http)
        self._send_directly: Callable[[httpx.Request], httpx.Response] = (
            partial(_send_by_transport, transport) if pool is None else partial(_send_by_pool, pool)
        )

    def send(self, request: httpx.Request) -> httpx.Response:
        """Return the response, with its body read.

        Raises:
            httpx.RequestError: No response arrived.
        """
        is_unpatched = self._direct_path.is_unpatched()
        if is_unpatched and self._direct_path.uses_pool_only:
            request.extensions[SENT] = SendProgress()
        if is_unpatched and not self._direct_path.needs_httpx:
            return self._send_directly(request)
        return self._send_by_httpx(request)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.http.close()


class AsyncConnections:
    """The async version of `Connections`, for one event loop."""

    def __init__(self, settings: Mapping[str, Any], route: Route) -> None:
        """Create the client from the arguments of `httpx.AsyncClient` and a route. It opens no connection yet."""
        self._pool = pool = AsyncPool(route) if settings.get("transport") is None else None
        transport = settings["transport"] if pool is None else AsyncPoolTransport(pool)
        self.http = httpx.AsyncClient(**_client_settings(settings, transport))
        self._direct_path = _DirectPath(settings, self.http, transport, _ASYNC_FUNCTIONS, "handle_async_request")
        self._send_by_httpx = partial(_send_by_httpx_async, self.http)
        self._send_directly: Callable[[httpx.Request], Awaitable[httpx.Response]] = (
            partial(_send_by_transport_async, transport) if pool is None else partial(_send_by_pool_async, pool)
        )

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Return the response, with its body read; the async version of `Connections.send`."""
        limit = asyncio.timeout(seconds_left())
        is_unpatched = self._direct_path.is_unpatched()
        if is_unpatched and self._direct_path.uses_pool_only:
            request.extensions[SENT] = SendProgress()
        try:
            async with limit:
                if is_unpatched and not self._direct_path.needs_httpx:
                    return await self._send_directly(request)
                return await self._send_by_httpx(request)
        except TimeoutError:
            if not limit.expired():
                raise
            raise httpx.ReadTimeout(TIME_IS_UP, request=request) from None

    async def aclose(self) -> None:
        """Close the connections that are not in use."""
        await self.http.aclose()

    def close_of_ended_loop(self) -> None:
        """Close the connections of an ended event loop, as far as possible without it."""
        if self._pool is not None:
            self._pool.close_waiting()


def _send_by_httpx(http: httpx.Client, request: httpx.Request) -> httpx.Response:
    return _read(http.send(_with_shorter_timeouts(request), stream=True))


async def _send_by_httpx_async(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    return await _aread(await http.send(_with_shorter_timeouts(request), stream=True))


def _send_by_transport(transport: Any, request: httpx.Request) -> httpx.Response:
    return _read(transport.handle_request(_with_shorter_timeouts(request)))


async def _send_by_transport_async(transport: Any, request: httpx.Request) -> httpx.Response:
    return await _aread(await transport.handle_async_request(_with_shorter_timeouts(request)))


def _send_by_pool(pool: Pool, request: httpx.Request) -> httpx.Response:
    try:
        return _response(pool.exchange(_core_request(request)))
    except _CORE_ERRORS as error:
        raise _as_httpx(error) from error


async def _send_by_pool_async(pool: AsyncPool, request: httpx.Request) -> httpx.Response:
    try:
        return _response(await pool.exchange(_core_request(request)))
    except _CORE_ERRORS as error:
        raise _as_httpx(error) from error


def _client_settings(settings: Mapping[str, Any], transport: Any) -> dict[str, Any]:
    """Return the arguments of httpx's client, without those about connections, which the transport handles."""
    remaining = {name: value for name, value in settings.items() if name not in _CONNECTION_ARGUMENTS}
    # our transport handles the proxies of the environment
    return {**remaining, "transport": transport, "trust_env": False}


def _needs_httpx(settings: Mapping[str, Any]) -> bool:
    """Return whether these settings need httpx itself, and not only a connection."""
    return not settings.keys() <= _CONNECTION_ARGUMENTS | _REQUEST_ARGUMENTS


def _is_unpatched(http: Any, transport: Any, name: str) -> bool:
    """Return whether a client and its transport are unchanged, because some tools patch only single objects."""
    return (
        type(http) in _CLIENTS
        and transport_of(http) is transport
        and not http.is_closed
        and vars(http).keys().isdisjoint(PATCHED_METHODS)
        and name not in getattr(transport, "__dict__", ())
    )


def _with_shorter_timeouts(request: httpx.Request) -> httpx.Request:
    """Limit each step of a request to the time left for the call, because other transports know no deadline."""
    left, limits = seconds_left(), request.extensions["timeout"]
    if left is not None and left < max(limits.values()):
        request.extensions["timeout"] = {step: min(seconds, max(left, 0.001)) for step, seconds in limits.items()}
    return request


def _core_request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _response(received: ReceivedResponse) -> httpx.Response:
    return httpx.Response(
        received.status, headers=received.headers, content=received.content, extensions=received.extensions
    )


def _read(response: httpx.Response) -> httpx.Response:
    """Read the body of a response from a transport that is not ours, up to the limit."""
    try:
        if response.is_stream_consumed:  # by a hook, or because a mock created it in memory
            return _within_limit(response, response.read())
        body = ResponseBody(response.headers.get("content-encoding", ""))
        for piece in response.iter_raw():
            if is_time_up():
                raise httpx.ReadTimeout(TIME_IS_UP)
            if not body.add(piece):
                break
        return _with_body(response, body)
    finally:
        response.close()


async def _aread(response: httpx.Response) -> httpx.Response:
    """Read the body on an event loop; the async version of `_read`. `AsyncConnections.send` limits the time."""
    try:
        if response.is_stream_consumed:
            return _within_limit(response, await response.aread())
        body = ResponseBody(response.headers.get("content-encoding", ""))
        await body.take_async(response.aiter_raw())
        return _with_body(response, body)
    finally:
        await response.aclose()


def _within_limit(response: httpx.Response, content: bytes) -> httpx.Response:
    body = ResponseBody()
    return response if body.add(content) else _with_body(response, body)


def _with_body(response: httpx.Response, body: ResponseBody) -> httpx.Response:
    return _response(ReceivedResponse.of(response.status_code, response.headers.raw, body, response.extensions))


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx.TransportError:
    """Return httpx's exception of the same name for an exception of httpcore."""
    kind: Callable[[str], httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))


__all__ = ["AsyncConnections", "Connections"]
