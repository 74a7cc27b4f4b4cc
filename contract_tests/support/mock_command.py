"""`python -m kling_elements.mock` as a process, and plain HTTP requests to it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import example

COMMAND = [sys.executable, "-m", "kling_elements.mock"]
HEADERS = {"Authorization": "Bearer sk-test", "Content-Type": "application/json"}
PATIENCE_SECONDS = 60  # only a failure takes that long


@contextmanager
def running_command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command, and yield its process and its first line. Stop a process that still runs."""
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def port_of(line: str) -> int:
    """Return the port in the command's first line."""
    match = re.fullmatch(
        r"Mock server of (?:\w+, ){4}\w+ listening on (http://127\.0\.0\.1:(\d+)) \(Ctrl\+C stops it\)"
        r"; try it in a browser: \1/docs\n",
        line,
    )
    assert match is not None, line
    return int(match[2])


@contextmanager
def connect(port: int) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection to the server."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def response_to(
    connection: http.client.HTTPConnection,
    body: bytes | Iterable[bytes],
    headers: dict[str, str] = HEADERS,
    *,
    method: str = "POST",
    path: str = ELEMENTS,
) -> tuple[int, dict[str, str], Any]:
    """Send a request, and return the status, the headers without the date, and the response's JSON value."""
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    raw = response.read()
    answered = {name.lower(): value for name, value in response.getheaders() if name.lower() != "date"}
    return response.status, answered, json.loads(raw) if raw else None


def creation(name: str) -> bytes:
    """Return the body of a create with an external id."""
    return json.dumps({**example("sample"), "external_task_id": name}).encode()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> Any:
    """Return the value of a successful response."""
    status, _, response = response_to(
        connection, b"" if body is None else json.dumps(body).encode(), method=method, path=path
    )
    assert 200 == status, response
    return response
