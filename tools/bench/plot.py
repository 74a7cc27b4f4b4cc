"""The picture of the table: what each thing costs, as a part of what it costs the peer, and where the target is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter

from tools.bench.measuring import Line
from tools.bench.report import number

_MET, _MISSED, _TARGET, _OTHER, _QUIET = "#2a6f97", "#d1495b", "#14213d", "#8d99ae", "#6c757d"
_LEAST = 1e-4  # what costs nothing has no logarithm
_WIDTH, _HEIGHT_PER_ROW, _MARGIN = 11.0, 0.42, 1.7  # inches
_BAR = 0.62
_DPI = 130


def cost(line: Line) -> float:
    """What ours costs, as a part of what the peer's does. For what is done in a second it is the other way round."""
    assert line.ratio is not None  # noqa: S101 - only such lines are drawn
    return max(1 / line.ratio if line.row.more_is_better else line.ratio, _LEAST)


def target(line: Line) -> float:
    """What it may cost."""
    assert line.peer is not None  # noqa: S101 - only such lines are drawn
    limit = line.row.limit / (line.peer if line.row.limits == "value" else 1)
    return 1 / limit if line.row.more_is_better else limit


def draw(lines: Sequence[Line], path: Path) -> None:
    """Draws the lines for which there is a peer's figure of the same kind, as PNG."""
    shown = [line for line in lines if line.ratio is not None and line.row.is_cost]
    figure = Figure(figsize=(_WIDTH, _MARGIN + _HEIGHT_PER_ROW * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, line in enumerate(shown):
        _draw_line(axes, place, line)
    _dress(axes, shown)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})


def _draw_line(axes: Axes, place: int, line: Line) -> None:
    ours = cost(line)
    axes.barh(place, ours - 1, left=1, height=_BAR, color=_MET if line.is_met else _MISSED, zorder=2)
    axes.plot([target(line)] * 2, [place - 0.42, place + 0.42], color=_TARGET, linewidth=2.5, zorder=4)
    if line.openapi_generator and line.peer:
        axes.plot(line.openapi_generator / line.peer, place, "o", color="white", markeredgecolor=_OTHER, zorder=3)
    row = line.row
    says = f"{number(line.ours, row.unit)}   ({row.peer}: {number(line.peer, row.unit)})"
    axes.annotate(says, (1, place), (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=9)


def _dress(axes: Axes, shown: Sequence[Line]) -> None:
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), [line.row.title for line in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.axvline(1, color=_QUIET, linewidth=1, zorder=1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color="#e9ecef", zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel(
        "cost, as a part of the peer's (logarithmic; 1 is the peer, further to the left is cheaper)", color=_QUIET
    )
    axes.legend(
        handles=[
            Patch(color=_MET, label="ours, target met"),
            Patch(color=_MISSED, label="ours, target missed"),
            Line2D([], [], color=_TARGET, linewidth=2.5, label="target"),
            Line2D(
                [], [], color=_OTHER, marker="o", markerfacecolor="white", linestyle="", label="openapi-generator's"
            ),
        ],
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        frameon=False,
    )
