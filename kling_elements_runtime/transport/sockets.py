"""Sockets for httpcore, blocking or on an event loop of asyncio, whose every step ends by the deadline of the call.

On an event loop the socket itself is used, not a transport of asyncio: one that fails to write throws away what the
peer has answered already, such as a 401 given while a large body is still on its way.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, TypeAlias, TypeVar

import aiohappyeyeballs
import httpcore

from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport.names import look_up

T = TypeVar("T")

_READ_BYTES = 1 << 16  # at a time, as httpcore reads
_WRITTEN_BYTES = 1 << 18  # at a time with TLS, where they are there twice meanwhile
_HELD_BYTES = 1 << 14  # of headers, or of a small body, that are put together with what follows or went before
_TIME_IS_UP = "the time for this call is up"
_HEAD_START_SECONDS = 0.25  # of one address before the next one is tried too (RFC 8305, section 5)
_Options: TypeAlias = Iterable[tuple[Any, ...]] | None


class _Telling:
    """A block in which what can go wrong with a socket is raised by httpcore's names for it."""

    def __init__(self, late: type[Exception], failed: type[Exception]) -> None:
        """Take the name for what took too long, and the one for all else."""
        self._late, self._failed = late, failed

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Raise an error by its name, where it is not one of these."""
        if error is None or isinstance(error, (self._late, self._failed)):
            return
        if isinstance(error, TimeoutError | httpcore.TimeoutException):
            raise self._late(_TIME_IS_UP if _is_over() else str(error) or "timed out") from error
        if isinstance(error, OSError | UnicodeError | RuntimeError | httpcore.NetworkError):
            raise self._failed(str(error) or "the connection was closed") from error


_CONNECTING = _Telling(httpcore.ConnectTimeout, httpcore.ConnectError)
_READING = _Telling(httpcore.ReadTimeout, httpcore.ReadError)
_WRITING = _Telling(httpcore.WriteTimeout, httpcore.WriteError)


class Backend(httpcore.NetworkBackend):
    """Opens blocking sockets."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - connections of ours have none
        socket_options: _Options = None,  # noqa: ARG002 - nor these
    ) -> httpcore.NetworkStream:
        """Return a connected socket, to the first of the host's addresses that takes it."""
        failures = []
        with _CONNECTING:
            for address in look_up(host, port).result(_limit(timeout)):
                try:
                    return _Stream(_connected(address, timeout))
                except OSError as error:
                    failures.append(error)
            raise failures[0]


def _connected(address: tuple[Any, ...], timeout: float | None) -> socket.socket:
    family, kind, protocol, _, place = address
    opened = socket.socket(family, kind, protocol)
    try:
        opened.settimeout(_limit(timeout))
        opened.connect(place)
        _send_at_once(opened)
    except BaseException:
        opened.close()
        raise
    return opened


class _Held:
    """The first piece that is written after a read, held back until the next one, so that both go out together.

    These are the headers of a request and the beginning of its body. A call of the system takes longer than all that
    h11 does with a small request.
    """

    def __init__(self) -> None:
        self._piece = b""
        self._is_first = True

    def to_write(self, piece: bytes) -> Iterable[bytes]:
        """Return what is to be sent now, of what was held and another piece."""
        if self._is_first and len(piece) <= _HELD_BYTES:
            self._is_first, self._piece = False, piece
            return ()
        held, self._piece, self._is_first = self._piece, b"", False
        pieces = (held + piece,) if len(piece) <= _HELD_BYTES else (held, piece)  # a large one is not copied
        return filter(None, pieces)

    def to_read(self) -> bytes:
        """Return what is to be sent before the next read."""
        held, self._piece, self._is_first = self._piece, b"", True
        return held


class _Stream(httpcore.NetworkStream):
    """A blocking socket, with TLS or without."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._held = _Held()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._send(self._held.to_read(), timeout)
        with _READING:
            self._limit(timeout)
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for piece in self._held.to_write(buffer):
            self._send(piece, timeout)

    def _send(self, piece: bytes, timeout: float | None) -> None:
        left = memoryview(piece)
        with _WRITING:
            while left:
                self._limit(timeout)
                left = left[self._socket.send(left) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if isinstance(self._socket, ssl.SSLSocket):  # which cannot be wrapped again
            return _NestedTls.over(self, ssl_context, server_hostname, timeout)
        try:
            with _CONNECTING:
                self._limit(timeout)
                return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except BaseException:
            self.close()
            raise

    def _limit(self, timeout: float | None) -> None:
        seconds = _limit(timeout)
        if seconds != self._socket.gettimeout():  # which costs no call of the system
            self._socket.settimeout(seconds)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        return _extra_info(self._socket, info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens sockets on the running event loop. The deadline of the call is kept by whoever awaits it."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - as in Backend
        socket_options: _Options = None,  # noqa: ARG002 - as in Backend
    ) -> httpcore.AsyncNetworkStream:
        """Return a connected socket, to whichever of the host's addresses takes it first."""
        with _CONNECTING:
            async with asyncio.timeout(timeout):
                addresses: Any = await asyncio.wrap_future(look_up(host, port))
                connected = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_HEAD_START_SECONDS)
            try:
                _send_at_once(connected)
            except OSError:
                connected.close()
                raise
        return _AsyncStream(connected)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """A socket on an event loop."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._held = _Held()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if held := self._held.to_read():
            await self._send(held, timeout)
        with _READING:
            async with asyncio.timeout(timeout):
                received = await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)
                await _let_others_run(received)
                return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for piece in self._held.to_write(buffer):
            await self._send(piece, timeout)

    async def _send(self, piece: bytes, timeout: float | None) -> None:
        with _WRITING:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_sendall(self._socket, piece)
                await _let_others_run(piece)

    async def aclose(self) -> None:
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await _start_tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return _extra_info(self._socket, info)


async def _let_others_run(piece: bytes) -> None:
    """Let the event loop do other work after a large piece: what a socket takes or has at once is not waited for."""
    if len(piece) >= _READ_BYTES:
        await asyncio.sleep(0)


class _Tls(httpcore.AsyncNetworkStream):
    """TLS over a stream, by buffers in memory."""

    def __init__(
        self, inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self._inner = inner
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=server_hostname)

    async def handshake(self, timeout: float | None) -> None:
        """Agree on keys, and check the certificate."""
        await self._do(self._tls.do_handshake, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        def decrypted() -> bytes:
            try:
                return self._tls.read(max_bytes)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # the end, said or not
                return b""

        with _READING:
            return await self._do(decrypted, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        whole = memoryview(buffer)
        with _WRITING:
            for start in range(0, len(whole), _WRITTEN_BYTES):
                await self._do(partial(self._tls.write, whole[start : start + _WRITTEN_BYTES]), timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await _start_tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._tls
        if info == "is_readable" and (self._received.pending or self._tls.pending()):
            return True  # the socket was read already
        return self._inner.get_extra_info(info)

    async def _do(self, step: Callable[[], T], timeout: float | None) -> T:
        """Return what a step of TLS returns, once the peer has sent and been sent what that takes."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._send(timeout)
                received = await self._inner.read(_READ_BYTES, timeout)
                self._received.write(received) if received else self._received.write_eof()
            else:
                await self._send(timeout)
                return done

    async def _send(self, timeout: float | None) -> None:
        if waiting := self._to_send.read():
            await self._inner.write(waiting, timeout)


async def _start_tls(
    inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
) -> httpcore.AsyncNetworkStream:
    try:
        with _CONNECTING:
            stream = _Tls(inner, context, server_hostname)
            await stream.handshake(timeout)
    except BaseException:
        await inner.aclose()
        raise
    return stream


class _Awaited(httpcore.AsyncNetworkStream):
    """A blocking stream behind the face of one for an event loop. Its coroutines never suspend."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _NestedTls(httpcore.NetworkStream):
    """TLS over a blocking stream that has TLS already, as to a gateway behind a proxy that speaks TLS itself."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    @classmethod
    def over(
        cls, inner: httpcore.NetworkStream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> _NestedTls:
        """Return it, with the keys agreed on and the certificate checked."""
        return cls(_finish(_start_tls(_Awaited(inner), context, server_hostname, timeout)))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return _finish(self._stream.read(max_bytes, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        _finish(self._stream.write(buffer, timeout))

    def close(self) -> None:
        _finish(self._stream.aclose())

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("a blocking stream suspended")  # pragma: no cover - none does


def _limit(timeout: float | None) -> float | None:
    """Return the seconds that a step may take: its own time-out, or what is left for the call if that is less.

    Raises:
        TimeoutError: Nothing is left.
    """
    if _is_over():
        raise TimeoutError
    return min((limit for limit in (timeout, seconds_left()) if limit is not None), default=None)


def _is_over() -> bool:
    """Return whether nothing is left of the time for the call."""
    left = seconds_left()
    return left is not None and left <= 0


def _send_at_once(connected: socket.socket) -> None:
    """Have small pieces sent without waiting for more: headers and body of a request are written one by one."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _extra_info(connected: socket.socket, info: str) -> Any:
    """Return what httpcore and tools ask of a connection."""
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
    """Return whether something came, or the peer has closed: on an idle connection both mean that it is of no use."""
    connected.settimeout(0)
    try:
        socket.socket.recv(connected, 1, socket.MSG_PEEK)  # that of SSLSocket takes no flags
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


__all__ = ["AsyncBackend", "Backend"]
