"""Open and use sockets for httpcore, in threads or on an event loop. Each step ends by the deadline of the call.

The event loop uses sockets directly, because asyncio's transports discard the response if a write fails, such as a 401
that arrives while a large body is being sent.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any, TypeAlias

import aiohappyeyeballs
import httpcore

from kling_elements_runtime.deadline import within
from kling_elements_runtime.transport.dns import look_up
from kling_elements_runtime.transport.steps import CONNECTING, READING, WRITING, limit
from kling_elements_runtime.transport.tls import NestedTls, start_tls

_LARGE_BYTES = 1 << 16  # pieces of this size and above let the event loop do other work
_MAX_BUFFERED_BYTES = 1 << 14  # headers or a small body, which are sent together with their neighbour
_HEAD_START_SECONDS = 0.25  # then the next address is also tried (RFC 8305, section 5)
_Options: TypeAlias = Iterable[tuple[Any, ...]] | None


class Backend(httpcore.NetworkBackend):
    """A backend that opens blocking sockets."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - our own connections have none
        socket_options: _Options = None,  # noqa: ARG002 - nor these
    ) -> httpcore.NetworkStream:
        """Return a socket connected to the first of the host's addresses that accepts.

        The addresses share the timeout equally, so that a silent one leaves time for those after it.
        """
        failures = []
        with CONNECTING, within(timeout):
            addresses = look_up(host, port).result(limit(None))
            for addresses_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                seconds_left = limit(None)
                try:
                    return _Stream(_connect(address, seconds_left and seconds_left / addresses_left))
                except OSError as error:
                    failures.append(error)
            raise failures[0]


def _connect(address: tuple[Any, ...], timeout: float | None) -> socket.socket:
    family, kind, protocol, _, socket_address = address
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(timeout)
        connection.connect(socket_address)
        _disable_nagle(connection)
    except BaseException:
        connection.close()
        raise
    return connection


class _WriteBuffer:
    """A buffer that delays the first piece of a request, the headers, until the next one is written.

    A system call takes longer than all the work of h11 on a small request.
    """

    def __init__(self) -> None:
        self._piece = b""
        self._is_first = True

    def to_write(self, piece: bytes) -> Iterable[bytes]:
        """Add a piece, and return the pieces to send now."""
        if self._is_first and len(piece) <= _MAX_BUFFERED_BYTES:
            self._is_first, self._piece = False, piece
            return ()
        held, self._piece, self._is_first = self._piece, b"", False
        pieces = (held + piece,) if len(piece) <= _MAX_BUFFERED_BYTES else (held, piece)  # a large one is not copied
        return filter(None, pieces)

    def to_read(self) -> bytes:
        """Return the delayed piece, which must be sent before the next read."""
        held, self._piece, self._is_first = self._piece, b"", True
        return held


class _Stream(httpcore.NetworkStream):
    """A blocking socket, with TLS or without."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = _WriteBuffer()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._send(self._buffer.to_read(), timeout)
        with READING:
            self._limit(timeout)
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for piece in self._buffer.to_write(buffer):
            self._send(piece, timeout)

    def _send(self, piece: bytes, timeout: float | None) -> None:
        unsent = memoryview(piece)
        with WRITING:
            while unsent:
                self._limit(timeout)
                unsent = unsent[self._socket.send(unsent) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if isinstance(self._socket, ssl.SSLSocket):  # which cannot be wrapped again
            return NestedTls.over(self, ssl_context, server_hostname, timeout)
        try:
            with CONNECTING:
                self._limit(timeout)
                return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except BaseException:
            self.close()
            raise

    def _limit(self, timeout: float | None) -> None:
        seconds = limit(timeout)
        if seconds != self._socket.gettimeout():  # asking needs no system call
            self._socket.settimeout(seconds)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        return _extra_info(self._socket, info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """A backend that opens sockets on the running event loop. `AsyncConnections.send` limits the time of the call."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - as in Backend
        socket_options: _Options = None,  # noqa: ARG002 - as in Backend
    ) -> httpcore.AsyncNetworkStream:
        """Return a socket connected to the host's address that accepts first."""
        with CONNECTING:
            async with asyncio.timeout(timeout):
                addresses: Any = await asyncio.wrap_future(look_up(host, port))
                connected = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_HEAD_START_SECONDS)
            try:
                _disable_nagle(connected)
            except OSError:
                connected.close()
                raise
        return _AsyncStream(connected)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """A socket on an event loop."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = _WriteBuffer()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if held := self._buffer.to_read():
            await self._send(held, timeout)
        with READING:
            async with asyncio.timeout(timeout):
                received = await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)
                await _yield_after_large(received)
                return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for piece in self._buffer.to_write(buffer):
            await self._send(piece, timeout)

    async def _send(self, piece: bytes, timeout: float | None) -> None:
        with WRITING:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_sendall(self._socket, piece)
                await _yield_after_large(piece)

    async def aclose(self) -> None:
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await start_tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return _extra_info(self._socket, info)


async def _yield_after_large(piece: bytes) -> None:
    """Let the event loop do other work after a large piece, because writing to a ready socket never waits."""
    if len(piece) >= _LARGE_BYTES:
        await asyncio.sleep(0)


def _disable_nagle(connected: socket.socket) -> None:
    """Let the system send small pieces at once, because headers and body of a request are written separately."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _extra_info(connected: socket.socket, info: str) -> Any:
    """Return a property of a connection for httpcore or a tool, or None if it is unknown."""
    match info:
        case "is_readable":
            return _is_readable(connected)
        case "socket":
            return connected
        case "client_addr":
            return connected.getsockname()
        case "server_addr":
            return connected.getpeername()
    return None


def _is_readable(connected: socket.socket) -> bool:
    """Return whether data has arrived, or the peer has closed the connection."""
    connected.settimeout(0)
    try:
        socket.socket.recv(connected, 1, socket.MSG_PEEK)  # SSLSocket.recv accepts no flags
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
