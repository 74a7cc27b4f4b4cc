"""The clock of the clients reads the time of this machine."""

from __future__ import annotations

import asyncio
import inspect
from datetime import UTC, datetime, timedelta

from kling_elements.clock import Clock


def test_the_clock_uses_system_time() -> None:
    """The time never decreases and has a time zone. Random numbers are between 0 and 1."""
    clock = Clock()
    began = clock.monotonic()

    clock.sleep(0)
    asyncio.run(clock.sleep_async(0))

    assert began <= clock.monotonic()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(hours=1)
    chances = {clock.chance() for _ in range(100)}
    assert len(chances) > 90
    assert all(0 <= chance < 1 for chance in chances)
    assert inspect.iscoroutinefunction(clock.sleep_async)
