"""Request parts of a file with HTTP Range, and refuse responses that contradict each other.

ssrfguard decides which addresses are allowed. httpcore is used directly, because httpx would read the whole bodies of
redirects, log URLs with their query, and wait forever for a server that sends single bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_network
from typing import Final

import httpcore
import httpx
from attrs import frozen
from ssrfguard import (
    DEFAULT_DENIED,
    AddressTable,
    Block,
    BlockedAddressError,
    BlockedURLError,
    Policy,
    Reach,
    SSRFGuardError,
)

from kling_elements.media.meter import Meter, MeteredBackend
from kling_elements_client.errors import MediaError
from kling_elements_runtime.addresses import LAST_PORT, has_non_ascii_port
from kling_elements_runtime.transport.certificates import shared_context

FAILURES: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, SSRFGuardError)
"""The errors that a RangeClient may raise besides MediaError; `RangeClient.reason` explains them."""

_WEB_PORTS = frozenset({80, 443, 8080, 8443})  # so that an untrusted URL can't make us connect to a mail server
_DENIED = AddressTable(
    (
        *DEFAULT_DENIED.blocks,
        # ssrfguard follows IANA's registries, where these are public. Yet the first one is a service for machines in
        # Azure (learn.microsoft.com, "What is IP address 168.63.129.16?"), and the others map to any IPv4 address.
        Block(ip_network("168.63.129.16/32"), "Azure's platform", "", Reach.DENIED),
        Block(ip_network("::ffff:0:0:0/96"), "IPv4-translated addresses", "RFC2765", Reach.DENIED),
    )
)
_MAX_REDIRECTS = 5  # ssrfguard's default
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK, _PARTIAL, _PAST_THE_END = 200, 206, 416
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(
    r"(https?://)(?:[^/?#\\]*@)?((?:[\w.~%-]+|\[[\da-f:.]+\])(?::\d*)?(?![^/?#])[^?#]*)", re.IGNORECASE
)
_MAX_SHOWN_URL_CHARACTERS = 200


def redacted_url(url: str) -> str:
    """Return a URL for messages: shortened, and without user, query and fragment."""
    match = _ADDRESS.match(url)
    if match is None:
        return "an address"
    text = "".join(character if character.isprintable() else "?" for character in match[1] + match[2])
    return text if len(text) <= _MAX_SHOWN_URL_CHARACTERS else text[:_MAX_SHOWN_URL_CHARACTERS] + "..."


@cache
def _policy(*, allow_private: bool) -> Policy:
    if allow_private:
        return Policy(denied_networks=AddressTable(()), allowed_ports=frozenset(range(1, LAST_PORT + 1)))
    return Policy(denied_networks=_DENIED, allowed_ports=_WEB_PORTS)


@frozen
class RangeResponse:
    """A response with a file or a part of a file.

    Attributes:
        is_whole: Whether the response contains the whole file instead of the requested part.
        size: The size of the file in bytes, or None if the server does not send it.
        chunks: The bytes. Read them before the response is closed.
    """

    is_whole: bool
    size: int | None
    chunks: Iterator[bytes]


class RangeClient:
    """A client for one file. After a redirect it uses the new URL."""

    def __init__(self, url: str, meter: Meter, *, allow_private: bool) -> None:
        """Create a client without connecting."""
        self._url = url
        self._meter = meter
        self._policy = _policy(allow_private=allow_private)
        tls, backend = shared_context(trust_env=True, http2=False), MeteredBackend(self._policy, meter)
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=backend)
        self._marks: dict[str, str | int] = {}  # etag, date and size, which must be the same in each response

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    @contextmanager
    def request(self, first: int, last: int) -> Iterator[RangeResponse]:
        """Request a part of the file, follow redirects, and yield the response while the block runs.

        Args:
            first: The offset of the first requested byte.
            last: The offset of the last requested byte.

        Raises:
            MediaError: The URL is refused, or the response is unusable or contradicts itself or an earlier one.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            with self._get(first, last) as response:
                headers = httpx.Headers(response.headers)
                if response.status not in _REDIRECTS or "location" not in headers:
                    yield self._check_response(response, headers, first, last)
                    return
            self._follow(headers["location"])
        raise self._error(f"is redirected more than {_MAX_REDIRECTS} times; use the URL that it leads to")

    @contextmanager
    def _get(self, first: int, last: int) -> Iterator[httpcore.Response]:
        url = self._parse(self._url)
        if url.scheme not in ("http", "https"):
            raise self._error("must begin with http:// or https://, and so must its redirects; use another URL")
        if url.userinfo:
            raise self._error("contains a user or password; use a URL that needs none, such as a signed one")
        if url.port is not None and url.port not in self._policy.allowed_ports:
            allowed = ", ".join(map(str, sorted(_WEB_PORTS)))
            raise self._error(f"has port {url.port}, but only {allowed} are allowed; allow_private=True allows others")
        self._policy.check_url(str(url))
        self._meter.count_request()
        headers: list[tuple[bytes | str, bytes | str]] = [
            ("Host", url.netloc),
            ("User-Agent", "kling-elements"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Range", f"bytes={first}-{last}"),
        ]
        # Pass the parts, because httpcore's parser drops the part of a URL after a semicolon.
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with self._pool.stream("GET", target, headers=headers) as response:
            yield response

    def _follow(self, location: str) -> None:
        old = self._parse(self._url)
        new = self._parse(location, old)
        if (old.scheme, new.scheme) == ("https", "http"):
            target = redacted_url(str(new))
            raise self._error(f"is redirected to insecure http; if you accept that, use its target directly: {target}")
        self._url = str(new)

    def _parse(self, url: str, base: httpx.URL | None = None) -> httpx.URL:
        if has_non_ascii_port(url):
            raise self._error("has a port with digits other than 0 to 9; write the port in ASCII digits")
        try:
            return httpx.URL(url) if base is None else base.join(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise self._error("is not a valid URL, or redirects to an invalid one; check its spelling") from error

    def _check_response(
        self, response: httpcore.Response, headers: httpx.Headers, first: int, last: int
    ) -> RangeResponse:
        if response.status == _PAST_THE_END:
            return self._empty_part(headers, first)
        if response.status not in (_OK, _PARTIAL):
            raise self._status_error(response.status)
        encoding = headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise self._error(
                f"is sent with content-encoding {encoding[:20]!r}; ask its owner to serve it uncompressed"
            )
        chunks = _chunks_of(response)
        if response.status == _PARTIAL:
            return self._part(headers, chunks, first, last)
        length = headers.get("content-length", "")
        size = int(length) if re.fullmatch("[0-9]{1,18}", length) and "transfer-encoding" not in headers else None
        return self._check_same_file(headers, RangeResponse(is_whole=True, size=size, chunks=chunks))

    def _part(self, headers: httpx.Headers, chunks: Iterator[bytes], first: int, last: int) -> RangeResponse:
        start, end, total = _content_range(headers)
        expected = last if total is None else min(last, total - 1)
        if start != first or end is None or not (first <= end <= last if total is None else end == expected):
            raise self._error(
                f"the server was asked for bytes {first} to {expected}, but sent others; try another server"
            )
        size = end + 1 if total is None and end < last else total
        chunks = self._require_count(chunks, end - first + 1)
        return self._check_same_file(headers, RangeResponse(is_whole=False, size=size, chunks=chunks))

    def _empty_part(self, headers: httpx.Headers, first: int) -> RangeResponse:
        """Return the response for status 416: the file ends before the requested bytes, or is empty."""
        _, _, total = _content_range(headers)
        size = 0 if total is None and first == 0 else total
        if (size is None and "size" in self._marks) or (size is not None and size > first):
            raise self._status_error(_PAST_THE_END)
        return self._check_same_file(headers, RangeResponse(is_whole=False, size=size, chunks=iter(())))

    def _check_same_file(self, headers: httpx.Headers, response: RangeResponse) -> RangeResponse:
        """Return the response unchanged if its file is the same as before.

        Raises:
            MediaError: The file has changed.
        """
        marks = {"etag": headers.get("etag"), "last-modified": headers.get("last-modified"), "size": response.size}
        for name, mark in marks.items():
            if mark is not None and self._marks.setdefault(name, mark) != mark:
                raise self._error(f"was changed while it was read: its {name} differs; try again")
        return response

    def _require_count(self, chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
        missing = count
        for chunk in chunks:
            missing -= len(chunk)
            if missing < 0:
                break
            yield chunk
        if missing:
            raise self._error(f"the server sends {'fewer' if missing > 0 else 'more'} bytes than it says; try again")

    def reason(self, error: Exception) -> str:
        """Explain one of the FAILURES, without its own message, which may contain the query."""
        blocked = error.__cause__ if isinstance(error, BlockedURLError) and error.__cause__ else error
        if isinstance(blocked, BlockedAddressError):
            return f"resolves to a private or reserved address ({blocked.address}); allow_private=True allows it"
        if isinstance(blocked, BlockedURLError):
            return f"is refused: {blocked.reason}"
        if isinstance(error, httpcore.ConnectTimeout):
            return "the connection was not established in time; check the host and its port"
        if isinstance(error, httpcore.TimeoutException):
            return self._meter.timeout_error().reason
        if isinstance(error, httpcore.ConnectError):
            return f"cannot be connected to: {error}"
        return "the connection was lost, or the response is not HTTP; try again"

    def _status_error(self, status: int) -> MediaError:
        origin = "" if redacted_url(self._url) == self._meter.source else f" from {redacted_url(self._url)}"
        return self._error(f"HTTP {status}{origin}; check that the file exists and needs no login")

    def _error(self, reason: str) -> MediaError:
        return MediaError(self._meter.source, reason)


def _chunks_of(response: httpcore.Response) -> Iterator[bytes]:
    yield from response.iter_stream()


def _content_range(headers: httpx.Headers) -> tuple[int | None, int | None, int | None]:
    """Return first byte, last byte and file size from `content-range` (RFC 9110, section 14.4), or None for each."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    first, last, total = match.groups() if match else (None, None, None)
    return _number(first), _number(last), _number(total)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
