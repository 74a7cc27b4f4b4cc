"""Tools that mock, record or trace httpx requests see those of the client, and a mocked request never goes out."""

from __future__ import annotations

import functools
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, TypeAlias

import httpcore
import httpx
import pytest
import respx
import sentry_sdk
import vcr  # type: ignore[import-untyped] # has no types
import wrapt  # vcrpy brings it along, as OpenTelemetry and ddtrace do
from attrs import define, field
from sentry_sdk.integrations.httpx import HttpxIntegration

from contract_tests.reading.image_body import BODY
from contract_tests.support.peers import POST, RESPONSE, CallStyle, PatientClient, Peer, listening
from contract_tests.support.running import TOKEN, run_async, run_program
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.transport.patch_detection import LibraryFunctions

pytestmark = pytest.mark.slow

Seen: TypeAlias = list[str]
"""The methods of the requests that a tool was shown."""


@define
class ElementCreator:
    """Creates the element of a test: by one of the two clients, blocking or on an event loop."""

    call_style: CallStyle
    is_generated: bool

    def task_id(self, url: str, prepare: Callable[[Any], object] = lambda _: None, **options: Any) -> str:
        """Create an element at a URL, after `prepare` got the httpx client, and return the id of the task."""
        if self.call_style.name == "async":
            return run_async(self._async_task_id(url, prepare, options))
        http_client: Any = options
        with KlingElements(TOKEN, url, http_client=http_client) as kling:
            prepare(kling.client.get_httpx_client())
            if self.is_generated:
                return _id(kling.client.send(**POST))
            return str(kling.create(BODY).task_id)

    async def _async_task_id(self, url: str, prepare: Callable[[Any], object], http_client: Any) -> str:
        async with AsyncKlingElements(TOKEN, url, http_client=http_client) as kling:
            prepare(kling.client.get_async_httpx_client())
            if self.is_generated:
                return _id(await kling.client.send_async(**POST))
            return str((await kling.create(BODY)).task_id)


def _id(response: httpx.Response) -> str:
    return str(response.json()["data"]["task_id"])


@pytest.fixture(params=["generated client", "KlingElements"])
def creator(request: pytest.FixtureRequest, call_style: CallStyle) -> ElementCreator:
    """Return a creator for each client and each way to call."""
    return ElementCreator(call_style, request.param == "generated client")


# Mocking tools


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
    """A test of yours would otherwise create a real element, and you would pay for it."""
    tool = MockingTool(request)
    with listening(Peer.respond) as server, _MOCKS[name](tool):
        assert "1" == creator.task_id(server.url)

    assert ["POST"] == tool.seen
    assert 0 == server.connections


@pytest.mark.parametrize("name", ["respx", "respx using httpx", "vcrpy"])
def test_an_existing_client_uses_a_mocking_tool_while_it_is_active(
    name: str, call_style: CallStyle, request: pytest.FixtureRequest
) -> None:
    """The client does not use its open connections while the tool is active, and uses them again afterwards."""
    tool = MockingTool(request)
    active_tool = ExitStack()
    with listening(Peer.respond) as server:
        client = PatientClient(TOKEN, server.url)
        begin = partial(active_tool.enter_context, _MOCKS[name](tool))
        responses = call_style.outcomes(client, POST, begin, POST, active_tool.close, POST)

    assert ["1", "1", "1"] == [_id(response) for response in responses]
    assert ["POST"] == tool.seen
    assert (2, 1) == (len(server.requests), server.connections)


# Functions that tools replace, in the class for blocking calls and in the class for event loops

_PLACES: dict[str, tuple[tuple[type, str], tuple[type, str]]] = {
    "send": ((httpx.Client, "send"), (httpx.AsyncClient, "send")),  # Sentry, ddtrace
    "_send_single_request": (  # vcrpy up to version 7
        (httpx.Client, "_send_single_request"),
        (httpx.AsyncClient, "_send_single_request"),
    ),
    "transport": (  # OpenTelemetry, pytest-httpx, vcrpy
        (httpx.HTTPTransport, "handle_request"),
        (httpx.AsyncHTTPTransport, "handle_async_request"),
    ),
    "pool": (  # respx
        (httpcore.ConnectionPool, "handle_request"),
        (httpcore.AsyncConnectionPool, "handle_async_request"),
    ),
}
_MANNERS = ["a function", "a function that looks the same", "wrapt"]


def _replace(owner: Any, name: str, function: Any, manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace a method by a function that gets the original, bound to the object, and the request."""
    original = getattr(owner, name)

    def around(wrapped: Any, _: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return function(wrapped, *arguments, **named)

    def replacement(instance: Any, *arguments: Any, **named: Any) -> Any:
        return function(functools.partial(original, instance), *arguments, **named)

    replacements: dict[str, Callable[[], Any]] = {
        "wrapt": lambda: wrapt.FunctionWrapper(original, around),
        "a function": lambda: replacement,
        "a function that looks the same": lambda: functools.wraps(original)(replacement),
    }
    monkeypatch.setattr(owner, name, replacements[manner]())


def _method(request: Any) -> str:
    return request.method if isinstance(request.method, str) else request.method.decode()


@pytest.mark.parametrize("manner", _MANNERS)
@pytest.mark.parametrize("place", _PLACES)
def test_a_replaced_function_answers_the_request(
    place: str, manner: str, creator: ElementCreator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request does not go out by another way."""
    seen: Seen = []

    def respond(_: Any, request: Any, **__: Any) -> Any:
        seen.append(_method(request))
        return (httpcore if place == "pool" else httpx).Response(200, content=RESPONSE)

    async def respond_async(_: Any, request: Any, **named: Any) -> Any:
        return respond(_, request, **named)

    sync, other = _PLACES[place]
    _replace(*sync, respond, manner, monkeypatch)
    _replace(*other, respond_async, manner, monkeypatch)
    with listening(Peer.respond) as server:
        assert "1" == creator.task_id(server.url)

    assert ["POST"] == seen
    assert 0 == server.connections


@pytest.mark.parametrize("manner", _MANNERS)
@pytest.mark.parametrize("place", _PLACES)
def test_a_wrapped_function_sees_the_request_and_passes_it_on(
    place: str, manner: str, creator: ElementCreator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tracing tools wrap functions of httpx."""
    seen: Seen = []

    def pass_on(wrapped: Any, request: Any, **named: Any) -> Any:
        seen.append(_method(request))
        return wrapped(request, **named)

    async def pass_on_async(wrapped: Any, request: Any, **named: Any) -> Any:
        seen.append(_method(request))
        return await wrapped(request, **named)

    sync, other = _PLACES[place]
    _replace(*sync, pass_on, manner, monkeypatch)
    _replace(*other, pass_on_async, manner, monkeypatch)
    with listening(Peer.respond) as server:
        assert "1" == creator.task_id(server.url)

    assert ["POST"] == seen
    assert ["POST"] == [request.line.split()[0] for request in server.requests]


def test_a_replaced_httpx_class_sees_the_request(creator: ElementCreator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client uses whichever class it finds in httpx."""
    seen: Seen = []

    class Client(httpx.Client):
        def send(self, request: httpx.Request, **named: Any) -> httpx.Response:
            seen.append(request.method)
            return super().send(request, **named)

    class AsyncClient(httpx.AsyncClient):
        async def send(self, request: httpx.Request, **named: Any) -> httpx.Response:
            seen.append(request.method)
            return await super().send(request, **named)

    monkeypatch.setattr(httpx, "Client", Client)
    monkeypatch.setattr(httpx, "AsyncClient", AsyncClient)
    with listening(Peer.respond) as server:
        assert "1" == creator.task_id(server.url)
    assert ["POST"] == seen


# What tools do to single clients


class _WrappingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport around another one, as OpenTelemetry once put into single clients."""

    def __init__(self, inner: Any, seen: Seen) -> None:
        """Wrap the transport that sends, and record methods in `seen`."""
        self._inner, self._seen = inner, seen

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._seen.append(request.method)
        response: httpx.Response = self._inner.handle_request(request)
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._seen.append(request.method)
        response: httpx.Response = await self._inner.handle_async_request(request)
        return response

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()


def _replace_the_transport(http: Any, seen: Seen) -> None:
    http._transport = _WrappingTransport(http._transport, seen)  # noqa: SLF001 - OpenTelemetry did this


def _wrap_the_transport(http: Any, seen: Seen) -> None:
    def around(wrapped: Any, _: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        seen.append(arguments[0].method)
        return wrapped(*arguments, **named)

    is_async = isinstance(http, httpx.AsyncClient)
    name = "handle_async_request" if is_async else "handle_request"
    wrapt.wrap_function_wrapper(http._transport, name, around)  # noqa: SLF001 - OpenTelemetry does this today


def _wrap_its_send(http: Any, seen: Seen) -> None:
    real = http.send

    def send(request: httpx.Request, **named: Any) -> Any:
        seen.append(request.method)
        return real(request, **named)

    http.send = send


@pytest.mark.parametrize("instrument", [_replace_the_transport, _wrap_the_transport, _wrap_its_send])
def test_a_single_client_may_be_instrumented(instrument: Callable[[Any, Seen], None], creator: ElementCreator) -> None:
    """The tool sees the requests of that client."""
    seen: Seen = []
    with listening(Peer.respond) as server:
        assert "1" == creator.task_id(server.url, lambda http: instrument(http, seen))

    assert ["POST"] == seen
    assert ["POST"] == [request.line.split()[0] for request in server.requests]


@pytest.mark.parametrize("more", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("place", ["transport", "mounts"])
def test_your_own_transport_replaces_the_network(
    place: str, more: dict[str, Any], creator: ElementCreator, request: pytest.FixtureRequest
) -> None:
    """Your transport gets all requests, or those that match a mount."""
    tool = MockingTool(request)
    mock = httpx.MockTransport(tool.respond)
    with listening(Peer.respond) as server:
        settings = {"transport": mock} if place == "transport" else {"mounts": {"all://127.0.0.1": mock}}
        assert "1" == creator.task_id(server.url, **settings, **more)

    assert ["POST"] == tool.seen
    assert 0 == server.connections


# Recording and tracing tools


def test_vcrpy_records_a_request_and_replays_it(creator: ElementCreator, tmp_path: Any) -> None:
    """The second time, the cassette answers."""
    with listening(Peer.respond) as server:
        for played in (0, 1):
            with vcr.use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
                assert "1" == creator.task_id(server.url)
            assert (1, played) == (len(cassette), cassette.play_count)
    assert 1 == len(server.requests)


def test_sentry_sees_the_request_and_its_response(creator: ElementCreator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentry instruments httpx after `sentry_sdk.init()`."""
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
    """Most programs set their tools up first; the client must not take a patched function for httpx's own."""
    with listening(Peer.respond) as server:
        done = run_program("create_with_tool", server.url, json.dumps(BODY), tool)

    assert ("1 POST\n", "") == (done.stdout, done.stderr)


def test_a_function_from_another_module_is_not_an_original() -> None:
    """Somebody may have patched the class before the client was imported."""

    class Library:
        def __init__(self) -> None:
            """Do nothing."""

        def own(self) -> None:
            """Do nothing."""

        foreign = json.dumps

    assert LibraryFunctions((Library, "own")).are_unpatched()
    assert not LibraryFunctions((Library, "foreign")).are_unpatched()
    assert not LibraryFunctions((Library, "own"), (Library, "foreign")).are_unpatched()


def test_nothing_is_sent_if_sockets_are_forbidden(call_style: CallStyle, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-socket raises an exception class of its own, which the client reports as a failed connection."""

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
