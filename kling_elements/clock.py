"""Time as the clients see it. Tests hand in one of their own, so that nothing has to wait."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """The time and chance of this machine."""

    def monotonic(self) -> float:
        """Seconds from some fixed moment, never going back."""
        return time.monotonic()

    def now(self) -> datetime:
        """The date and time, with its zone."""
        return datetime.now(UTC)

    def chance(self) -> float:
        """A number between 0 and 1, another each time."""
        return random.random()  # noqa: S311 - it spreads attempts, and guards nothing

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Waits, and lets the event loop go on."""
        await asyncio.sleep(seconds)


__all__ = ["Clock"]
