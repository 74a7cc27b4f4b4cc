"""The program starts and ends cleanly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.support.command_line import PATIENCE_SECONDS, PROGRAM
from contract_tests.support.documents import example
from kling_elements import KlingElements
from kling_elements.cli import __main__ as program
from kling_elements.cli import start
from kling_elements.testing.gateway import MockGateway


def test_the_error_for_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message contains the command that installs the extra."""
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    for name in [name for name in sys.modules if name.startswith("kling_elements.cli.") and name != start.__name__]:
        monkeypatch.delitem(sys.modules, name)

    assert 2 == start.main(["--help"])
    assert 'cyclopts is missing: run pip install "kling-elements[cli]"\n' in capsys.readouterr().err


def test_a_reader_that_stops_early_causes_no_error(
    env: dict[str, str], kling_mock: MockGateway, tmp_path: Path
) -> None:
    """`kling-elements list | head -1` ends quietly, like other commands."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        for _ in range(3):
            kling.create(example("sample"))
    read_end, write_end = os.pipe()
    os.close(read_end)
    with (tmp_path / "err").open("w+") as errors:
        result = subprocess.run(
            [*PROGRAM, "list"], check=False, stdout=write_end, stderr=errors, env=env, timeout=PATIENCE_SECONDS
        )
        os.close(write_end)
        errors.seek(0)

        assert (0, "") == (result.returncode, errors.read())


def test_the_program_can_be_run_as_a_module(env: dict[str, str]) -> None:
    """`python -m` does the same as the installed script."""
    script = Path(sys.executable).with_name("kling-elements")
    programs = [PROGRAM, [str(script)]]

    result = [
        subprocess.run(
            [*program, "--version"], check=True, capture_output=True, env=env, timeout=PATIENCE_SECONDS
        ).stdout
        for program in programs
    ]

    assert result[0] == result[1]
    assert vars(program)["main"] is start.main
