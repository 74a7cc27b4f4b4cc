"""Requests use our own connections by default, and httpx's client only if its settings are needed."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import Any

import httpx
import pytest

from contract_tests.reading.cases import base_body
from contract_tests.support.peers import RESPONSE, Peer, PiecewiseBody, listening
from contract_tests.support.running import Create, MakeClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.errors import TransportError

pytestmark = pytest.mark.slow
_BODY: Any = base_body("video")


class RecordingTransport(httpx.MockTransport):
    """A transport that answers every request and keeps the requests."""

    def __init__(self, *pieces: bytes | Exception, **headers: str) -> None:
        super().__init__(self._respond)
        self.body = PiecewiseBody(pieces or [RESPONSE])
        self.requests: list[httpx.Request] = []
        self._headers = headers

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, headers=self._headers, stream=self.body)


def _count_sent_by_httpx(caplog: pytest.LogCaptureFixture) -> int:
    """Return how many requests httpx's clients sent, by the log record that they write for each."""
    return [record.name for record in caplog.records].count("httpx")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"trust_env": True},
        {"limits": httpx.Limits(max_connections=2)},
        {"verify": False},
        {"http2": True, "http1": True},
        {"transport": RecordingTransport()},
    ],
)
def test_connection_settings_need_no_httpx_client(
    settings: dict[str, Any], create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Our own connections support them (see `test_route`), and log one line for each request."""
    caplog.set_level(logging.INFO)
    with listening(Peer.respond) as server:
        response = create(make_client(base_url=server.url, http_client=settings), _BODY)

    assert "1" == response.data.task_id  # type: ignore[union-attr] # the response has it
    assert 0 == _count_sent_by_httpx(caplog)
    assert ["kling_elements.http"] == [record.name for record in caplog.records if record.levelno == logging.INFO]
    assert server.connections == ("transport" not in settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"event_hooks": {}},
        {"cookies": {"a": "b"}},
        {"params": {"a": "b"}},
        {"mounts": {"https://": None}},
        {"max_redirects": 1},
        {"default_encoding": "latin-1"},
        {"transport": RecordingTransport(), "event_hooks": {}},
    ],
)
def test_other_httpx_settings_use_the_httpx_client(
    settings: dict[str, Any], create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Every httpx setting that you pass takes effect."""
    caplog.set_level(logging.INFO)
    with listening(Peer.respond) as server:
        create(make_client(base_url=server.url, http_client=settings), _BODY)

    assert 1 == _count_sent_by_httpx(caplog)
    assert server.connections == ("transport" not in settings)
    assert settings.get("params") != {"a": "b"} or server.requests[0].line.endswith("?a=b HTTP/1.1")
    assert "cookies" not in settings or server.requests[0].headers["Cookie"] == "a=b"


def test_our_connections_and_httpx_send_the_same_request(create: Create, make_client: MakeClient) -> None:
    """Headers are equal byte for byte and in the same order."""
    sent = []
    ways: list[dict[str, Any]] = [{}, {"event_hooks": {}}]
    for more in ways:
        transport = RecordingTransport()
        create(make_client(http_client={"transport": transport, **more}), _BODY)
        (request,) = transport.requests
        sent.append((request.method, request.url, request.headers.raw, request.extensions["timeout"]))

    assert sent[0] == sent[1]
    assert {b"Host", b"Content-Type", b"Content-Length", b"Authorization", b"User-Agent"} <= {
        name for name, _ in sent[0][2]
    }


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, [set(), set()]),
        ({"cookies": {"mine": "1"}}, [{"mine=1"}, {"mine=1", "theirs=2"}]),
        ({"event_hooks": {}}, [set(), {"theirs=2"}]),
    ],
)
def test_cookies_are_sent_back_only_if_httpx_sends_the_request(
    settings: dict[str, Any], sent: list[set[str]], make_client: MakeClient
) -> None:
    """Otherwise a gateway that sets one starts no session, because the API needs no cookies."""
    transport = RecordingTransport(**{"Set-Cookie": "theirs=2"})
    client = make_client(http_client={"transport": transport, **settings})
    for _ in range(2):
        create_element.sync(client=client, body=_BODY)
    assert sent == [{*request.headers.get("Cookie", "").split("; ")} - {""} for request in transport.requests]


def test_a_response_that_breaks_off_is_closed(create: Create, make_client: MakeClient) -> None:
    """The failure is reported as a transport error."""
    transport = RecordingTransport(b"{", httpx.ReadError("reset"))

    with pytest.raises(TransportError, match="ReadError") as caught:
        create(make_client(http_client={"transport": transport}), _BODY)

    assert caught.value.may_have_been_sent
    assert transport.body.is_closed


@pytest.mark.parametrize("settings", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_a_closed_httpx_client_sends_nothing(settings: dict[str, Any], make_client: MakeClient) -> None:
    """The client opens no connection, because nothing would close it."""
    transport = RecordingTransport()
    client = make_client(http_client={"transport": transport, **settings})
    client.get_httpx_client().close()

    with pytest.raises(TransportError, match="RuntimeError"):
        create_element.sync(client=client, body=_BODY)
    assert [] == transport.requests


def test_closed_event_loops_are_garbage_collected(make_client: MakeClient) -> None:
    """A script may call `asyncio.run` a thousand times and never `aclose`."""
    client = make_client(http_client={"transport": RecordingTransport()})
    loops = []

    async def ask() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await create_element.asyncio(client=client, body=_BODY)

    for _ in range(3):
        asyncio.run(ask())
    gc.collect()

    assert 1 >= sum(loop() is not None for loop in loops)
