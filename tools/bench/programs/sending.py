"""Measure the time and the memory of one create with large files, from the files to the response.

Settings: `client`, `url`, `ca` (or null), `files`, `body_bytes`, `mode` (`sync` or `async`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tools.bench.programs import clients, figures

_TICK_SECONDS = 0.001


class _Blocking:
    """Measures the longest time for which the event loop was blocked."""

    max_interval_seconds = 0.0
    _is_watched = True

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the event loop during the block."""
        watching = asyncio.create_task(self._watch())
        await asyncio.sleep(2 * _TICK_SECONDS)
        self.max_interval_seconds = 0.0
        yield
        await asyncio.sleep(2 * _TICK_SECONDS)  # so that the last piece of work also counts
        self._is_watched = False
        await watching

    async def _watch(self) -> None:
        while self._is_watched:
            before = time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)
            delay = time.perf_counter() - before - _TICK_SECONDS
            self.max_interval_seconds = max(self.max_interval_seconds, delay)


def _sync(client: clients.MeasuredClient, files: list[Path], body_bytes: int) -> dict[str, float]:
    client.create(client.request(clients.IMAGE_URLS))  # opens the connection and loads what is loaded on first use
    memory = figures.PeakMemory()
    started = time.perf_counter()
    client.create(client.request(files))
    wall = time.perf_counter() - started
    return {"wall_ms": wall * 1e3, "peak": memory.growth() / body_bytes}


async def _async(client: clients.Ours, files: list[Path], body_bytes: int) -> dict[str, float]:
    await client.create_async(client.request(clients.IMAGE_URLS))
    blocking = _Blocking()
    memory = figures.PeakMemory()
    async with blocking.watched():
        started = time.perf_counter()
        await client.create_async(client.request(files))
        wall = time.perf_counter() - started
    peak = memory.growth() / body_bytes
    return {"wall_ms": wall * 1e3, "peak": peak, "blocked_ms": blocking.max_interval_seconds * 1e3}


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    files = [Path(file) for file in settings["files"]]
    if settings["mode"] == "sync":
        client = clients.make(settings["client"])
        client.connect(settings["url"], settings["ca"])
        figures.print_figures(**_sync(client, files, settings["body_bytes"]))
    else:
        generated = clients.make_generated(settings["client"])
        generated.connect(settings["url"], settings["ca"])
        figures.print_figures(**asyncio.run(_async(generated, files, settings["body_bytes"])))


if __name__ == "__main__":
    main(figures.settings())
