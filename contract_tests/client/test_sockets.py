"""What goes over a socket, with TLS and without, and what is made of everything that can go wrong with one."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import aiohappyeyeballs
import pytest
import uvloop

from contract_tests.support.peers import (
    ANSWER,
    GET,
    LARGE,
    POST,
    Peer,
    Ways,
    client_of,
    listening,
    said,
    server_tls,
)
from contract_tests.support.running import TOKEN
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.transport import sockets

with_and_without_tls = pytest.mark.parametrize("tls", [None, server_tls()], ids=["plain", "TLS"])


# What goes over it


@with_and_without_tls
def test_large_requests_and_answers_come_through_whole(tls: ssl.SSLContext | None, ways: Ways) -> None:
    """Over one connection, which is kept."""
    large = said(b" " * 5_000_000 + b"{}")
    with listening(lambda peer: peer.answer(large), tls) as server:
        found = ways.outcomes(client_of(server.url), LARGE, GET, LARGE)

    assert [5_000_002] * 3 == [len(each.content) for each in found]
    assert [LARGE["content"], b"", LARGE["content"]] == [each.body for each in server.heard]
    assert 1 == server.connections


def test_a_small_request_goes_out_in_one_piece(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers and body together, as each call of the system takes time; a large body is not copied for that."""
    sizes: list[int] = []
    send = socket.socket.send

    def count(self: socket.socket, data: Any) -> int:
        sizes.append(len(data))
        return send(self, data)

    with listening(Peer.answer) as server, monkeypatch.context() as patch:
        patch.setattr(socket.socket, "send", count)
        found = ways.outcomes(client_of(server.url), POST, GET, {**POST, "content": b"x" * 20_000}, POST)

    of_requests = [size for size in sizes if size > 1]  # event loops wake themselves up by one byte
    assert [200] * 4 == [each.status_code for each in found]
    assert [b"{}", b"", b"x" * 20_000, b"{}"] == [each.body for each in server.heard]
    assert 5 == len(of_requests)
    assert 20_000 == of_requests[3]


@with_and_without_tls
def test_it_works_on_uvloop(tls: ssl.SSLContext | None) -> None:
    """The mock server brings it along."""

    async def run(url: str) -> list[int]:
        async with client_of(url) as client:
            found = await asyncio.gather(*(client.send_async(**call) for call in (LARGE, GET, POST)))
            return [each.status_code for each in [*found, await client.send_async(**POST)]]

    with listening(Peer.answer, tls) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert [200] * 4 == runner.run(run(server.url))


def test_what_tools_ask_of_a_connection_is_told(ways: Ways) -> None:
    """Those that trace requests tell the addresses."""
    with listening(Peer.answer) as server, listening(Peer.answer, server_tls()) as secured:
        for each in (server, secured):
            told: list[Any] = []

            def look(response: Any, told: list[Any] = told) -> None:
                stream = response.extensions["network_stream"]
                told += [stream.get_extra_info(name) for name in ("client_addr", "server_addr", "socket", "ssl_object")]
                told.append(told[-1] and told[-1].version())
                assert stream.get_extra_info("else") is None

            async def look_async(response: Any, look: Callable[[Any], None] = look) -> None:
                look(response)

            hook = look if ways.name == "sync" else look_async
            ways.outcome(client_of(each.url, event_hooks={"response": [hook]}))
            client_address, server_address, connected, tls, version = told
            assert ("127.0.0.1", each.port) == server_address
            assert client_address[0] == "127.0.0.1"
            assert isinstance(connected, socket.socket)
            assert (each is secured) is (tls is not None)
            assert version == ("TLSv1.3" if each is secured else None)


# Answers that come early


@with_and_without_tls
@pytest.mark.parametrize("status", ["401 Unauthorized", "413 Content Too Large"])
def test_an_answer_given_before_the_request_was_whole_is_read(
    status: str, tls: ssl.SSLContext | None, ways: Ways
) -> None:
    """Servers answer so and close the connection, with the body still on its way."""

    def behave(peer: Peer) -> None:
        peer.head()
        peer.send(said(b"{}", status, "Connection: close"))
        peer.connected.close()  # with bytes unread, so that the client is told by a reset

    with listening(behave, tls) as server:
        answer = ways.outcome(client_of(server.url), LARGE)

    assert int(status[:3]) == answer.status_code
    assert 1 == server.connections


@with_and_without_tls
def test_a_connection_that_ends_before_the_request_was_whole_left_nothing_behind(
    tls: ssl.SSLContext | None, ways: Ways
) -> None:
    """Where no answer can be read, the error says what was probably meant by it."""

    def behave(peer: Peer) -> None:
        peer.head()
        peer.reset()

    with listening(behave, tls) as server:
        failure = ways.failure(client_of(server.url), LARGE)

    assert f"Error at {server.url}: " in failure
    assert failure.endswith(
        "; the connection ended before the request was sent whole, so nothing was done. Servers that refuse a request "
        "early end it so: check the key and the size of what is sent"
    )


@with_and_without_tls
@pytest.mark.parametrize("ends", [Peer.reset, lambda peer: peer.connected.close()], ids=["reset", "closed"])
def test_a_connection_that_ends_after_the_request_was_whole_leaves_doubt(
    ends: Callable[[Peer], None], tls: ssl.SSLContext | None, ways: Ways
) -> None:
    """The server may have done what it asks for."""

    def behave(peer: Peer) -> None:
        peer.request()
        ends(peer)

    with listening(behave, tls) as server:
        failure = ways.failure(client_of(server.url), sent=True)

    assert "before the request" not in failure


# TLS


class TlsByHand:
    """The server's side of TLS, which sends its records when it is told to."""

    def __init__(self, peer: Peer) -> None:
        """Agree on keys."""
        self._peer = peer
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = server_tls().wrap_bio(self._received, self._to_send, server_side=True)
        self._do(self._tls.do_handshake)
        self.send()

    def request(self) -> bytes:
        """Return a small request without a body."""
        head: bytes = self._do(lambda: self._tls.read(65_536))
        return head

    def add(self, data: bytes) -> None:
        """Make a record, to be sent with others."""
        self._tls.write(data)

    def send(self) -> None:
        """Send the records at once."""
        self._peer.send(self._to_send.read())

    def _do(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if waiting := self._to_send.read():
                    self._peer.send(waiting)
                self._received.write(self._peer.connected.recv(65_536))


@pytest.mark.parametrize("stray", [said(b"{}", "400 Bad Request"), b"x" * 10], ids=["an answer", "something"])
def test_a_record_behind_an_answer_ends_the_connection(stray: bytes, ways: Ways) -> None:
    """It may have been taken from the socket with the answer, and the next request must not take it for its own."""

    def behave(peer: Peer) -> None:
        tls = TlsByHand(peer)
        tls.request()
        tls.add(said())
        if peer.number == 0:
            tls.add(stray)
        tls.send()
        peer.until_closed()

    with listening(behave) as server:
        found = ways.outcomes(client_of(server.url.replace("http:", "https:")), GET, GET)

    assert [ANSWER, ANSWER] == [each.content for each in found]
    assert 2 == server.connections


@pytest.mark.parametrize(
    ("says", "behave"),
    [
        ("WRONG_VERSION_NUMBER", lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("", lambda peer: peer.connected.recv(1)),
        ("", Peer.reset),
    ],
    ids=["no TLS", "closed", "reset"],
)
def test_a_handshake_that_fails_is_no_connection(says: str, behave: Callable[[Peer], None], ways: Ways) -> None:
    """Nothing was sent."""
    with listening(behave) as server:
        failure = ways.failure(client_of(server.url.replace("http:", "https:")))

    assert failure.startswith("ConnectError at https://127.0.0.1:")
    assert says in failure.replace(" ", "_").upper()
    assert "no detail" not in failure


def test_a_handshake_takes_no_longer_than_it_may(ways: Ways) -> None:
    """It is part of connecting."""
    with listening(Peer.until_closed) as server:
        client = client_of(server.url.replace("http:", "https:"), timeout=Timeout(connect=0.1))
        failure = ways.failure(client)

    assert failure.startswith("ConnectTimeout at https://127.0.0.1:")


@pytest.mark.parametrize("names", [("elsewhere.example.com",), ("127.0.0.2",)])
def test_a_certificate_for_another_name_is_no_connection(names: tuple[str, ...], ways: Ways) -> None:
    """The token is not shown to that server."""
    with listening(Peer.answer, server_tls(*names)) as server:
        failure = ways.failure(client_of(server.url))

    assert "certificate verify failed: IP address mismatch" in failure
    assert [] == server.heard


def test_a_connection_with_tls_may_end_without_a_word(ways: Ways) -> None:
    """Many servers close it so; an answer whose length was told is whole all the same, and another one ends there."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + ANSWER)
        socket.socket.shutdown(peer.connected, socket.SHUT_RDWR)  # without what TLS says at its end

    with listening(behave, server_tls()) as server:
        assert ANSWER == ways.outcome(client_of(server.url)).content


# Connecting


class Names:
    """What names lead to, in place of the system's own look-up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take its place."""
        self.asked: list[Any] = []
        self.answer: Callable[[int], Any] = lambda port: [("127.0.0.1", port)]
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, port: int, *_: Any, **__: Any) -> Any:
        self.asked.append(host)
        families = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*families, address) for address in self.answer(port)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Every name leads where the test says."""
    return Names(monkeypatch)


def _named(url: str) -> AuthenticatedClient:
    return AuthenticatedClient(TOKEN, url.replace("127.0.0.1", "gateway.test"), timeout=60, allow_http=True)


def test_a_name_is_looked_up_for_each_connection(ways: Ways, names: Names) -> None:
    """As httpx does; what it leads to may change."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(said(b"{}", "200 OK", "Connection: close"))

    with listening(behave) as server:
        found = ways.outcomes(_named(server.url), POST, POST)

    assert [200, 200] == [each.status_code for each in found]
    assert [b"gateway.test"] * 2 == names.asked


def test_the_next_address_is_tried_where_one_takes_no_connection(ways: Ways, names: Names) -> None:
    """A name may lead to several, as to one of IPv6 first."""
    with socket.socket() as nobody, listening(Peer.answer) as server:
        nobody.bind(("127.0.0.1", 0))
        names.answer = lambda port: [nobody.getsockname(), ("127.0.0.1", port)]
        answer = ways.outcome(_named(server.url))

    assert 200 == answer.status_code


def test_a_host_no_address_of_which_takes_a_connection_was_never_reached(ways: Ways, names: Names) -> None:
    """The error is that of an address."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        names.answer = lambda _: [nobody.getsockname()] * 2
        failure = ways.failure(_named("http://127.0.0.1:1"))

    assert failure.startswith("ConnectError at http://gateway.test:1: ")
    assert "111" in failure  # connection refused


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "[Errno -2] Name or service not known",
            id="system",
        ),
        pytest.param(ValueError("no such zone"), "no such zone", id="resolver-of-another-program"),
    ],
)
def test_a_name_that_leads_nowhere_is_no_connection(ways: Ways, names: Names, error: Exception, expected: str) -> None:
    """As after a slip of the hand; some programs put a resolver of their own in the system's place."""

    def unknown(_: int) -> Any:
        raise error

    names.answer = unknown
    failure = ways.failure(_named("http://127.0.0.1:1"))

    assert f"ConnectError at http://gateway.test:1: {expected}" == failure


def test_a_look_up_is_left_behind_when_the_time_is_up(ways: Ways, names: Names) -> None:
    """The system's own takes no time-out, and holds up neither the call nor the end of the event loop."""
    may_end = threading.Event()

    def slow(_: int) -> Any:
        may_end.wait()
        return []

    names.answer = slow
    try:  # it returns while the look-up is still under way
        patient = Timeout(connect=0.1)
        failure = ways.failure(AuthenticatedClient(TOKEN, "http://gateway.test:1", timeout=patient, allow_http=True))
    finally:
        may_end.set()

    assert "ConnectTimeout at http://gateway.test:1: timed out" == failure


@contextmanager
def _no_more_files() -> Iterator[None]:
    """Let this process open no file and no socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@with_and_without_tls
def test_where_no_socket_can_be_opened_nothing_was_sent(tls: ssl.SSLContext | None, ways: Ways) -> None:
    """A process may have as many files open as it may have."""
    limit = ExitStack()

    with listening(Peer.answer, tls) as server:
        begin = partial(limit.enter_context, _no_more_files())
        (error,) = ways.outcomes(client_of(server.url), begin, POST, limit.close)

    assert isinstance(error, TransportError)
    assert not error.may_have_been_sent
    assert f"ConnectError at {server.url}: [Errno 24] Too many open files" == str(error)


def test_a_socket_that_cannot_be_set_up_is_closed(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems refuse options of a connection that the peer has reset already."""
    opened: list[socket.socket] = []

    def refuse(connected: socket.socket) -> None:
        opened.append(connected)
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(sockets, "_send_at_once", refuse)
    with listening(Peer.answer) as server:
        ways.failure(client_of(server.url))

    assert [-1] == [connected.fileno() for connected in opened]


def test_what_an_event_loop_cannot_do_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """RuntimeError is what uvloop raises for what is an OSError elsewhere."""

    async def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", fail)
    failure = Ways("async").failure(client_of("http://127.0.0.1:1"))

    assert "ConnectError at http://127.0.0.1:1: no" == failure


def test_a_write_that_takes_too_long_is_given_up(ways: Ways) -> None:
    """The server reads nothing, so that it never had the whole request."""
    is_over = threading.Event()
    with listening(lambda peer: peer.head() and is_over.wait(60)) as server:
        try:
            failure = ways.failure(client_of(server.url, timeout=Timeout(write=0.1)), LARGE)
        finally:
            is_over.set()

    says = "timed out; the request was not sent whole by then, so nothing was done"
    assert f"WriteTimeout at {server.url}: {says}" == failure
