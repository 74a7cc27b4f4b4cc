"""A call is over when its `max_wait_seconds` are, whatever the gateway does, and nothing is left that holds a loop up.

The limits are far apart (a second or less is asked for, and half a minute allowed), as machines may be busy.
"""

from __future__ import annotations

import asyncio
import gc
import socketserver
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from contract_tests.conftest import run_async, tls
from contract_tests.range_server import hangs, range_server
from contract_tests.scripted import NAMED, TOKEN, Client, Scripted, both, task
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.errors import CreateAllError, WaitTimeoutError
from kling_elements_client.errors import KlingError, MediaError, TransportError
from kling_elements_runtime.deadline import seconds_left, within

_SOON, _FAR = 0.5, 30.0  # seconds


@contextmanager
def _answering(answer: Callable[[Any], None]) -> Iterator[str]:
    """Serve on this machine, and return where."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer(self)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _dripping(handler: Any) -> None:
    """Send one byte of a header after the other, far faster than any time-out."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.02)
    except OSError:
        pass


@pytest.fixture(scope="module")
def dripping() -> Iterator[str]:
    """A gateway whose answers never end."""
    with _answering(_dripping) as url:
        yield url


def _call(client: Client, url: str, name: str, *arguments: Any, **options: Any) -> tuple[KlingError, float]:
    """Return the error of a call, and how long it took."""
    settings: Any = {"httpx_args": {"verify": tls()}, "allow_private": True}

    async def call_async() -> None:
        async with AsyncKlingElements(TOKEN, url, **settings) as kling:
            answer = getattr(kling, name)(*arguments, max_wait_seconds=_SOON, **options)
            await (anext(answer) if isinstance(answer, AsyncIterator) else answer)

    def call() -> None:
        if client is AsyncKlingElements:
            run_async(call_async())
        else:
            with KlingElements(TOKEN, url, **settings) as kling:
                next(getattr(kling, name)(*arguments, max_wait_seconds=_SOON, **options))

    began = time.monotonic()
    with pytest.raises(KlingError) as caught:
        call()
    return caught.value, time.monotonic() - began


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        (TransportError, "create", [NAMED]),
        (TransportError, "create_or_adopt", [NAMED]),
        (CreateAllError, "create_all", [[NAMED] * 3]),
        (TransportError, "get", ["7"]),
        (WaitTimeoutError, "wait", ["7"]),
        (TransportError, "delete", ["7"]),
        (TransportError, "list", []),
        (TransportError, "presets", []),
    ],
)
@both
def test_no_call_outlasts_its_limit(
    client: Client, kind: type[KlingError], name: str, arguments: list[Any], dripping: str
) -> None:
    """A server that drips keeps to every time-out, but not to the limit."""
    error, took = _call(client, dripping, name, *arguments)

    assert kind is type(error)
    assert _SOON <= took < _FAR
    assert (error.outcome is None) == (name in ("get", "delete", "list", "presets"))


@both
def test_looks_at_addresses_are_within_the_limit(client: Client, dripping: str) -> None:
    """All of them together; what was not read is told as that, and nothing was sent."""
    images = {"frontal_image": f"{dripping}/a.png", "refer_images": [{"image_url": f"{dripping}/b.png"}] * 3}
    error, took = _call(client, dripping, "create", {**NAMED, "element_image_list": images}, preflight="remote")

    assert isinstance(error, MediaError)
    assert took < _FAR


@both
def test_without_a_limit_of_the_call_an_attempt_takes_its_time(client: Client) -> None:
    """As an upload over a slow line does; the policy's limit says when attempts begin. With 0 there is one, as long."""
    left: list[float | None] = []

    def answer(_: httpx.Request) -> httpx.Response:
        left.append(seconds_left())
        return task().response()

    for limit in (None, 0, 5):
        Scripted(client, answer).create(NAMED, max_wait_seconds=limit)

    longest = 10 + 300 + 600 + 60  # seconds: the time-outs together
    assert left[0] is not None
    assert left[1] is not None
    assert left[2] is not None
    assert _FAR < left[0] <= longest
    assert _FAR < left[1] <= longest
    assert left[2] <= 5


def test_a_cancelled_look_holds_no_event_loop_up() -> None:
    """Its thread is none that `asyncio.run` waits for."""
    with range_server(answer=hangs()) as served:
        images = {"frontal_image": served.url, "refer_images": [{"image_url": served.url}]}

        async def cancelled() -> None:
            async with AsyncKlingElements(TOKEN, allow_private=True) as kling:
                creating = asyncio.ensure_future(
                    kling.create({**NAMED, "element_image_list": images}, preflight="remote")
                )
                while not served.connections:  # noqa: ASYNC110 - another thread counts them
                    await asyncio.sleep(0.01)
                creating.cancel()
                await asyncio.gather(creating, return_exceptions=True)

        began = time.monotonic()
        run_async(cancelled())

        assert time.monotonic() - began < 20


def test_a_deadline_may_be_left_in_another_context() -> None:
    """As a coroutine is that its loop's end left over: what closes it is in no block."""

    async def waits() -> None:
        with within(5):
            await asyncio.get_running_loop().create_future()

    left_over = waits()

    async def begin() -> None:
        left_over.send(None)

    asyncio.run(begin())
    left_over.close()
    gc.collect()

    assert seconds_left() is None


def test_a_deadline_within_another_is_never_later() -> None:
    """And it ends with its block."""
    with within(100):
        outer = seconds_left()
        with within(1000):
            inner = seconds_left()
        with within(1):
            shorter = seconds_left()
        with within(None):
            same = seconds_left()

    assert seconds_left() is None
    assert outer is not None
    assert inner is not None
    assert shorter is not None
    assert same is not None
    assert inner <= outer <= 100
    assert shorter <= 1 < same <= 100
