"""The table and the JSON contain every figure, and the reasons for missing ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tools.bench import report
from tools.bench.tests.lines import OWN_ROW, RATE_ROW, WALL_ROW, line_with


def test_the_table_shows_every_figure_and_every_reason() -> None:
    """A missing figure is a dash, and its reason is below the table."""
    lines = [
        line_with(WALL_ROW, 61.66, 705.4, generator=1234.5),
        line_with(OWN_ROW, 20.0, None, why="not available: node"),
        line_with(RATE_ROW, None, 3.0),
    ]

    shown = [row.split() for row in report.format_table(lines).splitlines()]

    assert ["wall", "something", "stock", "705", "ms", "1,234", "ms", "61.7", "ms", "0.0874", "<=", "0.5", "met"] == (
        shown[2]
    )
    assert ["own", "something", "stock", "-", "-", "20", "ms", "-", "<=", "15", "ms", "MISSED"] == shown[3]
    assert ["rate", "many", "Prism", "3", "/s", "-", "-", "-", ">=", "5", "not", "measured"] == shown[4]
    assert "own: stock: not available: node" == report.format_table(lines).splitlines()[-1]
    assert "not available" not in report.format_table(lines[:1])


def test_the_json_has_every_figure_and_nothing_that_identifies_the_machine() -> None:
    """The JSON contains neither paths nor the names of the machine and the user."""
    document = report.to_json([line_with(WALL_ROW, 1.0, 2.0)], 5)
    text = json.dumps(document)

    assert {
        "name": "wall",
        "title": "something",
        "unit": "ms",
        "peer": "stock",
        "medians": {"peer": 2.0, "openapi-generator": None, "ours": 1.0},
        "ratio": 0.5,
        "target": {"limit": 0.5, "of": "ratio", "at": "most"},
        "met": True,
        "values": {"ours": [1.0], "stock": [2.0]},
        "not_measured": {},
    } == document["rows"][0]
    assert "0.29.1" == document["versions"]["openapi-python-client"]
    assert os.cpu_count() == document["machine"]["cores"]
    assert [] == [word for word in (os.uname().nodename, str(Path.cwd()), str(Path.home())) if word in text]
