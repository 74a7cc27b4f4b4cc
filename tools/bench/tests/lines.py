"""Rows of the table, and lines with figures for them."""

from __future__ import annotations

from tools.bench.experiments import OPENAPI_GENERATOR, OURS
from tools.bench.measuring import Line
from tools.bench.rows import BenchRow

WALL_ROW = BenchRow(name="wall", title="something", experiment="some", figure="wall_ms", ratio=0.5)
OWN_ROW = BenchRow(name="own", title="something", experiment="some", figure="wall_ms", value=15)
RATE_ROW = BenchRow(
    name="rate",
    title="many",
    experiment="some",
    figure="responses_per_second",
    ratio=5,
    more_is_better=True,
    peer="Prism",
)


def line_with(
    row: BenchRow, ours: float | None, peer: float | None, *, generator: float | None = None, why: str = ""
) -> Line:
    figures = {OURS: ours, row.peer: peer, OPENAPI_GENERATOR: generator}
    values = {side: [figure] for side, figure in figures.items() if figure is not None}
    return Line(row, values, {row.peer: why} if why else {})
