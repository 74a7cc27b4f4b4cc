"""Check the URL and the options of a client, and raise a clear error for each unusable one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

import httpx
from attrs import Attribute, asdict, field, frozen

from kling_elements_runtime.addresses import LAST_PORT, has_non_ascii_port, is_host, is_loopback, is_port

_MAX_STEP_SECONDS = 1_000_000  # sockets accept no timeout of more than 24 days
_OWN_HEADERS = ("Authorization", "Content-Length", "Transfer-Encoding")


def check_url(base_url: str, *, allow_http: bool, paths: Iterable[str] = ()) -> httpx.URL:
    """Check a gateway's URL, and return it as an `httpx.URL`.

    Args:
        base_url: The gateway's URL.
        allow_http: Whether to allow plain HTTP to a gateway on another machine.
        paths: The paths that are appended to it. It must not end with a part of one.

    Raises:
        TypeError: The URL is not a str.
        ValueError: The URL is not that of a gateway, or needs `allow_http`.
    """
    if not isinstance(base_url, str):
        raise TypeError(f"base_url must be a str, not {type(base_url).__name__}")
    try:
        url = httpx.URL(base_url)
        host = url.raw_host.decode()
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError("base_url is not a URL: it must begin with https:// and contain a host") from error
    if url.scheme not in ("http", "https") or not is_host(host):
        raise ValueError("base_url must begin with https:// and contain a host, such as https://gateway.example.com")
    if has_non_ascii_port(base_url):
        raise ValueError(f"base_url has a port with digits other than 0 to 9: {url.scheme}://{url.host}")
    if not is_port(url.port):
        raise ValueError(f"base_url has a port above {LAST_PORT}: {_public_url(url)}")
    if url.userinfo or "?" in base_url or "#" in base_url:
        raise ValueError(f"base_url must have no user, query or fragment: {_public_url(url)}")
    if url.scheme == "http" and not allow_http and not is_loopback(url.host):
        raise ValueError(f"base_url must begin with https://, or pass allow_http=True: {_public_url(url)}")
    if shared := _shared_path(url.path, paths):
        right = f"{_public_url(url)}{url.path.rstrip('/').removesuffix(shared)}"
        raise ValueError(f"base_url ends with {shared}, which is part of each call's own path: pass {right}")
    return url


def _shared_path(base: str, paths: Iterable[str]) -> str:
    """Return the longest end of a URL's path with which one of several paths begins, or an empty string."""
    parts = base.strip("/").split("/")
    ends = ("/" + "/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end != "/" and any(f"{path}/".startswith(f"{end}/") for path in paths)), "")


def _public_url(url: httpx.URL) -> str:
    """Return a URL without the parts that may be secret."""
    return f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port is not None else "")


def check_headers(headers: Mapping[str, str]) -> httpx.Headers:
    """Check headers, and return them as an `httpx.Headers`.

    Raises:
        TypeError: The headers are not a mapping, or one of them is not a string.
        ValueError: One of the headers cannot be sent, or is the client's own.
    """
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers must be a mapping of names to values, not {type(headers).__name__}")
    try:
        usable = httpx.Headers(dict(headers))
    except TypeError as error:
        raise TypeError("header names and values must be ASCII strings") from error
    except UnicodeError as error:
        raise ValueError("header names and values must be ASCII strings") from error
    if clash := [name for name in _OWN_HEADERS if name in usable]:
        raise ValueError(f"headers must not contain {', '.join(clash)}: the client sends its own")
    return usable


class HttpClientOptions(TypedDict, total=False):
    """Optional settings of the HTTP client, with the meanings that they have for `httpx.Client`.

    Attributes:
        verify: Which certificates to trust: an `ssl.SSLContext`, or False for all.
        cert: The client's own certificate.
        proxy: The URL of a proxy, which takes precedence over the environment's proxies.
        trust_env: Whether to use the environment's proxies.
        mounts: Transports by the beginning of URLs.
        http1: Whether to allow HTTP/1.1.
        http2: Whether to allow HTTP/2.
        limits: The maximum numbers of connections, and the seconds for which idle ones are kept.
        transport: A transport to use instead of ours.
        event_hooks: Functions that are called with each request and each response.
        params: More query parameters for every request.
        cookies: Cookies for every request.
        default_encoding: The encoding of responses that do not declare one.
    """

    verify: Any
    cert: Any
    proxy: Any
    trust_env: bool
    mounts: Any
    http1: bool
    http2: bool
    limits: httpx.Limits
    transport: Any
    event_hooks: Mapping[str, list[Callable[..., Any]]]
    params: Any
    cookies: Any
    default_encoding: str | Callable[[bytes], str]


def _number(_: object, attribute: Attribute[float], seconds: object) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{attribute.name} of a Timeout must be a number of seconds, not {type(seconds).__name__}")


@frozen(kw_only=True)
class Timeout:
    """The seconds that each step of a request may take, each above 0.

    Attributes:
        connect: To open a connection.
        read: To wait for the next bytes of the response. This includes the time that the gateway needs for its work.
        write: To send the next bytes of the request. Over TLS this may be the whole body: 57 MB take eight minutes at
            1 Mbit/s.
        pool: To wait for a free connection.
    """

    connect: float = field(default=10.0, validator=_number)
    read: float = field(default=300.0, validator=_number)
    write: float = field(default=600.0, validator=_number)
    pool: float = field(default=60.0, validator=_number)


def step_seconds(timeout: object) -> dict[str, float]:
    """Return the seconds of each step of a request.

    Args:
        timeout: A `Timeout`, or a number of seconds for every step.

    Raises:
        TypeError: The argument is neither.
        ValueError: A number is not above 0, or too large for a clock.
    """
    steps: dict[str, float]
    if isinstance(timeout, Timeout):
        steps = asdict(timeout)
    elif isinstance(timeout, int | float) and not isinstance(timeout, bool):
        steps = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    else:
        raise TypeError(f"timeout must be a number of seconds or a Timeout, not {type(timeout).__name__}")
    if not all(0 < seconds <= _MAX_STEP_SECONDS for seconds in steps.values()):
        raise ValueError(
            f"timeout must set a number of seconds for every step, above 0 and up to {_MAX_STEP_SECONDS:,}"
        )
    return steps


def check_http_client(http_client: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check more arguments of httpx's clients, and return them.

    Raises:
        TypeError: The arguments are not a mapping.
        ValueError: One of them is an argument of the client itself, or httpx does not know it.
    """
    if not isinstance(http_client, Mapping):
        raise TypeError(
            "http_client must be a mapping of names to values, as HttpClientOptions(...) returns, "
            f"not {type(http_client).__name__}"
        )
    if clash := http_client.keys() & {"base_url", "timeout", "headers"}:
        raise ValueError(f"http_client must not contain {', '.join(sorted(clash))}: the client has arguments for these")
    if "auth" in http_client:
        raise ValueError("http_client must not contain auth: for a token that changes, pass a function as api_key")
    if http_client.get("follow_redirects"):
        raise ValueError("http_client must not follow redirects: a request would be sent twice, or elsewhere")
    if http_client.get("proxy") is not None and http_client.get("transport") is not None:
        raise ValueError(
            "http_client must not contain both proxy and transport: the transport decides where requests go"
        )
    if unknown := http_client.keys() - inspect.signature(httpx.AsyncClient).parameters.keys():
        raise ValueError(f"http_client takes only arguments of httpx.Client, not {', '.join(sorted(unknown))}")
    return http_client
