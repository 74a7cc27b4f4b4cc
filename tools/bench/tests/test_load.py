"""The load program counts complete responses, and accepts only successes."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tools.bench import load
from tools.bench.processes import (
    BenchError,
    run_program,
)

_LOAD = {"path": "/", "body": "{}", "connections": 1, "warm_up_seconds": 0.5, "seconds": 5}


@contextmanager
def _answering_server(response: bytes) -> Iterator[int]:
    """Run a server that sends this response to each request and then disconnects, and yield its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(response)

    with ExitStack() as stack:
        server = stack.enter_context(socketserver.TCPServer(("127.0.0.1", 0), Handler))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield server.server_address[1]


def test_a_response_counts_once_it_is_complete() -> None:
    """The connection sends no request before that, even if the response comes in pieces."""
    failed: Any = None  # never looked at unless a response is wrong
    connection = load.Connection(b"request", failed)
    sent: list[bytes] = []
    connection.connection_made(SimpleNamespace(write=sent.append))

    progress = []
    for piece in (b"HTTP/1.1 200 OK\r\ncontent-", b"length: 4\r\n\r\n", b"{", b"  }"):
        connection.data_received(piece)
        progress.append((connection.responses, len(sent)))

    assert [(0, 1), (0, 1), (0, 1), (1, 2)] == progress


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "answered b'HTTP/1.1 503 Busy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "sent more than one response to a request"),
        (b"HTTP/1.1 200 OK\r\n", "closed a connection"),
    ],
)
def test_under_load_each_response_must_be_a_success(response: bytes, reason: str) -> None:
    """Otherwise refusals would count as work."""
    with (
        _answering_server(response) as port,
        pytest.raises(BenchError, match=f"WrongResponseError: the server {reason}"),
    ):
        run_program("tools.bench.load", {**_LOAD, "port": port})
