"""A client reaches the gateway directly or through a proxy, within your limits and HTTP versions."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import util
from typing import Any

import httpx
import pytest

from contract_tests.support.fake_dns import resolve_to
from contract_tests.support.peers import (
    GET,
    LARGE,
    POST,
    CallStyle,
    Peer,
    client_of,
    client_tls,
    http_response,
    listening,
    server_tls,
)
from contract_tests.support.proxies import AUTHORIZATION, USER, forward, tunnel
from contract_tests.support.running import TOKEN
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.transport import route

pytestmark = pytest.mark.slow

MOCK = httpx.MockTransport(lambda _: httpx.Response(200))
ELSEWHERE = "https://gateway.example.com"


# Requests through a proxy


@pytest.mark.parametrize("authorization", [None, AUTHORIZATION])
def test_a_proxy_forwards_requests_without_tls(authorization: str | None, call_style: CallStyle) -> None:
    """The proxy gets the whole URL and any credentials, and its connection is kept."""
    with listening(Peer.respond) as server, listening(forward(authorization)) as proxy:
        url = proxy.url if authorization is None else proxy.url.replace("http://", f"http://{USER}@")
        responses = call_style.outcomes(client_of(server.url, proxy=url), POST, GET)

    assert [200, 200] == [response.status_code for response in responses]
    assert [f"POST {server.url}/b HTTP/1.1", f"GET {server.url}/a HTTP/1.1"] == [
        request.line for request in proxy.requests
    ]
    assert ["POST /b HTTP/1.1", "GET /a HTTP/1.1"] == [request.line for request in server.requests]
    assert f"Bearer {TOKEN}" == server.requests[0].headers["Authorization"]
    assert 1 == proxy.connections


@pytest.mark.parametrize("authorization", [None, AUTHORIZATION])
@pytest.mark.parametrize("is_secure", [False, True], ids=["http proxy", "https proxy"])
def test_a_proxy_tunnels_requests_with_tls(
    is_secure: bool,  # noqa: FBT001 - a column of the table
    authorization: str | None,
    call_style: CallStyle,
) -> None:
    """The proxy sees only the host, even if it uses TLS itself."""
    with (
        listening(Peer.respond, server_tls()) as server,
        listening(tunnel(authorization), server_tls() if is_secure else None) as proxy,
    ):
        url = httpx.URL(proxy.url) if authorization is None else httpx.URL(proxy.url.replace("://", f"://{USER}@"))
        proxy_setting = httpx.Proxy(url, ssl_context=client_tls() if is_secure else None)
        responses = call_style.outcomes(client_of(server.url, proxy=proxy_setting), LARGE, GET, POST)

    assert [200, 200, 200] == [response.status_code for response in responses]
    assert [LARGE["content"], b"", b"{}"] == [request.body for request in server.requests]
    assert (1, 1) == (proxy.connections, server.connections)
    assert [] == proxy.requests


@pytest.mark.parametrize("serve", [forward(AUTHORIZATION), tunnel(AUTHORIZATION)], ids=["http", "https"])
def test_a_proxy_that_refuses_a_request_is_reported(
    serve: Callable[[Peer], None], call_style: CallStyle, request: pytest.FixtureRequest
) -> None:
    """Nothing reaches the gateway. A refused tunnel is a connection error, and a refused plain request a response."""
    tls = server_tls() if "https" in request.node.callspec.id else None
    with listening(Peer.respond, tls) as server, listening(serve) as proxy:
        outcome = call_style.outcome(client_of(server.url, proxy=proxy.url))

    if tls is None:
        assert 407 == outcome.status_code
    else:
        assert isinstance(outcome, TransportError)
        assert not outcome.may_have_been_sent
        assert f"ProxyError at {server.url}: 407 Proxy Authentication Required" == str(outcome)
    assert [] == server.requests


def test_an_unreachable_proxy_is_a_connection_error(call_style: CallStyle) -> None:
    """The error is that of an unreachable gateway."""
    failure = call_style.failure(client_of(ELSEWHERE, proxy="http://127.0.0.1:1"))

    assert failure.startswith(f"ConnectError at {ELSEWHERE}: ")


def test_the_certificate_of_a_gateway_is_checked_through_a_tunnel(call_style: CallStyle) -> None:
    """Otherwise the proxy could connect the client to another server."""
    with listening(Peer.respond, server_tls("elsewhere.example.com")) as server, listening(tunnel()) as proxy:
        failure = call_style.failure(client_of(server.url, proxy=proxy.url))

    assert "certificate verify failed" in failure
    assert [] == server.requests


def test_stray_bytes_after_a_response_end_a_tunnelled_connection(call_style: CallStyle) -> None:
    """Stray bytes are found even though a tunnel wraps the HTTP parser."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(http_response() + http_response(b"{}", "400 Bad Request"))
        peer.until_closed()

    with listening(behave, server_tls()) as server, listening(tunnel()) as proxy:
        responses = call_style.outcomes(client_of(server.url, proxy=proxy.url), GET, POST)

    assert [200, 200] == [response.status_code for response in responses]
    assert (2, 2) == (server.connections, proxy.connections)


# The choice of the proxy


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_environment_names_a_proxy(name: str, call_style: CallStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheme is optional, as with other tools."""

    def behave(peer: Peer) -> None:
        peer.respond()

    with listening(behave) as proxy:
        monkeypatch.setenv(name, f"127.0.0.1:{proxy.port}")
        client = AuthenticatedClient(TOKEN, "http://gateway.example.com", allow_http=True)
        assert 200 == call_style.outcome(client).status_code

    assert ["POST http://gateway.example.com/b HTTP/1.1"] == [request.line for request in proxy.requests]


def _proxy_of(url: str = ELSEWHERE, **http_client: Any) -> str | None:
    client = AuthenticatedClient(TOKEN, url, allow_http=True, http_client=http_client)
    proxy = client._route.proxy  # noqa: SLF001 - not visible from outside
    return None if proxy is None else str(proxy.url)


@pytest.mark.parametrize(
    ("expected", "environment"),
    [
        ("http://one:1", {"HTTPS_PROXY": "http://one:1", "ALL_PROXY": "http://two:2", "HTTP_PROXY": "http://three:3"}),
        ("http://two:2", {"ALL_PROXY": "http://two:2", "HTTP_PROXY": "http://three:3"}),
        (None, {"HTTP_PROXY": "http://three:3"}),
        ("http://one:1", {"HTTPS_PROXY": "http://one:1", "ALL_PROXY": "socks://two:2"}),
        ("http://one:1", {"https_proxy": "one:1"}),
        (None, {"HTTPS_PROXY": ""}),
        *((None, {"HTTPS_PROXY": "http://one:1", "NO_PROXY": entry}) for entry in ("*", "example.com", ".example.com")),
        *(
            ("http://one:1", {"HTTPS_PROXY": "http://one:1", "NO_PROXY": entry})
            for entry in ("fd00::/8", "10.0.0.0/8,fd00::/8", "le.com", "gateway.example.com:444", "[", ",, ,")
        ),
        (None, {"HTTPS_PROXY": "http://one:1", "no_proxy": "fd00::/8, gateway.example.com"}),
    ],
)
def test_the_proxy_is_chosen_by_scheme_and_no_proxy(
    expected: str | None, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreadable entries of `no_proxy` are ignored."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert expected == _proxy_of()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8787", "http://[::1]:8787", "https://localhost", "https://a.localhost"]
)
def test_requests_to_this_machine_bypass_a_proxy_of_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a proxy would get the token. One that you pass yourself is used."""
    resolve_to(monkeypatch, "127.0.0.1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks://nonsense")
    assert _proxy_of(url) is None
    assert "http://proxy:1" == _proxy_of(url, proxy="http://proxy:1")


@pytest.mark.parametrize("options", [{"trust_env": False}, {"proxy": "http://mine:1"}, {"transport": MOCK}])
def test_the_environment_is_ignored_if_it_does_not_apply(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables for other requests can't cause an error."""
    monkeypatch.setenv("ALL_PROXY", "socks://nonsense")
    assert options.get("proxy") == _proxy_of(**options)


@pytest.mark.parametrize(
    "value",
    [
        "socks://proxy:1080",
        "ftp://proxy:21",
        "http://",
        "http:///a",
        "http://[",
        "http://a:b",
        "://",
        "http://p:99999999",
        "http://p:\u0668\u0660",
    ],
)
@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy", None])
def test_an_unusable_proxy_is_an_error_that_names_its_source(
    name: str | None, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message doesn't repeat the value, which may contain a password."""
    if name is not None:
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="is not a valid proxy: it must begin with one of http://") as caught:
        _proxy_of(**({} if name else {"proxy": value}))

    source = f"the environment variable {name}" if name else "http_client['proxy']"
    assert str(caught.value).startswith(f"{source} is not a valid proxy")


@pytest.mark.parametrize("proxy", [5, b"http://a", object()])
def test_a_proxy_of_the_wrong_type_is_an_error(proxy: Any) -> None:
    with pytest.raises(ValueError, match=r"http_client\['proxy'\] is not a valid proxy"):
        _proxy_of(proxy=proxy)


def test_an_unusable_system_proxy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names no variable, because macOS and Windows have system settings."""
    monkeypatch.setattr(route, "getproxies", lambda: {"https": "socks://proxy"})
    with pytest.raises(ValueError, match="the proxy in the settings of this system is not a valid proxy"):
        _proxy_of()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("name", ["ALL_PROXY", None])
def test_a_socks_proxy_needs_its_package(name: str | None, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is used if the package is installed."""
    value = f"{scheme}://proxy:1080"
    options = {} if name else {"proxy": value}
    if name:
        monkeypatch.setenv(name, value)
    with pytest.raises(
        ValueError, match=r"is a SOCKS proxy, which needs the package socksio: pip install 'httpx\[socks\]'"
    ):
        _proxy_of(**options)

    monkeypatch.setattr(route, "find_spec", lambda _: util.find_spec("httpx"))
    assert value == _proxy_of(**options)


# Connections and versions of HTTP


@pytest.mark.parametrize(
    ("error", "message", "limits"),
    [
        (TypeError, "http_client['limits'] must be an httpx.Limits, not int", 5),
        (TypeError, "http_client['limits'] must be an httpx.Limits, not dict", {}),
        *(
            (
                ValueError,
                "http_client['limits'] must allow at least one connection: max_connections=1 or more",
                httpx.Limits(max_connections=count),
            )
            for count in (0, -1)
        ),
    ],
)
def test_limits_without_connections_are_refused(error: type[Exception], message: str, limits: Any) -> None:
    """Otherwise every call would wait forever."""
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        _proxy_of(limits=limits)


def test_http2_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the package to install."""
    monkeypatch.setattr(route, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"http_client\['http2'\] needs the package h2: pip install 'httpx\[http2\]'"):
        _proxy_of(http2=True)
    assert _proxy_of(http2=False) is None


@pytest.mark.parametrize(
    ("connections", "max_idle", "expected"),
    [
        (None, None, (sys.maxsize, sys.maxsize)),
        (None, 2, (sys.maxsize, 2)),
        (3, None, (3, 3)),
        (3, 5, (3, 3)),
        (3, 2, (3, 2)),
    ],
)
def test_the_limits_decide_the_number_of_connections(
    connections: int | None, max_idle: int | None, expected: tuple[int, int]
) -> None:
    """None allows any number, as in httpx. No more are kept than are allowed."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=max_idle)
    chosen_route = route.Route(httpx.URL(ELSEWHERE), 1.0, limits=limits)

    assert expected == (chosen_route.max_connections, chosen_route.max_idle)
