"""The clock that clients use. Pass your own in tests, so that they don't have to wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection
from concurrent import futures
from datetime import UTC, datetime
from typing import Any


class Clock:
    """The time and random numbers of this machine."""

    def monotonic(self) -> float:
        """Return the seconds since a fixed moment. They never decrease."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the current date and time, with a time zone."""
        return datetime.now(UTC)

    def chance(self) -> float:
        """Return a random number from 0 to 1."""
        return random.random()  # noqa: S311 - not for secrets: it spreads retries

    def sleep(self, seconds: float) -> None:
        """Block the thread for some seconds."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait for some seconds without blocking the event loop."""
        await asyncio.sleep(seconds)

    def wait(self, jobs: Collection[futures.Future[Any]], seconds: float | None) -> None:
        """Block the thread until one of several jobs is done, or until some seconds have passed.

        None sets no time limit.
        """
        futures.wait(jobs, seconds, futures.FIRST_COMPLETED)

    async def wait_async(self, jobs: Collection[asyncio.Task[Any]], seconds: float | None) -> None:
        """Wait as `wait` does, without blocking the event loop."""
        await asyncio.wait(jobs, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


__all__ = ["Clock"]
