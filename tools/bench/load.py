"""Send one request repeatedly on several connections, and count the responses. Any response but a 200 is an error.

Settings: `port`, `path`, `body`, `connections`, `warm_up_seconds`, `seconds`.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import uvloop

from tools.bench.programs import clients, figures

_HEAD = re.compile(rb"HTTP/1\.1 200 .*?\r\n(?i:content-length): (\d+)\r\n(?:.*?\r\n)??\r\n", re.DOTALL)


class WrongResponseError(Exception):
    """Raised if the server's response is not the expected one."""


class Connection(asyncio.Protocol):
    """Sends the request again after each response."""

    def __init__(self, request: bytes, failure: asyncio.Future[None]) -> None:
        self.responses = 0
        self._request = request
        self._failure = failure
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
            self._fail("sent more than one response to a request")
        elif len(self._received) == length:
            self._received = b""
            self.responses += 1
            self._transport.write(self._request)

    def connection_lost(self, _: Exception | None) -> None:
        self._fail("closed a connection")

    def _fail(self, why: str) -> None:
        if not self._failure.done():
            self._failure.set_exception(WrongResponseError(f"the server {why}"))


async def _load(settings: dict[str, Any]) -> float:
    """Return the number of responses per second, after a warm-up.

    Raises:
        WrongResponseError: A response was not a 200, or a connection ended.
    """
    loop = asyncio.get_running_loop()
    failed = loop.create_future()
    request = request_of(settings)
    connections = []
    for _ in range(settings["connections"]):
        _, connection = await loop.create_connection(lambda: Connection(request, failed), "127.0.0.1", settings["port"])
        connections.append(connection)

    async def responses_in(seconds: float) -> float:
        before = sum(connection.responses for connection in connections)
        started = time.perf_counter()
        await asyncio.wait([failed], timeout=seconds)
        if failed.done():
            await failed
        return (sum(connection.responses for connection in connections) - before) / (time.perf_counter() - started)

    await responses_in(settings["warm_up_seconds"])
    return await responses_in(settings["seconds"])


def request_of(settings: dict[str, Any]) -> bytes:
    """Return the request as bytes."""
    body: bytes = settings["body"].encode()
    head = (
        f"POST {settings['path']} HTTP/1.1\r\nHost: 127.0.0.1:{settings['port']}\r\n"
        f"Authorization: Bearer {clients.TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures.print_figures(responses_per_second=runner.run(_load(settings)))


if __name__ == "__main__":
    main(figures.settings())
