"""`make bench` measures the rows that you name, and fails if our own side can't be measured."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from tools.bench import __main__ as command
from tools.bench.experiments import EXPERIMENTS, OURS, Experiment
from tools.bench.processes import (
    BenchError,
)


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--only`, no other row is measured."""
    json_file = tmp_path / "new" / "bench.json"
    options = ["--only", "check-small", "--processes", "1", "--effort", "0.01"]

    assert 0 == command.main([*options, "--json", str(json_file)])

    table = capsys.readouterr().out.splitlines()
    assert ["row", "check-small"] == [table[0].split()[0], table[2].split()[0]]
    assert ["check-small"] == [row["name"] for row in json.loads(json_file.read_text("utf-8"))["rows"]]


def test_the_command_fails_if_ours_could_not_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, and the output says why."""

    def broken() -> dict[str, float]:
        raise BenchError("it broke")

    sides = {OURS: broken}
    monkeypatch.setitem(EXPERIMENTS, "check-small", Experiment("check-small", lambda _: nullcontext(sides)))

    assert 1 == command.main(["--only", "check-small", "--json", str(tmp_path / "bench.json")])
    assert "check-small: ours: it broke" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--processes", "0"], ["--effort", "0"], ["--effort", "2"], ["--only", "nothing"]])
def test_invalid_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the option."""
    with pytest.raises(SystemExit):
        command.main(options)

    assert options[0] in capsys.readouterr().err
