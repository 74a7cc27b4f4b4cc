"""How a program of the benchmark is told what to do, and how it tells what it found."""

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
    """What the program was told, as JSON, in its first argument."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    return told


def tell(**figures: float) -> None:
    """Prints the figures, as the last thing that the program says."""
    print(json.dumps(figures))


def demand(holds: object, why: str) -> None:
    """Ends the program if what it measures does not do what it should."""
    if not holds:
        raise SystemExit(why)


def median_ms(action: Callable[[], object], times: int) -> float:
    """The median duration of an action."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        durations.append(time.perf_counter() - started)
    return statistics.median(durations) * 1e3


class PeakMemory:
    """How much more memory this process holds at most than when this was made, in bytes. Needs Linux's /proc."""

    def __init__(self) -> None:
        (_PROCESSES / "self" / "clear_refs").write_text(_RESET_PEAK)
        self._before = memory_of("self")

    def growth(self) -> int:
        """The growth up to the peak since."""
        return memory_of("self", "VmHWM") - self._before


def memory_of(process: int | str, field: str = "VmRSS") -> int:
    """How many bytes of memory a process holds, none if it has just ended; `VmHWM` is the most that it has held."""
    lines = (_PROCESSES / str(process) / "status").read_text().splitlines()
    return int(next((line for line in lines if line.startswith(f"{field}:")), f"{field}: 0 kB").split()[1]) * 1024
