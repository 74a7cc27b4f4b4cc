"""Receive notifications in tests: a receiver, and mock servers that run on the test's own event loop."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from contract_tests.support.mock_caller import Caller
from contract_tests.support.peers import Peer, ReceivedRequest, http_response, listening
from contract_tests.support.running import run_async
from kling_elements.mock.app import MockServer
from kling_elements.mock.callbacks import Retries
from kling_elements.mock.options import Options
from kling_elements_client import contract

PATIENCE_SECONDS = 30  # only a failure takes that long


@dataclass
class RecordingReceiver:
    """A server on this machine that receives notifications.

    Attributes:
        statuses: The statuses of its responses, in order. The last one repeats. 0 closes the connection.
        url: Its address.
        requests: The requests that arrived.
    """

    statuses: list[int]
    url: str = ""
    requests: list[ReceivedRequest] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [request.line.split(" ")[1] for request in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.body) for request in self.requests]

    @property
    def task_statuses(self) -> list[str]:
        """The status in each notification."""
        return [body["task_status"] for body in self.bodies]

    def take(self, peer: Peer) -> None:
        """Answer one request."""
        if request := peer.request():  # pragma: no branch - a stopped sender may connect without a request
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            self.requests.append(request)
            if status:
                peer.send(http_response(b"", f"{status} X", "Location: /elsewhere"))


@asynccontextmanager
async def running_receiver(*statuses: int) -> AsyncIterator[RecordingReceiver]:
    """Run a receiver until the block ends."""
    receiver = RecordingReceiver(list(statuses) or [200])
    with listening(receiver.take) as server:
        receiver.url = server.url
        yield receiver


@asynccontextmanager
async def running_server(app: MockServer) -> AsyncIterator[Caller]:
    """Run a server on this loop until the block ends."""
    messages: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, messages.get, sent.put))
    await messages.put({"type": "lifespan.startup"})
    await sent.get()
    try:
        yield Caller(app)
    finally:
        await messages.put({"type": "lifespan.shutdown"})
        await life


def server(**options: Any) -> MockServer:
    """Return a server whose clock stands still and whose retries come almost immediately."""
    settings = {"manual_clock": True, "retries": Retries(3, 0.001, 2.0), **options}
    return MockServer(contract.CONTRACT, Options(**settings))


async def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - another task or thread changes it
            await asyncio.sleep(0.005)


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a new event loop."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        run_async(test(**fixtures))

    return run
