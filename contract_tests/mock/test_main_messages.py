"""The help of the command, and its messages about invalid options."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from contract_tests.support.mock_command import (
    COMMAND,
)

pytestmark = pytest.mark.slow


def test_help_names_the_options_and_their_defaults() -> None:
    """The defaults are port 8787 and the loopback address."""
    result = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)

    usage = "usage: python -m kling_elements.mock [-h] [--port PORT] [--host HOST] [--token TOKEN] [--gateway NAME] "
    usage += "[--dialect NAME] [--state FILE] [--tick SECONDS | --task-seconds MIN-MAX] [--manual-clock] "
    usage += "[--concurrency N] [--rate N] [--allow-duplicates] [--no-callbacks] [--element-ids KIND] "
    usage += "[--control HOST] [--webhook-secret SECRET] [--json] "
    assert " ".join(result.stdout.split()).startswith(usage)
    assert "default 8787" in result.stdout
    assert "default 127.0.0.1" in result.stdout


def test_a_taken_port_is_reported_in_one_line() -> None:
    """The line gives the address and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, check=False)

    assert (1, "") == (result.returncode, result.stdout)
    assert f"cannot listen on http://127.0.0.1:{port}: Address already in use\n" == result.stderr


@pytest.mark.parametrize(
    ("host", "url"), [("2001:db8::1", "http://[2001:db8::1]:1"), ("x" * 64, f"http://{'x' * 64}:1")]
)
def test_a_host_of_another_machine_is_reported_in_one_line(host: str, url: str) -> None:
    """The line contains the URL. The host may also be something that is not a name."""
    result = subprocess.run([*COMMAND, "--host", host, "--port", "1"], capture_output=True, text=True, check=False)

    assert (1, "") == (result.returncode, result.stdout)
    assert re.fullmatch(f"cannot listen on {re.escape(url)}: .+\n", result.stderr)


def test_a_missing_extra_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says how to install uvicorn."""
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(name='uvicorn')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    result = subprocess.run([*COMMAND, "--port", "0"], capture_output=True, text=True, check=False)

    assert (2, "") == (result.returncode, result.stdout)
    assert "uvicorn is missing: install kling-elements[mock]\n" == result.stderr


def test_a_file_that_is_not_a_state_is_reported_in_one_line(tmp_path: Path) -> None:
    """The server doesn't start, and the line says what to do."""
    state = tmp_path / "diary.txt"
    state.write_text("dear diary")
    result = subprocess.run([*COMMAND, "--state", str(state)], capture_output=True, text=True, check=False)

    assert (1, "") == (result.returncode, result.stdout)
    assert (
        f"the state file {state} cannot be used: it is not a database; use a file that does not exist yet\n"
        == result.stderr
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--port", value) for value in ("-1", "65536", "x", "")),
        *(("--token", value) for value in ("", "two words", "\u8d85")),
        ("--tick", "-1"),
        ("--tick", "x"),
        ("--tick", "nan"),
        ("--dialect", "latin"),
        ("--gateway", "latin"),
        ("--task-seconds", "3"),
        ("--task-seconds", "3-1"),
        ("--task-seconds", "-1-3"),
        ("--task-seconds", "1-1e9"),
        ("--task-seconds", "1-31622401"),
        ("--task-seconds", "\u0661-3"),
        ("--concurrency", "0"),
        ("--rate", "1.5"),
        ("--state", ""),
        ("--webhook-secret", "sesame"),
        ("--element-ids", "odd"),
        ("--control", "a b"),
        ("--port", "\u0668\u0660"),
    ],
)
def test_an_invalid_option_is_reported_with_the_usage(option: str, value: str) -> None:
    """The exit code is 2, and the message names the option."""
    result = subprocess.run([*COMMAND, option, value], capture_output=True, text=True, check=False)

    assert (2, "") == (result.returncode, result.stdout)
    assert f"error: argument {option}: " in result.stderr
    assert "sesame" not in result.stderr
