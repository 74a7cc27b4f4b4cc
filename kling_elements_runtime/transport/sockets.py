"""Sockets for httpcore, blocking or on an event loop of asyncio, whose every step ends by the deadline of the call.

On an event loop the socket itself is used, not a transport of asyncio: one that fails to write throws away what the
peer has answered already, such as a 401 given while a large body is still on its way.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import aiohappyeyeballs
import httpcore

from kling_elements_runtime.deadline import seconds_left

T = TypeVar("T")

_PIECE = 1 << 16  # bytes that are read or written at a time
_HEAD_START_SECONDS = 0.25  # of one address before the next one is tried too (RFC 8305, section 5)
_TIME_IS_UP = "the time for this call is up"
_Option = tuple[Any, ...]


def _within_deadline(timeout: float | None, late: type[Exception]) -> float | None:
    """Return the seconds that a step may take: its own time-out, or what is left for the call if that is less."""
    left = seconds_left()
    if left is None:
        return timeout
    if left <= 0:
        raise late(_TIME_IS_UP)
    return left if timeout is None else min(timeout, left)


class Backend(httpcore.NetworkBackend):
    """Opens blocking sockets."""

    def __init__(self) -> None:
        """Take those of httpcore."""
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_Option] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connected socket, to the first of the host's addresses that takes it."""
        with _as_connect_error():
            addresses = _addresses(host, port) or socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failures = []
        for *_, address in addresses:
            try:
                limit = _within_deadline(timeout, httpcore.ConnectTimeout)
                inner = self._inner.connect_tcp(str(address[0]), port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failures.append(error)
            else:
                return _Stream(inner)
        raise failures[0]


class _Stream(httpcore.NetworkStream):
    """A blocking socket."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _within_deadline(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            limit = _within_deadline(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _PIECE], limit)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = _within_deadline(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens sockets on the running event loop. The deadline of the call is kept by whoever awaits it."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_Option] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connected socket, to whichever of the host's addresses takes it first."""
        loop = asyncio.get_running_loop()
        with _as_connect_error():
            async with asyncio.timeout(timeout):
                found = _addresses(host, port) or await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                local = local_address and await loop.getaddrinfo(local_address, 0, type=socket.SOCK_STREAM)
                connected = await aiohappyeyeballs.start_connection(
                    found, local_addr_infos=local or None, happy_eyeballs_delay=_HEAD_START_SECONDS, loop=loop
                )
            for option in (*(socket_options or ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)):
                connected.setsockopt(*option)
        return _AsyncStream(connected)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """A socket on an event loop."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        loop = asyncio.get_running_loop()
        return await _step(loop.sock_recv(self._socket, max_bytes), timeout, httpcore.ReadTimeout, httpcore.ReadError)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        await _step(loop.sock_sendall(self._socket, buffer), timeout, httpcore.WriteTimeout, httpcore.WriteError)

    async def aclose(self) -> None:
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await _start_tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return _is_readable(self._socket) if info == "is_readable" else None


class _AsyncTls(httpcore.AsyncNetworkStream):
    """TLS over a stream on an event loop, by buffers in memory."""

    def __init__(
        self, inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self._inner = inner
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=server_hostname)

    async def handshake(self, timeout: float | None) -> None:
        await self._do(self._tls.do_handshake, timeout, httpcore.ConnectError)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._do(lambda: self._tls.read(max_bytes), timeout, httpcore.ReadError)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._do(lambda: self._tls.write(buffer), timeout, httpcore.WriteError)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await _start_tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else self._inner.get_extra_info(info)

    async def _do(self, step: Callable[[], T], timeout: float | None, failed: type[Exception]) -> T:
        """Return what a step of TLS returns, once the peer has sent and been sent what that takes."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._send(timeout)
                received = await self._inner.read(_PIECE, timeout)
                self._received.write(received) if received else self._received.write_eof()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                raise
            except ssl.SSLError as error:
                raise failed(str(error)) from error
            else:
                await self._send(timeout)
                return done

    async def _send(self, timeout: float | None) -> None:
        if waiting := self._to_send.read():
            await self._inner.write(waiting, timeout)


async def _start_tls(
    inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
) -> httpcore.AsyncNetworkStream:
    stream = _AsyncTls(inner, context, server_hostname)
    try:
        await stream.handshake(timeout)
    except BaseException as error:
        await inner.aclose()
        if isinstance(error, httpcore.TimeoutException):
            raise httpcore.ConnectTimeout(str(error)) from error
        if isinstance(error, httpcore.NetworkError | ssl.SSLError):
            raise httpcore.ConnectError(str(error) or "the peer closed the connection") from error
        raise
    return stream


async def _step(awaitable: Awaitable[T], timeout: float | None, late: type[Exception], failed: type[Exception]) -> T:
    try:
        async with asyncio.timeout(timeout):
            return await awaitable
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error


@contextmanager
def _as_connect_error() -> Iterator[None]:
    """Raise what can go wrong before there is a connection as httpcore does: no address, no socket, no answer."""
    try:
        yield
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:  # a name that cannot be one is a UnicodeError
        raise httpcore.ConnectError(str(error)) from error


def _addresses(host: str, port: int) -> list[Any]:
    """Return the one address of a host that is given by its number; none where the name has to be looked up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return []
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


def _is_readable(connected: socket.socket) -> bool:
    """Return whether something came, or the peer has closed: on an idle connection both mean that it is of no use."""
    try:
        connected.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


__all__ = ["AsyncBackend", "Backend"]
