"""The command `kling-elements`: in this process, or as a real process with and without a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from kling_elements.cli.start import main
from kling_elements.testing.gateway import MockGateway

PROGRAM = [sys.executable, "-m", "kling_elements.cli"]
PATIENCE_SECONDS = 60  # only a failure takes that long
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@frozen
class CommandResult:
    """How a command ended, and what it wrote.

    Attributes:
        code: The exit code.
        out: The text on stdout.
        err: The text on stderr. On a terminal, all text is in `out`.
    """

    code: int
    out: str
    err: str = ""

    def json(self) -> Any:
        """Return the only JSON value on stdout."""
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        """Return the JSON values on stdout, one per line."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(gateway: MockGateway | None, home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a command: a key and an address if there is a gateway, and an empty home."""
    names = ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "PYTHONPATH")
    variables = {name: os.environ[name] for name in names if name in os.environ}
    variables |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "COLUMNS": "100",
        "TERM": "xterm-256color",
    }
    if gateway is not None:
        variables |= {"KLING_API_KEY": gateway.token, "KLING_BASE_URL": gateway.url}
    return variables | more


def run_process(
    arguments: list[str], env: Mapping[str, str], stdin: str = "", cwd: Path | None = None
) -> CommandResult:
    """Run the command as a process without a terminal."""
    result = subprocess.run(
        [*PROGRAM, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=dict(env),
        input=stdin,
        cwd=cwd,
        timeout=PATIENCE_SECONDS,
    )
    return CommandResult(result.returncode, result.stdout, result.stderr)


def run_in_terminal(
    arguments: list[str], env: Mapping[str, str], typed: str = "", cwd: Path | None = None
) -> CommandResult:
    """Run the command as a process on its own terminal, and return the text that the terminal received.

    Args:
        arguments: The arguments.
        env: The environment.
        typed: The input to type once the command has written something.
        cwd: The working directory.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=dict(env),
        cwd=cwd,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        output = b""
        try:
            while chunk := _read(ours):
                output += chunk
                if typed:
                    os.write(ours, typed.encode())
                    typed = ""
        finally:
            os.close(ours)
        code = process.wait(timeout=PATIENCE_SECONDS)
    return CommandResult(code, output.decode().replace("\r\n", "\n"))


def without_escapes(text: str) -> str:
    """Return the text that a terminal received, without colours and cursor movements."""
    return _ESCAPES.sub("", text)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux reports the end of the other side this way
        return b""


class CommandLine:
    """The command, run in this process, with a gateway in its environment."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> CommandResult:
        """Run the command and return how it ended."""
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        written = self._capsys.readouterr()
        return CommandResult(code, written.out, written.err)
