"""Time as the clients see it. Tests hand in one of their own, so that nothing has to wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection
from concurrent import futures
from datetime import UTC, datetime
from typing import Any


class Clock:
    """The time and chance of this machine."""

    def monotonic(self) -> float:
        """Return the seconds from some fixed moment, never going back."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the date and time, with its zone."""
        return datetime.now(UTC)

    def chance(self) -> float:
        """Return a number between 0 and 1, another each time."""
        return random.random()  # noqa: S311 - it spreads attempts, and guards nothing

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, and let the event loop go on."""
        await asyncio.sleep(seconds)

    def wait(self, jobs: Collection[futures.Future[Any]], seconds: float | None) -> None:
        """Wait until one of several jobs is done, but no longer than some seconds; None for as long as it takes."""
        futures.wait(jobs, seconds, futures.FIRST_COMPLETED)

    async def wait_async(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:
        """Wait as `wait` does, and let the event loop go on."""
        await asyncio.wait(jobs, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


__all__ = ["Clock"]
