"""Scripts from `kling-elements completion`."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import PATIENCE_SECONDS, CommandLine, run_in_terminal, run_process
from kling_elements.cli.app import app

_COMMANDS = {name for name in app if not name.startswith("-")}


def _completed(script: Path, *words: str) -> set[str]:
    """Return the completions that bash offers for the last word."""
    function = f'complete -p {words[0]} | sed "s/.*-F \\([^ ]*\\).*/\\1/"'
    program = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; "
        f'$({function}); printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    result = subprocess.run(
        ["bash", "-c", program], check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    return set(result.stdout.split())


def test_bash_completes_commands_and_options(kling_elements: CommandLine, tmp_path: Path) -> None:
    """The test runs the script in a real shell."""
    result = kling_elements("completion", "bash")
    script = tmp_path / "completion"
    script.write_text(result.out)

    assert (0, True) == (result.code, "~/.bashrc" in result.err)
    assert _completed(script, "kling-elements", "") >= _COMMANDS
    assert {"list", "listen"} == _completed(script, "kling-elements", "lis")
    assert {"--limit"} == _completed(script, "kling-elements", "list", "--lim")
    assert {"bash", "zsh", "fish"} == _completed(script, "kling-elements", "completion", "")
    assert {"verify"} <= _completed(script, "kling-elements", "webhook", "ver")


@pytest.mark.parametrize(("shell", "beginning"), [("zsh", "#compdef kling-elements"), ("fish", "# ")])
def test_other_shells_have_their_own_scripts(shell: str, beginning: str, kling_elements: CommandLine) -> None:
    """Each script contains every command."""
    value = kling_elements("completion", shell, "--json").json()

    assert shell == value["shell"]
    assert value["script"].startswith(beginning)
    assert {name for name in _COMMANDS if name in value["script"]} == _COMMANDS


def test_another_shell_is_wrong_usage(kling_elements: CommandLine) -> None:
    """The message lists the shells."""
    result = kling_elements("completion", "csh")

    assert (2, "") == (result.code, result.out)
    assert "fish" in result.err


@pytest.mark.parametrize("run", [run_process, run_in_terminal])
def test_completion_as_a_process(run: Any, env: dict[str, str]) -> None:
    result = run(["completion", "bash"], env)

    assert 0 == result.code
    assert "COMPREPLY" in result.out


def test_help_of_completion(kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    assert snapshot == kling_elements("completion", "--help").out
