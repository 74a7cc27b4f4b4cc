"""Keeps what reading a file behind an address costs within its budget, where each byte comes in."""

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
from kling_elements_runtime.transport.names import look_up

_MAX_WAIT = 3600.0  # seconds; sockets refuse time-outs of weeks
_MAX_READ_WAIT = 1.0  # seconds that a socket waits at a time, as nobody may wait for the file any more


class Meter:
    """What was used of a budget so far.

    Attributes:
        source: The address that errors name.
        budget: The budget.
        requests: How many requests were sent.
        fetched_bytes: How many bytes came in, headers included.
    """

    def __init__(self, source: str, budget: Budget, clock: Clock) -> None:
        """Begin to count the seconds. They end with those of a block of `deadline.within` that this is in."""
        self.source = source
        self.budget = budget
        self.requests = 0
        self.fetched_bytes = 0
        self._clock = clock
        left = seconds_left()
        seconds = budget.max_seconds if left is None else min(left, budget.max_seconds)
        self._is_cut = seconds < budget.max_seconds
        self._until = clock.monotonic() + seconds

    @property
    def bytes_left(self) -> int:
        """Bytes that may still come in."""
        return self.budget.max_bytes - self.fetched_bytes

    def seconds_left(self) -> float:
        """Return the seconds that a socket may wait.

        Raises:
            MediaError: The time is up.
        """
        left, of_call = self._until - self._clock.monotonic(), seconds_left()
        if left <= 0 or (of_call is not None and of_call <= 0):
            raise self.late()
        return min(left, _MAX_WAIT)

    def count_request(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            MediaError: It would be one too many.
        """
        if self.requests >= self.budget.max_requests:
            raise self._spent(f"needs more than {self.budget.max_requests} requests", "max_requests")
        self.requests += 1

    def need(self, count: int) -> None:
        """Check that a number of bytes may still come in.

        Raises:
            MediaError: They may not.
        """
        if count > self.bytes_left:
            raise self._spent(f"needs more than {self.budget.max_bytes} bytes", "max_bytes")

    def late(self) -> MediaError:
        """Return the error for when the time is up."""
        if self._is_cut:
            return MediaError(self.source, "was not read by the end of the call's max_wait_seconds; allow it more")
        return self._spent(f"took longer than {self.budget.max_seconds:g} s", "max_seconds")

    def _spent(self, what: str, name: str) -> MediaError:
        return MediaError(self.source, f"{what} to be read; a larger Budget.{name} allows it")


class MeteredBackend(httpcore.NetworkBackend):
    """Connects only to addresses that a policy of ssrfguard allows, and lets no wait outlast the budget.

    Time-outs of HTTP clients begin anew with each byte that arrives, so a server that drips would never meet them.
    """

    def __init__(self, policy: Policy, meter: Meter) -> None:
        self._policy = policy
        self._meter = meter

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the meter's time counts
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Look a name up, check every address it has, and connect to one of them."""
        steps = 1 + self._policy.max_connection_attempts  # the look-up, and each attempt to connect
        share = self._meter.seconds_left() / steps

        def addresses(host: str, port: int, *_: Any) -> Any:
            # ssrfguard's own resolver has time-outs too, but knows no hosts file, and puts up to four addresses of IPv6
            # before any other, so that machines without IPv6 would not come through.
            return look_up(host, port).result(share)

        guard = SafeBackend(policy=self._policy, resolver=addresses)
        try:
            stream = guard.connect_tcp(host, port, share, local_address, socket_options)
        except ValueError as error:  # of a resolver, or of ssrfguard where a resolver answers no address
            raise httpcore.ConnectError(f"the name cannot be looked up: {error}") from error
        return _MeteredStream(stream, self._meter)


class _MeteredStream(httpcore.NetworkStream):
    """A connection whose every wait and byte is counted."""

    def __init__(self, stream: httpcore.NetworkStream, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as in connect_tcp
        self._meter.need(1)
        wanted = min(max_bytes, self._meter.bytes_left)
        while (left := self._meter.seconds_left()) > _MAX_READ_WAIT:
            with suppress(httpcore.ReadTimeout):
                return self._counted(self._stream.read(wanted, _MAX_READ_WAIT))
        return self._counted(self._stream.read(wanted, left))

    def _counted(self, piece: bytes) -> bytes:
        self._meter.fetched_bytes += len(piece)
        return piece

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
            self.close()  # httpcore does not know this connection yet
            raise
        return _MeteredStream(secured, self._meter)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
