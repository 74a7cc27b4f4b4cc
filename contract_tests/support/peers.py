"""Servers on this machine whose behaviour a test defines, and blocking and async calls to them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TypeAlias

import httpx
import trustme
from attrs import define, field

from contract_tests.support.running import TOKEN, run_async
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.deadline import within

RESPONSE = b'{"code": 0, "data": {"task_id": "1"}}'
GET: Mapping[str, Any] = {"method": "GET", "url": "/a"}
POST: Mapping[str, Any] = {"method": "POST", "url": "/b", "content": b"{}"}
LARGE: Mapping[str, Any] = {"method": "POST", "url": "/c", "content": b"x" * 20_000_000}
"""A request that is larger than the buffers of the system."""

Call: TypeAlias = Mapping[str, Any] | Callable[[], object]


@define
class ReceivedRequest:
    """A complete request as it arrived, and the number of connections before its own."""

    line: str
    headers: httpx.Headers
    body: bytes
    connection: int


def http_response(content: bytes = RESPONSE, status: str = "200 OK", *headers: str) -> bytes:
    """Return the bytes of a response with these headers and its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


@define(eq=False)
class Peer:
    """The server's end of one connection.

    Attributes:
        connected: Its socket.
        number: The number of connections before it.
        requests: The whole requests on all connections.
    """

    connected: socket.socket
    number: int
    requests: list[ReceivedRequest]
    _received: bytes = field(default=b"", init=False)

    def head(self) -> str:
        """Return the head of the next request, or an empty string if the client has closed the connection."""
        while b"\r\n\r\n" not in self._received:
            if not (piece := self.connected.recv(65_536)):
                return ""
            self._received += piece
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head.decode()

    def request(self) -> ReceivedRequest | None:
        """Return the next request with its body, or None if the client has closed the connection."""
        if not (head := self.head()):
            return None
        line, *fields = head.split("\r\n")
        headers = httpx.Headers([(name, value) for name, _, value in (header.partition(": ") for header in fields)])
        length = int(headers.get("content-length", 0))
        body = bytearray(self._received)
        while len(body) < length:
            if not (piece := self.connected.recv(1 << 20)):
                return None  # pragma: no cover - usually a reset comes first
            body += piece
        self._received = bytes(body[length:])
        self.requests.append(ReceivedRequest(line, headers, bytes(body[:length]), self.number))
        return self.requests[-1]

    def send(self, data: bytes) -> None:
        """Send bytes to the client."""
        self.connected.sendall(data)

    def respond(self, data: bytes | None = None) -> None:
        """Answer every request until the client closes the connection."""
        while self.request() is not None:
            self.send(http_response() if data is None else data)

    def drip(self, pieces: Iterable[bytes]) -> None:
        """Send pieces slowly for at most half a minute, so that a client without a deadline is noticed."""
        deadline = time.monotonic() + 30
        for piece in pieces:  # pragma: no branch - the pieces are endless
            self.send(piece)
            time.sleep(0.02)
            if time.monotonic() > deadline:  # pragma: no cover - only a client without a deadline
                return

    def until_closed(self) -> None:
        """Read everything until the client closes the connection."""
        while self.connected.recv(1 << 20):
            pass

    def reset(self) -> None:
        """Reset the connection, so that the client notices at once."""
        self.connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connected.close()


class Listener:
    """A server that passes each connection to a function in a new thread.

    Attributes:
        url: Its address.
        requests: The whole requests, in order.
        connections: The number of connections.
    """

    def __init__(self, behave: Callable[[Peer], object], tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of this machine."""
        self._behave = behave
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._problems: list[BaseException] = []
        self.requests: list[ReceivedRequest] = []
        self.connections = 0
        self.port = int(self._socket.getsockname()[1])
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        """Close all connections, and raise the first error of the function."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._socket.close()
        for connected in self._open:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for problem in self._problems:
            raise problem  # pragma: no cover - only in a failing test

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connected, _ = self._socket.accept()
                self._open.append(connected)
                thread = threading.Thread(target=self._serve, args=(connected, self.connections))
                self.connections += 1
                self._threads.append(thread)
                thread.start()

    def _serve(self, connected: socket.socket, number: int) -> None:
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connected = self._tls.wrap_socket(connected, server_side=True)
                self._open.append(connected)
            self._behave(Peer(connected, number, self.requests))
        except OSError:  # the client went away, or the test is over
            pass
        except BaseException as problem:  # noqa: BLE001  # pragma: no cover - raised by `close`
            self._problems.append(problem)
        finally:
            connected.close()


@contextmanager
def listening(behave: Callable[[Peer], object], tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Run a server until the block ends."""
    listener = Listener(behave, tls)
    try:
        yield listener
    finally:
        listener.close()


@cache
def authority() -> trustme.CA:
    """Return the authority that signs the certificates of these servers."""
    return trustme.CA()


@cache
def server_tls(*names: str) -> ssl.SSLContext:
    """Return a TLS context for a server with these names, or for this machine if there are none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    return context


@cache
def client_tls() -> ssl.SSLContext:
    """Return a TLS context for clients that trusts the servers of this module."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


class Pieces(StreamedBody):
    """A body in pieces. At a piece that is an event, the body waits for the event."""

    def __init__(self, *pieces: bytes | threading.Event) -> None:
        """Keep the pieces, in order."""
        self._pieces = pieces

    def __len__(self) -> int:
        """Return the length in bytes."""
        return sum(len(piece) for piece in self._pieces if isinstance(piece, bytes))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                assert piece.wait(60)


class PiecewiseBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A response body that comes in pieces, may break off, and records whether it was closed."""

    def __init__(self, pieces: Iterable[bytes | Exception]) -> None:
        """Keep the pieces, in order."""
        self._pieces = pieces
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces; if one is an exception, raise it."""
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces, and let other tasks run before each one."""
        for piece in self:
            await asyncio.sleep(0)
            yield piece

    def close(self) -> None:
        """Record the close."""
        self.is_closed = True

    async def aclose(self) -> None:
        """Record the close."""
        self.is_closed = True


class PatientClient(AuthenticatedClient):
    """A client that reuses connections for a minute, because a busy machine may take longer than a second."""

    reuse_seconds = 60.0


def client_of(url: str, **http_client: Any) -> AuthenticatedClient:
    """Return a patient client for a server on this machine."""
    timeout = http_client.pop("timeout", 60.0)
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=600)  # on a busy machine
    options = {"verify": client_tls(), "limits": limits, **http_client}
    return PatientClient(TOKEN, url, timeout=timeout, http_client=options)


class CallStyle:
    """How a test makes calls: blocking, or on an event loop."""

    def __init__(self, name: str) -> None:
        """Create the call style `sync` or `async`."""
        self.name = name

    def outcomes(self, client: AuthenticatedClient, *calls: Call, seconds: float | None = None) -> list[Any]:
        """Make calls one after the other, close the client, and return each response or exception.

        If one of the calls is a function, it is called in its turn, and its result is left out. With `seconds`, all
        calls must finish within that time.
        """
        outcomes = self._outcomes(client, calls, seconds)
        return [outcome for call, outcome in zip(calls, outcomes, strict=True) if not callable(call)]

    def _outcomes(self, client: AuthenticatedClient, calls: tuple[Call, ...], seconds: float | None) -> list[Any]:
        async def run() -> list[Any]:
            async with client:
                with within(seconds):
                    return [await _outcome_async(client, call) for call in calls]

        if self.name == "async":
            return run_async(run())
        with client, within(seconds):
            return [_outcome(client, call) for call in calls]

    def outcome(self, client: AuthenticatedClient, call: Call = POST, *, seconds: float | None = None) -> Any:
        """Return the response or the exception of a call, and close the client."""
        (outcome,) = self.outcomes(client, call, seconds=seconds)
        return outcome

    def failure(
        self, client: AuthenticatedClient, call: Call = POST, *, sent: bool = False, seconds: float | None = None
    ) -> str:
        """Return the message of a call's transport error; fail if the error is wrong about whether it was sent."""
        error = self.outcome(client, call, seconds=seconds)
        assert isinstance(error, TransportError)
        assert sent is error.may_have_been_sent
        return str(error)


def _outcome(client: AuthenticatedClient, call: Call) -> Any:
    try:
        return call() if callable(call) else client.send(**call)
    except Exception as error:  # noqa: BLE001 - the outcome may be any exception
        return error


async def _outcome_async(client: AuthenticatedClient, call: Call) -> Any:
    try:
        return call() if callable(call) else await client.send_async(**call)
    except Exception as error:  # noqa: BLE001 - as above
        return error
