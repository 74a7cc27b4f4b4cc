"""Decide who sent a request: this machine, an allowed host, or somebody else through a web page or a proxy."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import httpx

from kling_elements.mock.asgi import Fields, header
from kling_elements.mock.reply import HeaderList
from kling_elements.mock.request import Head
from kling_elements_runtime.addresses import is_host, is_loopback_address

_PROXIES = re.compile(rb"via|forwarded|x-forwarded-.+|x-real-ip")  # headers that proxies add
_OLD_HTTP = "1.0"  # nginx uses it towards its upstream by default, and adds no proxy header
_OWN_FETCH_SITES = ("none", "same-origin")  # values of Sec-Fetch-Site: a typed URL, and a page from this server
ORIGIN = b"origin"
"""The header in which a browser sends the site of the page."""

_REQUEST_METHOD = b"access-control-request-method"
_ALLOWING_HEADERS = {
    _REQUEST_METHOD: b"access-control-allow-methods",
    b"access-control-request-headers": b"access-control-allow-headers",
}
_VARY = (b"vary", b"Origin")
_EXPOSED_HEADERS = (
    b"allow, retry-after, www-authenticate"  # response headers that scripts may read besides the usual ones
)
_PREFLIGHT_MAX_AGE_SECONDS = b"600"  # how long a browser may reuse the response to a preflight


class Callers:
    """The hosts that may use `/_mock/`."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        """Set the other hosts that may use `/_mock/`: addresses, networks or names."""
        networks = {host: _network(host) for host in hosts}
        self._networks = [network for network in networks.values() if network is not None]
        self._names = {host.lower() for host, network in networks.items() if network is None}

    def may_control(self, head: Head) -> bool:
        """Return whether a request comes directly from this machine or from an allowed host."""
        headers, peer = head.headers, head.client_host or ""
        if any(map(_PROXIES.fullmatch, headers)) or head.http_version == _OLD_HTTP or _is_from_foreign_page(headers):
            return False
        host = _host_of(f"http://{header(headers, b'host') or 'localhost'}")
        if host is None:
            return False
        if is_loopback_address(peer):
            return _is_this_machine(host) or host in self._names
        # DNS rebinding needs a public name, so accept only names without a dot, addresses and allowed names.
        is_reachable = "." not in host or _network(host) is not None or host in self._names
        return is_reachable and self._is_allowed(peer)

    def _is_allowed(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks) or str(address) in _addresses_of(self._names)


def is_from_elsewhere(headers: Fields) -> bool:
    """Return whether the `Origin` of a request is not this machine."""
    return not _is_this_machine(_host_of(header(headers, ORIGIN) or ""))


def is_preflight(head: Head) -> bool:
    """Return whether a request is a CORS preflight."""
    return head.method == "OPTIONS" and _REQUEST_METHOD in head.headers


def preflight_headers(headers: Fields) -> HeaderList:
    """Return the headers that allow what a preflight asks for."""
    allowed = [
        (allowing, headers[requested]) for requested, allowing in _ALLOWING_HEADERS.items() if requested in headers
    ]
    return (*allowed, (b"access-control-max-age", _PREFLIGHT_MAX_AGE_SECONDS))


def page_headers(headers: Fields) -> HeaderList:
    """Return the headers that let a page read a response, if the page is on this machine; otherwise none."""
    if is_from_elsewhere(headers):
        return ()
    return (
        (b"access-control-allow-origin", headers[ORIGIN]),
        (b"access-control-expose-headers", _EXPOSED_HEADERS),
        _VARY,
    )


def check_host(host: str) -> str:
    """Check a host that may use `/_mock/`, and return it.

    Raises:
        ValueError: The text is not an address, a network or a host name.
    """
    if _network(host) is None and not is_host(host):
        raise ValueError(f"{host!r} is not an address, a network (such as 172.16.0.0/12) or a host name")
    return host


def _is_from_foreign_page(headers: Fields) -> bool:
    """Return whether a page of another site sent a request. With every POST, browsers send `Origin`."""
    if ORIGIN in headers:
        return is_from_elsewhere(headers)
    referer = header(headers, b"referer")
    if referer is not None and not _is_this_machine(_host_of(referer)):
        return True
    return (header(headers, b"sec-fetch-site") or "none") not in _OWN_FETCH_SITES


def _is_this_machine(host: str | None) -> bool:
    """Return whether a host is this machine. `evil.localhost` is not: a name server may give it any address."""
    return host is not None and (host == "localhost" or is_loopback_address(host))


def _host_of(url: str) -> str | None:
    try:
        return httpx.URL(url).host.lower()
    except httpx.InvalidURL:
        return None


def _network(host: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(host, strict=False)
    except ValueError:
        return None


def _addresses_of(names: Iterable[str]) -> set[str]:
    """Return the addresses of names. Don't cache them, because containers' addresses change."""
    addresses: set[str] = set()
    for name in names:
        try:
            addresses |= {str(address[0]) for *_, address in socket.getaddrinfo(name, None)}
        except (OSError, UnicodeError):  # the name doesn't resolve at present
            continue
    return addresses
