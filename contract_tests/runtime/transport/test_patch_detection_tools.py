"""Tools that mock, record or trace requests see those of the client, and a mocked request never goes out."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
import respx
import sentry_sdk
import vcr  # type: ignore[import-untyped] # has no types
from attrs import define, field
from sentry_sdk.integrations.httpx import HttpxIntegration

from contract_tests.reading.image_body import BODY
from contract_tests.support.element_creator import ElementCreator, Seen, task_id_of
from contract_tests.support.peers import POST, RESPONSE, CallStyle, PatientClient, Peer, listening
from contract_tests.support.running import TOKEN, run_program
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError

pytestmark = pytest.mark.slow


@define
class MockingTool:
    """A mocking tool that is active during a block and records the requests that it sees."""

    request: pytest.FixtureRequest
    seen: Seen = field(factory=list)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Record a request and answer it without a network."""
        self.seen.append(request.method)
        return httpx.Response(200, content=RESPONSE)

    @contextmanager
    def respx(self, using: str) -> Iterator[None]:
        """Mock requests with `@respx.mock`."""
        with respx.mock(using=using) as router:
            router.route().mock(side_effect=self.respond)
            yield

    @contextmanager
    def pytest_httpx(self) -> Iterator[None]:
        """Mock requests with the fixture `httpx_mock`, which is active until the end of the test."""
        self.request.getfixturevalue("httpx_mock").add_callback(self.respond)
        yield

    @contextmanager
    def vcrpy(self) -> Iterator[None]:
        """Mock requests with `@vcr.use_cassette` and a cassette that was recorded before."""
        path = self.request.getfixturevalue("tmp_path") / "cassette.yaml"
        request = {"method": "POST", "uri": "http://127.0.0.1/", "body": "", "headers": {}}
        response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": RESPONSE.decode()}}
        path.write_text(json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}))
        with vcr.use_cassette(str(path), record_mode="none", match_on=["method"]) as cassette:
            yield
        self.seen += ["POST"] * cassette.play_count


_MOCKS: dict[str, Callable[[MockingTool], AbstractContextManager[None]]] = {
    "respx": lambda tool: tool.respx("httpcore"),
    "respx using httpx": lambda tool: tool.respx("httpx"),
    "pytest-httpx": MockingTool.pytest_httpx,
    "vcrpy": MockingTool.vcrpy,
}


@pytest.mark.parametrize("name", _MOCKS)
def test_a_mocked_request_does_not_go_out(name: str, creator: ElementCreator, request: pytest.FixtureRequest) -> None:
    """Otherwise a test of yours would create a real element, for which you would pay."""
    tool = MockingTool(request)
    with listening(Peer.respond) as server, _MOCKS[name](tool):
        assert "1" == creator.task_id(server.url)

    assert ["POST"] == tool.seen
    assert 0 == server.connections


@pytest.mark.parametrize("name", ["respx", "respx using httpx", "vcrpy"])
def test_an_existing_client_uses_a_mocking_tool_while_it_is_active(
    name: str, call_style: CallStyle, request: pytest.FixtureRequest
) -> None:
    """The client leaves its open connections unused meanwhile, and uses them afterwards."""
    tool = MockingTool(request)
    active_tool = ExitStack()
    with listening(Peer.respond) as server:
        client = PatientClient(TOKEN, server.url)
        begin = partial(active_tool.enter_context, _MOCKS[name](tool))
        responses = call_style.outcomes(client, POST, begin, POST, active_tool.close, POST)

    assert ["1", "1", "1"] == [task_id_of(response) for response in responses]
    assert ["POST"] == tool.seen
    assert (2, 1) == (len(server.requests), server.connections)


# Your own transport


@pytest.mark.parametrize("more", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("place", ["transport", "mounts"])
def test_your_own_transport_replaces_the_network(
    place: str, more: dict[str, Any], creator: ElementCreator, request: pytest.FixtureRequest
) -> None:
    """The transport gets all requests, or those that match a mount."""
    tool = MockingTool(request)
    mock = httpx.MockTransport(tool.respond)
    with listening(Peer.respond) as server:
        settings = {"transport": mock} if place == "transport" else {"mounts": {"all://127.0.0.1": mock}}
        assert "1" == creator.task_id(server.url, **settings, **more)

    assert ["POST"] == tool.seen
    assert 0 == server.connections


# Recording and tracing tools


def test_vcrpy_records_a_request_and_replays_it(creator: ElementCreator, tmp_path: Any) -> None:
    """The second request is answered from the cassette."""
    with listening(Peer.respond) as server:
        for played in (0, 1):
            with vcr.use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
                assert "1" == creator.task_id(server.url)
            assert (1, played) == (len(cassette), cassette.play_count)
    assert 1 == len(server.requests)


def test_sentry_sees_the_request_and_its_response(creator: ElementCreator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both appear after `sentry_sdk.init()`, which instruments httpx."""
    seen: list[tuple[str, int]] = []

    def keep(breadcrumb: Any, _: Any) -> Any:
        seen.append((breadcrumb["data"]["http.method"], breadcrumb["data"]["http.response.status_code"]))
        return breadcrumb

    for owner in (httpx.Client, httpx.AsyncClient):
        monkeypatch.setattr(owner, "send", owner.send)  # so that the end of the test restores it
    original = httpx.Client.send
    scope = sentry_sdk.get_global_scope()
    try:
        sentry_sdk.init(
            default_integrations=False,
            integrations=[HttpxIntegration()],
            before_breadcrumb=keep,
        )
        if httpx.Client.send is original:  # Sentry patches it only once in a process
            HttpxIntegration.setup_once()
        with listening(Peer.respond) as server:
            assert "1" == creator.task_id(server.url)
    finally:
        scope.set_client(None)

    assert [("POST", 200)] == seen
    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    "tool",
    ["sentry", "httpx.Client.send", "httpx.HTTPTransport.handle_request", "httpcore.ConnectionPool.handle_request"],
)
def test_a_tool_may_be_active_before_the_client_is_imported(tool: str) -> None:
    """The client must not take a patched function for httpx's own."""
    with listening(Peer.respond) as server:
        result = run_program("create_with_tool", server.url, json.dumps(BODY), tool)

    assert ("1 POST\n", "") == (result.stdout, result.stderr)


def test_nothing_is_sent_if_sockets_are_forbidden(call_style: CallStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reports pytest-socket's exception as a failed connection."""

    class Forbidden(socket.socket):
        def __new__(cls, *_: Any, **__: Any) -> Any:
            raise RuntimeError("a test tried to use a socket")

    def forbid() -> None:
        monkeypatch.setattr(socket, "socket", Forbidden)

    with listening(Peer.respond) as server:
        (error,) = call_style.outcomes(AuthenticatedClient(TOKEN, server.url), forbid, POST, monkeypatch.undo)

    assert isinstance(error, TransportError)
    assert not error.may_have_been_sent
    assert f"ConnectError at {server.url}: a test tried to use a socket" == str(error)
    assert 0 == server.connections
