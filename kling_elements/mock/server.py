"""Run the mock server on a real socket with uvicorn (extra `mock`)."""

from __future__ import annotations

import json
import signal
import socket
import sys
from itertools import chain
from typing import cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kling_elements.mock.app import MockServer
from kling_elements.mock.asgi import ABORT, Application

_BACKLOG = 2048  # connections that may wait to be accepted
_SHUTDOWN_MAX_SECONDS = 1  # a stalled caller can't keep the server alive any longer

HEAD_MAX_BYTES = 1 << 16
"""The size limit in bytes of a request line and its headers, far more than a client needs."""

HALF_REQUEST_MAX_SECONDS = 30
"""Seconds that a request line and its headers may take, and that a body may pause."""

_UVICORN_TICKS_PER_SECOND = 10  # how often its main loop runs
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    b"The address and the headers of a request may have at most %d bytes.\n"
)


class _ClosingServer(uvicorn.Server):
    """A server that closes connections if they leave a request half sent."""

    async def on_tick(self, counter: int) -> bool:
        if counter % _UVICORN_TICKS_PER_SECOND == 0:
            for connection in cast("list[_Protocol]", list(self.server_state.connections)):
                connection.wait_a_second()
        return await super().on_tick(counter)


class _AnnouncingServer(_ClosingServer):
    """A server that prints a line when it is ready, and treats SIGINT and SIGTERM as a normal shutdown."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement
        # uvicorn raises each signal again after its shutdown, so install a handler that survives that.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"{self._announcement}\n")
        sys.stdout.flush()


class _Protocol(HttpToolsProtocol):
    """A connection that the application can cut, with limits for the size and time of everything except bodies.

    uvicorn has no such limits: its parser keeps the head and the trailers, however long a peer sends them.
    """

    _bytes_beside_bodies = 0  # since a request began, or since the last chunk of its body
    _seconds_waited = 0
    _is_refused = False

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return  # keep reading: a reset with unread bytes would cost the peer the response
        self._bytes_beside_bodies += len(data)
        super().data_received(data)
        if self._bytes_beside_bodies > HEAD_MAX_BYTES and not self._is_refused:
            self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._bytes_beside_bodies = self._seconds_waited = 0
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item] # ASGI leaves the type open

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(map(len, chain.from_iterable(self.headers))) > HEAD_MAX_BYTES:
            self._refuse()
            raise httptools.HttpParserError  # stop parsing what follows
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_beside_bodies = self._seconds_waited = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        if not self._is_refused:
            super().send_400_response(msg)

    def wait_a_second(self) -> None:
        """Count a second, and close the connection if the peer has been silent in a request for too long."""
        cycle = self._current_cycle()
        if (cycle is None or cycle.more_body) and not self.flow.read_paused:
            self._seconds_waited += 1
        if self._seconds_waited > HALF_REQUEST_MAX_SECONDS:
            self.transport.abort()

    def _current_cycle(self) -> RequestResponseCycle | None:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        return None if cycle is None or cycle.response_complete else cycle

    def _refuse(self) -> None:
        self._is_refused = True
        if self._current_cycle() is None:
            self.transport.write(_TOO_LARGE % HEAD_MAX_BYTES)
            self.transport.write_eof()
        else:  # another response may be half sent, so don't write a second one into it
            self.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address. Port 0 picks a free port.

    Raises:
        OSError: The address is unknown, taken or not allowed.
        UnicodeError: The host is not a valid name.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family, backlog=_BACKLOG)


def serve(listener: socket.socket, url: str, app: MockServer, *, as_json: bool = False) -> None:
    """Answer requests until SIGINT or SIGTERM. Call this only in the main thread.

    Args:
        listener: The listening socket.
        url: The server's URL for the line that it prints when it is ready.
        app: The application.
        as_json: Whether that line is JSON, for programs.
    """
    _AnnouncingServer(_config(app), _announcement(app, url, as_json=as_json)).run(sockets=[listener])


class Background(_ClosingServer):
    """A server for a thread: call `run(sockets=[...])`, and set `should_exit` to stop it. It handles no signals."""

    def __init__(self, app: Application) -> None:
        """Prepare to serve an ASGI application with a lifespan."""
        super().__init__(_config(app))


def _config(app: Application) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        http=_Protocol,
        lifespan="on",
        log_config=None,
        log_level="critical",  # no part of a request may get into a log
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_MAX_SECONDS,
        ws="none",
    )


def _announcement(app: MockServer, url: str, *, as_json: bool) -> str:
    docs = None if app.docs_path is None else f"{url}{app.docs_path}"
    if as_json:
        return json.dumps({"url": url, "docs": docs, "operations": app.operation_ids})
    line = f"Mock server of {', '.join(app.operation_ids)} listening on {url} (Ctrl+C stops it)"
    line = line if docs is None else f"{line}; try it in a browser: {docs}"
    return f"{line}\nexport KLING_BASE_URL={url}"
