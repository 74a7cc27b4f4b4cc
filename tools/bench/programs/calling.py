"""Calls a mock server at a steady pace, with one client, in every way: what `make soak` watches.

Settings: `mode` (`sync` or `async`), `url`, `callback_url`, `image`, `seconds`, `rounds_per_second`. It tells how many
`rounds` it made; a round is six requests: a create with a file, a look-up, a page of the list, a create that the
gateway refuses, a wait and a deletion.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client.errors import KlingError
from tools.bench.programs import clients, figures


def _request(told: dict[str, Any]) -> dict[str, Any]:
    own = {"callback_url": told["callback_url"], "external_task_id": str(uuid.uuid4())}
    return {**clients.body(clients.ADDRESSES[0], Path(told["image"])), **own}


def _refused(told: dict[str, Any]) -> dict[str, Any]:
    return {**_request(told), "element_name": ""}


def waits(told: dict[str, Any]) -> Iterator[float]:
    """The seconds to wait before each round. What is late is not made up for."""
    pause = 1 / told["rounds_per_second"]
    now = time.monotonic()
    ends, due = now + told["seconds"], now
    while due < ends:
        yield max(due - time.monotonic(), 0)
        due = max(due + pause, time.monotonic())


def _sync(told: dict[str, Any]) -> int:
    rounds = 0
    with KlingElements(clients.TOKEN, told["url"], on_violation="ignore") as kling:
        for wait in waits(told):
            time.sleep(wait)
            task = kling.create(_request(told))
            kling.get(task)
            next(iter(kling.list()))
            try:
                kling.create(_refused(told))
            except KlingError as error:
                expect_refusal(error)
            kling.delete(kling.wait(task))
            rounds += 1
    return rounds


async def _async(told: dict[str, Any]) -> int:
    rounds = 0
    async with AsyncKlingElements(clients.TOKEN, told["url"], on_violation="ignore") as kling:
        for wait in waits(told):
            await asyncio.sleep(wait)
            task = await kling.create(_request(told))
            await kling.get(task)
            await anext(aiter(kling.list()))
            try:
                await kling.create(_refused(told))
            except KlingError as error:
                expect_refusal(error)
            await kling.delete(await kling.wait(task))
            rounds += 1
    return rounds


def expect_refusal(error: KlingError) -> None:
    """Raises what is no refusal again."""
    if error.outcome != "not_created":
        raise error


def main(told: dict[str, Any]) -> None:
    """Runs the program."""
    figures.tell(rounds=_sync(told) if told["mode"] == "sync" else asyncio.run(_async(told)))


if __name__ == "__main__":
    main(figures.settings())
