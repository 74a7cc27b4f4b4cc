"""Faults that take time or cut the connection, as ASGI carries them out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from contract_tests.support.mock_caller import Caller
from contract_tests.support.mock_requests import SAMPLE, scope
from kling_elements.mock import create_app
from kling_elements.mock.asgi import ConnectionCutError


def test_a_cut_connection_is_an_error_in_process(live_caller: Caller) -> None:
    """Callers see the same error class from httpx as over a socket."""
    live_caller.queue("drop-before", "drop-after")
    for created in (0, 1):
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            asyncio.run(live_caller.post_async(external_task_id="e"))
        assert ConnectionCutError is type(caught.value)
        assert created == len(live_caller.every_task())


def test_a_delay_passes_before_the_response(live_caller: Caller) -> None:
    """The task exists before that."""
    live_caller.queue("delay:0.1")

    async def run() -> tuple[int, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        post = asyncio.create_task(live_caller.post_async(external_task_id="e"))
        while not live_caller.every_task():
            assert not post.done()
            await asyncio.sleep(0)
        return (await post).status_code, loop.time() - begun

    status, seconds = asyncio.run(run())
    assert 200 == status
    assert seconds >= 0.1


def test_a_dripping_response_arrives_byte_by_byte(live_caller: Caller) -> None:
    """The response is complete in the end."""
    live_caller.queue("drip:0.2")
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": SAMPLE}

    async def send(message: Any) -> None:
        sent.append((asyncio.get_running_loop().time(), message))

    asyncio.run(live_caller.app(scope(), receive, send))
    bodies = [message["body"] for _, message in sent[1:]]

    assert {1} == {len(body) for body in bodies[:-1]}
    assert b"" == bodies[-1]
    assert 0 == json.loads(b"".join(bodies))["code"]
    assert 0.2 <= sent[-1][0] - sent[0][0]


def test_a_late_creation_happens_although_the_caller_has_left(live_caller: Caller) -> None:
    """The caller hangs up during the delay."""
    live_caller.queue("late:0.01")

    async def run() -> None:
        post = asyncio.create_task(live_caller.post_async(external_task_id="e"))
        await asyncio.sleep(0)  # lets it reach the delay
        assert [] == live_caller.every_task()
        post.cancel()
        await asyncio.wait([post])
        assert post.cancelled()
        async with asyncio.timeout(60):  # only a failure takes this long
            while not live_caller.every_task():  # noqa: ASYNC110 - no event announces the task
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_late_creation_is_answered_to_a_caller_who_waits(live_caller: Caller) -> None:
    """The response contains the created task."""
    live_caller.queue("late:0.05")
    response = asyncio.run(live_caller.post_async(external_task_id="e")).json()

    assert live_caller.every_task()[0]["task_id"] == response["data"]["task_id"]


def test_a_late_creation_ends_with_the_server() -> None:
    """A creation that is still delayed is cancelled at shutdown."""
    app = create_app(manual_clock=True)
    Caller(app).queue("late:60")

    async def run() -> bool:
        messages: asyncio.Queue[Any] = asyncio.Queue()
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        life = asyncio.create_task(app({"type": "lifespan"}, messages.get, send))
        post = asyncio.create_task(Caller(app).post_async(external_task_id="e"))
        await messages.put({"type": "lifespan.startup"})
        while Caller(app).ask("GET", "/_mock/faults"):  # noqa: ASYNC110 - until the creation has taken its fault
            await asyncio.sleep(0)
        await messages.put({"type": "lifespan.shutdown"})
        await life
        assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == [message["type"] for message in sent]
        await asyncio.wait([post])
        return post.cancelled()

    assert asyncio.run(run())
