"""The mock server's sockets limit everything except bodies, and the time of unfinished requests."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from uvicorn.server import ServerState

from contract_tests.reading.paths import ELEMENTS
from kling_elements.mock import create_app, server
from kling_elements.mock.server import HALF_REQUEST_MAX_SECONDS, HEAD_MAX_BYTES
from kling_elements.testing.gateway import serving

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60.0
GREET = b"GET / HTTP/1.1\r\nhost: mock\r\n"
POST = (
    f"POST {ELEMENTS} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer t\r\ncontent-type: application/json\r\n".encode()
)
TOO_LARGE = b"The address and the headers of a request may have at most 65536 bytes.\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Yield the port of a server."""
    with serving(create_app(callbacks=False)) as gateway:
        yield int(gateway.url.rpartition(":")[2])


def exchange(port: int, request: bytes) -> bytes:
    """Send a request from a thread, because the response may come before it is complete; return its bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as peer:
        sending = threading.Thread(target=peer.sendall, args=(request,))
        sending.start()
        response = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        sending.join()
    return response


def test_a_head_of_the_largest_size_is_read(port: int) -> None:
    """The limit counts the address, the names and the values together."""
    used = len(b"/host" + b"mock" + b"connection" + b"close" + b"x")
    response = exchange(port, GREET + b"connection: close\r\nx: " + b"a" * (HEAD_MAX_BYTES - used) + b"\r\n\r\n")

    assert response.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "request_",
    [
        GREET + b"connection: close\r\nx: " + b"a" * HEAD_MAX_BYTES + b"\r\n\r\n",
        GREET + b"x: " + b"a" * (1 << 23),
        GREET + b"x: a\r\n" * (1 << 20),
        b"GET /" + b"a" * (1 << 23),
    ],
    ids=["whole", "a value", "many", "an address"],
)
def test_a_larger_head_is_431_and_the_rest_is_dropped(request_: bytes, port: int) -> None:
    """A peer that is still sending can read the response, and other peers are served."""
    response = exchange(port, request_)

    assert response.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert response.endswith(b"\r\n\r\n" + TOO_LARGE)
    assert exchange(port, GREET + b"connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_request_that_is_not_http_is_400(port: int) -> None:
    """Uvicorn answers these requests."""
    assert exchange(port, b"GARBAGE\r\n\r\n").startswith(b"HTTP/1.1 400 ")


class Wire(asyncio.Transport):
    """A transport that records the written bytes, and whether the connection was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_cut = False

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        """Return the default, because there is no socket."""
        return default

    def write(self, data: Any) -> None:
        """Keep the data that the server writes."""
        self.written += data

    def abort(self) -> None:
        """Remember that the connection was cut."""
        self.is_cut = True

    def close(self) -> None:
        """Do nothing."""

    def is_closing(self) -> bool:
        """Return whether the connection was cut."""
        return self.is_cut

    def pause_reading(self) -> None:
        """Do nothing, because nothing is read."""

    def resume_reading(self) -> None:
        """Do nothing."""


async def connect(*sent: bytes) -> tuple[server._Protocol, Wire]:
    """Return a connection that received some pieces, with its transport."""
    config = server._config(create_app(tick_seconds=0, callbacks=False))  # noqa: SLF001 - time is made to pass here
    config.load()
    connection = server._Protocol(config=config, server_state=ServerState(), app_state={})  # noqa: SLF001 - as above
    wire = Wire()
    connection.connection_made(wire)
    for piece in sent:
        connection.data_received(piece)
        await asyncio.sleep(0)
    return connection, wire


HALVES: dict[str, list[bytes]] = {
    "nothing": [],
    "an empty line": [b"\r\n"],
    "a head": [GREET],
    "a body": [POST + b"content-length: 100\r\n\r\n{"],
    "a chunk": [POST + b"transfer-encoding: chunked\r\n\r\n5\r\n{"],
    "the next head": [GREET + b"\r\n", b"GET"],
}


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_half_a_request_is_cut_after_a_while(sent: list[bytes]) -> None:
    """The connection ends after half a minute, whichever part is missing."""

    async def main() -> None:
        connection, wire = await connect(*sent)
        for _ in range(HALF_REQUEST_MAX_SECONDS):
            connection.wait_a_second()
        assert not wire.is_cut
        connection.wait_a_second()
        assert wire.is_cut

    asyncio.run(main())


def test_a_body_that_comes_slowly_is_waited_for() -> None:
    """Each chunk restarts its time limit. A head has one limit, even if it drips."""

    async def main() -> None:
        body, wire = await connect(POST + b"content-length: 100\r\n\r\n")
        head, dripping = await connect(GREET)
        for _ in range(3):
            for _ in range(HALF_REQUEST_MAX_SECONDS):
                body.wait_a_second()
                head.wait_a_second()
            body.data_received(b" ")
            head.data_received(b"x")
        assert not wire.is_cut
        assert dripping.is_cut

    asyncio.run(main())


def test_a_response_has_no_time_limit() -> None:
    """The time ends with a complete request, and stops while the server pauses reading."""

    async def main() -> None:
        slow, other = await connect(POST + b"content-length: 1000000\r\n\r\n")
        answering, wire = await connect(POST + b"content-length: 2\r\n\r\n")
        slow.data_received(b" " * 100_000)  # is read and answered in the loop's next iteration
        answering.data_received(b"{}")
        for _ in range(HALF_REQUEST_MAX_SECONDS * 2):
            answering.wait_a_second()
            slow.wait_a_second()
        assert not wire.is_cut
        assert not other.is_cut

    asyncio.run(main())


@pytest.mark.parametrize("beside", [b"0\r\n" + b"a: b\r\n" * 20_000, b"1;" + b"a" * 100_000])
def test_trailers_and_chunk_extensions_are_limited_too(beside: bytes) -> None:
    """The connection is cut without a response, because half of another one may be sent."""

    async def main() -> None:
        connection, wire = await connect(POST + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n")
        connection.data_received(beside)
        assert wire.is_cut
        written = wire.written
        connection.data_received(beside)
        assert written == wire.written

    asyncio.run(main())


def test_a_large_body_does_not_count_as_a_large_head() -> None:
    """A large chunk of a body doesn't count towards the limit of a head."""

    async def main() -> None:
        connection, wire = await connect(POST + b"content-length: 5000000\r\n\r\n" + b" " * 4_000_000)
        connection.data_received(b" " * 900_000)
        assert not wire.is_cut

    asyncio.run(main())


def test_a_running_server_counts_the_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that sends nothing is disconnected."""
    monkeypatch.setattr(server, "HALF_REQUEST_MAX_SECONDS", 0)
    with (
        serving(create_app(callbacks=False)) as gateway,
        socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), PATIENCE_SECONDS) as peer,
        suppress(ConnectionResetError),  # as a connection that is cut ends on some systems
    ):
        assert b"" == peer.recv(1)
