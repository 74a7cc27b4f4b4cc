"""The mock server on a real socket, by uvicorn (extra `mock`)."""

from __future__ import annotations

import signal
import socket
import sys
from itertools import chain
from typing import cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kling_elements.mock.app import MockServer
from kling_elements.mock.asgi import ABORT

_BACKLOG = 2048  # connections that may wait
_SHUTDOWN_MAX_SECONDS = 1  # for requests under way: a caller who stalls must not keep the server alive

HEAD_MAX_BYTES = 1 << 16
"""Bytes of a request's line and headers, far beyond what anybody needs."""

HALF_REQUEST_MAX_SECONDS = 30
"""Seconds that a request's line and headers may take to arrive, and that its body may pause."""

_TICKS_A_SECOND = 10  # of uvicorn's main loop
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    b"The address and the headers of a request may have at most %d bytes.\n"
)


class _Closing(uvicorn.Server):
    """Closes connections that leave a request half sent."""

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            for connection in [each for each in self.server_state.connections if isinstance(each, _Protocol)]:
                connection.wait_a_second()
        return await super().on_tick(counter)


class _Server(_Closing):
    """Says when it takes requests, and treats a signal as the ordinary end."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement
        # uvicorn raises each signal again once it has shut down: the handler it then finds must be content with that.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"{self._announcement}\n")
        sys.stdout.flush()


class _Protocol(HttpToolsProtocol):
    """Lets the application cut the connection, and bounds what a peer may send beside bodies, and how long it may take.

    uvicorn has no bound of either: what httptools has read of a head or of trailers grows as long as the peer sends.
    """

    _bytes_beside_bodies = 0  # since a request began, or since the last part of its body
    _seconds_waited = 0
    _is_refused = False

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return  # a connection that is closed with unread bytes is reset, and the peer loses the answer
        self._bytes_beside_bodies += len(data)
        super().data_received(data)
        if self._bytes_beside_bodies > HEAD_MAX_BYTES and not self._is_refused:
            self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._bytes_beside_bodies = self._seconds_waited = 0
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item] # ASGI leaves the kind open

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(map(len, chain.from_iterable(self.headers))) > HEAD_MAX_BYTES:
            self._refuse()
            raise httptools.HttpParserError  # so that nothing behind it is read
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_beside_bodies = self._seconds_waited = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        if not self._is_refused:
            super().send_400_response(msg)

    def wait_a_second(self) -> None:
        """Close the connection if the rest of a request has been waited for too long."""
        cycle = self._cycle_under_way()
        if (cycle is None or cycle.more_body) and not self.flow.read_paused:
            self._seconds_waited += 1
        if self._seconds_waited > HALF_REQUEST_MAX_SECONDS:
            self.transport.abort()

    def _cycle_under_way(self) -> RequestResponseCycle | None:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # there is none before the first request
        return None if cycle is None or cycle.response_complete else cycle

    def _refuse(self) -> None:
        self._is_refused = True
        if self._cycle_under_way() is None:
            self.transport.write(_TOO_LARGE % HEAD_MAX_BYTES)
            self.transport.write_eof()
        else:  # an answer to an earlier request is under way, or these are trailers of this one
            self.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Port 0 stands for any free one.

    Raises:
        OSError: The address is unknown, taken or not allowed.
        UnicodeError: The host cannot be a name.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family, backlog=_BACKLOG)


def serve(listener: socket.socket, url: str, app: MockServer) -> None:
    """Answer requests until SIGINT or SIGTERM, and say so once they are taken. Runs in the main thread only.

    Args:
        listener: The socket that listens.
        url: How callers reach it, for people to read.
        app: What answers.
    """
    _Server(_config(app), _announcement(app, url)).run(sockets=[listener])


class Background(_Closing):
    """Answers requests in a thread, by `run(sockets=[...])`, until `should_exit` is set. Takes no signals there."""

    def __init__(self, app: MockServer) -> None:
        """Take what answers."""
        super().__init__(_config(app))


def _config(app: MockServer) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        http=_Protocol,
        lifespan="on",
        log_config=None,
        log_level="critical",  # nothing of a request, broken ones included, gets into a log
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_MAX_SECONDS,
        ws="none",
    )


def _announcement(app: MockServer, url: str) -> str:
    return f"Mock server of {', '.join(app.operation_ids)} listening on {url} (Ctrl+C stops it)"
