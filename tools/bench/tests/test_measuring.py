"""Sides are measured in turns, and a target is met at its limit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from tools.bench.experiments import OURS, STOCK, BenchInputs, Experiment
from tools.bench.measuring import Line, line_of, measure
from tools.bench.processes import (
    BenchError,
)
from tools.bench.tests.lines import OWN_ROW, RATE_ROW, WALL_ROW, line_with


def test_processes_run_in_turns_and_the_first_of_each_does_not_count(inputs: BenchInputs) -> None:
    """Disturbances then affect all sides, and one-time work affects none."""
    ran: list[str] = []

    def side(name: str) -> Callable[[], dict[str, float]]:
        def run() -> dict[str, float]:
            ran.append(name)
            return {"wall_ms": float(len(ran))}

        return run

    sides = {STOCK: side("stock"), OURS: side("ours")}
    line = line_of(WALL_ROW, measure(Experiment("some", lambda _: nullcontext(sides), repeats=2), inputs, 1))

    assert ["stock", "ours"] * 3 == ran
    assert {STOCK: [3.0, 5.0], OURS: [4.0, 6.0]} == line.values
    assert (5.0, 4.0) == (line.ours, line.peer)


def test_a_side_that_fails_is_skipped_and_reported(inputs: BenchInputs) -> None:
    """The side is skipped even after a success, and the others continue."""
    remaining = iter([1.0])

    def succeed_once() -> dict[str, float]:
        for figure in remaining:
            return {"wall_ms": figure}
        raise BenchError("it broke")

    sides = {STOCK: succeed_once, OURS: lambda: {"wall_ms": 2.0}}
    line = line_of(WALL_ROW, measure(Experiment("some", lambda _: nullcontext(sides)), inputs, 3))

    assert (2.0, None, None, None) == (line.ours, line.peer, line.ratio, line.is_met)
    assert {STOCK: "it broke"} == line.reasons
    assert {OURS: [2.0, 2.0, 2.0]} == line.values


@pytest.mark.parametrize(
    ("is_met", "line"),
    [
        (True, line_with(WALL_ROW, 50.0, 100.0)),
        (False, line_with(WALL_ROW, 50.1, 100.0)),
        (None, line_with(WALL_ROW, 1.0, None)),
        (None, line_with(WALL_ROW, None, 1.0)),
        (True, line_with(OWN_ROW, 15.0, None)),
        (False, line_with(OWN_ROW, 15.1, 900.0)),
        (True, line_with(RATE_ROW, 500.0, 100.0)),
        (False, line_with(RATE_ROW, 499.0, 100.0)),
    ],
)
def test_a_target_is_met_at_its_limit(is_met: bool | None, line: Line) -> None:  # noqa: FBT001 - a table's column
    """A ratio needs a peer, and a value doesn't."""
    assert is_met is line.is_met
