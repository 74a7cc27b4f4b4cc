"""Pages on this machine and allowed hosts may call the mock server, but not through a proxy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.fake_dns import resolve_to
from contract_tests.support.mock_caller import NO_TOKEN, Caller, headers_of, shared_caller
from contract_tests.support.mock_requests import SAMPLE, chunks, exchange, scope
from kling_elements.mock import create_app

PAGE = "http://localhost:3000"
NO_HEADERS = {"authorization": None, "content-type": None}
PAGES_REFUSED = (
    "only web pages on this machine may call this server; serve the page from http://localhost or http://127.0.0.1"
)


def control(peer: str, *hosts: str, **headers: str) -> int:
    """Return the status of a peer's request to the control API of a server with other allowed hosts."""
    app = create_app(control=hosts)
    status = Caller(app).send("GET", "/_mock/clock", headers={**NO_HEADERS, **headers}, client_host=peer).status
    app.close()
    return status


@pytest.mark.parametrize("origin", [PAGE, "https://127.0.0.1:5173", "http://[::1]"])
def test_a_local_page_can_read_responses_and_refusals(origin: str) -> None:
    """CORS allows it, and `Vary` keeps caches from giving the responses to other pages."""
    shares = {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "allow, retry-after, www-authenticate",
        "vary": "Origin",
    }
    for status, token in ((200, "sk-test"), (401, None)):
        reply, _ = exchange(scope(("origin", origin), token=token), chunks(SAMPLE))
        assert status == reply.status
        assert shares.items() <= headers_of(reply).items()


def test_a_request_without_an_origin_gets_no_cors_headers() -> None:
    """The response has only its Content-Type."""
    reply, _ = exchange(scope(), chunks(SAMPLE))

    assert {"content-type"} == headers_of(reply).keys()


@pytest.mark.parametrize("path", [ELEMENTS, f"{ELEMENTS}/7", "/_mock/faults", "/health", "/x"])
def test_a_preflight_needs_no_token(path: str) -> None:
    """Browsers send none with it. The request that follows needs one."""
    asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization,x-mine")]
    asks = scope(("origin", PAGE), *asked, token=None, method="OPTIONS", raw_path=path.encode())
    reply, _ = exchange(asks, chunks(b""))

    assert (204, b"") == (reply.status, reply.body)
    allowed = {"access-control-allow-methods": "POST", "access-control-allow-headers": "authorization,x-mine"}
    assert allowed.items() <= headers_of(reply).items()
    assert PAGE == headers_of(reply)["access-control-allow-origin"]


def test_a_preflight_without_headers_allows_no_headers() -> None:
    headers = {**NO_HEADERS, "origin": PAGE, "access-control-request-method": "GET"}
    allowed = headers_of(shared_caller().send("OPTIONS", ELEMENTS, headers=headers))

    assert {"access-control-allow-methods": "GET", "access-control-max-age": "600"} == allowed


@pytest.mark.parametrize("more", [{}, {"origin": PAGE}, {"access-control-request-method": "POST"}])
def test_options_without_an_origin_is_an_ordinary_method(more: dict[str, str]) -> None:
    """The token is checked first, so that unauthenticated callers can't probe for paths."""
    NO_TOKEN.check(shared_caller().send("OPTIONS", ELEMENTS, headers={**NO_HEADERS, **more}))


@pytest.mark.parametrize("origin", ["https://evil.example", "http://evil.localhost:8787", "http://10.0.0.1", "null"])
@pytest.mark.parametrize("path", [ELEMENTS, "/_mock/faults", "/health", "/"])
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_a_page_of_another_site_is_always_403(method: str, path: str, origin: str) -> None:
    """Otherwise it could make the server POST to any address through `callback_url`."""
    more = [("origin", origin), ("access-control-request-method", "POST")]
    reply, _ = exchange(scope(*more, method=method, raw_path=path.encode()), chunks(SAMPLE))

    assert (403, PAGES_REFUSED) == (reply.status, json.loads(reply.body)["message"])
    assert {"content-type"} == headers_of(reply).keys()


@pytest.mark.parametrize(
    ("expected", "hosts", "peer"),
    [
        (200, ["10.0.0.1"], "10.0.0.1"),
        (200, ["172.16.0.0/12"], "172.18.0.3"),
        (200, ["172.18.0.1/12"], "172.18.0.3"),
        (200, ["fd00::/8"], "fd12::3"),
        (200, ["10.0.0.1"], "::ffff:10.0.0.1"),
        (200, ["nobody.example", "10.0.0.1"], "10.0.0.1"),
        (403, ["10.0.0.1"], "10.0.0.2"),
        (403, ["172.16.0.0/12"], "172.32.0.1"),
        (403, [], "10.0.0.1"),
        (403, ["10.0.0.1"], "unix"),
        (200, ["10.0.0.1"], "127.0.0.1"),
    ],
)
def test_other_hosts_can_be_allowed(
    expected: int, hosts: list[str], peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """You can allow addresses and networks, such as those of containers; this machine stays allowed."""
    resolve_to(monkeypatch)
    assert expected == control(peer, *hosts)


def test_an_allowed_name_is_resolved_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may get another address between two requests."""
    resolve_to(monkeypatch)
    assert 403 == control("172.18.0.3", "tests")
    resolve_to(monkeypatch, "172.18.0.3", "fd12::3")
    assert 200 == control("172.18.0.3", "tests") == control("fd12::3", "tests")
    resolve_to(monkeypatch, "172.18.0.4")
    assert 403 == control("172.18.0.3", "tests")


@pytest.mark.parametrize(
    ("expected", "headers"),
    [
        *(
            (200, {"host": host})
            for host in ("mock:8787", "172.18.0.2:8787", "[fd12::2]", "localhost", "Mock.Internal")
        ),
        *((403, {"host": host}) for host in ("evil.example", "evil.example:8787", "evil.localhost")),
        (403, {"x-forwarded-for": "10.0.0.1"}),
        (403, {"origin": "http://mock:8787"}),
        (403, {"referer": "http://evil.example/"}),
    ],
)
def test_an_allowed_host_cannot_reach_control_by_a_public_name(
    expected: int, headers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a name may come from DNS rebinding. Names that you allow are accepted."""
    resolve_to(monkeypatch)
    assert expected == control("172.18.0.3", "172.18.0.0/16", "mock.internal", **headers)


def test_an_allowed_name_works_on_the_servers_own_machine() -> None:
    """An entry in the hosts file can give it such a name."""
    assert 200 == control("127.0.0.1", "kling.internal", host="kling.internal:8787")
    assert 403 == control("127.0.0.1", host="kling.internal:8787")


@pytest.mark.parametrize(("expected", "version"), [(200, "1.1"), (200, "2"), (403, "1.0")])
def test_http_1_0_is_treated_as_a_proxy(expected: int, version: str) -> None:
    """By default nginx forwards requests as HTTP/1.0 without adding a header."""
    asks = scope(token=None, method="GET", raw_path=b"/_mock/clock", client=["127.0.0.1", 5], http_version=version)
    assert expected == exchange(asks, chunks(b""))[0].status
