"""Start the programs of the benchmark, and the servers that they talk to."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.spec import ROOT

Figures = Mapping[str, float]

_MAX_RUN_SECONDS = 300  # for one program
_MAX_START_SECONDS = 60  # for one server
_PROGRAMS = "tools.bench.programs"


class BenchError(Exception):
    """Raised if a figure could not be measured. The message is one line with the reason."""


def run_program(program: str, settings: Mapping[str, Any], peers: Sequence[Path] = ()) -> Figures:
    """Run a program in a fresh process and return the figures that it measured.

    Args:
        program: The name of its module, in `programs` or from the root of the project.
        settings: Its settings.
        peers: Folders of clients that it may import.

    Raises:
        BenchError: The program failed.
    """
    module = program if "." in program else f"{_PROGRAMS}.{program}"
    output = _run([sys.executable, "-m", module, json.dumps(settings)], peers)
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures


def measure_process(command: Sequence[str], peers: Sequence[Path] = ()) -> Figures:
    """Run a process, and return its processor time, with that of its children, and its wall time in milliseconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _run(command, peers)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_ms": cpu * 1e3, "wall_ms": wall * 1e3}


def _run(command: Sequence[str], peers: Sequence[Path]) -> str:
    try:
        process = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(peers),
            capture_output=True,
            text=True,
            timeout=_MAX_RUN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{Path(command[0]).name}: {type(error).__name__}") from error
    if process.returncode:
        lines = process.stderr.strip().splitlines() or ["no message"]
        raise BenchError(f"{Path(command[0]).name} failed with exit code {process.returncode}: {lines[-1]}")
    return process.stdout


def environment(peers: Sequence[Path] = ()) -> dict[str, str]:
    """Return the environment for measured processes: the peers' folders, but neither proxies nor settings."""
    dropped_prefixes = ("KLING_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped_prefixes) and not name.lower().endswith("_proxy")
    }
    tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # because generators call ruff
    return inherited | {"PYTHONPATH": os.pathsep.join(map(str, peers)), "PATH": tools}


@contextmanager
def announced_server(module: str, *options: str) -> Iterator[tuple[int, int]]:
    """Run a server during the block, and yield its port, which it prints in its first line, and its process id.

    Raises:
        BenchError: The server printed no port.
    """
    with _start([sys.executable, "-m", module, *options], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None  # noqa: S101 - `stdout` is a pipe
        address = re.search(rb"http://[\d.]+:(\d+)", server.stdout.readline())
        if address is None:
            raise BenchError(f"{module} did not start")
        yield int(address[1]), server.pid


@contextmanager
def answering(*options: str) -> Iterator[int]:
    """Run the server with the fixed response during the block, and yield its port."""
    with announced_server("tools.bench.fixed_response_server", *options) as (port, _):
        yield port


@contextmanager
def mock_server(*options: str) -> Iterator[tuple[int, int]]:
    """Run our mock server during the block, and yield its port and its process id."""
    with announced_server("kling_elements.mock", "--port", "0", *options) as server:
        yield server


@contextmanager
def serving(command: Sequence[str]) -> Iterator[int]:
    """Run a server during the block, and yield its port, which replaces `{port}` in the command.

    Raises:
        BenchError: The server accepted no connection within a minute.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with _start([part.format(port=port) for part in command], stdout=subprocess.DEVNULL) as server:
        _wait_for(port, server)
        yield port


@contextmanager
def _start(command: Sequence[str], *, stdout: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=stdout, stderr=subprocess.DEVNULL) as server:
        try:
            yield server
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _MAX_START_SECONDS
    while server.poll() is None and time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise BenchError("the server did not start")
