"""Requests go out over our own connections alone where nothing else was asked for, and else by httpx's client."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import Any

import httpx
import pytest

from contract_tests.reading.cases import base_body
from contract_tests.support.peers import ANSWER, Peer, Stream, listening
from contract_tests.support.running import Create, MakeClient
from kling_elements_client.api.elements import create_element, get_element
from kling_elements_client.errors import TransportError

_BODY: Any = base_body("video")


class Transport(httpx.MockTransport):
    """Answers every request, and keeps them."""

    def __init__(self, *pieces: bytes | Exception, **headers: str) -> None:
        super().__init__(self._answer)
        self.body = Stream(pieces or [ANSWER])
        self.requests: list[httpx.Request] = []
        self._headers = headers

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, headers=self._headers, stream=self.body)


def _by_httpx(caplog: pytest.LogCaptureFixture) -> int:
    """Return how many requests the clients of httpx have sent: each of them logs a line of its own."""
    return [record.name for record in caplog.records].count("httpx")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"trust_env": True},
        {"limits": httpx.Limits(max_connections=2)},
        {"verify": False},
        {"http2": True, "http1": True},
        {"transport": Transport()},
    ],
)
def test_settings_of_connections_need_no_client_of_httpx(
    settings: dict[str, Any], create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What carries the request has these settings, which `test_route` holds. One line is logged for each request."""
    caplog.set_level(logging.INFO)
    with listening(Peer.answer) as server:
        answer = create(make_client(base_url=server.url, http_client=settings), _BODY)

    assert "1" == answer.data.task_id  # type: ignore[union-attr] # it is there
    assert 0 == _by_httpx(caplog)
    assert ["kling_elements.http"] == [each.name for each in caplog.records if each.levelno == logging.INFO]
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
        {"transport": Transport(), "event_hooks": {}},
    ],
)
def test_settings_beyond_connections_are_served_by_httpx(
    settings: dict[str, Any], create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that a caller asks httpx for is left out."""
    caplog.set_level(logging.INFO)
    with listening(Peer.answer) as server:
        create(make_client(base_url=server.url, http_client=settings), _BODY)

    assert 1 == _by_httpx(caplog)
    assert server.connections == ("transport" not in settings)
    assert settings.get("params") != {"a": "b"} or server.heard[0].line.endswith("?a=b HTTP/1.1")
    assert "cookies" not in settings or server.heard[0].headers["Cookie"] == "a=b"


def test_both_ways_send_the_same_request(create: Create, make_client: MakeClient) -> None:
    """To the letter and in the same order."""
    sent = []
    ways: list[dict[str, Any]] = [{}, {"event_hooks": {}}]
    for more in ways:
        transport = Transport()
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
def test_cookies_come_back_only_where_httpx_carries_the_request(
    settings: dict[str, Any], sent: list[set[str]], make_client: MakeClient
) -> None:
    """The call needs none, so a gateway that sets one does not make a session of it."""
    transport = Transport(**{"Set-Cookie": "theirs=2"})
    client = make_client(http_client={"transport": transport, **settings})
    for _ in range(2):
        create_element.sync(client=client, body=_BODY)
    assert sent == [{*request.headers.get("Cookie", "").split("; ")} - {""} for request in transport.requests]


def test_a_body_that_breaks_off_gives_its_connection_back(create: Create, make_client: MakeClient) -> None:
    """The response is closed, and the failure is told as any other of the transport."""
    transport = Transport(b"{", httpx.ReadError("reset"))

    with pytest.raises(TransportError, match="ReadError") as caught:
        create(make_client(http_client={"transport": transport}), _BODY)

    assert caught.value.may_have_been_sent
    assert transport.body.is_closed


@pytest.mark.parametrize("settings", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_a_client_of_httpx_that_was_closed_sends_nothing(settings: dict[str, Any], make_client: MakeClient) -> None:
    """Nobody would close what it opened."""
    transport = Transport()
    client = make_client(http_client={"transport": transport, **settings})
    client.get_httpx_client().close()

    with pytest.raises(TransportError, match="RuntimeError"):
        create_element.sync(client=client, body=_BODY)
    assert [] == transport.requests


def test_what_a_hook_does_to_one_request_is_not_done_to_the_next(make_client: MakeClient) -> None:
    """Each has its own time-outs, though the address and the headers are made once."""
    seen = []

    def hurry(request: httpx.Request) -> None:
        seen.append(request.extensions["timeout"]["read"])
        request.extensions["timeout"]["read"] = 1
        request.headers["X-Seen"] = "yes"

    transport = Transport()
    client = make_client(http_client={"transport": transport, "event_hooks": {"request": [hurry]}})
    for _ in range(2):
        create_element.sync(client=client, body=_BODY)

    assert [300, 300] == seen
    assert ["yes", "yes"] == [request.headers["X-Seen"] for request in transport.requests]


def test_event_loops_that_ended_are_let_go(make_client: MakeClient) -> None:
    """Also where nobody called `aclose`: a script may call `asyncio.run` a thousand times."""
    client = make_client(http_client={"transport": Transport()})
    loops = []

    async def ask() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await create_element.asyncio(client=client, body=_BODY)

    for _ in range(3):
        asyncio.run(ask())
    gc.collect()

    assert 1 >= sum(loop() is not None for loop in loops)


def test_requests_that_are_kept_for_their_like_are_few(make_client: MakeClient) -> None:
    """A service that looks up a million tasks keeps no million addresses; each look-up goes to its own."""
    transport = Transport()
    client = make_client(http_client={"transport": transport})
    for number in range(150):
        get_element.sync(client=client, id=str(number))

    assert list(map(str, range(150))) == [request.url.path.rpartition("/")[2] for request in transport.requests]
    assert 64 >= len(client._requests._blanks) > 0  # noqa: SLF001 - nothing else shows it
