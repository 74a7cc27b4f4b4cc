"""Print how a look-up ended, and by how many bytes the memory of this process grew meanwhile.

Arguments: `sync` or `async`, and the URL of a server. The server must answer two look-ups.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client.errors import KlingError


def _peak_bytes() -> int:
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    return int(kilobytes) * 1024


def _reset_peak() -> None:
    """Reset the recorded peak to the memory that is in use now."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


async def _look_up(kling: KlingElements | AsyncKlingElements, task_id: str) -> str:
    """Look up a task without retries, and return the kind of outcome. Retries after a 502 would take a minute."""
    try:
        if isinstance(kling, AsyncKlingElements):
            await kling.get(task_id, max_wait_seconds=0)
        else:
            kling.get(task_id, max_wait_seconds=0)
    except KlingError as error:
        return type(error).__name__
    return "a response"


async def _measure(style: str, url: str) -> tuple[str, int]:
    """Return the kind of outcome, and the growth of memory in bytes."""
    kling = AsyncKlingElements("any-token", url) if style == "async" else KlingElements("any-token", url)
    await _look_up(kling, "warm")
    _reset_peak()
    before = _peak_bytes()
    outcome = await _look_up(kling, "measured")
    growth = _peak_bytes() - before
    if isinstance(kling, AsyncKlingElements):
        await kling.aclose()
    else:
        kling.close()
    return outcome, growth


print(json.dumps(asyncio.run(_measure(*sys.argv[1:]))))  # noqa: T201 - the test reads it
