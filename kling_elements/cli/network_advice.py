"""Find advice for network errors."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from kling_elements_client.errors import TransportError

_PROXY = (
    "the proxy refused the request: check its URL, user and password in HTTPS_PROXY, or add the gateway to NO_PROXY"
)
_NO_ROUTE = "this machine has no route to the gateway: check the network connection and the VPN"
_ADVICE: list[tuple[type[BaseException], str]] = [
    (httpx.ProxyError, _PROXY),
    (ssl.SSLCertVerificationError, ""),
    (
        ssl.SSLError,
        "the server at this URL does not speak TLS: check the port, and whether to begin the URL with http:",
    ),
    (
        socket.gaierror,
        "the host name is unknown: check the URL for typing errors, and the network connection",
    ),
    (
        ConnectionRefusedError,
        "no server listens at this URL: check the host and the port, and start the server if it is yours",
    ),
    (
        ConnectionResetError,
        "a firewall, a proxy or the gateway closed the connection: try again",
    ),
    (
        httpx.ConnectTimeout,
        "no response came in time: a firewall may drop the connection; if you need a proxy, set HTTPS_PROXY",
    ),
    (
        httpx.TimeoutException,
        "the gateway took too long: try again, and ask the gateway's support if that does not help",
    ),
    (
        httpx.RemoteProtocolError,
        "the server at this URL does not speak HTTP: check the port, and whether to begin the URL with https:",
    ),
    (OSError, _NO_ROUTE),
]
_CERTIFICATES = {
    "expired": "the gateway's certificate has expired: check the date of this machine, or tell the gateway's support",
    "not yet valid": "the gateway's certificate is not valid yet: check the date of this machine",
    "mismatch": "the certificate is for another host: check the URL",
    "not valid for": "the certificate is for another host: check the URL",
}
_UNKNOWN_AUTHORITY = (
    "this machine does not trust the authority that issued the certificate: if your company inspects connections, "
    "set SSL_CERT_FILE to the file with the company's certificates"
)


def advice_for(error: TransportError) -> str:
    """Return advice about a request that got no response."""
    causes = list(_causes(error))
    for kind, advice in _ADVICE:
        cause = next((cause for cause in causes if isinstance(cause, kind)), None)
        if cause is not None:
            return advice or _certificate_advice(str(cause))
    return "check the network connection, and try again"


def _certificate_advice(message: str) -> str:
    return next((advice for words, advice in _CERTIFICATES.items() if words in message), _UNKNOWN_AUTHORITY)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the causes of an error, without the error itself, because its class may be a listed one."""
    visited_ids: set[int] = set()
    pending: list[BaseException | None] = [error.__cause__]
    while pending:
        cause = pending.pop(0)
        if cause is None or id(cause) in visited_ids:
            continue
        visited_ids.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__]
