"""The reasons for our own pool and sockets (ADR 104): faults of httpcore's, each as one scenario.

Each scenario runs with our connections, where it passes, and with httpcore's, where it must fail. If a release of
httpcore corrects a fault, its scenario passes there too, and pytest reports that as a failure (XPASS). Then delete the
mark of the scenario. If no mark is left, reconsider `pool.py`.

Four reasons have no scenario. httpcore has no option for three things that must move elsewhere first: the maximum idle
time of a connection for a create (`reuse_seconds`), what was sent of a request (`SendProgress`), and the deadline of a
whole call. And its pool searches all connections for each request, which only a measurement of time could show.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeAlias

import httpx
import pytest

from contract_tests.support.peers import GET, LARGE, POST, CallStyle, Peer, Pieces, client_of, http_response, listening
from contract_tests.support.running import run_async

pytestmark = pytest.mark.slow


class StockClient:
    """A client of httpx over httpcore's own connections, with the methods of ours that a `CallStyle` uses."""

    def __init__(self, url: str, **options: Any) -> None:
        """Create a client for a server on this machine. It takes no proxies from the environment."""
        limits = httpx.Limits(max_connections=100, keepalive_expiry=600)
        timeout = httpx.Timeout(60, pool=2)  # a request that waits for a lost place fails after 2 seconds
        settings: dict[str, Any] = {
            "base_url": url,
            "trust_env": False,
            "limits": limits,
            "timeout": timeout,
            **options,
        }
        self._client, self._async_client = httpx.Client(**settings), httpx.AsyncClient(**settings)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections of blocking calls."""
        self._client.close()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        self._client.close()
        await self._async_client.aclose()

    def send(self, method: str, url: str, content: Any = None) -> httpx.Response:
        """Send a request, and return the response."""
        return self._client.request(method, url, content=content, headers=_length(content))

    async def send_async(self, method: str, url: str, content: Any = None) -> httpx.Response:
        """Send a request on an event loop, and return the response."""
        body = content.asynchronous() if isinstance(content, Pieces) else content
        return await self._async_client.request(method, url, content=body, headers=_length(content))


def _length(content: Any) -> Mapping[str, str]:
    return {} if content is None else {"Content-Length": str(len(content))}


MakeAnyClient: TypeAlias = Callable[..., Any]


def _fails_with_httpcore(*errors: type[Exception], styles: tuple[str, ...] = ("sync", "async")) -> pytest.MarkDecorator:
    """Return a mark that runs a scenario with both kinds of connections.

    Args:
        errors: What the scenario raises with httpcore's connections.
        styles: The call styles in which it does.
    """
    fails = pytest.mark.xfail(raises=errors, strict=True, reason="a fault of httpcore: see ADR 104")
    ours = [pytest.param(client_of, style, id=f"ours-{style}") for style in styles]
    stock = [pytest.param(StockClient, style, id=f"httpcore-{style}", marks=fails) for style in styles]
    return pytest.mark.parametrize(("make", "style"), ours + stock)


def _statuses(outcomes: list[Any]) -> list[int]:
    """Return the statuses of responses; raise the first exception among them."""
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return [response.status_code for response in outcomes]


@_fails_with_httpcore(httpx.PoolTimeout, styles=("async",))
def test_cancelled_calls_give_their_places_back(make: MakeAnyClient, style: str) -> None:
    """A call is cancelled just as it gets the connection that it waited for (httpcore#1093)."""
    assert style == "async"  # a thread cannot be cancelled
    may_respond = threading.Event()

    def behave(peer: Peer) -> None:
        while peer.request() is not None:
            may_respond.wait(60)
            peer.send(http_response())

    async def run(url: str) -> int:
        async with make(url, limits=httpx.Limits(max_connections=1)) as client:
            callers = [asyncio.create_task(client.send_async(**POST)) for _ in range(3)]
            for _ in range(20):  # until the first one waits for its response, and the others for a connection
                await asyncio.sleep(0)
            for caller in callers:
                caller.cancel()
                await asyncio.sleep(0)
            await asyncio.gather(*callers, return_exceptions=True)
            may_respond.set()
            response: httpx.Response = await client.send_async(**POST)
            return response.status_code

    with listening(behave) as server:
        try:
            assert 200 == run_async(run(server.url))
        finally:
            may_respond.set()


@_fails_with_httpcore(AssertionError)
def test_a_stray_response_is_not_taken_for_the_next_one(make: MakeAnyClient, style: str) -> None:
    """Checking the socket is not enough, because both responses were read at once."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(http_response() + (b"" if peer.number else http_response(b"{}", "400 Bad Request")))
        peer.until_closed()

    with listening(behave) as server:
        assert [200, 200] == _statuses(CallStyle(style).outcomes(make(server.url), GET, POST))


@_fails_with_httpcore(httpx.TransportError)
def test_a_request_is_completed_if_the_server_closes_a_kept_connection(make: MakeAnyClient, style: str) -> None:
    """The request is sent again, because the server can't have acted on an incomplete request."""
    is_closed = threading.Event()

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(http_response())
        if peer.number:
            peer.respond()
        else:
            peer.head()
            peer.reset()
            is_closed.set()

    second = {**POST, "content": Pieces(b"{", is_closed, b"}")}
    with listening(behave) as server:
        assert [200, 200] == _statuses(CallStyle(style).outcomes(make(server.url), GET, second))


@_fails_with_httpcore(httpx.TransportError, styles=("async",))
def test_a_response_that_comes_while_a_body_is_sent_is_read(make: MakeAnyClient, style: str) -> None:
    """The server refuses a key before it has read the body, and closes the connection."""

    def behave(peer: Peer) -> None:
        peer.head()
        peer.send(http_response(b"{}", "401 Unauthorized", "Connection: close"))
        peer.connected.close()  # with bytes unread, so that the client gets a reset

    with listening(behave) as server:
        assert [401] == _statuses(CallStyle(style).outcomes(make(server.url), LARGE))
