"""Measures the project beside its peers: `make bench`. Prints a table, and writes build/bench.json."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.spec import ROOT
from tools.bench import report
from tools.bench.experiments import EXPERIMENTS, Workshop
from tools.bench.measuring import line, measure
from tools.bench.rows import ROWS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code, 1 if some figure of ours could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--only", action="append", choices=names, help="measure this row; may be repeated")
    parser.add_argument("--processes", type=int, default=5, help="how many fresh processes make a median")
    parser.add_argument("--effort", type=float, default=1, help="less than 1 is for trying it out; figures are worse")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where to write the figures")
    options = parser.parse_args(arguments)
    if options.processes < 1:
        parser.error("--processes: at least 1 is needed")
    if not 0 < options.effort <= 1:
        parser.error("--effort: more than 0 and at most 1 is needed")
    wanted = [row for row in ROWS if row.name in (options.only or names)]

    measured = {}
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(Path(scratch), options.effort)
        for name in dict.fromkeys(row.experiment for row in wanted):
            print(f"measuring {name}", file=sys.stderr, flush=True)
            measured[name] = measure(EXPERIMENTS[name], workshop, options.processes)
    lines = [line(row, measured[row.experiment]) for row in wanted]

    print(report.table(lines))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps(report.as_json(lines, options.processes, options.effort), indent=1) + "\n", "utf-8"
    )
    return int(any(found.ours is None for found in lines))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
