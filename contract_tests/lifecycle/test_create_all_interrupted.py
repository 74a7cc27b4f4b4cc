"""If `create_all` is interrupted, it reports the ids of all creates that were sent, and sends nothing more."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest

from contract_tests.support.running import TOKEN, URL
from contract_tests.support.scripted import request_with_id, task
from kling_elements import AsyncKlingElements, KlingElements


def test_ctrl_c_reports_the_ids_of_creates_in_flight(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """`create_all` doesn't wait for its threads, because they send nothing more."""
    arrived, go_on = threading.Event(), threading.Event()
    sent: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content)["external_task_id"])
        arrived.set()
        go_on.wait()
        return task().response()

    def interrupted(*_: Any) -> None:
        arrived.wait()
        raise KeyboardInterrupt

    kling = KlingElements(TOKEN, URL, http_client={"transport": httpx.MockTransport(respond)})
    monkeypatch.setattr("kling_elements.clock.Clock.wait", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        kling.create_all([request_with_id(f"e-{number}") for number in range(3)], max_concurrent=1)
    go_on.set()

    assert ["e-0"] == sent == caught.value.external_task_ids  # type: ignore[attr-defined]
    assert "external_task_id e-0: the element may exist" in caplog.text


def test_a_cancellation_ends_the_creates_in_flight(caplog: pytest.LogCaptureFixture) -> None:
    """The exception lists each id, and no create continues."""
    arrived = list[str]()

    async def never(request: httpx.Request) -> httpx.Response:
        arrived.append(json.loads(request.content)["external_task_id"])
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def cancelled() -> tuple[list[str], int]:
        async with AsyncKlingElements(TOKEN, URL, http_client={"transport": httpx.MockTransport(never)}) as kling:
            creating = asyncio.ensure_future(
                kling.create_all([request_with_id(f"e-{number}") for number in range(9)], max_concurrent=3)
            )
            while len(arrived) < 3:  # noqa: ASYNC110 - this way the test shares nothing else with the transport
                await asyncio.sleep(0)
            creating.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await creating
            ids: list[str] = vars(caught.value)["external_task_ids"]
            return ids, len(asyncio.all_tasks())

    assert (["e-0", "e-1", "e-2"], 1) == asyncio.run(cancelled())
    assert 3 == caplog.text.count("the element may exist; CancelledError interrupted the create")


def test_creates_that_outlive_their_event_loop_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody cancels the creates: the garbage collector closes the coroutine that waits for them."""

    async def never(_: httpx.Request) -> httpx.Response:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    kling = AsyncKlingElements(TOKEN, URL, http_client={"transport": httpx.MockTransport(never)})
    creating = kling.create_all([request_with_id(f"e-{number}") for number in range(2)], max_concurrent=2)

    async def begin() -> None:
        creating.send(None)
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(begin())
    creating.close()

    assert 2 == caplog.text.count("the element may exist; GeneratorExit interrupted the create")
