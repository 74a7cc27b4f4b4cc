"""Asks a server for parts of one file by HTTP Range, and believes only answers that fit together.

ssrfguard decides which addresses may be connected to. It stands directly below httpcore, as httpx would read the bodies
of redirects whole, log addresses with their query, and let a server that drips hold it for ever.
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
from kling_elements_runtime.settings import LAST_PORT, has_port_of_other_digits
from kling_elements_runtime.transport.certificates import shared_context

FAILURES: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, SSRFGuardError)
"""What may come out of a site besides MediaError; `RangeClient.reason` has the words for it."""

_WEB_PORTS = frozenset({80, 443, 8080, 8443})  # a stranger's address must not make us talk to a mail server
_DENIED = AddressTable(
    (
        *DEFAULT_DENIED.blocks,
        # Public by IANA's registries, which ssrfguard goes by, and yet inside: what every virtual machine of Azure can
        # reach (learn.microsoft.com, "What is IP address 168.63.129.16?"), and another spelling of any IPv4 address.
        Block(ip_network("168.63.129.16/32"), "Azure's platform", "", Reach.DENIED),
        Block(ip_network("::ffff:0:0:0/96"), "IPv4-translated addresses", "RFC2765", Reach.DENIED),
    )
)
_MAX_REDIRECTS = 5  # of one request; as many as ssrfguard allows by itself
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WHOLE, _PART, _BEYOND_THE_END = 200, 206, 416
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(
    r"(https?://)(?:[^/?#\\]*@)?((?:[\w.~%-]+|\[[\da-f:.]+\])(?::\d*)?(?![^/?#])[^?#]*)", re.IGNORECASE
)
_MAX_SHOWN = 200  # characters of an address in a message


def redacted_url(url: str) -> str:
    """Return an address as messages may show it: without user, query and fragment, and not too long."""
    found = _ADDRESS.match(url)
    if found is None:
        return "an address"
    text = "".join(character if character.isprintable() else "?" for character in found[1] + found[2])
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


@cache
def _policy(*, allow_private: bool) -> Policy:
    if allow_private:
        return Policy(denied_networks=AddressTable(()), allowed_ports=frozenset(range(1, LAST_PORT + 1)))
    return Policy(denied_networks=_DENIED, allowed_ports=_WEB_PORTS)


@frozen
class Answer:
    """What a server sends of a file.

    Attributes:
        is_whole: Whether it is the whole file instead of the part that was asked for.
        size: The file's size in bytes; None where the server does not tell.
        pieces: The bytes, to be read while the answer is open.
    """

    is_whole: bool
    size: int | None
    pieces: Iterator[bytes]


class RangeClient:
    """Where a file is. After a redirect that is where it led to."""

    def __init__(self, url: str, meter: Meter, *, allow_private: bool) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._meter = meter
        self._policy = _policy(allow_private=allow_private)
        tls, backend = shared_context(trust_env=True, http2=False), MeteredBackend(self._policy, meter)
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=backend)
        self._known: dict[str, str | int] = {}  # what must be the same in each answer

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    @contextmanager
    def asking(self, first: int, last: int) -> Iterator[Answer]:
        """Yield the answer to one request, after its redirects, for as long as the block runs.

        Args:
            first: The offset of the first byte that is asked for.
            last: That of the last one.

        Raises:
            MediaError: The address is refused, or the answer is no use or contradicts itself or an earlier one.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            with self._get(first, last) as response:
                headers = httpx.Headers(response.headers)
                if response.status not in _REDIRECTS or "location" not in headers:
                    yield self._answer(response, headers, first, last)
                    return
            self._follow(headers["location"])
        raise self._error(f"is redirected more than {_MAX_REDIRECTS} times; give the address that it leads to")

    @contextmanager
    def _get(self, first: int, last: int) -> Iterator[httpcore.Response]:
        url = self._parsed(self._url)
        if url.scheme not in ("http", "https"):
            raise self._error("must begin with http:// or https://, as must whatever it redirects to")
        if url.userinfo:
            raise self._error("has a user or password in it; give one that needs none, such as a signed address")
        if url.port is not None and url.port not in self._policy.allowed_ports:
            usual = ", ".join(map(str, sorted(_WEB_PORTS)))
            raise self._error(f"has port {url.port}; only {usual} are allowed, and others with allow_private=True")
        self._policy.check_url(str(url))
        self._meter.count_request()
        headers: list[tuple[bytes | str, bytes | str]] = [
            ("Host", url.netloc),
            ("User-Agent", "kling-elements"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Range", f"bytes={first}-{last}"),
        ]
        # Given as parts, because httpcore's own reading of an address loses what follows a semicolon.
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with self._pool.stream("GET", target, headers=headers) as response:
            yield response

    def _follow(self, location: str) -> None:
        old = self._parsed(self._url)
        new = self._parsed(location, old)
        if (old.scheme, new.scheme) == ("https", "http"):
            says = "is redirected from https to http, where anybody on the way could change it"
            raise self._error(f"{says}; if that is meant, give the address itself: {redacted_url(str(new))}")
        self._url = str(new)

    def _parsed(self, url: str, base: httpx.URL | None = None) -> httpx.URL:
        if has_port_of_other_digits(url):
            raise self._error("has a port in other digits than 0 to 9")
        try:
            return httpx.URL(url) if base is None else base.join(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise self._error("is no address that can be read, or redirects to none") from error

    def _answer(self, response: httpcore.Response, headers: httpx.Headers, first: int, last: int) -> Answer:
        if response.status == _BEYOND_THE_END:
            return self._nothing(headers, first)
        if response.status not in (_WHOLE, _PART):
            raise self._status(response.status)
        encoding = headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise self._error(f"is sent as {encoding[:20]!r}, although it was asked for as it is")
        pieces = _bytes_of(response)
        if response.status == _PART:
            return self._part(headers, pieces, first, last)
        length = headers.get("content-length", "")
        size = int(length) if re.fullmatch("[0-9]{1,18}", length) and "transfer-encoding" not in headers else None
        return self._same(headers, Answer(is_whole=True, size=size, pieces=pieces))

    def _part(self, headers: httpx.Headers, pieces: Iterator[bytes], first: int, last: int) -> Answer:
        start, end, total = _content_range(headers)
        expected = last if total is None else min(last, total - 1)
        if start != first or end is None or not (first <= end <= last if total is None else end == expected):
            raise self._error(f"the server sends another part than bytes {first} to {expected}, which it was asked for")
        size = end + 1 if total is None and end < last else total
        return self._same(headers, Answer(is_whole=False, size=size, pieces=self._exactly(pieces, end - first + 1)))

    def _nothing(self, headers: httpx.Headers, first: int) -> Answer:
        """Return what an answer means that has nothing at that offset: the file is empty, or ends before it."""
        _, _, total = _content_range(headers)
        size = 0 if total is None and first == 0 else total
        if (size is None and "size" in self._known) or (size is not None and size > first):
            raise self._status(_BEYOND_THE_END)
        return self._same(headers, Answer(is_whole=False, size=size, pieces=iter(())))

    def _same(self, headers: httpx.Headers, answer: Answer) -> Answer:
        """Return the answer itself, if it is about the same file as the earlier ones."""
        marks = {"etag": headers.get("etag"), "last-modified": headers.get("last-modified"), "size": answer.size}
        for name, mark in marks.items():
            if mark is not None and self._known.setdefault(name, mark) != mark:
                raise self._error(f"was changed while it was read: its {name} is another; try again")
        return answer

    def _exactly(self, pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
        left = count
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise self._error(f"the server sends {'fewer' if left > 0 else 'more'} bytes than it says")

    def reason(self, error: Exception) -> str:
        """Return what one of the FAILURES means, without the query that its own text may hold."""
        blocked = error.__cause__ if isinstance(error, BlockedURLError) and error.__cause__ else error
        if isinstance(blocked, BlockedAddressError):
            return f"leads to a private or reserved address ({blocked.address}); allow_private=True allows it"
        if isinstance(blocked, BlockedURLError):
            return f"is refused: {blocked.reason}"
        if isinstance(error, httpcore.ConnectTimeout):
            return "no connection came about in time"
        if isinstance(error, httpcore.TimeoutException):
            return self._meter.late().reason
        if isinstance(error, httpcore.ConnectError):
            return f"no connection: {error}"
        return "the connection broke off, or what came over it is no HTTP; try again"

    def _status(self, status: int) -> MediaError:
        moved = "" if redacted_url(self._url) == self._meter.source else f" from {redacted_url(self._url)}"
        return self._error(f"HTTP {status}{moved}; it must be there, and readable without a login")

    def _error(self, why: str) -> MediaError:
        return MediaError(self._meter.source, why)


def _bytes_of(response: httpcore.Response) -> Iterator[bytes]:
    yield from response.iter_stream()


def _content_range(headers: httpx.Headers) -> tuple[int | None, int | None, int | None]:
    """Return first and last byte, and the file's size (RFC 9110, section 14.4); None for each that is not told."""
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    first, last, total = found.groups() if found else (None, None, None)
    return _number(first), _number(last), _number(total)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
