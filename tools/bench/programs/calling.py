"""Call a mock server at a steady pace with every method of one client. `make soak` watches this program.

Settings: `mode` (`sync` or `async`), `url`, `callback_url`, `image`, `seconds`, `rounds_per_second`. The figure
`rounds` is the number of rounds. A round is six requests: a create with a file, a look-up, a page of the list, a create
that the gateway refuses, a wait and a deletion.
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


def _request(settings: dict[str, Any]) -> dict[str, Any]:
    own = {"callback_url": settings["callback_url"], "external_task_id": str(uuid.uuid4())}
    return {**clients.body(clients.IMAGE_URLS[0], Path(settings["image"])), **own}


def _refused_request(settings: dict[str, Any]) -> dict[str, Any]:
    return {**_request(settings), "element_name": ""}


def waits(settings: dict[str, Any]) -> Iterator[float]:
    """Yield the seconds to wait before each round. A round that is late does not shorten later waits."""
    pause = 1 / settings["rounds_per_second"]
    now = time.monotonic()
    ends, due = now + settings["seconds"], now
    while due < ends:
        yield max(due - time.monotonic(), 0)
        due = max(due + pause, time.monotonic())


def _sync(settings: dict[str, Any]) -> int:
    rounds = 0
    with KlingElements(clients.TOKEN, settings["url"], on_violation="ignore") as kling:
        for wait in waits(settings):
            time.sleep(wait)
            task = kling.create(_request(settings))
            kling.get(task)
            next(iter(kling.list()))
            try:
                kling.create(_refused_request(settings))
            except KlingError as error:
                expect_refusal(error)
            kling.delete(kling.wait(task))
            rounds += 1
    return rounds


async def _async(settings: dict[str, Any]) -> int:
    rounds = 0
    async with AsyncKlingElements(clients.TOKEN, settings["url"], on_violation="ignore") as kling:
        for wait in waits(settings):
            await asyncio.sleep(wait)
            task = await kling.create(_request(settings))
            await kling.get(task)
            await anext(aiter(kling.list()))
            try:
                await kling.create(_refused_request(settings))
            except KlingError as error:
                expect_refusal(error)
            await kling.delete(await kling.wait(task))
            rounds += 1
    return rounds


def expect_refusal(error: KlingError) -> None:
    """Raise the error again unless it is a refusal."""
    if error.outcome != "not_created":
        raise error


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    figures.print_figures(rounds=_sync(settings) if settings["mode"] == "sync" else asyncio.run(_async(settings)))


if __name__ == "__main__":
    main(figures.settings())
