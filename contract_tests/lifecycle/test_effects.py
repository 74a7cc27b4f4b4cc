"""Blocking effects never suspend, effects on an event loop may, and both log safe text."""

from __future__ import annotations

import asyncio
import logging

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import (
    Client,
    ScriptedClient,
    finished_task,
    task,
)
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client.models import Task
from kling_elements_runtime.blocking import finish


def test_a_coroutine_that_suspends_needs_an_event_loop() -> None:
    """The error is a RuntimeError, because only a mistake in this package causes it."""
    with pytest.raises(RuntimeError, match="suspended without an event loop"):
        finish(asyncio.sleep(0))


def test_control_characters_in_a_log_are_escaped(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Such characters are escaped in both ids of a task."""
    caplog.set_level(logging.INFO, "kling_elements")
    ScriptedClient(client_class, task("7\x1b[2J")).create({**BODY, "external_task_id": "e\n1"})

    assert r"external_task_id e\n1: created task 7\x1b[2J" in caplog.text


def test_an_async_function_is_awaited() -> None:
    """The next look-up starts after the function has returned."""
    order: list[str] = []
    client = ScriptedClient(AsyncKlingElements, task(), finished_task())

    async def note(task: Task) -> None:
        await asyncio.sleep(0)
        order.append(f"{task.task_status} after {len(client.gateway.requests)}")

    assert 9 == client.wait("7", on_update=note).element_id
    assert ["submitted after 1", "succeed after 2"] == order


def test_an_async_function_needs_the_async_client() -> None:
    async def note(_: Task) -> None: ...

    client = ScriptedClient(KlingElements, task())
    with pytest.raises(
        TypeError, match=r"^on_update is an async function: pass a plain one, or use AsyncKlingElements$"
    ):
        client.wait("7", on_update=note)
    assert "look" == client.gateway.calls()
