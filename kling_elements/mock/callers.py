"""Who asks: this machine, a host that was let in, or somebody else by way of a web page or a proxy."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import httpx

from kling_elements.mock.asgi import Fields, header
from kling_elements.mock.reply import HeaderList
from kling_elements.mock.request import Head
from kling_elements_runtime.settings import is_host, is_loopback_address

_PROXIES = re.compile(rb"via|forwarded|x-forwarded-.+|x-real-ip")  # what proxies add to a request
_OLD_HTTP = "1.0"  # what nginx speaks by default to what is behind it, without any header that says so
_OWN_SITES = ("none", "same-origin")  # of Sec-Fetch-Site: an address that was typed, a page of the server's own
ORIGIN = b"origin"
"""The header by which a browser says whose page asks."""

_ASKED_METHOD = b"access-control-request-method"
_ANSWERS = {
    _ASKED_METHOD: b"access-control-allow-methods",
    b"access-control-request-headers": b"access-control-allow-headers",
}
_VARY = (b"vary", b"Origin")
_SHOWN = b"allow, retry-after, www-authenticate"  # headers of answers that scripts may see beside the usual ones
_REMEMBERED_SECONDS = b"600"  # that a browser need not ask again


class Callers:
    """Tells those who may drive the server, and pages whose scripts may call it, from others."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        """Take the hosts beside this machine that may drive the server: addresses, networks or names."""
        networks = {host: _network(host) for host in hosts}
        self._networks = [network for network in networks.values() if network is not None]
        self._names = {host.lower() for host, network in networks.items() if network is None}

    def may_control(self, head: Head) -> bool:
        """Tell whether a request comes from this machine, or a host that was let in, and for nobody else."""
        headers, peer = head.headers, head.client_host or ""
        if any(map(_PROXIES.fullmatch, headers)) or head.http_version == _OLD_HTTP or _is_of_a_foreign_page(headers):
            return False
        host = _host_of(f"http://{header(headers, b'host') or 'localhost'}")
        if host is None:
            return False
        if is_loopback_address(peer):
            return _is_here(host) or host in self._names
        # A page that made its own name lead here has a name that the whole world can look up.
        is_reachable = "." not in host or _network(host) is not None or host in self._names
        return is_reachable and self._is_let_in(peer)

    def _is_let_in(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks) or str(address) in _addresses_of(self._names)


def is_from_elsewhere(headers: Fields) -> bool:
    """Tell whether the web page that asks is none of this machine's."""
    return not _is_here(_host_of(header(headers, ORIGIN) or ""))


def is_preflight(head: Head) -> bool:
    """Tell whether a browser asks what the script of a page may send."""
    return head.method == "OPTIONS" and _ASKED_METHOD in head.headers


def preflight_headers(headers: Fields) -> HeaderList:
    """Return the headers that let a browser send what it asks for."""
    allowed = [(allow, headers[asked]) for asked, allow in _ANSWERS.items() if asked in headers]
    return (*allowed, (b"access-control-max-age", _REMEMBERED_SECONDS))


def page_headers(headers: Fields) -> HeaderList:
    """Return the headers by which a page of this machine may see an answer; none where another page asks."""
    if is_from_elsewhere(headers):
        return ()
    return (
        (b"access-control-allow-origin", headers[ORIGIN]),
        (b"access-control-expose-headers", _SHOWN),
        _VARY,
    )


def usable_host(host: str) -> str:
    """Return a host that may drive the server.

    Raises:
        ValueError: It is no address, network or name.
    """
    if _network(host) is None and not is_host(host):
        raise ValueError(f"{host!r} is no address, network (such as 172.16.0.0/12) or name of a host")
    return host


def _is_of_a_foreign_page(headers: Fields) -> bool:
    """Tell whether a page of elsewhere asks, by whichever header tells: the first of them is sent with each POST."""
    if ORIGIN in headers:
        return is_from_elsewhere(headers)
    referer = header(headers, b"referer")
    if referer is not None and not _is_here(_host_of(referer)):
        return True
    return (header(headers, b"sec-fetch-site") or "none") not in _OWN_SITES


def _is_here(host: str | None) -> bool:
    """Tell whether a host is this machine; not so `evil.localhost`, which leads wherever a name server says."""
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
    """Return the addresses that names have now: those of containers change."""
    found: set[str] = set()
    for name in names:
        try:
            found |= {str(address[0]) for *_, address in socket.getaddrinfo(name, None)}
        except (OSError, UnicodeError):  # there is no such host at present
            continue
    return found
