"""The mock server runs with `kling-elements mock`."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.command_line import (
    PATIENCE_SECONDS,
    PROGRAM,
    CommandLine,
    environment,
    run_in_terminal,
    run_process,
    without_escapes,
)
from contract_tests.support.documents import example

OPERATIONS = ["listElements", "createElement", "listPresetElements", "deleteElement", "getElement"]


@pytest.fixture
def alone(home: Path) -> dict[str, str]:
    """Return an environment without a key and without a gateway."""
    return environment(None, home)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Restore the signal handlers that the command sets in this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_help_lists_every_option_and_an_example(alone: dict[str, str], snapshot: SnapshotAssertion) -> None:
    """The help is the same on a terminal and in a pipe."""
    plain = run_process(["mock", "--help"], alone)
    terminal = run_in_terminal(["mock", "--help"], alone)

    assert (0, "") == (plain.code, plain.err)
    assert snapshot == plain.out
    assert (0, plain.out) == (terminal.code, without_escapes(terminal.out))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_of_json_contains_the_addresses(number: signal.Signals, alone: dict[str, str]) -> None:
    """The line is printed when the server is ready. A signal ends the server with exit code 0 and no more output."""
    command = [*PROGRAM, "mock", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=alone) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        page = httpx.get(ready["docs"])
        response = httpx.post(ready["url"] + ELEMENTS, json=example("sample"), headers={"Authorization": "Bearer x"})
        process.send_signal(number)
        rest = process.communicate(timeout=PATIENCE_SECONDS)

    assert ({"url", "docs", "operations"}, OPERATIONS) == (set(ready), ready["operations"])
    assert ready["docs"] == ready["url"] + "/docs"
    assert (200, 200) == (page.status_code, response.status_code)
    assert ("", "", 0) == (*rest, process.returncode)


def test_a_terminal_shows_the_page_and_a_line_to_paste(alone: dict[str, str]) -> None:
    """Ctrl+C, typed on that terminal, ends the server with exit code 0."""
    ours, theirs = pty.openpty()
    command = ["setsid", "--ctty", *PROGRAM, "mock", "--port", "0"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=alone) as process:
        os.close(theirs)
        output = b""
        while output.count(b"\n") < 2:
            output += os.read(ours, 1 << 16)
        os.write(ours, b"\x03")
        code = process.wait(timeout=PATIENCE_SECONDS)
        os.close(ours)

    assert 0 == code
    assert b"(Ctrl+C stops it); try it in a browser: http://127.0.0.1:" in output
    assert b"\nexport KLING_BASE_URL=http://127.0.0.1:" in output.replace(b"\r", b"")


@pytest.mark.usefixtures("handlers")
def test_a_wrong_option_is_exit_code_2(kling_elements: CommandLine) -> None:
    """The error is one sentence, and with --json also a value on stdout."""
    plain = kling_elements("mock", "--port", "x")
    result = kling_elements("mock", "--port", "x", "--json")
    error = "argument --port: 'x' is not a number from 0 to 65535"

    assert (2, "", f"error: {error}\nnext: kling-elements mock --help\n") == (plain.code, plain.out, plain.err)
    assert {"error": {"message": error, "exit_code": 2, "next": "kling-elements mock --help"}} == result.json()


@pytest.mark.usefixtures("handlers")
def test_a_server_that_cannot_start_is_exit_code_2(kling_elements: CommandLine, tmp_path: Path) -> None:
    """The message contains the path of the file, and what to do."""
    state = tmp_path / "diary.txt"
    state.write_text("dear diary")

    result = kling_elements("mock", "--state", state)

    assert (2, "") == (result.code, result.out)
    assert result.err.startswith("error: ")
    assert str(state) in result.err
    assert "use a file that does not exist yet" in result.err


@pytest.mark.usefixtures("handlers")
def test_help_runs_in_this_process_too(kling_elements: CommandLine) -> None:
    """The exit code is 0."""
    result = kling_elements("mock", "-h")

    assert (0, "") == (result.code, result.err)
    assert "usage: kling-elements mock [-h] [--port PORT]" in result.out
