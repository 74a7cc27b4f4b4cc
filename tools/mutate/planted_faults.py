"""Plant faults in the code, one at a time, and check that the tests catch each.

The faults are in `planted_faults.yaml`. No file is changed: a separate process plants the fault while it imports the
module, and then runs the tests of that fault. Without a fault, these tests must pass.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from scripts.spec import ROOT
from tools.mutate.fault_table import TABLE, FaultTableError, PlantedFault, load
from tools.mutate.planting import Fate, FaultResult, run_tests
from tools.mutate.proof_parts import PartResult

NAME = "planted faults"

_WORKERS = os.cpu_count() or 1
_MAX_SECONDS = 120.0  # of one run, because a fault may make a test wait for ever
# Loaded once for all runs, because that takes longer than most tests; no fault may be in any of these.
_PRELOADED_MODULES = (
    "PIL.Image",
    "av",
    "execnet",
    "hypothesis",
    "jsonschema",
    "pybase64",
    "pytest",
    "respx",
    "sqlite3",
    "standardwebhooks",
    "uvicorn",
    "contract_tests.reading.cases",
)


@dataclass(frozen=True)
class FaultRun:
    """Tests to run in a separate process, with a fault or, as a control, without one."""

    fault: PlantedFault | None
    tests: tuple[str, ...]
    root: Path


def run(jobs: Sequence[FaultRun], workers: int, max_seconds: float) -> list[FaultResult]:
    """Return the verdict on each job. At most `workers` jobs run at a time, each for at most `max_seconds`."""
    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(partial(_run_in_fork, max_seconds=max_seconds), jobs))


def _run_in_fork(job: FaultRun, max_seconds: float) -> FaultResult:
    """Run a job in a fork of a process that has loaded the jobs' libraries, but none of our code."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(list(_PRELOADED_MODULES) if job.root == ROOT else ["pytest"])
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=send_verdict, args=(sender, job), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(max_seconds):
            return FaultResult(Fate.BROKEN, f"its tests take more than {max_seconds:g} seconds")
        verdict: FaultResult = receiver.recv()
    except EOFError:
        return FaultResult(Fate.BROKEN, "its tests end the process")
    finally:
        process.kill()
        process.join()
        receiver.close()
    return verdict


def send_verdict(sender: Connection, job: FaultRun) -> None:
    """Run a job in this process without output, and send the verdict to another process."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        verdict = run_tests(job.fault, job.tests, job.root)
    sender.send(verdict)


def _control_runs(faults: Sequence[PlantedFault], root: Path) -> list[FaultRun]:
    """Return one job for each test file, with all of its tests that the faults need."""
    tests = dict.fromkeys(test for fault in faults for test in fault.tests)
    files = dict.fromkeys(test.partition("::")[0] for test in tests)
    return [FaultRun(None, tuple(test for test in tests if test.partition("::")[0] == file), root) for file in files]


def prove_all() -> PartResult:
    """Plant each fault of the project's table."""
    try:
        return prove(load(TABLE), ROOT, _WORKERS, _MAX_SECONDS)
    except FaultTableError as error:
        return PartResult("the faults cannot be planted", (str(error),))


def prove(faults: Sequence[PlantedFault], root: Path, workers: int, max_seconds: float) -> PartResult:
    """Plant each fault.

    Raises:
        FaultTableError: If tests fail even without a fault.
    """
    controls = run(_control_runs(faults, root), workers, max_seconds)
    if failed := [f"without any fault: {verdict}" for verdict in controls if verdict.fate is not Fate.SURVIVED]:
        raise FaultTableError("\n".join(failed))
    verdicts = run([FaultRun(fault, fault.tests, root) for fault in faults], workers, max_seconds)
    results = list(zip(faults, verdicts, strict=True))
    problems = [f"{fault.name}: {verdict}" for fault, verdict in results if verdict.fate is not Fate.CAUGHT]
    sums = []
    for group in dict.fromkeys(fault.group for fault in faults):
        fates = [verdict.fate for fault, verdict in results if fault.group == group]
        sums.append(f"{fates.count(Fate.CAUGHT)} of {len(fates)} in {group}")
    return PartResult(f"caught {', '.join(sums)}", tuple(problems))


def prove_here(faults: Sequence[PlantedFault], name: str, root: Path) -> bool:
    """Plant one fault in this process, show pytest's output, and return whether the fault was caught.

    Raises:
        FaultTableError: If no fault has this name.
    """
    fault = next((fault for fault in faults if fault.name == name), None)
    if fault is None:
        raise FaultTableError(f"{name}: the table has no fault of this name; see planted_faults.yaml for the names")
    verdict = run_tests(fault, fault.tests, root)
    print(f"{fault.name}: {verdict}")
    return verdict.fate is Fate.CAUGHT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code, 1 unless every fault was caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="plant only this fault, and show pytest's output")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table of faults")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project")
    parser.add_argument("--workers", type=int, default=_WORKERS, help="how many faults to plant at a time")
    parser.add_argument("--max-seconds", type=float, default=_MAX_SECONDS, help="time limit for the tests of one fault")
    options = parser.parse_args(arguments)
    try:
        faults = load(options.table, options.root)
        if options.name is None:
            outcome = prove(faults, options.root, options.workers, options.max_seconds)
            print(*outcome.problems, outcome.summary, sep="\n")
            return int(bool(outcome.problems))
        return int(not prove_here(faults, options.name, options.root))
    except FaultTableError as error:
        print(f"error: the faults cannot be planted\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
