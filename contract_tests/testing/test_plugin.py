"""The pytest plugin with the fixture `kling_mock`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.support.programs import plugin_imports, users_suite
from scripts.spec import ROOT

pytestmark = pytest.mark.slow


def test_without_the_extra_the_fixture_says_what_to_install(tmp_path: Path) -> None:
    """The message is that of the command, without a traceback."""
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(name='uvicorn')\n")
    (tmp_path / "test_it.py").write_text("def test_it(kling_mock): ...\n")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert 1 == result.returncode
    assert "uvicorn is missing: install kling-elements[mock]" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_the_fixture_serves_a_users_suite(tmp_path: Path) -> None:
    """The suite needs no set-up, because the package installs the plugin and registers its marker."""
    shutil.copy(Path(users_suite.__file__), tmp_path / "test_mine.py")
    options = ("-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider", "-p", "no:randomly")
    command = [sys.executable, "-m", "pytest", *options]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert 0 == result.returncode, result.stdout + result.stderr
    assert "4 passed" in result.stdout


def test_the_plugin_costs_other_suites_nothing() -> None:
    """Loading it imports neither the server nor the client."""
    command = [sys.executable, "-m", plugin_imports.__name__]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "kling_elements.testing.plugin: []\n" == result.stdout
