"""A call ends after its `max_wait_seconds`, and leaves nothing behind that blocks an event loop.

The limits are far apart (the tests ask for 0.5 s and allow 30 s), because the machine may be busy.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from itertools import repeat
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from contract_tests.reading.images import Picture
from contract_tests.support.peers import Listener, Peer, listening
from contract_tests.support.range_server import hanging_response, range_server
from contract_tests.support.range_server import head as _head
from contract_tests.support.running import TOKEN, run_async, tls
from contract_tests.support.scripted import NAMED, Client, ScriptedClient, task
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.errors import CreateAllError, WaitAllError, WaitTimeoutError
from kling_elements_client.errors import KlingError, MediaError, RequestTimeoutError
from kling_elements_runtime.deadline import seconds_left, within

pytestmark = pytest.mark.slow
_SOON, _FAR = 0.5, 30.0  # seconds


_DRIPS = {  # how a response begins, and what it repeats without end
    "header": (b"HTTP/1.1 200 OK\r\nx: ", b"x"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "1xx": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"),
}


def _dripping_gateway(start: bytes, piece: bytes) -> AbstractContextManager[Listener]:
    """Start a gateway whose responses never end, although each piece arrives before any timeout."""

    def behave(peer: Peer) -> None:
        peer.send(start)
        peer.drip(repeat(piece))

    return listening(behave)


_Call: TypeAlias = tuple[str, list[Any], dict[str, Any]]
_CALLS: list[_Call] = [
    ("create", [NAMED], {}),
    ("get_or_create", [NAMED], {}),
    ("create_all", [[NAMED] * 3], {}),
    ("get", ["7"], {}),
    ("wait", ["7"], {}),
    ("wait_all", [["7", "8"]], {}),
    ("delete", ["7"], {}),
    ("list", [], {}),
    ("presets", [], {}),
]
_KINDS = {"create_all": CreateAllError, "wait": WaitTimeoutError, "wait_all": WaitAllError}
_WITHOUT_OUTCOME = ("get", "delete", "list", "presets")


def _ends_of(client_class: Client, url: str, calls: list[_Call]) -> list[tuple[KlingError, float]]:
    """Make all calls at once, and return the error of each with the seconds that it took."""
    settings: Any = {"http_client": {"verify": tls()}, "allow_private": True}

    async def end_of(kling: AsyncKlingElements, call: _Call) -> tuple[KlingError, float]:
        name, arguments, options = call
        began = time.monotonic()
        response = getattr(kling, name)(*arguments, max_wait_seconds=_SOON, **options)
        with pytest.raises(KlingError) as caught:
            await (anext(response) if isinstance(response, AsyncIterator) else response)
        return caught.value, time.monotonic() - began

    async def ends() -> list[tuple[KlingError, float]]:
        async with AsyncKlingElements(TOKEN, url, **settings) as kling:
            return await asyncio.gather(*(end_of(kling, call) for call in calls))

    if client_class is AsyncKlingElements:
        return run_async(ends())
    with KlingElements(TOKEN, url, **settings) as kling, ThreadPoolExecutor(len(calls)) as threads:

        def end(call: _Call) -> tuple[KlingError, float]:
            name, arguments, options = call
            began = time.monotonic()
            with pytest.raises(KlingError) as caught:
                next(getattr(kling, name)(*arguments, max_wait_seconds=_SOON, **options))
            return caught.value, time.monotonic() - began

        return list(threads.map(end, calls))


@pytest.mark.parametrize("drip", _DRIPS)
def test_no_call_outlasts_its_limit(client_class: Client, drip: str) -> None:
    """The limit ends each call, although the dripping server stays within every timeout."""
    with _dripping_gateway(*_DRIPS[drip]) as server:
        ends = _ends_of(client_class, server.url, _CALLS)

    for (name, _, _), (error, took) in zip(_CALLS, ends, strict=True):
        assert (name, _KINDS.get(name, RequestTimeoutError)) == (name, type(error))
        assert (name, name in _WITHOUT_OUTCOME) == (name, error.outcome is None)
        assert _SOON <= took < _FAR


def test_reading_media_at_urls_counts_towards_the_limit(client_class: Client) -> None:
    """All URLs share the limit. When it is over, the error is about the media, and nothing was sent."""
    with _dripping_gateway(*_DRIPS["header"]) as server:
        images = {"frontal_image": f"{server.url}/a.png", "refer_images": [{"image_url": f"{server.url}/b.png"}] * 3}
        request = {**NAMED, "element_image_list": images}
        ((error, took),) = _ends_of(client_class, server.url, [("create", [request], {"preflight": "remote"})])

    assert isinstance(error, MediaError)
    assert took < _FAR


def test_without_a_limit_an_attempt_may_take_all_its_timeouts(client_class: Client) -> None:
    """The policy only limits when attempts begin, so that slow uploads can finish."""
    remaining: list[float | None] = []

    def respond(_: httpx.Request) -> httpx.Response:
        remaining.append(seconds_left())
        return task().response()

    for limit in (None, 0, 5):
        ScriptedClient(client_class, respond).create(NAMED, max_wait_seconds=limit)

    longest = 10 + 300 + 600 + 60  # seconds: the timeouts together
    assert remaining[0] is not None
    assert remaining[1] is not None
    assert remaining[2] is not None
    assert _FAR < remaining[0] <= longest
    assert _FAR < remaining[1] <= longest
    assert remaining[2] <= 5


@pytest.mark.parametrize("start", [b"", _head(200, content_length=9)], ids=["no response", "a body"])
def test_a_cancelled_media_check_leaves_no_thread_and_no_connection(start: bytes) -> None:
    """The threads end soon after `asyncio.run`, although reading may take 30 s."""
    before = set(threading.enumerate())
    with range_server(respond=hanging_response(start)) as served:
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
        for thread in set(threading.enumerate()) - before:
            if thread.name == "kling-elements":
                thread.join(20)
                assert not thread.is_alive()
        assert 1 == served.connections


def test_a_cancelled_create_closes_the_file_that_it_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file and the connection are closed within a few steps of the event loop."""
    path = tmp_path / "front.png"
    path.write_bytes(Picture(format="png").build() + bytes(8_000_000))  # more than the buffers of the system hold
    arrived, closed = threading.Event(), threading.Event()

    def behave(peer: Peer) -> None:
        peer.head()
        arrived.set()
        go_on.wait(60)
        with suppress(OSError):
            peer.until_closed()
        closed.set()

    def watched(self: Path, mode: str) -> Any:
        files.append(opened(self, mode))
        return files[-1]

    opened, files = Path.open, list[Any]()
    monkeypatch.setattr(Path, "open", watched)
    images = {"frontal_image": path, "refer_images": [{"image_url": "https://example.com/b.png"}]}

    async def cancelled(url: str) -> None:
        async with AsyncKlingElements(TOKEN, url) as kling:
            creating = asyncio.ensure_future(kling.create({**NAMED, "element_image_list": images}, preflight="off"))
            await asyncio.to_thread(arrived.wait, 60)
            assert 1 == sum(not file.closed for file in files)
            creating.cancel()
            await asyncio.gather(creating, return_exceptions=True)
            for _ in range(10):  # steps of the loop
                await asyncio.sleep(0)
            go_on.set()
            assert all(file.closed for file in files)
            assert await asyncio.to_thread(closed.wait, 60)

    go_on = threading.Event()
    with listening(behave) as server:
        run_async(cancelled(server.url))


def test_a_deadline_can_end_in_another_context() -> None:
    """The garbage collector closes a coroutine outside any block if its loop has ended."""

    async def waits() -> None:
        with within(5):
            await asyncio.get_running_loop().create_future()

    left_over = waits()

    async def begin() -> None:
        left_over.send(None)

    asyncio.run(begin())
    left_over.close()
    gc.collect()

    assert None is seconds_left()
