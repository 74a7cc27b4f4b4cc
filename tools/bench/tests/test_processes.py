"""Measured processes and servers start with a clean environment, and their failures are reported."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tools.bench.processes import (
    BenchError,
    announced_server,
    environment,
    measure_process,
    run_program,
    serving,
)


def test_a_failing_program_is_reported_by_its_last_line() -> None:
    """A table has no room for its traceback."""
    with pytest.raises(BenchError, match=r"failed with exit code 1: KeyError: 'nothing'$"):
        run_program("small", {"url": None, "client": "nothing"})
    with pytest.raises(BenchError, match=r"failed with exit code 3: no message$"):
        measure_process([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(BenchError, match=r"^nowhere: FileNotFoundError$"):
        measure_process(["/nowhere"])


def test_measured_processes_see_neither_proxies_nor_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would change the figures, and a measured process must not see your token."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    monkeypatch.setenv("KLING_API_KEY", "secret-token")
    monkeypatch.setenv("KEPT", "yes")

    variables = environment([Path("one"), Path("two")])

    assert {"HTTPS_PROXY", "KLING_API_KEY"} & variables.keys() == set()
    assert ("yes", f"one{os.pathsep}two") == (variables["KEPT"], variables["PYTHONPATH"])


def test_a_server_that_does_not_start_is_an_error() -> None:
    """The benchmark stops waiting when the server has ended."""
    with ExitStack() as stack:
        with pytest.raises(BenchError, match=r"^the server did not start$"):
            stack.enter_context(serving([sys.executable, "-c", "pass"]))
        with pytest.raises(BenchError, match=r"^json\.tool did not start$"):
            stack.enter_context(announced_server("json.tool", "/nowhere"))
