"""Type checkers accept the client and its use. Pyright needs Node, so only `make lint` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import kling_elements_client
from scripts.spec import ROOT

pytestmark = pytest.mark.slow


def test_mypy_accepts_the_client_and_its_use(tmp_path: Path) -> None:
    """With --strict, every type in `usage.py` is as stated there, and every marked error is an error."""
    options = ["--strict", "--no-error-summary", f"--cache-dir={tmp_path}"]
    paths = ["generated_client", "contract_tests/runtime/typing/usage.py"]

    mypy = subprocess.run(  # with the settings of the project and an empty cache
        [sys.executable, "-m", "mypy", *options, *paths], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ("", "", 0) == (mypy.stdout, mypy.stderr, mypy.returncode)


def test_the_package_is_marked_as_typed() -> None:
    """Without `py.typed`, type checkers would ignore its types."""
    assert Path(kling_elements_client.__path__[0]).joinpath("py.typed").is_file()
