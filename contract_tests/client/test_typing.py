"""What type checkers make of the client. Pyright, which needs Node, runs in `make lint` alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import kling_elements_client
from scripts.spec import ROOT


def test_mypy_accepts_the_client_and_its_use(tmp_path: Path) -> None:
    """Under --strict, with every type in the file of uses as stated there, and every error an error."""
    options = ["--strict", "--no-error-summary", f"--cache-dir={tmp_path}"]
    paths = ["generated_client", "contract_tests/client/typing/usage.py"]

    mypy = subprocess.run(  # the settings of the project, and nothing left over from other runs
        [sys.executable, "-m", "mypy", *options, *paths], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ("", "", 0) == (mypy.stdout, mypy.stderr, mypy.returncode)


def test_the_package_says_that_it_is_typed() -> None:
    """Without this file checkers would ignore its types."""
    assert Path(kling_elements_client.__path__[0]).joinpath("py.typed").is_file()
