"""Compare the project with its peers: `make bench`. Print a table and write build/bench.json."""

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
from tools.bench.experiments import EXPERIMENTS, BenchInputs
from tools.bench.measuring import line_of, measure
from tools.bench.rows import ROWS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code: 1 if one of our own figures could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument(
        "--only", action="append", choices=names, help="measure only this row; you can repeat the option"
    )
    parser.add_argument("--processes", type=int, default=5, help="how many fresh processes to run for each median")
    parser.add_argument(
        "--effort", type=float, default=1, help="use less than 1 for a quick trial with less exact figures"
    )
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where to write the figures")
    options = parser.parse_args(arguments)
    if options.processes < 1:
        parser.error("--processes must be at least 1")
    if not 0 < options.effort <= 1:
        parser.error("--effort must be more than 0 and at most 1")
    rows = [row for row in ROWS if row.name in (options.only or names)]

    measured = {}
    with tempfile.TemporaryDirectory() as scratch:
        inputs = BenchInputs(Path(scratch), options.effort)
        for name in dict.fromkeys(row.experiment for row in rows):
            print(f"measuring {name}", file=sys.stderr, flush=True)
            measured[name] = measure(EXPERIMENTS[name], inputs, options.processes)
    lines = [line_of(row, measured[row.experiment]) for row in rows]

    print(report.format_table(lines))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps(report.to_json(lines, options.processes, options.effort), indent=1) + "\n", "utf-8"
    )
    return int(any(line.ours is None for line in lines))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
