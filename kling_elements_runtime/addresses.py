"""Hosts and ports of addresses: which of them can be sent, and which lead to this machine."""

from __future__ import annotations

import ipaddress
import re
import socket

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name as it is sent, or an address
_OTHER_DIGITS = re.compile(
    r"[^/?#]*//[^/?#\\]*:(?![0-9]+(?:[/?#\\]|$))\d+(?:[/?#\\]|$)"
)  # of a port: \d has those of any script
_MAX_LABEL = 63  # characters between two full stops of a name (RFC 1035, section 2.3.4)
LAST_PORT = 65535


def is_host(host: str) -> bool:
    """Return whether a text is the name of a host or an address, as they are sent."""
    is_one = _HOST.fullmatch(host) is not None and ".." not in host
    return is_one and all(len(label) <= _MAX_LABEL for label in host.split("."))


def is_port(port: int | None) -> bool:
    """Return whether a number is that of a port; None is the usual one."""
    return port is None or port <= LAST_PORT


def has_port_of_other_digits(url: str) -> bool:
    """Return whether an address has a port in digits of another script, which RFC 3986 has not and httpx reads."""
    return _OTHER_DIGITS.match(url) is not None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, by its address, as `localhost`, or by a name below that.

    RFC 6761 wants `anything.localhost` to lead here; not every name server keeps to it, so the name is looked up.
    """
    return is_loopback_address(host) or host == "localhost" or (host.endswith(".localhost") and _leads_here(host))


def _leads_here(name: str) -> bool:
    try:
        addresses = {str(address[0]) for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):  # it leads nowhere
        return False
    return all(map(is_loopback_address, addresses))


def is_loopback_address(text: str) -> bool:
    """Return whether a text is an address of this machine itself."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
