"""Run experiments, and turn their figures into lines of the table."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.bench.experiments import OPENAPI_GENERATOR, OURS, BenchInputs, Experiment
from tools.bench.processes import BenchError
from tools.bench.rows import BenchRow


@dataclass
class Measurements:
    """The results of an experiment.

    Attributes:
        values: The value of each process, by side and figure.
        reasons: Why a side could not be measured, by side.
    """

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A row with its figures.

    Attributes:
        row: The row.
        values: The value of each process, by side.
        reasons: Why a side could not be measured, by side.
    """

    row: BenchRow
    values: Mapping[str, list[float]]
    reasons: Mapping[str, str]

    def median(self, side: str) -> float | None:
        """Return the median over a side's processes, or None if the side has no figure."""
        values = self.values.get(side)
        return statistics.median(values) if values else None

    @property
    def ours(self) -> float | None:
        """Our own side's figure."""
        return self.median(OURS)

    @property
    def peer(self) -> float | None:
        """The peer's figure."""
        return self.median(self.row.peer)

    @property
    def ratio(self) -> float | None:
        """Our figure divided by the peer's."""
        return None if self.ours is None or not self.peer else self.ours / self.peer

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met, or None if that is unknown."""
        return None if self.ours is None else self.row.is_met(self.ours, self.ratio)


def measure(experiment: Experiment, inputs: BenchInputs, processes: int) -> Measurements:
    """Run the sides in turns and in several fresh processes, so that disturbances affect all of them.

    The first process of each side does not count, because it fills caches and compiles code. A side that failed is not
    run again.
    """
    measurements = Measurements()
    with experiment.sides(inputs) as sides:
        for number in range(1 + processes * experiment.repeats):
            for side, run in sides.items():
                if side in measurements.reasons:
                    continue
                try:
                    result = run()
                except BenchError as error:
                    measurements.reasons[side] = str(error)
                    measurements.values.pop(side, None)
                    continue
                if number:
                    figures = measurements.values.setdefault(side, defaultdict(list))
                    for name, value in result.items():
                        figures[name].append(value)
    return measurements


def line_of(row: BenchRow, measurements: Measurements) -> Line:
    """Return the line for a row."""
    figures = {OURS: row.figure, row.peer: row.peer_figure or row.figure, OPENAPI_GENERATOR: row.figure}
    measured = measurements.values
    values = {side: measured[side][figure] for side, figure in figures.items() if side in measured}
    return Line(row, values, measurements.reasons)
