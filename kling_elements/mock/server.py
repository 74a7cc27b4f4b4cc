"""The mock server on a real socket, by uvicorn (extra `mock`)."""

from __future__ import annotations

import signal
import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kling_elements.mock.app import MockServer
from kling_elements.mock.asgi import ABORT

_BACKLOG = 2048  # connections that may wait
_SHUTDOWN_MAX_SECONDS = 1  # for requests under way: a caller who stalls must not keep the server alive


class _Server(uvicorn.Server):
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
    """Lets the application cut the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item] # ASGI leaves the kind open


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


class Background(uvicorn.Server):
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
