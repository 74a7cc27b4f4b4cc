"""A function, a class or a client that a tool has patched sees the requests of the client."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import httpcore
import httpx
import pytest
import wrapt  # vcrpy brings it along, as OpenTelemetry and ddtrace do

from contract_tests.support.element_creator import ElementCreator, Seen
from contract_tests.support.peers import RESPONSE, Peer, listening
from kling_elements_runtime.transport.patch_detection import LibraryFunctions

pytestmark = pytest.mark.slow

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
def test_a_replaced_function_handles_the_request(
    place: str, manner: str, creator: ElementCreator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request is sent around it."""
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
    """Tracing tools wrap functions of httpx in this way."""
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
    """The client must use whichever class it finds in httpx."""
    seen: Seen = []

    class PatchedClient(httpx.Client):
        def send(self, request: httpx.Request, **named: Any) -> httpx.Response:
            seen.append(request.method)
            return super().send(request, **named)

    class PatchedAsyncClient(httpx.AsyncClient):
        async def send(self, request: httpx.Request, **named: Any) -> httpx.Response:
            seen.append(request.method)
            return await super().send(request, **named)

    monkeypatch.setattr(httpx, "Client", PatchedClient)
    monkeypatch.setattr(httpx, "AsyncClient", PatchedAsyncClient)
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
    """The tool sees only that client's requests."""
    seen: Seen = []
    with listening(Peer.respond) as server:
        assert "1" == creator.task_id(server.url, lambda http: instrument(http, seen))

    assert ["POST"] == seen
    assert ["POST"] == [request.line.split()[0] for request in server.requests]


def test_a_function_from_another_module_counts_as_patched() -> None:
    """A tool may patch the class before the client is imported."""

    class Library:
        def __init__(self) -> None:
            """Do nothing."""

        def own(self) -> None:
            """Do nothing."""

        foreign = json.dumps

    assert LibraryFunctions((Library, "own")).are_unpatched()
    assert not LibraryFunctions((Library, "foreign")).are_unpatched()
    assert not LibraryFunctions((Library, "own"), (Library, "foreign")).are_unpatched()
