"""Runs experiments, and makes lines of the table of what they found."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.bench.experiments import OPENAPI_GENERATOR, OURS, Experiment, Workshop
from tools.bench.processes import BenchError
from tools.bench.rows import Row


@dataclass
class Measured:
    """What came of an experiment.

    Attributes:
        values: By side and figure, what each process found.
        reasons: By side, why there is nothing.
    """

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A row with its figures; what could not be measured is None.

    Attributes:
        row: The row.
        values: By side, what each process found.
        reasons: By side, why there is nothing.
    """

    row: Row
    values: Mapping[str, list[float]]
    reasons: Mapping[str, str]

    def median(self, side: str) -> float | None:
        """The median over the processes of a side, None where there is none."""
        found = self.values.get(side)
        return statistics.median(found) if found else None

    @property
    def ours(self) -> float | None:
        """Our figure."""
        return self.median(OURS)

    @property
    def peer(self) -> float | None:
        """The figure of the peer that we are compared with."""
        return self.median(self.row.peer)

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's."""
        return None if self.ours is None or not self.peer else self.ours / self.peer

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met, None where that is not known."""
        return None if self.ours is None else self.row.is_met(self.ours, self.ratio)


def measure(experiment: Experiment, workshop: Workshop, processes: int) -> Measured:
    """Runs each side in as many fresh processes, in turns, so that what happens on the machine meanwhile hits all.

    One more process of each goes first and does not count: it fills caches, and compiles what is compiled once. A side
    that fails is left out from then on.
    """
    measured = Measured()
    with experiment.sides(workshop) as sides:
        for number in range(1 + processes * experiment.repeats):
            for side, run in sides.items():
                if side in measured.reasons:
                    continue
                try:
                    found = run()
                except BenchError as error:
                    measured.reasons[side] = str(error)
                    measured.values.pop(side, None)
                    continue
                if number:
                    figures = measured.values.setdefault(side, defaultdict(list))
                    for name, value in found.items():
                        figures[name].append(value)
    return measured


def line(row: Row, measured: Measured) -> Line:
    """The line of a row."""
    figures = {OURS: row.figure, row.peer: row.peer_figure or row.figure, OPENAPI_GENERATOR: row.figure}
    values = {side: measured.values[side][figure] for side, figure in figures.items() if side in measured.values}
    return Line(row, values, measured.reasons)
