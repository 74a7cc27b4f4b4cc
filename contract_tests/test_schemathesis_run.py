"""Schemathesis as its users run it, with every check and phase, against the mock server on a real socket."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.spec import ROOT, SPEC

_TOKEN = "test-token"
_CONFIG = ROOT / "contract_tests" / "schemathesis.toml"


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a mock server that takes one token alone."""
    command = [sys.executable, "-m", "kling_elements.mock", "--port", "0", "--token", _TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        (address,) = re.findall(r"http://\S+", process.stdout.readline())
        yield address
        process.terminate()


def _run(server: str, folder: Path, *options: str, token: str = _TOKEN) -> subprocess.CompletedProcess[str]:
    schemathesis = str(Path(sys.executable).with_name("schemathesis"))
    command = [schemathesis, "--config-file", str(_CONFIG), "run", str(SPEC), "--url", server]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", "all", "--no-color", *options]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "contract_tests.generation", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_run_with_every_check_and_phase_finds_nothing(server: str, tmp_path: Path) -> None:
    """It ends with no failure and no warning, after examples, coverage and fuzzing of many cases."""
    done = _run(server, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "200")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout.lower()
    phases = re.findall(r"(Examples|Coverage|Fuzzing) \(in .*\)\s+✅ 1 passed", done.stdout)
    assert phases == ["Examples", "Coverage", "Fuzzing"], done.stdout
    (cases,) = re.findall(r"(\d+) generated, \1 passed", done.stdout) or ["0"]
    assert int(cases) >= 300, done.stdout


def test_a_run_with_a_wrong_token_fails(server: str, tmp_path: Path) -> None:
    """A run in which every answer is 401 cannot pass by accident."""
    done = _run(server, tmp_path, "--phases", "examples", token="wrong")

    assert done.returncode == 1
    assert "401" in done.stdout
