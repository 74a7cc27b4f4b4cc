"""Check the hosts and ports of URLs, and recognize hosts that are this machine."""

from __future__ import annotations

import ipaddress
import re
import socket

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
# \d matches digits of any script.
_NON_ASCII_PORT = re.compile(r"[^/?#]*//[^/?#\\]*:(?![0-9]+(?:[/?#\\]|$))\d+(?:[/?#\\]|$)")
_MAX_LABEL_CHARACTERS = 63  # RFC 1035, section 2.3.4
LAST_PORT = 65535


def is_host(host: str) -> bool:
    """Return whether a string is a valid host: a name in ASCII or an IP address."""
    is_one = _HOST.fullmatch(host) is not None and ".." not in host
    return is_one and all(len(label) <= _MAX_LABEL_CHARACTERS for label in host.split("."))


def is_port(port: int | None) -> bool:
    """Return whether a number is a port. None, which means the default port, counts as one."""
    return port is None or port <= LAST_PORT


def has_non_ascii_port(url: str) -> bool:
    """Return whether a URL has a port in non-ASCII digits, which RFC 3986 forbids and httpx accepts."""
    return _NON_ASCII_PORT.match(url) is not None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: a loopback address, `localhost`, or a subdomain of it.

    RFC 6761 reserves `anything.localhost` for this machine. Not every name server obeys, so the function resolves it.
    """
    return (
        is_loopback_address(host)
        or host == "localhost"
        or (host.endswith(".localhost") and _resolves_to_loopback(host))
    )


def _resolves_to_loopback(name: str) -> bool:
    try:
        addresses = {str(address[0]) for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):  # the name does not resolve
        return False
    return all(map(is_loopback_address, addresses))


def is_loopback_address(text: str) -> bool:
    """Return whether a string is a loopback address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
