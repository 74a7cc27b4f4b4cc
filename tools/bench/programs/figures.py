"""Read the settings of a program, and measure and print its figures."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PROCESSES = Path("/proc")
_RESET_PEAK = "5"


def settings() -> dict[str, Any]:
    """Return the program's settings, which are JSON in its first argument."""
    parsed: dict[str, Any] = json.loads(sys.argv[1])
    return parsed


def print_figures(**figures: float) -> None:
    """Print the figures as the last line of the program's output."""
    print(json.dumps(figures))


def require(holds: object, why: str) -> None:
    """End the program unless a condition holds, because a failure's duration must not become a figure."""
    if not holds:
        raise SystemExit(why)


def median_ms(action: Callable[[], object], times: int) -> float:
    """Return the median duration of an action in milliseconds."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        durations.append(time.perf_counter() - started)
    return statistics.median(durations) * 1e3


class PeakMemory:
    """Measures by how many bytes this process's memory grows from now on. Needs Linux's /proc."""

    def __init__(self) -> None:
        (_PROCESSES / "self" / "clear_refs").write_text(_RESET_PEAK)
        self._before = memory_of("self")

    def growth(self) -> int:
        """Return the peak growth of the memory in bytes since this object was created."""
        return memory_of("self", "VmHWM") - self._before


def memory_of(process: int | str, field: str = "VmRSS") -> int:
    """Return a process's memory in bytes, or 0 if it has just ended. `VmHWM` is its highest use."""
    lines = (_PROCESSES / str(process) / "status").read_text().splitlines()
    return int(next((line for line in lines if line.startswith(f"{field}:")), f"{field}: 0 kB").split()[1]) * 1024
