"""Sends one request over and over, on several connections, and counts the answers. Any answer but a 200 is an error.

Its settings are JSON in its first argument: `port`, `path`, `body`, `connections`, `warm_up_seconds`, `seconds`.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import uvloop

from tools.bench.programs import clients, figures

_HEAD = re.compile(rb"HTTP/1\.1 200 .*?\r\n(?i:content-length): (\d+)\r\n(?:.*?\r\n)??\r\n", re.DOTALL)


class WrongAnswerError(Exception):
    """The server gave something else than the answer that was asked for."""


class _Connection(asyncio.Protocol):
    """Sends the request, again with each answer."""

    def __init__(self, request: bytes, failed: asyncio.Future[None]) -> None:
        self.answers = 0
        self._request = request
        self._failed = failed
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = _HEAD.match(self._received)
        if head is None:
            if b"\r\n\r\n" in self._received:
                self._fail(f"answered {self._received[:200]!r}")
            return
        length = head.end() + int(head[1])
        if len(self._received) > length:
            self._fail("answered more than it was asked")
        elif len(self._received) == length:
            self._received = b""
            self.answers += 1
            self._transport.write(self._request)

    def connection_lost(self, _: Exception | None) -> None:
        self._fail("closed a connection")

    def _fail(self, why: str) -> None:
        if not self._failed.done():
            self._failed.set_exception(WrongAnswerError(f"the server {why}"))


async def _load(told: dict[str, Any]) -> float:
    """Answers per second, after a warm-up.

    Raises:
        WrongAnswerError: An answer was not a 200, or a connection ended.
    """
    loop = asyncio.get_running_loop()
    failed = loop.create_future()
    request = request_of(told)
    connections = []
    for _ in range(told["connections"]):
        _, connection = await loop.create_connection(lambda: _Connection(request, failed), "127.0.0.1", told["port"])
        connections.append(connection)

    async def answers_in(seconds: float) -> float:
        before = sum(connection.answers for connection in connections)
        started = time.perf_counter()
        await asyncio.wait([failed], timeout=seconds)
        if failed.done():
            await failed
        return (sum(connection.answers for connection in connections) - before) / (time.perf_counter() - started)

    await answers_in(told["warm_up_seconds"])
    return await answers_in(told["seconds"])


def request_of(told: dict[str, Any]) -> bytes:
    """The bytes of the request."""
    body: bytes = told["body"].encode()
    head = (
        f"POST {told['path']} HTTP/1.1\r\nHost: 127.0.0.1:{told['port']}\r\nAuthorization: Bearer {clients.TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main(told: dict[str, Any]) -> None:
    """Runs the program."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures.tell(answers_per_second=runner.run(_load(told)))


if __name__ == "__main__":
    main(figures.settings())
