"""Requests are built as httpx would build them, and the parts that repeat are cached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import Pieces
from kling_elements_runtime.deadline import within
from kling_elements_runtime.requests import RequestBuilder

_URL = "https://gateway.example.com/api/"


class CountingClient(httpx.Client):
    """A client that sends nothing, and counts the requests that httpx builds for it.

    Attributes:
        built: The number of requests.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(base_url=_URL, transport=httpx.MockTransport(lambda _: httpx.Response(200)), **options)
        self.built = 0

    def build_request(self, *arguments: Any, **named: Any) -> httpx.Request:
        self.built += 1
        return super().build_request(*arguments, **named)


@pytest.fixture
def builder() -> RequestBuilder:
    """Return a builder of requests with a token."""
    return RequestBuilder(lambda: "Bearer sk-1")


@pytest.mark.parametrize(
    ("method", "content"), [("GET", None), ("POST", b'{"a": 1}'), ("DELETE", b""), ("POST", Pieces(b"ab", b"c"))]
)
def test_a_request_is_what_httpx_would_send(method: str, content: Any, builder: RequestBuilder) -> None:
    """The request has the client's settings, the token, and the length of any body."""
    with httpx.Client(base_url=_URL, headers={"X-A": "1"}, params={"b": "2"}, timeout=7) as client:
        headers = {"X-C": "3", "Authorization": "Bearer sk-1", "Cache-Control": "no-cache"}
        expected = client.build_request(
            method, "/d", headers=headers, content=b"".join(content) if isinstance(content, Pieces) else content
        )
        request = builder.build(client, method, "/d", {"X-C": "3", "Cache-Control": "no-cache"}, content)

    assert (method, "https://gateway.example.com/api/d?b=2") == (request.method, str(request.url))
    assert expected.headers == request.headers
    assert expected.read() == request.read()
    assert {"connect": 7, "read": 7, "write": 7, "pool": 7} == request.extensions["timeout"]


@pytest.mark.parametrize("url", ["https://elsewhere.example.com/a", "//elsewhere.example.com", "a", ""])
def test_a_request_goes_only_to_a_path_of_the_gateway(url: str, builder: RequestBuilder) -> None:
    """Any other URL is refused, because it could send the token to another host."""
    with CountingClient() as client, pytest.raises(ValueError, match="must be a path on the gateway"):
        builder.build(client, "GET", url, None, None)


@pytest.mark.parametrize(
    ("expected", "method", "own"),
    [
        ("no-cache", "GET", {}),
        ("no-cache", "get", {}),
        (None, "POST", {}),
        ("max-age=5", "GET", {"Cache-Control": "max-age=5"}),
    ],
)
def test_a_look_up_asks_for_the_current_state(
    expected: str | None, method: str, own: dict[str, str], builder: RequestBuilder
) -> None:
    """A look-up asks caches not to answer, unless you set the header yourself."""
    with CountingClient(headers=own) as client:
        request = builder.build(client, method, "/a", None, None)

    assert expected == request.headers.get("Cache-Control")


def test_httpx_builds_a_repeated_request_only_once(builder: RequestBuilder) -> None:
    """Method, path and headers must be the same, but the body may differ."""
    with CountingClient() as client:
        for content in (b"1", b"22"):
            request = builder.build(client, "POST", "/a", {"X-A": "1"}, content)
            assert (content, str(len(content))) == (request.content, request.headers["Content-Length"])
        assert 1 == client.built
        builder.build(client, "POST", "/a", {"X-A": "2"}, b"1")
        builder.build(client, "GET", "/a", {"X-A": "1"}, None)
        assert 3 == client.built


def test_only_64_built_requests_are_cached(builder: RequestBuilder) -> None:
    """A million look-ups don't keep a million URLs in memory."""
    path = "/v1/general/advanced-custom-elements/"
    with CountingClient() as client:
        for number in (*range(64), *range(64)):
            request = builder.build(client, "GET", f"{path}{number:09}", None, None)
            assert f"{number:09}" == request.url.path.rpartition("/")[2]
        assert 64 == client.built
        for number in (64, 0):
            builder.build(client, "GET", f"{path}{number:09}", None, None)
        assert 66 == client.built


def test_the_token_is_read_for_each_request() -> None:
    """The token may change, so it is never cached."""
    tokens = iter(["Bearer one", "Bearer two"])
    builder = RequestBuilder(lambda: next(tokens))
    with CountingClient() as client:
        sent = [builder.build(client, "GET", "/a", None, None).headers["Authorization"] for _ in range(2)]

    assert ["Bearer one", "Bearer two"] == sent


def _change_timeout(request: httpx.Request) -> None:
    request.extensions["timeout"]["read"] = 1


def _change_header(request: httpx.Request) -> None:
    request.headers["X-Seen"] = "yes"


@pytest.mark.parametrize("change", [_change_timeout, _change_header])
@pytest.mark.parametrize("content", [None, b"{}"])
def test_a_change_to_one_request_does_not_reach_the_next(
    change: Callable[[httpx.Request], None], content: bytes | None, builder: RequestBuilder
) -> None:
    """Hooks may change the request that they get."""
    with CountingClient(timeout=300) as client:
        change(builder.build(client, "POST", "/a", None, content))
        request = builder.build(client, "POST", "/a", None, content)

    assert 300 == request.extensions["timeout"]["read"]
    assert "X-Seen" not in request.headers


def test_timeouts_of_a_block_replace_those_of_the_client(builder: RequestBuilder) -> None:
    """`timeout=` of a call becomes such a block."""
    with CountingClient(timeout=300) as client:
        with within(None, {"connect": 1, "read": 2, "write": 3, "pool": 4}):
            inside = builder.build(client, "GET", "/a", None, None)
        outside = builder.build(client, "GET", "/a", None, None)

    assert {"connect": 1, "read": 2, "write": 3, "pool": 4} == inside.extensions["timeout"]
    assert {"connect": 300, "read": 300, "write": 300, "pool": 300} == outside.extensions["timeout"]


def test_cookies_of_the_gateway_are_not_cached(builder: RequestBuilder) -> None:
    """Any response may change them."""
    with CountingClient() as client:
        sent = []
        for cookies in ({}, {"a": "1"}, {"a": "2"}, {}):
            client.cookies.clear()
            client.cookies.update(cookies)
            sent.append(builder.build(client, "GET", "/a", None, None).headers.get("Cookie"))

    assert [None, "a=1", "a=2", None] == sent
