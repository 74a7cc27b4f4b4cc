"""Reading a file from a URL takes no more requests, bytes and seconds than its budget allows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from contract_tests.support.range_server import (
    RangeServer,
    Responder,
    by_path,
    dripping_response,
    endless_response,
    good_response,
    hanging_response,
    head,
    redirect,
)
from contract_tests.support.remote_files import BLOCK, BROKEN, private_refusal, refusal
from kling_elements.clock import Clock
from kling_elements.media import range_client
from kling_elements.media.budget import Budget
from kling_elements.media.meter import Meter
from kling_elements.media.remote import RemoteFile, open_remote
from kling_elements_client.errors import MediaError
from kling_elements_runtime.deadline import within

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_socket_stays_open")]
_LATE = "the connection was not established in time; check the host and its port"
SOON = Budget(max_seconds=0.2)
_SPENT = f"needs more than {18 * BLOCK} bytes to be read; pass a Budget with a larger max_bytes to allow it"


class SteppingClock(Clock):
    """A clock that advances by one second at each reading, and then releases a permit."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        self.permits.release()
        return self.seconds


class HurriedClock(Clock):
    """A clock that jumps almost to the end of 30 s as soon as a server gets a request."""

    def __init__(self, server: RangeServer) -> None:
        self._server = server

    def monotonic(self) -> float:
        return super().monotonic() + (29.8 if self._server.requests else 0)


# The budget


def test_a_budget_may_last_years(serving: Callable[..., RangeServer]) -> None:
    """Sockets get shorter timeouts, because they refuse such long ones."""
    with open_remote(serving().url, allow_private=True, budget=Budget(max_seconds=1e300)) as file:
        assert file.size == 100_000


# Budgets at work


def test_no_more_requests_are_sent_than_the_budget_allows(serving: Callable[..., RangeServer]) -> None:
    """Redirects count as requests."""
    server = serving(by_path(file=good_response, moved=redirect("/file")))
    budget = Budget(max_requests=2)

    message = "needs more than 2 requests to be read; pass a Budget with a larger max_requests to allow it"
    assert message == private_refusal(server.url, (0, 1), (50_000, 1), (90_000, 1), budget=budget)
    assert message == private_refusal(server.url.replace("file", "moved"), (50_000, 1), budget=budget)
    assert 4 == len(server.requests)


@pytest.mark.parametrize("peek", [(0, 60_000), (40_000, 60_000), (0, 10**30)])
def test_more_bytes_than_the_budget_allows_are_not_requested(
    serving: Callable[..., RangeServer], peek: tuple[int, int]
) -> None:
    """The error is raised before any byte is wasted."""
    server = serving(size=10**15)
    message = "needs more than 40000 bytes to be read; pass a Budget with a larger max_bytes to allow it"
    assert message == private_refusal(server.url, peek, budget=Budget(max_bytes=40_000))
    assert ["0-16383"] == server.ranges


@pytest.mark.parametrize(
    ("respond", "expected"),
    [
        (endless_response(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), _SPENT),
        (endless_response(head(206, content_range="bytes 0-294911/*", transfer_encoding="chunked"), b"1;x"), BROKEN),
        (endless_response(head(200, transfer_encoding="chunked"), b"1\r\nx\r\n"), _SPENT),
        (endless_response(head(200), b"x" * 999), _SPENT),
    ],
    ids=["hints", "chunks that do not begin", "tiny chunks", "body"],
)
def test_an_endless_response_is_ended(serving: Callable[..., RangeServer], respond: Responder, expected: str) -> None:
    """The client reads at most as many bytes as the budget allows."""
    budget = Budget(max_bytes=18 * BLOCK)
    meter = Meter("", budget, Clock())
    file = RemoteFile(range_client.RangeClient(serving(respond).url, meter, allow_private=True), meter)
    with closing(file), pytest.raises(MediaError) as caught:
        file.peek(0, 18 * BLOCK)
    assert expected == caught.value.reason
    assert file.fetched_bytes <= 18 * BLOCK


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nx: ", head(200), head(206, content_range="bytes 0-16383/100000")],
    ids=["status", "headers", "body", "part"],
)
def test_a_server_that_sends_single_bytes_meets_the_deadline(serving: Callable[..., RangeServer], start: bytes) -> None:
    """Each byte restarts the socket's timeout, but not the deadline."""
    clock = SteppingClock()
    server = serving(dripping_response(start, clock.permits))
    message = "took longer than 30 s to be read; pass a Budget with a larger max_seconds to allow it"
    assert message == private_refusal(server.url, clock=clock)
    assert 31 <= clock.seconds <= 33


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\n", head(200, content_length=9), head(206, content_range="bytes 0-16383/100000")],
    ids=["nothing", "headers", "body", "part"],
)
def test_a_server_that_hangs_meets_the_deadline(serving: Callable[..., RangeServer], start: bytes) -> None:
    server = serving(hanging_response(start))
    message = "took longer than 30 s to be read; pass a Budget with a larger max_seconds to allow it"
    assert message == private_refusal(server.url, clock=HurriedClock(server))


def test_no_request_begins_after_the_deadline(serving: Callable[..., RangeServer]) -> None:
    """Bytes that were fetched before can still be read."""
    server, clock = serving(), SteppingClock()
    with open_remote(server.url, allow_private=True, clock=clock) as file:
        clock.seconds += 60
        assert server.file.read(5, 10) == file.peek(5, 5)
        with pytest.raises(MediaError, match="took longer than 30 s"):
            file.peek(50_000, 1)
    assert ["0-16383"] == server.ranges


def test_a_shorter_deadline_ends_the_reading(serving: Callable[..., RangeServer]) -> None:
    """The error says which of the two limits was reached."""
    for seconds, message in (
        (29.9, "was not read before the call's max_wait_seconds ended"),
        (60, "took longer than 30 s"),
    ):
        server = serving(hanging_response())
        with within(seconds):
            assert private_refusal(server.url, clock=HurriedClock(server)).startswith(message)


def test_a_handshake_that_hangs_meets_the_deadline() -> None:
    """The server accepts the connection, but doesn't answer the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        assert _LATE == private_refusal(url, budget=SOON)


def test_no_handshake_begins_after_the_deadline() -> None:
    """The open connection is closed."""
    clock = SteppingClock()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        budget = Budget(max_seconds=1.5)
        assert private_refusal(url, budget=budget, clock=clock).startswith("took longer than 1.5 s")


def test_a_lookup_that_hangs_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread keeps waiting, because the system's look-up has no timeout."""
    over, ended = threading.Event(), threading.Event()

    def look_up(*_: Any, **__: Any) -> None:
        over.wait(5)
        ended.set()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert _LATE == refusal("http://slow.example/", budget=SOON)
    over.set()
    assert ended.wait(5)


def test_addresses_that_do_not_answer_share_the_time(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most four are tried, each for an equal share."""
    waited: list[float | None] = []

    def connect(self: socket.socket, _: Any) -> None:
        waited.append(self.gettimeout())
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    names["a.example"] = [[f"93.184.216.{host}" for host in range(9)]]
    assert _LATE == refusal("http://a.example/", budget=Budget(max_seconds=10))
    assert [pytest.approx(2, abs=0.5)] * 4 == waited
