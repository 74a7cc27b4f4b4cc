"""A client is configured by arguments and the environment, and refuses arguments that cannot work."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import respx

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.fake_dns import resolve_to
from contract_tests.support.running import InnerClients, MakeClient
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.client import DEFAULT_BASE_URL, DEFAULT_TIMEOUT, TOKEN_VARIABLE
from kling_elements_client.contract import document
from kling_elements_runtime.settings import Timeout

_AUTH = {"auth": ("user", "password")}
_MOCK = httpx.MockTransport(lambda _: httpx.Response(200))


def _authorization(client: AuthenticatedClient, router: respx.MockRouter) -> str:
    """Return the Authorization header that a client sends."""
    router.post().respond(json={})
    create_element.sync(client=client, body=BODY)
    value: str = router.calls.last.request.headers["Authorization"]
    return value


@pytest.mark.parametrize("token", ["sk-1", "a", "!~", "eyJ.a-b_c.d+/=="])
def test_the_token_is_sent_as_a_bearer_token(token: str, make_client: MakeClient, router: respx.MockRouter) -> None:
    """The token may have any visible ASCII character."""
    assert f"Bearer {token}" == _authorization(make_client(api_key=token), router)


def test_the_token_comes_from_the_environment_by_default(
    make_client: MakeClient, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An `api_key` that you pass takes precedence over KLING_API_KEY."""
    monkeypatch.setenv("KLING_API_KEY", "from-environment")

    assert "KLING_API_KEY" == TOKEN_VARIABLE
    assert "Bearer from-environment" == _authorization(make_client(api_key=None), router)
    assert "Bearer given" == _authorization(make_client(api_key="given"), router)


@pytest.mark.parametrize(
    ("message", "environment", "api_key"),
    [
        (r"no API key: pass api_key=\.\.\. or set .* KLING_API_KEY", None, None),
        (r"no API key: pass api_key=\.\.\. or set .* KLING_API_KEY", "", None),
        ("no API key", "from-environment", ""),
        ("the token contains white space", "sk-1\n", None),
    ],
    ids=["none", "an empty variable", "lost by the caller", "with the end of its line"],
)
def test_creating_a_client_without_a_usable_token_raises(
    message: str, environment: str | None, api_key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty token is not replaced by the environment's, which is checked as well."""
    if environment is not None:
        monkeypatch.setenv(TOKEN_VARIABLE, environment)

    with pytest.raises(ValueError, match=message):
        AuthenticatedClient(api_key)


def test_the_first_server_of_the_contract_is_the_default() -> None:
    """Only the contract contains this URL."""
    assert document()["servers"][0]["url"] == DEFAULT_BASE_URL == AuthenticatedClient(api_key="t").base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "https://gateway.example.com",
        "https://gateway.example.com/a/b/",
        "https://gateway.example.com:8443",
        "https://10.0.0.1",
        "https://[2001:db8::1]:8443",
        "http://localhost",
        "http://localhost:8787/x",
        "http://app.localhost",
        "http://127.0.0.1:8787",
        "http://127.8.9.1",
        "http://[::1]:8787",
        *("https://a/v1", "https://a/general", "https://a/kling-proxy", "https://a/xkling"),
    ],
)
def test_a_base_url_with_tls_or_on_this_machine_is_accepted(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to it can't be read on the way. Its path must not repeat the API's own."""
    resolve_to(monkeypatch, "127.0.0.1", "::1")
    assert base_url == AuthenticatedClient(api_key="t", base_url=base_url).base_url


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("127.0.0.1", "10.0.0.1"), ()])
def test_a_localhost_subdomain_is_refused_if_it_resolves_elsewhere(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subdomain is also refused if it doesn't resolve."""
    resolve_to(monkeypatch, *addresses)
    with pytest.raises(ValueError, match="must begin with https://, or pass allow_http=True"):
        AuthenticatedClient(api_key="t", base_url="http://app.localhost")


@pytest.mark.parametrize("base_url", ["http://localhost:\u0668\u0660", "https://gateway.example.com:44\u0663/v1"])
def test_a_port_with_non_ascii_digits_is_refused(base_url: str) -> None:
    """RFC 3986 forbids them, and httpx would use another port than you meant."""
    with pytest.raises(ValueError, match=r"base_url has a port with digits other than 0 to 9: https?://[a-z.]+$"):
        AuthenticatedClient(api_key="t", base_url=base_url)


def test_non_ascii_digits_are_accepted_in_a_path() -> None:
    """Digits after a colon in a path are not a port."""
    assert AuthenticatedClient("t", "https://gateway.example.com:8443/a//b:\u0661/").base_url.endswith("/a//b:%D9%A1/")


def test_scheme_and_host_are_case_insensitive() -> None:
    assert "https://gateway.example.com/A" == AuthenticatedClient("t", "HTTPS://Gateway.example.COM/A").base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "http://gateway.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://[2001:db8::1]",
        "http://localhost.example.com",
        "http://notlocalhost",
        "http://127.0.0.1.example.com",
    ],
)
def test_a_remote_base_url_without_tls_needs_allow_http(base_url: str) -> None:
    """The token would be sent unencrypted, which is your decision."""
    with pytest.raises(ValueError, match="must begin with https://, or pass allow_http=True"):
        AuthenticatedClient(api_key="t", base_url=base_url)

    assert base_url == AuthenticatedClient(api_key="t", base_url=base_url, allow_http=True).base_url


@pytest.mark.parametrize(
    ("reason", "base_url"),
    [
        *(
            ("must begin with https:// and contain a host", url)
            for url in ("", "gateway.example.com", "//gateway.example.com", "/a", "https://", "https:///a")
        ),
        *(
            ("must begin with https:// and contain a host", f"{scheme}://gateway.example.com")
            for scheme in ("ftp", "ws", "file", "httpss")
        ),
        *(
            ("must have no user, query or fragment", url)
            for url in (
                "https://user@gateway.example.com",
                "https://user:word@gateway.example.com",
                "http://127.0.0.1@gateway.example.com",
                "https://gateway.example.com?a=1",
                "https://gateway.example.com/?",
                "https://gateway.example.com/#a",
                "https://gateway.example.com#",
            )
        ),
        *(
            ("is not a URL: it must begin with https:// and contain a host", url)
            for url in ("https://a:b", "https://[::1", "https://a\n", "https://" + "é" * 80)
        ),
        *(
            ("must begin with https:// and contain a host", url)
            for url in ("https://a b", "https://a ", "https://a..b", f"https://{'a' * 64}.example.com")
        ),
    ],
)
@pytest.mark.parametrize("allow_http", [False, True])
def test_a_base_url_that_cannot_be_a_gateway_is_refused(reason: str, base_url: Any, allow_http: Any) -> None:
    """Otherwise requests could go to another host than the URL seems to name."""
    with pytest.raises(ValueError, match=f"^base_url {reason}"):
        AuthenticatedClient(api_key="t", base_url=base_url, allow_http=allow_http)


@pytest.mark.parametrize(
    ("reason", "options"),
    [
        ("base_url must be a str, not int", {"base_url": 5}),
        ("base_url must be a str, not bytes", {"base_url": b"https://a"}),
        ("base_url must be a str, not URL", {"base_url": httpx.URL("https://a")}),
        ("the token must be a str, or a function that returns one, not int", {"api_key": 5}),
        ("header names and values must be ASCII strings", {"headers": {"X-A": 1}}),
        ("headers must be a mapping of names to values, not str", {"headers": "X-A: 1"}),
        ("timeout must be a number of seconds or a Timeout, not str", {"timeout": "5"}),
        (
            r"http_client must be a mapping of names to values, as HttpClientOptions\(\.\.\.\) returns, not int",
            {"http_client": 5},
        ),
    ],
)
def test_an_argument_of_the_wrong_type_raises_type_error(reason: str, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"^{reason}$"):
        AuthenticatedClient(**{"api_key": "t", **options})


@pytest.mark.parametrize(
    ("right", "base_url"),
    [
        ("https://gateway.example.com", f"https://gateway.example.com{end}{slash}")
        for end in ("/kling", "/kling/v1", ELEMENTS)
        for slash in ("", "/")
    ]
    + [("https://gateway.example.com:8443/a", "https://gateway.example.com:8443/a/kling/v1/general")],
)
def test_a_base_url_that_repeats_a_part_of_the_path_is_refused(right: str, base_url: str) -> None:
    """The error says what to pass, because requests would contain the part twice."""
    with pytest.raises(ValueError, match=f"^base_url ends with .*, which is part of .*: pass {right}$"):
        AuthenticatedClient(api_key="t", base_url=base_url)


def test_every_timeout_is_finite_and_fits_the_largest_body(inner_clients: InnerClients) -> None:
    """57 MB take eight minutes at 1 Mbit/s."""
    assert [httpx.Timeout(connect=10, read=300, write=600, pool=60)] * 2 == [
        inner.timeout for inner in inner_clients(AuthenticatedClient(api_key="t"))
    ]
    assert Timeout(connect=10, read=300, write=600, pool=60) == DEFAULT_TIMEOUT


@pytest.mark.parametrize(
    ("seconds", "timeout"),
    [
        (httpx.Timeout(3.5), 3.5),
        (httpx.Timeout(connect=1, read=7, write=600, pool=60), Timeout(connect=1, read=7)),
    ],
)
def test_your_timeouts_replace_the_defaults(seconds: httpx.Timeout, timeout: Any) -> None:
    """Your timeouts reach httpx."""
    client = AuthenticatedClient(api_key="t", timeout=timeout)

    assert seconds == client.get_httpx_client().timeout


def test_redirects_are_not_followed(client: AuthenticatedClient, inner_clients: InnerClients) -> None:
    """Blocking and asynchronous calls treat them alike."""
    assert [False, False] == [inner.follow_redirects for inner in inner_clients(client)]


def test_headers_and_httpx_arguments_reach_both_kinds_of_client(
    make_client: MakeClient, inner_clients: InnerClients
) -> None:
    """Your headers are sent with every request."""
    client = make_client(headers={"X-A": "1"}, http_client={"max_redirects": 3})

    assert [(3, "1")] * 2 == [(inner.max_redirects, inner.headers["X-A"]) for inner in inner_clients(client)]


@pytest.mark.parametrize(
    ("reason", "options"),
    [
        ("headers must not contain Authorization", {"headers": {"authorization": "Basic x"}}),
        ("header names and values must be ASCII strings", {"headers": {"X-A": "é"}}),
        ("header names and values must be ASCII strings", {"headers": {"X-é": "a"}}),
        *(
            ("timeout must set a number of seconds for every step, above 0 and up to 1,000,000", {"timeout": timeout})
            for timeout in (-1, 0, 1_000_001, Timeout(read=-1), Timeout(pool=0))
        ),
        *(
            ("on_violation must be 'raise', 'warn' or 'ignore', not ", {"on_violation": word})
            for word in ("", "Raise", "error", None, True, ["raise"])
        ),
        ("http_client takes only arguments of httpx.Client, not nope", {"http_client": {"nope": 1}}),
        (
            "http_client must not contain auth: for a token that changes, pass a function as api_key",
            {"http_client": _AUTH},
        ),
        (
            "http_client must not contain both proxy and transport",
            {"http_client": {"proxy": "http://a", "transport": _MOCK}},
        ),
        ("http_client must not follow redirects", {"http_client": {"follow_redirects": True}}),
        ("base_url has a port above 65535: https://a:65536", {"base_url": "https://a:65536"}),
        ("http_client must not contain base_url: ", {"http_client": {"base_url": "https://elsewhere.example.com"}}),
        (
            "http_client must not contain headers, timeout: ",
            {"http_client": {"timeout": None, "headers": {}, "verify": True}},
        ),
    ],
)
def test_an_invalid_option_is_refused(reason: str, options: dict[str, Any]) -> None:
    """Token, URL, timeouts and headers must be passed by their own arguments."""
    with pytest.raises(ValueError, match=reason):
        AuthenticatedClient(**{"api_key": "t", **options})


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example.com/", "//elsewhere.example.com/a", "elsewhere", "", "?a", "http:/a"]
)
def test_the_token_is_sent_only_to_the_gateway(url: str, client: AuthenticatedClient, router: respx.MockRouter) -> None:
    """A request to another URL is not sent."""
    with pytest.raises(ValueError, match="must be a path on the gateway"):
        client.send(method="GET", url=url)
    with pytest.raises(ValueError, match="must be a path on the gateway"):
        asyncio.run(client.send_async(method="GET", url=url))

    assert not router.calls


def test_mappings_that_you_pass_are_copied(make_client: MakeClient) -> None:
    """Later changes to them don't reach the client."""
    headers = {"X-A": "1"}
    client = make_client(headers=headers)
    headers["X-A"] = "2"

    assert "1" == client.get_httpx_client().headers["X-A"]
