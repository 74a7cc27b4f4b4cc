"""Check the address and the options of a client: each can be used, or is one clear error."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

import httpx
from attrs import Attribute, asdict, field, frozen

from kling_elements_runtime.addresses import LAST_PORT, has_port_of_other_digits, is_host, is_loopback, is_port

_MAX_SECONDS = 1_000_000  # for one step; sockets take no time-out of more than 24 days
_OWN_HEADERS = ("Authorization", "Content-Length", "Transfer-Encoding")


def usable_url(base_url: str, *, allow_http: bool, paths: Iterable[str] = ()) -> httpx.URL:
    """Return the address as a URL.

    Args:
        base_url: The address.
        allow_http: Whether to call a gateway on another machine without TLS.
        paths: The paths that are appended to it, of which it must not have a part already.

    Raises:
        TypeError: It is not a str.
        ValueError: It is not the address of a gateway, or needs `allow_http`.
    """
    if not isinstance(base_url, str):
        raise TypeError(f"base_url must be a str, not {type(base_url).__name__}")
    try:
        url = httpx.URL(base_url)
        host = url.raw_host.decode()
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError("base_url is not an address: it must begin with https:// and name a host") from error
    if url.scheme not in ("http", "https") or not is_host(host):
        raise ValueError("base_url must begin with https:// and name a host, such as https://gateway.example.com")
    if has_port_of_other_digits(base_url):
        raise ValueError(f"base_url has a port in other digits than 0 to 9: {url.scheme}://{url.host}")
    if not is_port(url.port):
        raise ValueError(f"base_url has a port beyond {LAST_PORT}: {_shown(url)}")
    if url.userinfo or "?" in base_url or "#" in base_url:
        raise ValueError(f"base_url must have no user, query or fragment: {_shown(url)}")
    if url.scheme == "http" and not allow_http and not is_loopback(url.host):
        raise ValueError(f"base_url must begin with https://, or say allow_http=True: {_shown(url)}")
    if shared := _shared_path(url.path, paths):
        right = f"{_shown(url)}{url.path.rstrip('/').removesuffix(shared)}"
        raise ValueError(f"base_url ends with {shared}, which is part of each call's own path: pass {right}")
    return url


def _shared_path(base: str, paths: Iterable[str]) -> str:
    """Return the longest end of a path with which one of several paths begins; empty if there is none."""
    parts = base.strip("/").split("/")
    ends = ("/" + "/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end != "/" and any(f"{path}/".startswith(f"{end}/") for path in paths)), "")


def _shown(url: httpx.URL) -> str:
    """Return the address without its parts that may be secret."""
    return f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port is not None else "")


def usable_headers(headers: Mapping[str, str]) -> httpx.Headers:
    """Return the headers as httpx has them.

    Raises:
        TypeError: They are not a mapping, or one of them is not a text.
        ValueError: One of them cannot be sent, or is the client's own.
    """
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers must be a mapping of names to values, not {type(headers).__name__}")
    try:
        usable = httpx.Headers(dict(headers))
    except TypeError as error:
        raise TypeError("headers must be texts in ASCII") from error
    except UnicodeError as error:
        raise ValueError("headers must be texts in ASCII") from error
    if clash := [name for name in _OWN_HEADERS if name in usable]:
        raise ValueError(f"headers must not hold {', '.join(clash)}: the client sends its own")
    return usable


class HttpClientOptions(TypedDict, total=False):
    """Settings of the HTTP client, each as `httpx.Client` takes it. None of them is needed.

    Attributes:
        verify: The certificates that count: an `ssl.SSLContext`, or False for all.
        cert: The client's own certificate.
        proxy: The proxy's address, if it is not that of the environment.
        trust_env: Whether the proxies of the environment are used.
        mounts: Transports by the beginning of addresses.
        http1: Whether to speak HTTP/1.1.
        http2: Whether to speak HTTP/2.
        limits: How many connections there may be, and for how many seconds they are kept.
        transport: What carries requests in place of the network.
        event_hooks: Functions that see each request and each response.
        params: More parameters of every query.
        cookies: Cookies for every request.
        default_encoding: The encoding of texts that do not name theirs.
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
        read: To wait for the next bytes of the answer. This includes the time in which the gateway works.
        write: To send the next bytes of the request. Over TLS this may be the whole body: 57 MB take eight minutes at
            1 Mbit/s.
        pool: To wait until a connection is free.
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
        TypeError: It is neither.
        ValueError: A number is not above 0, or too large for a clock.
    """
    steps: dict[str, float]
    if isinstance(timeout, Timeout):
        steps = asdict(timeout)
    elif isinstance(timeout, int | float) and not isinstance(timeout, bool):
        steps = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    else:
        raise TypeError(f"timeout must be a number of seconds or a Timeout, not {type(timeout).__name__}")
    if not all(0 < seconds <= _MAX_SECONDS for seconds in steps.values()):
        raise ValueError(f"timeout must set a number of seconds for every step, above 0 and up to {_MAX_SECONDS:,}")
    return steps


def usable_http_client(http_client: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments themselves.

    Raises:
        TypeError: They are not a mapping.
        ValueError: One of them is an argument of the client's own, or httpx does not know it.
    """
    if not isinstance(http_client, Mapping):
        raise TypeError(
            "http_client must be a mapping of names to values, as HttpClientOptions(...) makes, "
            f"not {type(http_client).__name__}"
        )
    if clash := http_client.keys() & {"base_url", "timeout", "headers"}:
        raise ValueError(f"http_client must not hold {', '.join(sorted(clash))}: the client has arguments for these")
    if "auth" in http_client:
        raise ValueError("http_client must not hold auth: for a token that changes, pass a function as api_key")
    if http_client.get("follow_redirects"):
        raise ValueError("http_client must not ask to follow redirects: a request would be sent twice, or elsewhere")
    if http_client.get("proxy") is not None and http_client.get("transport") is not None:
        raise ValueError("http_client must not hold both proxy and transport: the transport decides where requests go")
    if unknown := http_client.keys() - inspect.signature(httpx.AsyncClient).parameters.keys():
        raise ValueError(f"http_client must hold arguments of httpx.Client only, not {', '.join(sorted(unknown))}")
    return http_client
