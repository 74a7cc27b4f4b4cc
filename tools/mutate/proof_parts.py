"""The parts of the proof, and their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class PartResult:
    """The result of a part of the proof.

    Attributes:
        summary: The result, in one line.
        problems: The gaps in the proof, one line each. Without any, the part holds.
    """

    summary: str
    problems: tuple[str, ...] = ()


Part = Callable[[], PartResult]


def run_parts(parts: Mapping[str, Part]) -> int:
    """Run the parts in order, print each one's problems and summary, and return the exit code."""
    failed = False
    for name, part in parts.items():
        start = perf_counter()
        outcome = part()
        failed = failed or bool(outcome.problems)
        print(*outcome.problems, sep="\n", end="\n" if outcome.problems else "")
        verdict = "FAILED" if outcome.problems else "holds"
        print(f"{name}: {verdict}; {outcome.summary}, in {perf_counter() - start:.1f} s", flush=True)
    return int(failed)
