"""The mock server on a real socket, by uvicorn (extra `mock`)."""

from __future__ import annotations

import signal
import socket
import sys

import uvicorn

from kling_elements.mock.app import MockServer, create_app

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


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Port 0 stands for any free one.

    Raises:
        OSError: The address is unknown, taken or not allowed.
        UnicodeError: The host cannot be a name.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family, backlog=_BACKLOG)


def serve(listener: socket.socket, url: str, token: str | None) -> None:
    """Answer requests until SIGINT or SIGTERM, and say so once they are taken. Runs in the main thread only.

    Args:
        listener: The socket that listens.
        url: How callers reach it, for people to read.
        token: The only Bearer token to take; None stands for any.
    """
    app = create_app(token)
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan="on",
        log_config=None,
        log_level="critical",  # nothing of a request, broken ones included, gets into a log
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_MAX_SECONDS,
        ws="none",
    )
    _Server(config, _announcement(app, url)).run(sockets=[listener])


def _announcement(app: MockServer, url: str) -> str:
    return f"Mock server of {', '.join(app.operation_ids)} listening on {url} (Ctrl+C stops it)"
