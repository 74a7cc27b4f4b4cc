"""Hold the connections of one client: one set for synchronous calls, and one for each event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from kling_elements_runtime import forks
from kling_elements_runtime.transport.connections import AsyncConnections, Connections
from kling_elements_runtime.transport.route import Route

# Modules that calls would import on first use. If a thread imported them while another one forks, the child would
# inherit their locks, which nobody releases there.
_IMPORTED_BY_CALLS = ("certifi", "encodings.idna", "importlib.resources.readers")
_IMPORTED_BY_ASYNC_CALLS = ("anyio._backends._asyncio",)
_CLOSED = "the client is closed: create another one, or close it only when you no longer need it"


class ClientConnections:
    """The connections of one client, opened on first use. Threads share them; a forked process opens its own.

    Attributes:
        is_closed: Whether the client was closed, so that it sends no more requests.
    """

    def __init__(self, settings: Mapping[str, Any], route: Route) -> None:
        """Set up without opening a connection.

        Args:
            settings: The arguments of `httpx.Client` and `httpx.AsyncClient`.
            route: The route to the gateway.
        """
        self._settings = settings
        self._route = route
        self.is_closed = False
        forks.import_all(_IMPORTED_BY_CALLS)
        self._begin()
        forks.leave_connections_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connections: Connections | None = None
        # connections belong to the event loop that they were opened on
        self._async_connections = WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[AsyncConnections, AsyncGenerator[None]]
        ]()

    def leave_connections(self) -> object:
        """Start without connections after a fork. The parent process still uses its own, so do not close them here.

        Returns:
            The connections of the parent process. Keep a reference, because Python closes them without one.
        """
        parent_connections = self._connections, self._async_connections
        self._begin()
        return parent_connections

    def check_open(self) -> None:
        """Raise RuntimeError if the client is closed."""
        if self.is_closed:
            raise RuntimeError(_CLOSED)

    def sync(self) -> Connections:
        """Return the connections of synchronous calls.

        Raises:
            RuntimeError: The client is closed.
        """
        with self._lock:
            self.check_open()
            if self._connections is None:
                self._connections = Connections(self._settings, self._route)
            return self._connections

    def of_running_loop(self) -> AsyncConnections:
        """Return the connections of the running event loop.

        Raises:
            RuntimeError: No event loop of asyncio is running, or the client is closed.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            message = "no running event loop of asyncio: asynchronous calls work on asyncio only, not on trio"
            raise RuntimeError(message) from error
        with self._lock:
            self.check_open()
            for ended in [loop for loop in self._async_connections if loop.is_closed()]:
                self._async_connections.pop(ended)[0].close_of_ended_loop()
            if loop not in self._async_connections:
                forks.import_all(_IMPORTED_BY_ASYNC_CALLS)
                connections = AsyncConnections(self._settings, self._route)
                self._async_connections[loop] = connections, _close_with_loop(connections)
            return self._async_connections[loop][0]

    def close(self) -> None:
        """Close the connections of synchronous calls. From now on, none is opened."""
        with self._lock:
            self.is_closed = True
            connections, self._connections = self._connections, None
        if connections is not None:
            connections.close()

    async def aclose(self) -> None:
        """Call `close`, and also close the connections of the running event loop."""
        self.close()
        with suppress(RuntimeError):  # trio has no event loop of asyncio, and so no connections
            with self._lock:
                _, closing = self._async_connections.pop(asyncio.get_running_loop(), (None, None))
            if closing is not None:
                await closing.aclose()


def _close_with_loop(connections: AsyncConnections) -> AsyncGenerator[None]:
    """Return a generator that closes connections when `asyncio.run` ends the running event loop."""

    async def wait() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await connections.aclose()

    waiting = wait()
    with suppress(StopIteration):
        waiting.__anext__().send(None)
    return waiting
