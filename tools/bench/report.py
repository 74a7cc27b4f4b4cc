"""Write the results as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from tools.bench import peers
from tools.bench.experiments import OPENAPI_GENERATOR, OURS
from tools.bench.measuring import Line

_PACKAGES = ("attrs", "httpx", "jsonschema", "jsonschema-rs", "openapi-python-client", "pybase64", "schemathesis")
_HEADINGS = ("row", "what", "peer", "peer's", "openapi-generator's", "ours", "ratio", "target", "")
_RIGHT = frozenset({"peer's", "openapi-generator's", "ours", "ratio"})
_DIGITS = 3


def format_figure(value: float | None, unit: str = "") -> str:
    """Return a figure with three digits and its unit, or a dash if it is missing."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 10 ** (_DIGITS - 1) else _DIGITS
    text = f"{value:,.0f}" if not digits else f"{value:.{digits}g}"
    return f"{text} {unit}".rstrip()


def format_table(lines: Sequence[Line]) -> str:
    """Return the table, followed by the reasons for missing figures."""
    rows = [_HEADINGS, *map(_cells, lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = ["  ".join(_align(rows[0], row, widths)).rstrip() for row in rows]
    return "\n".join([shown[0], "-" * len(shown[0]), *shown[1:], *_reasons(lines)])


def _align(headings: Sequence[str], cells: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    for heading, cell, width in zip(headings, cells, widths, strict=True):
        yield cell.rjust(width) if heading in _RIGHT else cell.ljust(width)


def _cells(line: Line) -> tuple[str, ...]:
    row = line.row
    return (
        row.name,
        row.title,
        row.peer,
        format_figure(line.peer, row.unit),
        format_figure(line.median(OPENAPI_GENERATOR), row.unit),
        format_figure(line.ours, row.unit),
        format_figure(line.ratio),
        row.target,
        {True: "met", False: "MISSED", None: "not measured"}[line.is_met],
    )


def _reasons(lines: Iterable[Line]) -> list[str]:
    reasons = {f"{line.row.name}: {side}: {reason}": None for line in lines for side, reason in line.reasons.items()}
    return ["", *reasons] if reasons else []


def to_json(lines: Sequence[Line], processes: int, effort: float = 1) -> dict[str, Any]:
    """Return all results with the machine's kind and the versions, without paths or the machine's name."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in _PACKAGES}
        | {"prism": peers.PRISM.version, "openapi-generator": peers.OPENAPI_GENERATOR.version},
        "processes": processes,
        "effort": effort,
        "rows": [_row_to_json(line) for line in lines],
    }


def _row_to_json(line: Line) -> dict[str, Any]:
    row = line.row
    of, limit = ("ratio", row.ratio) if row.value is None else ("value", row.value)
    return {
        "name": row.name,
        "title": row.title,
        "unit": row.unit,
        "peer": row.peer,
        "medians": {"peer": line.peer, OPENAPI_GENERATOR: line.median(OPENAPI_GENERATOR), OURS: line.ours},
        "ratio": line.ratio,
        "target": {"limit": limit, "of": of, "at": "least" if row.more_is_better else "most"},
        "met": line.is_met,
        "values": dict(line.values),
        "not_measured": dict(line.reasons),
    }
