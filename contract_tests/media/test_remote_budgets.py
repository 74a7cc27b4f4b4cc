"""A file behind an address costs no more requests, bytes and seconds than its budget has."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from contract_tests.support import remote_files
from contract_tests.support.range_server import (
    Answer,
    RangeServer,
    by_path,
    drips,
    for_ever,
    hangs,
    head,
    honest,
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

_no_socket_stays_open = remote_files.no_socket_stays_open
serving = remote_files.serving
names = remote_files.names
SOON = Budget(max_seconds=0.2)
_SPENT = f"needs more than {18 * BLOCK} bytes to be read; a larger Budget.max_bytes allows it"


class SteppingClock(Clock):
    """A clock that goes on by a second whenever it is looked at, and gives a permit for it."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        self.permits.release()
        return self.seconds


class HurriedClock(Clock):
    """A clock for budgets of 30 s, which are nearly over once a server was asked: until then all may take its time."""

    def __init__(self, server: RangeServer) -> None:
        self._server = server

    def monotonic(self) -> float:
        return super().monotonic() + (29.8 if self._server.asked else 0)


# The budget


def test_the_default_budget_lets_no_file_cost_much() -> None:
    """32 requests, 8 MiB and half a minute."""
    assert Budget(max_requests=32, max_bytes=8 * 1024 * 1024, max_seconds=30) == Budget()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, bad) for name in ("max_requests", "max_bytes") for bad in (0, -1, 1.0, math.nan, True, "1", None)),
        *(("max_seconds", bad) for bad in (0, -1, math.nan, math.inf, True, "1", None)),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(name: str, value: Any) -> None:
    """The error names the field."""
    with pytest.raises(ValueError, match=name):
        Budget(**{name: value})


def test_a_budget_is_a_value() -> None:
    """It cannot be changed, and is given by name."""
    assert Budget(max_bytes=5) == Budget(max_bytes=5) != Budget()
    with pytest.raises(FrozenInstanceError):
        Budget().max_bytes = 6  # type: ignore[misc]
    with pytest.raises(TypeError):
        Budget(1)  # type: ignore[call-arg]


def test_a_budget_of_a_year_is_no_error(serving: Callable[..., RangeServer]) -> None:
    """Sockets take no time-out that long, so it is cut for them."""
    with open_remote(serving().url, allow_private=True, budget=Budget(max_seconds=1e300)) as file:
        assert file.size == 100_000


# Budgets at work


def test_no_more_requests_are_sent_than_the_budget_has(serving: Callable[..., RangeServer]) -> None:
    """Those of redirects count."""
    server = serving(by_path(file=honest, moved=redirect("/file")))
    budget = Budget(max_requests=2)

    says = "needs more than 2 requests to be read; a larger Budget.max_requests allows it"
    assert says == private_refusal(server.url, (0, 1), (50_000, 1), (90_000, 1), budget=budget)
    assert says == private_refusal(server.url.replace("file", "moved"), (50_000, 1), budget=budget)
    assert 4 == len(server.asked)


@pytest.mark.parametrize("peek", [(0, 60_000), (40_000, 60_000), (0, 10**30)])
def test_more_bytes_than_the_budget_has_are_not_even_asked_for(
    serving: Callable[..., RangeServer], peek: tuple[int, int]
) -> None:
    """Nothing is fetched in vain."""
    server = serving(size=10**15)
    says = "needs more than 40000 bytes to be read; a larger Budget.max_bytes allows it"
    assert says == private_refusal(server.url, peek, budget=Budget(max_bytes=40_000))
    assert ["0-16383"] == server.ranges


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), _SPENT),
        (for_ever(head(206, content_range="bytes 0-294911/*", transfer_encoding="chunked"), b"1;x"), BROKEN),
        (for_ever(head(200, transfer_encoding="chunked"), b"1\r\nx\r\n"), _SPENT),
        (for_ever(head(200), b"x" * 999), _SPENT),
    ],
    ids=["hints", "chunks that do not begin", "tiny chunks", "body"],
)
def test_what_never_ends_is_cut(serving: Callable[..., RangeServer], answer: Answer, expected: str) -> None:
    """Not a byte more comes in than the budget has."""
    budget = Budget(max_bytes=18 * BLOCK)
    meter = Meter("", budget, Clock())
    file = RemoteFile(range_client.RangeClient(serving(answer).url, meter, allow_private=True), meter)
    with closing(file), pytest.raises(MediaError) as caught:
        file.peek(0, 18 * BLOCK)
    assert expected == caught.value.reason
    assert file.fetched_bytes <= 18 * BLOCK


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nx: ", head(200), head(206, content_range="bytes 0-16383/100000")],
    ids=["status", "headers", "body", "part"],
)
def test_a_server_that_drips_meets_the_deadline(serving: Callable[..., RangeServer], start: bytes) -> None:
    """A byte each second is progress for any time-out of a socket."""
    clock = SteppingClock()
    server = serving(drips(start, clock.permits))
    says = "took longer than 30 s to be read; a larger Budget.max_seconds allows it"
    assert says == private_refusal(server.url, clock=clock)
    assert 31 <= clock.seconds <= 33


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\n", head(200, content_length=9), head(206, content_range="bytes 0-16383/100000")],
    ids=["nothing", "headers", "body", "part"],
)
def test_a_server_that_hangs_meets_the_deadline(serving: Callable[..., RangeServer], start: bytes) -> None:
    """It is given up in the middle of a wait."""
    server = serving(hangs(start))
    says = "took longer than 30 s to be read; a larger Budget.max_seconds allows it"
    assert says == private_refusal(server.url, clock=HurriedClock(server))


def test_a_deadline_that_has_passed_lets_nothing_begin(serving: Callable[..., RangeServer]) -> None:
    """What was fetched can still be read."""
    server, clock = serving(), SteppingClock()
    with open_remote(server.url, allow_private=True, clock=clock) as file:
        clock.seconds += 60
        assert server.file.read(5, 10) == file.peek(5, 5)
        with pytest.raises(MediaError, match="took longer than 30 s"):
            file.peek(50_000, 1)
    assert ["0-16383"] == server.ranges


def test_a_call_that_ends_sooner_ends_the_reading(serving: Callable[..., RangeServer]) -> None:
    """The reason does not speak of the budget, which is larger; a smaller one counts all the same."""
    for seconds, says in (
        (29.9, "was not read by the end of the call's max_wait_seconds"),
        (60, "took longer than 30 s"),
    ):
        server = serving(hangs())
        with within(seconds):
            assert private_refusal(server.url, clock=HurriedClock(server)).startswith(says)


def test_a_handshake_that_hangs_meets_the_deadline() -> None:
    """Here nobody answers the connection."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        assert "no connection came about in time" == private_refusal(url, budget=SOON)


def test_a_handshake_begins_only_in_time() -> None:
    """The connection, which was made before, is closed."""
    clock = SteppingClock()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        budget = Budget(max_seconds=1.5)
        assert private_refusal(url, budget=budget, clock=clock).startswith("took longer than 1.5 s")


def test_a_look_up_that_hangs_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own takes no time-out, so it is left behind."""
    over, ended = threading.Event(), threading.Event()

    def look_up(*_: Any, **__: Any) -> None:
        over.wait(5)
        ended.set()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "no connection came about in time" == refusal("http://slow.example/", budget=SOON)
    over.set()
    assert ended.wait(5)


def test_addresses_that_do_not_answer_share_the_time(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of them are tried at most, each for its share."""
    waited: list[float | None] = []

    def connect(self: socket.socket, _: Any) -> None:
        waited.append(self.gettimeout())
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    names["a.example"] = [[f"93.184.216.{host}" for host in range(9)]]
    assert "no connection came about in time" == refusal("http://a.example/", budget=Budget(max_seconds=10))
    assert [pytest.approx(2, abs=0.5)] * 4 == waited
