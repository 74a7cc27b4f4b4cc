"""Run one of the test programs in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def run_program(name: str, *arguments: object) -> str:
    """Run a module of `contract_tests.support.programs`, and return what it printed to stdout.

    Raises:
        subprocess.CalledProcessError: The program failed.
    """
    command = [sys.executable, "-m", f"contract_tests.support.programs.{name}", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT).stdout
