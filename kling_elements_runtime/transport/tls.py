"""Add TLS to streams: on an event loop, and within another TLS connection, if the proxy itself uses TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpcore

from kling_elements_runtime.blocking import finish
from kling_elements_runtime.transport.steps import CONNECTING, READING, WRITING

T = TypeVar("T")

_READ_BYTES = 1 << 16  # as httpcore reads
_WRITTEN_BYTES = 1 << 18  # not more at a time, because there are two copies of them meanwhile


class _TlsStream(httpcore.AsyncNetworkStream):
    """TLS over another stream, with buffers in memory."""

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
        def decrypt() -> bytes:
            try:
                return self._tls.read(max_bytes)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # the end, with TLS's closing message or without
                return b""

        with READING:
            return await self._do(decrypt, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        whole = memoryview(buffer)
        with WRITING:
            for start in range(0, len(whole), _WRITTEN_BYTES):
                await self._do(partial(self._tls.write, whole[start : start + _WRITTEN_BYTES]), timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await start_tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._tls
        if info == "is_readable" and (self._received.pending or self._tls.pending()):
            return True  # the socket was read already
        return self._inner.get_extra_info(info)

    async def _do(self, step: Callable[[], T], timeout: float | None) -> T:
        """Run a step of TLS, exchanging data with the peer until it succeeds, and return its result."""
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


async def start_tls(
    inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
) -> httpcore.AsyncNetworkStream:
    try:
        with CONNECTING:
            stream = _TlsStream(inner, context, server_hostname)
            await stream.handshake(timeout)
    except BaseException:
        await inner.aclose()
        raise
    return stream


class _AsyncAdapter(httpcore.AsyncNetworkStream):
    """An adapter from a blocking stream to the async interface. Its coroutines never suspend."""

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


class NestedTls(httpcore.NetworkStream):
    """TLS over a blocking stream that already uses TLS, such as the connection to a proxy."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    @classmethod
    def over(
        cls, inner: httpcore.NetworkStream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> NestedTls:
        """Return the stream after a handshake that checked the certificate."""
        return cls(finish(start_tls(_AsyncAdapter(inner), context, server_hostname, timeout)))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return finish(self._stream.read(max_bytes, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        finish(self._stream.write(buffer, timeout))

    def close(self) -> None:
        finish(self._stream.aclose())

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
