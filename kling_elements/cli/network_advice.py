"""Say what to do if the gateway is not reached."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from kling_elements_client.errors import TransportError

_PROXY = "the proxy refuses: check its address, user and password in HTTPS_PROXY, or add the gateway to NO_PROXY"
_NO_PATH = "this machine has no way to it: check the network connection and the VPN"
_ADVICE: list[tuple[type[BaseException], str]] = [
    (httpx.ProxyError, _PROXY),
    (ssl.SSLCertVerificationError, ""),
    (
        ssl.SSLError,
        "what answers there does not speak TLS as it should: check the port, and whether the address begins with http",
    ),
    (
        socket.gaierror,
        "the name of the host is not known: check the address for typing errors, and the network connection",
    ),
    (
        ConnectionRefusedError,
        "nothing listens there: check the host and the port, and start the server if it is yours",
    ),
    (
        ConnectionResetError,
        "something on the way broke the connection off: a firewall, a proxy, or the gateway itself; try again",
    ),
    (
        httpx.ConnectTimeout,
        "nothing answered in time: a firewall may drop the connection; if you need a proxy, set HTTPS_PROXY",
    ),
    (httpx.TimeoutException, "the gateway took too long: try again, and ask whoever runs it if that does not help"),
    (
        httpx.RemoteProtocolError,
        "what answers there does not speak HTTP as it should: check the port, and whether https is right",
    ),
    (OSError, _NO_PATH),
]
_CERTIFICATES = {
    "expired": "the gateway's certificate has expired: check the date of this machine, or ask whoever runs the gateway",
    "not yet valid": "the gateway's certificate is not valid yet: check the date of this machine",
    "mismatch": "the certificate is for another host: check the address",
    "not valid for": "the certificate is for another host: check the address",
}
_UNKNOWN_AUTHORITY = (
    "the certificate is not from an authority that is trusted here: if your company inspects connections, "
    "set SSL_CERT_FILE to the file with its certificates"
)


def advice_on(error: TransportError) -> str:
    """Return what to do about a request that got no response, in words."""
    causes = list(_causes(error))
    for kind, advice in _ADVICE:
        cause = next((cause for cause in causes if isinstance(cause, kind)), None)
        if cause is not None:
            return advice or _on_certificate(str(cause))
    return "check the network connection, and try again"


def _on_certificate(message: str) -> str:
    return next((advice for words, advice in _CERTIFICATES.items() if words in message), _UNKNOWN_AUTHORITY)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to an error; not the error itself, because its class may also be one of the system's."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error.__cause__]
    while pending:
        cause = pending.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__]
