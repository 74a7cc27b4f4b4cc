# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""The client: where to send requests, with which token, and what to do with one that breaks the contract."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Literal, NoReturn, Self, TypeVar

import httpx

from . import answers, contract
from .errors import ContractError, TransportError, Violation
from .explain import pointer

T = TypeVar("T")
OnViolation = Literal["raise", "warn", "ignore"]

DEFAULT_BASE_URL: Final = "https://www.kkiai.com"
TOKEN_VARIABLE: Final = "KLING_API_KEY"
# Seconds for one read or write on the socket. Reading includes the wait for an answer, and over TLS one write may be the
# whole body: 57 MB take eight minutes at 1 Mbit/s.
DEFAULT_TIMEOUT: Final = httpx.Timeout(connect=10, read=300, write=600, pool=60)

_log = logging.getLogger(__package__)
_TOKEN = re.compile(r"[!-~]+")  # visible ASCII: anything else could not be sent in a header
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


class AuthenticatedClient:
    """A connection pool to one gateway, with one token. It may be shared between threads.

    Use it as a context manager (`with` or `async with`), or call `close` or `aclose`.
    """

    def __init__(
        self,
        token: str | None = None,
        base_url: str = DEFAULT_BASE_URL,
        *,
        on_violation: OnViolation = "raise",
        allow_http: bool = False,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes a client; no connection is opened yet.

        Args:
            token: The gateway's API key, without `Bearer`. Without one, the environment variable `KLING_API_KEY` is used.
            base_url: The gateway's address; the operation's path is appended to it.
            on_violation: What to do with a request that breaks the contract. `raise` raises `ContractError` and sends nothing;
                `warn` logs the violations and sends; `ignore` sends. What cannot be written as JSON is never sent.
            allow_http: Whether a gateway elsewhere than on this machine may be called without TLS.
            timeout: Seconds for each step of a request, by default 10 to connect, 300 to read and 600 to write.
            headers: More headers for every request.
            httpx_args: More arguments for `httpx.Client` and `httpx.AsyncClient`, such as `proxy` or `verify`.

        Raises:
            ValueError: There is no token, the token or the address cannot be used, or `on_violation` is another word.
        """
        usable = _usable_token(token)
        spellings = _spellings(usable)
        # the token stands in closures alone, which neither repr nor vars shows and which cannot be pickled
        self._authorization: Callable[[], str] = lambda: f"Bearer {usable}"
        self._redact: Callable[[str], str] = lambda text: spellings.sub("***", text)
        self._base_url = _usable_url(base_url, allow_http=allow_http)
        if on_violation not in ("raise", "warn", "ignore"):
            raise ValueError(f"on_violation must be 'raise', 'warn' or 'ignore', not {on_violation!r}")
        self._on_violation = on_violation
        self._httpx_args = {
            **(httpx_args or {}),
            "base_url": self._base_url,
            "timeout": timeout,
            "headers": {**(headers or {})},
        }
        self._lock = threading.Lock()
        self._sync_client: httpx.Client | None = None
        self._async_client: httpx.AsyncClient | None = None

    @property
    def base_url(self) -> str:
        """The gateway's address."""
        return self._base_url

    def __repr__(self) -> str:
        return f"AuthenticatedClient(base_url={self._base_url!r}, on_violation={self._on_violation!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a token and connections and cannot be copied or pickled; make another one")

    def get_httpx_client(self) -> httpx.Client:
        """The one `httpx.Client`, made on first use. It does not hold the token."""
        with self._lock:
            if self._sync_client is None:
                self._sync_client = httpx.Client(**self._httpx_args)
            return self._sync_client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The one `httpx.AsyncClient`, made on first use; it serves one event loop. It does not hold the token."""
        with self._lock:
            if self._async_client is None:
                self._async_client = httpx.AsyncClient(**self._httpx_args)
            return self._async_client

    def send(self, **request: Any) -> httpx.Response:
        """Sends one request, given as arguments of `httpx.Client.request`.

        Raises:
            TransportError: No answer came.
        """
        try:
            return self.get_httpx_client().request(**self._authorized(request))
        except httpx.RequestError as error:
            raise self._transport_error(error) from error

    async def send_async(self, **request: Any) -> httpx.Response:
        """Does as `send`, on an event loop."""
        try:
            return await self.get_async_httpx_client().request(**self._authorized(request))
        except httpx.RequestError as error:
            raise self._transport_error(error) from error

    def encode(self, operation_id: str, body: object) -> bytes:
        """The JSON text of a request body that conforms to the contract, or that is sent in spite of it.

        Raises:
            ContractError: It does not conform, and `on_violation` is `raise` or there is no way to write it as JSON.
        """
        checked = contract.check(operation_id, body)
        found = [Violation(self._redact(v.pointer), v.rule, self._redact(v.message)) for v in checked.violations]
        if checked.content is None or (found and self._on_violation == "raise"):
            raise ContractError(found)
        if found and self._on_violation == "warn":
            _log.warning("%s is sent although it breaks the contract: %s", operation_id, "; ".join(map(str, found)))
        return checked.content

    def decode(self, operation_id: str, response: httpx.Response, model: Callable[[Mapping[str, Any]], T]) -> T:
        """The model of a successful answer.

        Raises:
            ResponseError: The answer means failure, or is not what the contract promises; see `errors`.
        """
        return answers.parse(operation_id, response, model, self._redact)

    def close(self) -> None:
        """Closes the connections of synchronous calls."""
        with self._lock:
            client, self._sync_client = self._sync_client, None
        if client is not None:
            client.close()

    async def aclose(self) -> None:
        """Closes the connections of synchronous and of asynchronous calls."""
        self.close()
        with self._lock:
            client, self._async_client = self._async_client, None
        if client is not None:
            await client.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _authorized(self, request: dict[str, Any]) -> dict[str, Any]:
        headers = {**request.get("headers", {}), "Authorization": self._authorization()}
        return {**request, "headers": headers}

    def _transport_error(self, error: httpx.RequestError) -> TransportError:
        error.request.headers["Authorization"] = (
            "***"  # httpx's exception keeps the request, and so would a pickle of it
        )
        for link in _chain(error):  # a malformed answer is quoted all the way down, and it may repeat the token
            link.args = tuple(self._redact(part) if isinstance(part, str) else part for part in link.args)
        says = str(error) or "no detail"
        return TransportError(f"{type(error).__name__}: {says}", may_have_been_sent=not isinstance(error, _NEVER_LEFT))


def _chain(error: BaseException) -> list[BaseException]:
    """An exception and what it comes from; such chains have been seen to bite their own tails."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _usable_token(token: str | None) -> str:
    if token is None:
        token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise ValueError(f"no token: pass token=... or set the environment variable {TOKEN_VARIABLE}")
    if not _TOKEN.fullmatch(token):
        raise ValueError("the token has white space or characters beyond ASCII; it is given alone, without 'Bearer'")
    return token


def _spellings(token: str) -> re.Pattern[str]:
    """The token as a text may hold it: special characters as they are, or escaped for JSON, a URL or a JSON Pointer."""

    def spelling(character: str) -> str:
        if character.isalnum():
            return character
        in_pointer = re.escape(pointer((character,))[1:])
        code = f"{ord(character):02x}"
        return rf"(?:{in_pointer}|\\?\\?{re.escape(character)}|\\u00{code}|%{code})"

    return re.compile("".join(map(spelling, token)), re.IGNORECASE)


def _usable_url(base_url: str, *, allow_http: bool) -> str:
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ValueError(f"base_url is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"base_url must begin with https:// and name a host: {_shown(url)}")
    if url.userinfo or "?" in str(url) or "#" in str(url):
        raise ValueError(f"base_url must have no user, query or fragment: {_shown(url)}")
    if url.scheme == "http" and not allow_http and not _is_loopback(url.host):
        raise ValueError(f"base_url must begin with https://, or say allow_http=True: {_shown(url)}")
    return str(url)


def _shown(url: httpx.URL) -> str:
    """The address without what may be secret in it."""
    return f"{url.scheme}://{url.host}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


__all__ = ["DEFAULT_BASE_URL", "DEFAULT_TIMEOUT", "TOKEN_VARIABLE", "AuthenticatedClient"]
