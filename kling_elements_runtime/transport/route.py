"""Choose the route to the gateway: its URL, the proxy, and the trusted certificates.

Your options and the environment are checked when a client is created, so that a mistake raises one clear error there,
and not an exception of another library at the first call.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from attrs import field, frozen

from kling_elements_runtime.addresses import has_non_ascii_port, is_host, is_port
from kling_elements_runtime.transport.certificates import shared_context

_SCHEMES = ("http", "https", "socks5", "socks5h")
_CERTIFICATES = {"SSL_CERT_FILE": Path.is_file, "SSL_CERT_DIR": Path.is_dir}
_DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)


@frozen
class Route:
    """The route to one gateway.

    Attributes:
        url: The gateway's URL.
        reuse_seconds: The maximum idle time of a connection for a request that must not be sent twice.
        verify: Which certificates to trust, as in httpx.
        cert: The client's own certificate, as in httpx.
        trust_env: Whether to use the environment's certificates.
        http1: Whether to allow HTTP/1.1.
        http2: Whether to allow HTTP/2.
        limits: The maximum numbers of connections.
        proxy: The proxy, or None.
    """

    url: httpx.URL
    reuse_seconds: float
    verify: ssl.SSLContext | str | bool = field(default=True, repr=False)
    cert: Any = field(default=None, repr=False)
    trust_env: bool = True
    http1: bool = True
    http2: bool = False
    limits: httpx.Limits = _DEFAULT_LIMITS
    proxy: httpx.Proxy | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: httpx.URL, options: Mapping[str, Any], *, on_this_machine: bool, reuse_seconds: float) -> Route:
        """Return the route that a client's options and the environment describe.

        Args:
            url: The gateway's URL.
            options: Arguments of httpx's clients, of which only those about connections are used.
            on_this_machine: Whether the gateway is on this machine. If so, the environment's proxies are not used.
            reuse_seconds: The maximum idle time of a connection for a request that must not be sent twice.

        Raises:
            ValueError: One of the options cannot be used.
        """
        names = ("verify", "cert", "trust_env", "http1", "http2", "limits")
        arguments = {name: options[name] for name in names if options.get(name) is not None}
        if options.get("transport") is not None:
            arguments["trust_env"] = False  # the transport has a route of its own
        if options.get("proxy") is not None:
            arguments["proxy"] = _usable_proxy(options["proxy"], "http_client['proxy']")
        elif arguments.get("trust_env", True) and not on_this_machine:
            arguments["proxy"] = _environment_proxy(url)
        if arguments.get("http2") and find_spec("h2") is None:
            raise ValueError("http_client['http2'] needs the package h2: pip install 'httpx[http2]', or leave it out")
        for name in arguments.keys() & {"verify", "cert"}:
            arguments[name] = _paths_as_strings(arguments[name])
        route = cls(url, reuse_seconds, **arguments)
        _check_limits(route.limits)
        if url.scheme == "https":
            _check_certificates(route)
        return route

    @property
    def origin(self) -> httpcore.Origin:
        """Scheme, host and port of the gateway, as an `httpcore.Origin`."""
        return httpcore.URL(scheme=self.url.raw_scheme, host=self.url.raw_host, port=self.url.port, target=b"/").origin

    @property
    def max_connections(self) -> int:
        """The maximum number of connections."""
        return _number(self.limits.max_connections)

    @property
    def max_idle(self) -> int:
        """The maximum number of idle connections."""
        return min(self.max_connections, _number(self.limits.max_keepalive_connections))

    def options(self) -> dict[str, Any]:
        """Return the arguments of httpcore's pools, except those about certificates."""
        proxy = self.proxy and httpcore.Proxy(
            url=httpcore.URL(
                scheme=self.proxy.url.raw_scheme,
                host=self.proxy.url.raw_host,
                port=self.proxy.url.port,
                target=self.proxy.url.raw_path,
            ),
            auth=self.proxy.raw_auth,
            headers=self.proxy.headers.raw,
            ssl_context=self.proxy.ssl_context,
        )
        return {
            "proxy": proxy,
            "max_connections": self.limits.max_connections,
            "max_keepalive_connections": self.limits.max_keepalive_connections,
            "keepalive_expiry": self.limits.keepalive_expiry,
            "http1": self.http1,
            "http2": self.http2,
        }

    def ssl_context(self) -> ssl.SSLContext:
        """Return the TLS context that checks the gateway's certificate.

        Raises:
            httpcore.ConnectError: The certificates cannot be read.
        """
        if isinstance(self.verify, ssl.SSLContext) and self.cert is None:
            return self.verify
        named = ", ".join(name for name in _CERTIFICATES if self.trust_env and os.environ.get(name))
        try:
            if self.verify is True and self.cert is None and not named:
                return shared_context(trust_env=False, http2=self.http2)
            return httpx.create_ssl_context(self.verify, self.cert, self.trust_env)
        except (OSError, ValueError) as error:
            source = f" ({named} of the environment)" if named else ""
            raise httpcore.ConnectError(f"the certificates cannot be read{source}: {error}") from error


def _number(limit: int | None) -> int:
    """Return a limit of httpx as a number. None means no limit."""
    return sys.maxsize if limit is None else limit


def _usable_proxy(option: Any, name: str) -> httpx.Proxy:
    """Return a proxy that httpx can use.

    Args:
        option: A proxy as httpx accepts it, such as a URL.
        name: The source of the option, for the error.

    Raises:
        ValueError: The proxy cannot be used.
    """
    try:
        if isinstance(option, str) and has_non_ascii_port(option):
            raise ValueError  # noqa: TRY301 - the message is below
        proxy = option if isinstance(option, httpx.Proxy) else httpx.Proxy(option)
        url = proxy.url
        is_usable = url.scheme in _SCHEMES and is_host(url.raw_host.decode("ascii")) and is_port(url.port)
    except (ValueError, TypeError, httpx.InvalidURL):
        proxy, is_usable = None, False
    if proxy is None or not is_usable:
        schemes = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        raise ValueError(f"{name} is not a valid proxy: it must begin with one of {schemes} and contain a host")
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ValueError(f"{name} is a SOCKS proxy, which needs the package socksio: pip install 'httpx[socks]'")
    return proxy


def _environment_proxy(url: httpx.URL) -> httpx.Proxy | None:
    """Return the environment's proxy for a URL, or None."""
    proxies = getproxies()
    kind = next((kind for kind in (url.scheme, "all") if proxies.get(kind)), None)
    if kind is None or proxy_bypass(url.netloc.decode("ascii")):
        return None
    name = next((name for name in os.environ if name.lower() == f"{kind}_proxy"), None)
    value = proxies[kind]
    source = f"the environment variable {name}" if name else "the proxy in the settings of this system"
    return _usable_proxy(value if "://" in value else f"http://{value}", source)


def _check_limits(limits: Any) -> None:
    """Raise TypeError or ValueError if the limits cannot be used."""
    if not isinstance(limits, httpx.Limits):
        raise TypeError(f"http_client['limits'] must be an httpx.Limits, not {type(limits).__name__}")
    if limits.max_connections is not None and limits.max_connections < 1:
        raise ValueError("http_client['limits'] must allow at least one connection: max_connections=1 or more")


def _check_certificates(route: Route) -> None:
    """Raise ValueError if a file of certificates does not exist."""
    for argument, file in _named_files(route):
        if not Path(file).exists():
            raise ValueError(f"http_client[{argument!r}] is not a file or folder of certificates: {file}")
    for name, is_there in _CERTIFICATES.items() if route.verify is True and route.trust_env else ():
        value = os.environ.get(name)
        if value and not is_there(Path(value)):
            raise ValueError(
                f"the environment variable {name} does not point to certificates: {value}; correct it or unset it"
            )


def _paths_as_strings(files: Any) -> Any:
    """Convert paths to strings, because httpx accepts only strings."""
    if isinstance(files, tuple | list):
        return tuple(map(_paths_as_strings, files))
    return os.fspath(files) if isinstance(files, os.PathLike) else files


def _named_files(route: Route) -> Iterator[tuple[str, str]]:
    """Yield the argument and the path of each certificate file."""
    if isinstance(route.verify, str):
        yield "verify", route.verify
    if route.cert is not None:  # one file, or a certificate and its key, and perhaps the key's password
        files = (route.cert,) if isinstance(route.cert, str) else route.cert[:2]
        yield from (("cert", file) for file in files)
