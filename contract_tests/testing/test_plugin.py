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
    """The message is the same as the command's, without a traceback."""
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(name='uvicorn')\n")
    (tmp_path / "test_it.py").write_text("def test_it(kling_mock): ...\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert 1 == done.returncode
    assert "uvicorn is missing: install kling-elements[mock]" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_fixture_serves_a_users_suite(tmp_path: Path) -> None:
    """Suites need no set-up: the package installs the plugin and registers its marker."""
    shutil.copy(Path(users_suite.__file__), tmp_path / "test_mine.py")
    options = ("-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider", "-p", "no:randomly")
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_the_plugin_costs_other_suites_nothing() -> None:
    """Loading the plugin imports neither the server nor the client."""
    command = [sys.executable, "-m", plugin_imports.__name__]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "kling_elements.testing.plugin: []\n" == done.stdout
