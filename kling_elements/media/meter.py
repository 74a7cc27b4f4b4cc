"""Count the requests, bytes and seconds for reading a file from a URL, and stop when the budget is used up."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore
from ssrfguard import Policy
from ssrfguard.httpx import SafeBackend

from kling_elements.clock import Clock
from kling_elements.media.budget import Budget
from kling_elements_client.errors import MediaError
from kling_elements_runtime.deadline import seconds_left
from kling_elements_runtime.transport.dns import look_up

_MAX_WAIT_SECONDS = 3600.0  # sockets do not accept timeouts of weeks
_MAX_READ_WAIT_SECONDS = 1.0  # the caller may have given up meanwhile


class Meter:
    """The part of a budget that has been used.

    Attributes:
        source: The URL for error messages.
        budget: The budget.
        requests: The number of requests that were sent.
        fetched_bytes: The number of bytes that were received, including headers.
    """

    def __init__(self, source: str, budget: Budget, clock: Clock) -> None:
        """Start the clock. A surrounding `deadline.within` block may shorten the time."""
        self.source = source
        self.budget = budget
        self.requests = 0
        self.fetched_bytes = 0
        self._clock = clock
        seconds_of_call = seconds_left()
        seconds = budget.max_seconds if seconds_of_call is None else min(seconds_of_call, budget.max_seconds)
        self._is_shortened = seconds < budget.max_seconds
        self._deadline = clock.monotonic() + seconds

    @property
    def bytes_left(self) -> int:
        """The number of bytes that may still be received."""
        return self.budget.max_bytes - self.fetched_bytes

    def seconds_left(self) -> float:
        """Return the maximum number of seconds for which a socket may wait.

        Raises:
            MediaError: The time is up.
        """
        seconds, seconds_of_call = self._deadline - self._clock.monotonic(), seconds_left()
        if seconds <= 0 or (seconds_of_call is not None and seconds_of_call <= 0):
            raise self.timeout_error()
        return min(seconds, _MAX_WAIT_SECONDS)

    def count_request(self) -> None:
        """Count a request before it is sent.

        Raises:
            MediaError: The budget allows no more requests.
        """
        if self.requests >= self.budget.max_requests:
            raise self._budget_error(f"needs more than {self.budget.max_requests} requests", "max_requests")
        self.requests += 1

    def require_bytes(self, count: int) -> None:
        """Check that the budget allows `count` more bytes.

        Raises:
            MediaError: The budget does not allow them.
        """
        if count > self.bytes_left:
            raise self._budget_error(f"needs more than {self.budget.max_bytes} bytes", "max_bytes")

    def timeout_error(self) -> MediaError:
        """Return the error to raise when the time is up."""
        if self._is_shortened:
            return MediaError(self.source, "was not read before the call's max_wait_seconds ended; pass a larger value")
        return self._budget_error(f"took longer than {self.budget.max_seconds:g} s", "max_seconds")

    def _budget_error(self, problem: str, field: str) -> MediaError:
        return MediaError(self.source, f"{problem} to be read; pass a Budget with a larger {field} to allow it")


class MeteredBackend(httpcore.NetworkBackend):
    """A network backend that connects only to allowed addresses, and never waits longer than the budget.

    The timeout of an HTTP client would not be enough: it restarts with each byte, however slowly a server sends.
    """

    def __init__(self, policy: Policy, meter: Meter) -> None:
        self._policy = policy
        self._meter = meter

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the meter limits the time
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Look up a name, check all its addresses, and connect to one of them."""
        steps = 1 + self._policy.max_connection_attempts  # the look-up, and each attempt to connect
        share = self._meter.seconds_left() / steps

        def addresses(host: str, port: int, *_: Any) -> Any:
            # ssrfguard's own resolver ignores the hosts file, and puts up to four IPv6 addresses first, so machines
            # without IPv6 could not connect.
            return look_up(host, port).result(share)

        guard = SafeBackend(policy=self._policy, resolver=addresses)
        try:
            stream = guard.connect_tcp(host, port, share, local_address, socket_options)
        except ValueError as error:  # raised by a resolver, or by ssrfguard if a resolver returns nonsense
            raise httpcore.ConnectError(f"the host name cannot be looked up: {error}") from error
        return _MeteredStream(stream, self._meter)


class _MeteredStream(httpcore.NetworkStream):
    """A connection that counts its bytes and limits its waits."""

    def __init__(self, stream: httpcore.NetworkStream, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as in connect_tcp
        self._meter.require_bytes(1)
        count = min(max_bytes, self._meter.bytes_left)
        while (seconds := self._meter.seconds_left()) > _MAX_READ_WAIT_SECONDS:
            with suppress(httpcore.ReadTimeout):
                return self._count_received(self._stream.read(count, _MAX_READ_WAIT_SECONDS))
        return self._count_received(self._stream.read(count, seconds))

    def _count_received(self, chunk: bytes) -> bytes:
        self._meter.fetched_bytes += len(chunk)
        return chunk

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as in connect_tcp
        self._stream.write(buffer, self._meter.seconds_left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - as in connect_tcp
    ) -> httpcore.NetworkStream:
        try:
            secured = self._stream.start_tls(ssl_context, server_hostname, self._meter.seconds_left())
        except BaseException:
            self.close()  # because httpcore does not know this connection yet
            raise
        return _MeteredStream(secured, self._meter)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
