"""Tools that mock, record or trace requests of httpx see those of the client: what they mock never goes out."""

from __future__ import annotations

import functools
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, TypeAlias

import httpcore
import httpx
import pytest
import respx
import sentry_sdk
import vcr  # type: ignore[import-untyped] # it has no types
import wrapt  # vcrpy brings it along, as OpenTelemetry and ddtrace do
from attrs import define, field
from sentry_sdk.integrations.httpx import HttpxIntegration

from contract_tests.support.peers import ANSWER, POST, TOKEN, PatientClient, Peer, Ways, listening
from contract_tests.support.running import run_async
from contract_tests.support.scripted import BODY
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.transport.originals import Originals
from scripts.spec import ROOT

Seen: TypeAlias = list[str]
"""The methods of the requests that a tool was shown."""


@define
class Caller:
    """How the one request of a test is made: by which client, blocking or on an event loop."""

    ways: Ways
    is_generated: bool

    def task_id(self, url: str, prepare: Callable[[Any], object] = lambda _: None, **options: Any) -> str:
        """Create something at an address, with httpx's client prepared before, and return the id of the task."""
        if self.ways.name == "async":
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
def caller(request: pytest.FixtureRequest, ways: Ways) -> Caller:
    """Both clients, in both ways."""
    return Caller(ways, request.param == "generated client")


# Tools that mock


@define
class Tool:
    """A tool that is at work during a block, and that keeps what it is shown."""

    request: pytest.FixtureRequest
    seen: Seen = field(factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Take a request, and answer it without a network."""
        self.seen.append(request.method)
        return httpx.Response(200, content=ANSWER)

    @contextmanager
    def respx(self, using: str) -> Iterator[None]:
        """As `@respx.mock`."""
        with respx.mock(using=using) as router:
            router.route().mock(side_effect=self.answer)
            yield

    @contextmanager
    def pytest_httpx(self) -> Iterator[None]:
        """As the fixture `httpx_mock`, which works until the end of the test."""
        self.request.getfixturevalue("httpx_mock").add_callback(self.answer)
        yield

    @contextmanager
    def vcrpy(self) -> Iterator[None]:
        """As `@vcr.use_cassette`, with a cassette that was recorded before."""
        path = self.request.getfixturevalue("tmp_path") / "cassette.yaml"
        request = {"method": "POST", "uri": "http://127.0.0.1/", "body": "", "headers": {}}
        response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": ANSWER.decode()}}
        path.write_text(json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}))
        with vcr.use_cassette(str(path), record_mode="none", match_on=["method"]) as cassette:
            yield
        self.seen += ["POST"] * cassette.play_count


_MOCKS: dict[str, Callable[[Tool], AbstractContextManager[None]]] = {
    "respx": lambda tool: tool.respx("httpcore"),
    "respx using httpx": lambda tool: tool.respx("httpx"),
    "pytest-httpx": Tool.pytest_httpx,
    "vcrpy": Tool.vcrpy,
}


@pytest.mark.parametrize("name", _MOCKS)
def test_what_a_tool_mocks_does_not_go_out(name: str, caller: Caller, request: pytest.FixtureRequest) -> None:
    """Else a test of somebody's would create, and pay."""
    tool = Tool(request)
    with listening(Peer.answer) as server, _MOCKS[name](tool):
        assert "1" == caller.task_id(server.url)

    assert ["POST"] == tool.seen
    assert 0 == server.connections


@pytest.mark.parametrize("name", ["respx", "respx using httpx", "vcrpy"])
def test_a_client_that_was_there_before_a_tool_heeds_it_as_long_as_it_is_at_work(
    name: str, ways: Ways, request: pytest.FixtureRequest
) -> None:
    """Connections that are there already are not used meanwhile, and are used again afterwards."""
    tool = Tool(request)
    at_work = ExitStack()
    with listening(Peer.answer) as server:
        client = PatientClient(TOKEN, server.url)
        begin = partial(at_work.enter_context, _MOCKS[name](tool))
        found = ways.outcomes(client, POST, begin, POST, at_work.close, POST)

    assert ["1", "1", "1"] == [_id(each) for each in found]
    assert ["POST"] == tool.seen
    assert (2, 1) == (len(server.heard), server.connections)


# Functions that tools replace, each in the class for blocking calls and in that for event loops

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


def _put(owner: Any, name: str, function: Any, manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a function around another one: it is given that one, the object, and the request."""
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
def test_what_is_put_in_the_place_of_a_function_answers_for_it(
    place: str, manner: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes out behind its back."""
    seen: Seen = []

    def answer(_: Any, request: Any, **__: Any) -> Any:
        seen.append(_method(request))
        return (httpcore if place == "pool" else httpx).Response(200, content=ANSWER)

    async def answer_async(_: Any, request: Any, **named: Any) -> Any:
        return answer(_, request, **named)

    sync, other = _PLACES[place]
    _put(*sync, answer, manner, monkeypatch)
    _put(*other, answer_async, manner, monkeypatch)
    with listening(Peer.answer) as server:
        assert "1" == caller.task_id(server.url)

    assert ["POST"] == seen
    assert 0 == server.connections


@pytest.mark.parametrize("manner", _MANNERS)
@pytest.mark.parametrize("place", _PLACES)
def test_what_is_put_around_a_function_sees_the_request_and_lets_it_through(
    place: str, manner: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tools do that trace."""
    seen: Seen = []

    def pass_on(wrapped: Any, request: Any, **named: Any) -> Any:
        seen.append(_method(request))
        return wrapped(request, **named)

    async def pass_on_async(wrapped: Any, request: Any, **named: Any) -> Any:
        seen.append(_method(request))
        return await wrapped(request, **named)

    sync, other = _PLACES[place]
    _put(*sync, pass_on, manner, monkeypatch)
    _put(*other, pass_on_async, manner, monkeypatch)
    with listening(Peer.answer) as server:
        assert "1" == caller.task_id(server.url)

    assert ["POST"] == seen
    assert ["POST"] == [each.line.split()[0] for each in server.heard]


def test_a_class_in_the_place_of_one_of_httpx_sees_the_request(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is made of whichever class is there, and not around it."""
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
    with listening(Peer.answer) as server:
        assert "1" == caller.task_id(server.url)
    assert ["POST"] == seen


# What tools do to single clients


class _Around(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport around another one, as OpenTelemetry put it into single clients once."""

    def __init__(self, inner: Any, seen: Seen) -> None:
        """Take what sends."""
        self._inner, self._seen = inner, seen

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._seen.append(request.method)
        answer: httpx.Response = self._inner.handle_request(request)
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._seen.append(request.method)
        answer: httpx.Response = await self._inner.handle_async_request(request)
        return answer

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()


def _replace_the_transport(http: Any, seen: Seen) -> None:
    http._transport = _Around(http._transport, seen)  # noqa: SLF001 - that is what it does


def _wrap_the_transport(http: Any, seen: Seen) -> None:
    def around(wrapped: Any, _: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        seen.append(arguments[0].method)
        return wrapped(*arguments, **named)

    is_async = isinstance(http, httpx.AsyncClient)
    name = "handle_async_request" if is_async else "handle_request"
    wrapt.wrap_function_wrapper(http._transport, name, around)  # noqa: SLF001 - as it is today


def _wrap_its_send(http: Any, seen: Seen) -> None:
    real = http.send

    def send(request: httpx.Request, **named: Any) -> Any:
        seen.append(request.method)
        return real(request, **named)

    http.send = send


@pytest.mark.parametrize("instrument", [_replace_the_transport, _wrap_the_transport, _wrap_its_send])
def test_a_single_client_may_be_instrumented(instrument: Callable[[Any, Seen], None], caller: Caller) -> None:
    """The tool sees the requests of that one."""
    seen: Seen = []
    with listening(Peer.answer) as server:
        assert "1" == caller.task_id(server.url, lambda http: instrument(http, seen))

    assert ["POST"] == seen
    assert ["POST"] == [each.line.split()[0] for each in server.heard]


@pytest.mark.parametrize("more", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("place", ["transport", "mounts"])
def test_a_transport_of_the_caller_s_takes_the_place_of_the_network(
    place: str, more: dict[str, Any], caller: Caller, request: pytest.FixtureRequest
) -> None:
    """For all requests, or for those that a mount is for."""
    tool = Tool(request)
    mock = httpx.MockTransport(tool.answer)
    with listening(Peer.answer) as server:
        settings = {"transport": mock} if place == "transport" else {"mounts": {"all://127.0.0.1": mock}}
        assert "1" == caller.task_id(server.url, **settings, **more)

    assert ["POST"] == tool.seen
    assert 0 == server.connections


# Tools that record and trace


def test_vcrpy_records_what_goes_out_and_plays_it_back(caller: Caller, tmp_path: Any) -> None:
    """The second time the cassette answers."""
    with listening(Peer.answer) as server:
        for played in (0, 1):
            with vcr.use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
                assert "1" == caller.task_id(server.url)
            assert (1, played) == (len(cassette), cassette.play_count)
    assert 1 == len(server.heard)


def test_sentry_sees_the_request_and_its_answer(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `sentry_sdk.init()`."""
    seen: list[tuple[str, int]] = []

    def keep(breadcrumb: Any, _: Any) -> Any:
        seen.append((breadcrumb["data"]["http.method"], breadcrumb["data"]["http.response.status_code"]))
        return breadcrumb

    for owner in (httpx.Client, httpx.AsyncClient):
        monkeypatch.setattr(owner, "send", owner.send)  # so that the end of the test puts it back
    original = httpx.Client.send
    scope = sentry_sdk.get_global_scope()
    try:
        sentry_sdk.init(
            default_integrations=False,
            integrations=[HttpxIntegration()],
            before_breadcrumb=keep,
        )
        if httpx.Client.send is original:  # Sentry puts it there once in a process
            HttpxIntegration.setup_once()
        with listening(Peer.answer) as server:
            assert "1" == caller.task_id(server.url)
    finally:
        scope.set_client(None)

    assert [("POST", 200)] == seen
    assert 1 == len(server.heard)


_SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.httpx import HttpxIntegration

def keep(breadcrumb, _):
    seen.append(breadcrumb["data"]["http.method"])

sentry_sdk.init(default_integrations=False, integrations=[HttpxIntegration()], before_breadcrumb=keep)
"""
_FUNCTION = """
import functools, httpx
real = {place}

@functools.wraps(real)
def function(self, request, **named):
    seen.append("POST")
    return real(self, request, **named)

{place} = function
"""
_CREATE = """
import json, sys
seen = []
{tool}
from kling_elements import KlingElements

with KlingElements("any-token", sys.argv[1]) as kling:
    print(kling.create(json.loads(sys.argv[2])).task_id, *seen)
"""


@pytest.mark.parametrize(
    "tool",
    [
        _SENTRY,
        *(_FUNCTION.format(place=place) for place in ("httpx.Client.send", "httpx.HTTPTransport.handle_request")),
        "import httpcore\n" + _FUNCTION.format(place="httpcore.ConnectionPool.handle_request"),
    ],
    ids=["sentry", "send", "transport", "pool"],
)
def test_a_tool_may_be_at_work_before_the_client_is_imported(tool: str) -> None:
    """As at the top of most programs. What the client finds is not taken for httpx's own."""
    with listening(Peer.answer) as server:
        command = [sys.executable, "-c", _CREATE.format(tool=tool), server.url, json.dumps(BODY)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)

    assert ("1 POST\n", "") == (done.stdout, done.stderr)


def test_a_function_that_is_not_where_its_class_was_written_is_nobody_s_own() -> None:
    """It may have been put there before anybody looked."""

    class Library:
        def __init__(self) -> None:
            """Be made."""

        def own(self) -> None:
            """Be there."""

        foreign = json.dumps

    assert Originals((Library, "own")).are_in_place()
    assert not Originals((Library, "foreign")).are_in_place()
    assert not Originals((Library, "own"), (Library, "foreign")).are_in_place()


def test_where_sockets_are_forbidden_nothing_goes_out(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest-socket forbids them, with an exception of its own."""

    class Forbidden(socket.socket):
        def __new__(cls, *_: Any, **__: Any) -> Any:
            raise RuntimeError("a test tried to use a socket")

    def forbid() -> None:
        monkeypatch.setattr(socket, "socket", Forbidden)

    with listening(Peer.answer) as server:
        (error,) = ways.outcomes(AuthenticatedClient(TOKEN, server.url), forbid, POST, monkeypatch.undo)

    assert isinstance(error, TransportError)
    assert not error.may_have_been_sent
    assert f"ConnectError at {server.url}: a test tried to use a socket" == str(error)
    assert 0 == server.connections
