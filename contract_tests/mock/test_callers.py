"""Who may ask the mock server: pages of this machine, hosts that were let in, and nobody by way of a proxy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.led import lead_to
from contract_tests.support.mock_caller import NO_TOKEN, Caller, headers_of, shared
from contract_tests.support.mock_requests import SAMPLE, chunks, exchange, scope
from kling_elements.mock import create_app

PAGE = "http://localhost:3000"
NO_HEADERS = {"authorization": None, "content-type": None}
NOT_FOR_PAGES = "only web pages of this machine may call this server: serve the page at http://localhost or 127.0.0.1"


def control(peer: str, *hosts: str, **headers: str) -> int:
    """Return the status of a request to the control API from a host, where others may come than this machine."""
    app = create_app(control=hosts)
    status = Caller(app).send("GET", "/_mock/clock", headers={**NO_HEADERS, **headers}, client_host=peer).status
    app.close()
    return status


@pytest.mark.parametrize("origin", [PAGE, "https://127.0.0.1:5173", "http://[::1]"])
def test_a_page_of_this_machine_sees_answers_and_refusals(origin: str) -> None:
    """By CORS; its own headers may be seen too. Another page does not get them from a cache."""
    shares = {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "allow, retry-after, www-authenticate",
        "vary": "Origin",
    }
    for status, token in ((200, "sk-test"), (401, None)):
        reply, _ = exchange(scope(("origin", origin), token=token), chunks(SAMPLE))
        assert status == reply.status
        assert shares.items() <= headers_of(reply).items()


def test_a_caller_that_is_no_page_gets_no_headers_for_pages() -> None:
    """They would only be in the way."""
    reply, _ = exchange(scope(), chunks(SAMPLE))

    assert {"content-type"} == headers_of(reply).keys()


@pytest.mark.parametrize("path", [ELEMENTS, f"{ELEMENTS}/7", "/_mock/faults", "/health", "/x"])
def test_a_preflight_needs_no_token(path: str) -> None:
    """A browser sends none: it asks what it may send, and is told yes; the request itself is judged then."""
    asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization,x-mine")]
    asks = scope(("origin", PAGE), *asked, token=None, method="OPTIONS", raw_path=path.encode())
    reply, _ = exchange(asks, chunks(b""))

    assert (204, b"") == (reply.status, reply.body)
    allowed = {"access-control-allow-methods": "POST", "access-control-allow-headers": "authorization,x-mine"}
    assert allowed.items() <= headers_of(reply).items()
    assert PAGE == headers_of(reply)["access-control-allow-origin"]


def test_a_preflight_may_ask_for_no_headers() -> None:
    """Then none are allowed by name."""
    headers = {**NO_HEADERS, "origin": PAGE, "access-control-request-method": "GET"}
    allowed = headers_of(shared().send("OPTIONS", ELEMENTS, headers=headers))

    assert {"access-control-allow-methods": "GET", "access-control-max-age": "600"} == allowed


@pytest.mark.parametrize("more", [{}, {"origin": PAGE}, {"access-control-request-method": "POST"}])
def test_options_without_a_page_is_a_method_like_others(more: dict[str, str]) -> None:
    """Who has no token learns nothing of the paths."""
    NO_TOKEN.check(shared().send("OPTIONS", ELEMENTS, headers={**NO_HEADERS, **more}))


@pytest.mark.parametrize("origin", ["https://evil.example", "http://evil.localhost:8787", "http://10.0.0.1", "null"])
@pytest.mark.parametrize("path", [ELEMENTS, "/_mock/faults", "/health", "/"])
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_a_page_of_elsewhere_is_403_whatever_it_asks(method: str, path: str, origin: str) -> None:
    """Else a page whose name was made to lead here could have it POST to any address, by `callback_url`."""
    more = [("origin", origin), ("access-control-request-method", "POST")]
    reply, _ = exchange(scope(*more, method=method, raw_path=path.encode()), chunks(SAMPLE))

    assert (403, NOT_FOR_PAGES) == (reply.status, json.loads(reply.body)["message"])
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
def test_other_hosts_may_be_let_in(expected: int, hosts: list[str], peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By address or network, such as those of containers; this machine remains."""
    lead_to(monkeypatch)
    assert expected == control(peer, *hosts)


def test_a_name_lets_in_where_it_leads_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may be started after the server, and get another address."""
    lead_to(monkeypatch)
    assert 403 == control("172.18.0.3", "tests")
    lead_to(monkeypatch, "172.18.0.3", "fd12::3")
    assert 200 == control("172.18.0.3", "tests") == control("fd12::3", "tests")
    lead_to(monkeypatch, "172.18.0.4")
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
def test_a_host_that_was_let_in_names_the_server_by_no_name_of_the_internet(
    expected: int, headers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser there would be led here by one; a name that was given is no such name. Proxies and pages stay out."""
    lead_to(monkeypatch)
    assert expected == control("172.18.0.3", "172.18.0.0/16", "mock.internal", **headers)


def test_a_name_that_was_let_in_may_name_the_server_on_its_own_machine_too() -> None:
    """As an entry in its hosts file does."""
    assert 200 == control("127.0.0.1", "kling.internal", host="kling.internal:8787")
    assert 403 == control("127.0.0.1", host="kling.internal:8787")


@pytest.mark.parametrize(("expected", "version"), [(200, "1.1"), (200, "2"), (403, "1.0")])
def test_a_proxy_that_adds_no_header_is_known_by_its_old_http(expected: int, version: str) -> None:
    """Nginx with its defaults speaks 1.0 to what is behind it; nothing that drives a server does."""
    asks = scope(token=None, method="GET", raw_path=b"/_mock/clock", client=["127.0.0.1", 5], http_version=version)
    assert expected == exchange(asks, chunks(b""))[0].status
