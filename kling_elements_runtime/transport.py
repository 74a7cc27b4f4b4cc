"""How requests go out and answers come back: connections, and httpx around them where its settings need it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies

import httpx

# Of the arguments of httpx's clients, those that are about the connection and nothing else.
_OF_TRANSPORTS = frozenset({"verify", "cert", "trust_env", "http1", "http2", "limits"})
_OF_REQUESTS = frozenset({"base_url", "timeout", "headers"})


class Connections:
    """An `httpx.Client` and, where its settings ask for nothing else, its transport.

    httpx's `send` serves hooks, cookies, redirects, credentials and proxies. Without any of these it only takes time,
    more than the rest of a request together, so that the transport is called directly then.

    Attributes:
        http: The client.
    """

    def __init__(self, settings: Mapping[str, Any], log: logging.Logger) -> None:
        """Takes the arguments of `httpx.Client`, and where to log."""
        self._log = log
        options = _options_of_transport(settings)
        own = {} if options is None else {"transport": httpx.HTTPTransport(**options)}
        self.http = httpx.Client(**{**settings, **own})
        self._transport: httpx.BaseTransport | None = own.get("transport", _given_transport(settings))

    def send(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body read."""
        if self._transport is None or self.http.is_closed:
            return self.http.send(request)
        response = self._transport.handle_request(request)
        try:
            response.read()
        except BaseException:
            response.close()
            raise
        _note(self._log, request, response)
        return response


class AsyncConnections:
    """As `Connections`, on an event loop."""

    def __init__(self, settings: Mapping[str, Any], log: logging.Logger) -> None:
        """Takes the arguments of `httpx.AsyncClient`, and where to log."""
        self._log = log
        options = _options_of_transport(settings)
        own = {} if options is None else {"transport": httpx.AsyncHTTPTransport(**options)}
        self.http = httpx.AsyncClient(**{**settings, **own})
        self._transport: httpx.AsyncBaseTransport | None = own.get("transport", _given_transport(settings))

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body read."""
        if self._transport is None or self.http.is_closed:
            return await self.http.send(request)
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        except BaseException:
            await response.aclose()
            raise
        _note(self._log, request, response)
        return response


def _note(log: logging.Logger, request: httpx.Request, response: httpx.Response) -> None:
    """Logs what httpx's clients would."""
    log.info("%s %s: HTTP %d", request.method, request.url, response.status_code)


def _options_of_transport(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments of the transport that is all that these settings need; None where they need more."""
    if not settings.keys() <= _OF_TRANSPORTS | _OF_REQUESTS:
        return None
    if settings.get("trust_env", True) and getproxies():
        return None
    return {name: value for name, value in settings.items() if name in _OF_TRANSPORTS}


def _given_transport(settings: Mapping[str, Any]) -> Any:
    """The caller's own transport, where these settings need no more than it."""
    only = settings.keys() <= _OF_TRANSPORTS | _OF_REQUESTS | {"transport"}
    return settings.get("transport") if only else None


__all__ = ["AsyncConnections", "Connections"]
