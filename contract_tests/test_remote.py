"""A file behind an address is read in parts, safely, whatever its server does."""

from __future__ import annotations

import gc
import logging
import math
import pickle
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from ipaddress import ip_network
from typing import Any

import httpcore
import pytest
import trustme
from attrs.exceptions import FrozenInstanceError
from ssrfguard import Policy

from contract_tests.range_server import (
    Answer,
    RangeServer,
    altered,
    bare,
    by_path,
    chunked,
    drips,
    for_ever,
    hangs,
    head,
    honest,
    in_turn,
    leaving,
    range_server,
    redirect,
    sends,
    whole,
)
from kling_elements.clock import Clock
from kling_elements.media import site
from kling_elements.media.budget import Meter
from kling_elements.media.remote import Budget, RemoteFile, reading, shown
from kling_elements_client.errors import MediaError

BLOCK = 16384
SOON = Budget(max_seconds=0.2)
_BROKEN = "the connection broke off, or what came over it is no HTTP; try again"
_SPENT = f"needs more than {18 * BLOCK} bytes to be read; a larger Budget.max_bytes allows it"
PUBLIC = "93.184.216.34"


class SteppingClock(Clock):
    """A clock that goes on by a second whenever it is looked at, and gives a permit for it."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        self.permits.release()
        return self.seconds


@pytest.fixture(autouse=True, scope="module")
def _no_socket_stays_open() -> Iterator[None]:
    """What was left open warns when it is collected, and warnings are errors."""
    yield
    gc.collect()


@pytest.fixture
def serving() -> Iterator[Callable[..., RangeServer]]:
    """A function that starts a server."""
    with ExitStack() as servers:
        yield lambda *answer, **options: servers.enter_context(range_server(*answer, **options))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What names lead to, for one look-up after the other; the system answers for those that are not there."""
    system = socket.getaddrinfo
    known: dict[str, list[list[str]]] = {}

    def look_up(host: str, port: int, *query: Any) -> Any:
        found = known[host].pop(0) if host in known else [host]
        return [answer for address in found for answer in system(address, port, *query)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; those beyond this machine are not reached."""
    connect = socket.socket.connect
    addresses: list[str] = []

    def connecting(self: socket.socket, address: Any) -> None:
        addresses.append(address[0])
        if address[0] != "127.0.0.1":
            raise ConnectionRefusedError(111, "Connection refused")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    return addresses


@pytest.fixture
def _public_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address 127.0.0.1 counts as public, and no other of this machine."""
    policy = Policy(allowed_networks=(ip_network("127.0.0.1"),), allowed_ports=frozenset(range(1, 65536)))
    monkeypatch.setattr(site, "_policy", lambda *, allow_private: (policy, allow_private)[0])


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[trustme.CA]:
    """An authority that is trusted here, by way of the environment."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    site._tls.cache_clear()  # noqa: SLF001 - it was made for another environment
    yield authority
    site._tls.cache_clear()  # noqa: SLF001 - as above


def certified(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """What a server with a certificate for that name needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def read(url: str, *peeks: tuple[int, int], **options: Any) -> list[bytes]:
    """What is at some places of a file."""
    with reading(url, **options) as file:
        return [file.peek(*peek) for peek in peeks]


def refusal(url: str, *peeks: tuple[int, int], **options: Any) -> str:
    """Why an address cannot be read; nothing else may be wrong, and no secret may show."""
    with pytest.raises(MediaError) as caught:
        read(url, *peeks, **options)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert shown(url) == caught.value.source
    return caught.value.reason


def private_refusal(url: str, *peeks: tuple[int, int], **options: Any) -> str:
    """The same for a server on this machine."""
    return refusal(url, *peeks, allow_private=True, **options)


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
    with reading(serving().url, allow_private=True, budget=Budget(max_seconds=1e300)) as file:
        assert file.size == 100_000


# Addresses in messages


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://media.example.com/a/b.jpg", "https://media.example.com/a/b.jpg"),
        ("https://media.example.com:8443/a?X-Signature=secret#secret", "https://media.example.com:8443/a"),
        ("HTTP://mara:secret@media.example.com?secret", "HTTP://media.example.com"),
        ("http://mara:sec@ret@[::1]:80/@a", "http://[::1]:80/@a"),
        ("https://bücher.example/ü", "https://bücher.example/ü"),
        ("http://a.example/line\nbreak\x1b[0m", "http://a.example/line?break?[0m"),
        ("http://a.example/" + "x" * 300, "http://a.example/" + "x" * 183 + "..."),
        *(
            (hidden, "an address")
            for hidden in (
                "",
                "data:image/png;base64,secret",
                "/9j/secret",
                "http://",
                "http:///secret",
                "http://mara:secret/word@a.example/",
                "http://mara:secret?word@a.example/",
                "http://mara:secret\\@a.example/",
                "http://[secret",
                "file:///etc/passwd",
            )
        ),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, expected: str) -> None:
    """No user, no query, no fragment, and nothing at all where these cannot be told apart."""
    assert expected == shown(url)


# Reading


def test_head_and_tail_of_a_large_file_take_two_requests(serving: Callable[..., RangeServer]) -> None:
    """Of 417 MB less than 100 KB come in, over one connection."""
    server = serving(size=417_000_000)

    with reading(server.url, allow_private=True) as file:
        assert server.file.read(0, 64) == file.peek(0, 64)
        assert server.file.read(416_985_000, 417_000_000) == file.peek(416_985_000, 20_000)
        assert (417_000_000, 2, 1) == (file.size, file.requests, server.connections)
        assert 2 * BLOCK < file.fetched_bytes < 100_000

    assert ["0-16383", "416972800-416999999"] == server.ranges
    assert server.sent < 100_000


def test_a_request_says_what_it_wants(serving: Callable[..., RangeServer]) -> None:
    """A part, as it is, without any login; path and query are as they were given, a fragment stays here."""
    server = serving()
    with reading(f"{server.url};v=1/%2e?a=%20b#c", allow_private=True):
        pass

    (asked,) = server.asked
    assert "/file;v=1/%2e?a=%20b" == asked.target
    assert {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "kling-elements",
        "accept": "*/*",
        "accept-encoding": "identity",
        "range": "bytes=0-16383",
    } == asked.headers


def _without_total(asked: Any, server: RangeServer) -> Iterator[bytes]:
    first, last = map(int, asked.range.split("-"))
    if first >= server.file.size:
        yield from bare(416)(asked, server)
    else:
        last = min(last, server.file.size - 1)
        yield from honest(asked, server, content_range=f"bytes {first}-{last}/*")


_KINDS: dict[str, Answer] = {
    "parts": honest,
    "whole": whole(),
    "whole, no length": whole(content_length=None),
    "chunks": chunked(),
    "chunks, wrong length": chunked(content_length=7),
    "no total": _without_total,
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("size", [100_000, 2 * BLOCK, 1, 0])
def test_what_is_read_is_what_the_file_holds(serving: Callable[..., RangeServer], kind: str, size: int) -> None:
    """Wherever it is read, beyond the end too, and however the server sends it."""
    server = serving(_KINDS[kind], size=size)
    chance = random.Random(1)  # the same places each time
    places = [(chance.randrange(size + BLOCK), chance.randrange(3 * BLOCK)) for _ in range(30)]
    places += [(0, size), (0, size + 1), (size, 1), (size + 10 * BLOCK, 1), (0, 0), (5, -1)]

    with reading(server.url, allow_private=True, budget=Budget(max_requests=100)) as file:
        for offset, count in places:
            assert server.file.read(offset, max(offset, offset + count)) == file.peek(offset, count)
        assert size == file.size


def test_the_size_is_unknown_until_the_server_tells(serving: Callable[..., RangeServer]) -> None:
    """Here it never tells, but ends. A length beside chunks does not count."""
    server = serving(chunked(content_length=7))
    with reading(server.url, allow_private=True) as file:
        assert file.size is None
        file.peek(99_999, 2)
        assert file.size == 100_000


def test_a_negative_offset_is_a_mistake_of_the_caller(serving: Callable[..., RangeServer]) -> None:
    """It is a ValueError as other arguments that cannot be used."""
    with reading(serving().url, allow_private=True) as file, pytest.raises(ValueError, match="offset"):
        file.peek(-1, 5)


def test_nothing_is_fetched_twice(serving: Callable[..., RangeServer]) -> None:
    """Blocks that are there are not asked for, be it before or behind those that are missing."""
    server = serving()
    with reading(server.url, allow_private=True) as file:
        file.peek(4 * BLOCK, 1)
        file.peek(0, 4 * BLOCK + 5)
        assert server.file.read(0, 5 * BLOCK) == file.peek(0, 5 * BLOCK)
    assert ["0-16383", "65536-81919", "16384-65535"] == server.ranges


def test_reading_on_and_on_takes_ever_larger_parts(serving: Callable[..., RangeServer]) -> None:
    """A long header, such as that of a long video, is read in a few requests, and not much more than it."""
    server = serving(size=417_000_000)
    with reading(server.url, allow_private=True) as file:
        for block in range(128):
            file.peek(block * BLOCK, BLOCK)
        assert file.fetched_bytes < 4_500_000

    counts = [(int(last) + 1 - int(first)) // BLOCK for first, last in (asked.split("-") for asked in server.ranges)]
    assert [1, 2, 4, 8, 16, 32, 64, 64] == counts


def test_reading_ahead_does_not_use_up_the_budget(serving: Callable[..., RangeServer]) -> None:
    """What is left can still be read block by block."""
    server = serving()
    with reading(server.url, allow_private=True, budget=Budget(max_bytes=6 * BLOCK)) as file:
        assert server.file.read(0, 4 * BLOCK) == b"".join(file.peek(block * BLOCK, BLOCK) for block in range(4))
    assert ["0-16383", "16384-49151", "49152-65535"] == server.ranges


def test_a_server_that_ignores_range_is_left_once_there_is_enough(serving: Callable[..., RangeServer]) -> None:
    """Only what is needed is taken, from a single answer."""
    server = serving(whole(), size=417_000_000)
    with reading(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_100) == file.peek(50_000, 100)
        assert 417_000_000 == file.size
        assert file.fetched_bytes < 50_000 + 3 * 65536
    assert ["0-16383"] == server.ranges
    assert server.sent < 417_000_000


@pytest.mark.parametrize("length", [417_000_000, None])
def test_what_a_server_that_ignores_range_has_at_its_end_is_not_read(
    serving: Callable[..., RangeServer], length: int | None
) -> None:
    """The error says why, and comes before the whole budget is spent for nothing."""
    server = serving(whole(content_length=length), size=417_000_000)
    with reading(server.url, allow_private=True) as file:
        with pytest.raises(MediaError, match=r"the server ignores Range, .* within the first 8388608 bytes"):
            file.peek(416_999_990, 10)
        assert file.fetched_bytes < 1_000_000


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
        (for_ever(head(206, content_range="bytes 0-294911/*", transfer_encoding="chunked"), b"1;x"), _BROKEN),
        (for_ever(head(200, transfer_encoding="chunked"), b"1\r\nx\r\n"), _SPENT),
        (for_ever(head(200), b"x" * 999), _SPENT),
    ],
    ids=["hints", "chunks that do not begin", "tiny chunks", "body"],
)
def test_what_never_ends_is_cut(serving: Callable[..., RangeServer], answer: Answer, expected: str) -> None:
    """Not a byte more comes in than the budget has."""
    budget = Budget(max_bytes=18 * BLOCK)
    meter = Meter("", budget, Clock())
    file = RemoteFile(site.Site(serving(answer).url, meter, allow_private=True), meter)
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
    says = "took longer than 0.2 s to be read; a larger Budget.max_seconds allows it"
    assert says == private_refusal(serving(hangs(start)).url, budget=SOON)


def test_a_deadline_that_has_passed_lets_nothing_begin(serving: Callable[..., RangeServer]) -> None:
    """What was fetched can still be read."""
    server, clock = serving(), SteppingClock()
    with reading(server.url, allow_private=True, clock=clock) as file:
        clock.seconds += 60
        assert server.file.read(5, 10) == file.peek(5, 5)
        with pytest.raises(MediaError, match="took longer than 30 s"):
            file.peek(50_000, 1)
    assert ["0-16383"] == server.ranges


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

    def look_up(*_: Any) -> None:
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


# Servers that misbehave

_PART = "the server sends another part than bytes 0 to "


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (bare(403), "HTTP 403; it must be there, and readable without a login"),
        *((bare(status), f"HTTP {status}; ") for status in (204, 300, 302, 304, 401, 404, 410, 412, 500, 503)),
        (bare(416, content_range="bytes */5"), "HTTP 416; "),
        (altered(content_range=None), _PART),
        (altered(content_range="bytes 5-16388/100000"), _PART),
        (altered(content_range="bytes 0-99/100000"), _PART + "16383, "),
        (altered(content_range="bytes 0-16384/100000"), _PART),
        (altered(content_range="bytes 0-16384/*"), _PART),
        (altered(content_range="bytes 0-16383/16383"), _PART + "16382, "),
        (altered(content_range="bytes 0-16383/0"), _PART),
        (altered(content_range="bytes */100000"), _PART),
        (altered(content_range="bytes 9-3/*"), _PART),
        (altered(content_range="bytes 0-16383/" + "9" * 30), _PART),
        (altered(content_range="lines 0-16383/100000"), _PART),
        (altered(content_range=None, content_type="multipart/byteranges; boundary=x"), _PART),
        (altered(content_encoding="gzip"), "is sent as 'gzip', although it was asked for as it is"),
        (whole(content_encoding="br" * 50), "is sent as 'brbrbrbrbrbrbrbrbrbr', although"),
        (altered(content_length=100), "the server sends fewer bytes than it says"),
        (altered(content_range="bytes 0-16383/*", content_length=16383), "the server sends fewer bytes than it says"),
        (sends(head(206, content_range="bytes 0-16383/*"), bytes(BLOCK + 1)), "the server sends more bytes than it"),
        (sends(head(206, content_range="bytes 0-16383/*"), bytes(BLOCK - 1)), "the server sends fewer bytes than it"),
        (for_ever(head(206, content_range="bytes 0-16383/*"), bytes(999)), "the server sends more bytes than it"),
        (sends(head(206, content_range="bytes 0-16383/*", content_length=BLOCK), b"x"), _BROKEN),
        (sends(head(200, content_length=100), b""), _BROKEN),
        (bare(101), _BROKEN),
        (altered(content_length="many"), _BROKEN),
        (altered(content_length="-1"), _BROKEN),
        (altered(transfer_encoding="gzip"), _BROKEN),
        (sends(), _BROKEN),
        (sends(b"HTTP/1.1 2"), _BROKEN),
        (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), _BROKEN),
        (sends(bytes(range(256)) * 9), _BROKEN),
        (for_ever(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 99), _BROKEN),
        (for_ever(b"HTTP/1.1 200 OK\r\nx: ", b"x" * 999), _BROKEN),
    ],
)
def test_an_answer_that_cannot_be_used_is_one_clear_error(
    serving: Callable[..., RangeServer], answer: Answer, expected: str
) -> None:
    """And it comes after one request."""
    server = serving(answer)
    assert private_refusal(server.url).startswith(expected)
    assert 1 == len(server.asked)


def test_an_answer_that_ends_early_is_no_short_file(serving: Callable[..., RangeServer]) -> None:
    """Not now, and not when it is asked again."""
    server = serving(sends(head(200, content_length=50_000), bytes(20_000)))
    with reading(server.url, allow_private=True) as file:
        assert bytes(BLOCK) == file.peek(0, BLOCK)
        for _ in range(2):
            with pytest.raises(MediaError, match="broke off"):
                file.peek(19_000, 10)
    assert 1 == len(server.asked)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (altered(etag='"2"'), "was changed while it was read: its etag is another; try again"),
        (altered(last_modified="Fri, 02 Jan 2026 00:00:00 GMT"), "was changed while it was read: its last-modified"),
        (altered(content_range="bytes 49152-65535/99999"), "was changed while it was read: its size is another"),
        (altered(content_range="bytes 49152-60000/*"), "was changed while it was read: its size is another"),
        (bare(416, content_range="bytes */20000"), "was changed while it was read: its size is another"),
        (bare(416, content_range="bytes */100000"), "HTTP 416; "),
        (bare(416), "HTTP 416; "),
        (whole(etag='"2"'), "was changed while it was read: its etag is another; try again"),
        (whole(content_length=99), "was changed while it was read: its size is another; try again"),
        (whole(etag='"1"'), "the server ignores Range, but did not at first; try again"),
        (sends(), _BROKEN),
        (altered(content_range="bytes 0-16383/100000"), "the server sends another part than bytes 49152 to 65535, "),
    ],
)
def test_a_file_that_changes_underneath_is_an_error(
    serving: Callable[..., RangeServer], later: Answer, expected: str
) -> None:
    """Parts of two files are never put together."""
    first = altered(last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    server = serving(in_turn(first, later))
    assert private_refusal(server.url, (50_000, 10)).startswith(expected)


def test_an_answer_that_does_not_repeat_its_marks_is_about_the_same_file(serving: Callable[..., RangeServer]) -> None:
    """Servers may leave them out."""
    server = serving(in_turn(altered(last_modified="Thu, 01 Jan 2026 00:00:00 GMT"), altered(etag=None)))
    with reading(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)


@pytest.mark.parametrize("answer", [leaving, altered(connection="close")], ids=["leaving", "announced"])
def test_a_connection_that_is_closed_between_requests_is_made_anew(
    serving: Callable[..., RangeServer], answer: Answer
) -> None:
    """A server may close it whenever it likes, announced or not."""
    server = serving(answer)
    with reading(server.url, allow_private=True) as file:
        assert server.ended.acquire(timeout=5)
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
    assert 2 == server.connections


def test_after_an_error_the_file_is_closed(serving: Callable[..., RangeServer]) -> None:
    """What was fetched can be read, the rest is the same error, and nobody is asked again."""
    server = serving(in_turn(honest, bare(503), honest))
    with reading(server.url, allow_private=True) as file:
        for place in (50_000, 90_000):
            with pytest.raises(MediaError, match="HTTP 503"):
                file.peek(place, 1)
        assert server.file.read(0, 10) == file.peek(0, 10)
    assert 2 == len(server.asked)


def test_behind_its_block_the_file_is_closed(serving: Callable[..., RangeServer]) -> None:
    """No connection is made that nobody would close."""
    server = serving()
    with reading(server.url, allow_private=True) as file:
        pass
    with pytest.raises(MediaError, match="was closed"):
        file.peek(50_000, 1)
    assert 1 == len(server.asked)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_remembered(serving: Callable[..., RangeServer], status: int) -> None:
    """Its body is not read, and later parts come from where it led to."""
    server = serving(by_path(file=redirect("moved?to=here#now", status), moved=honest))
    with reading(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
        assert 3 == file.requests
        assert file.fetched_bytes < 200_000
    assert ["/file", "/moved?to=here", "/moved?to=here"] == [asked.target for asked in server.asked]


def test_a_redirect_to_another_server_is_followed(serving: Callable[..., RangeServer]) -> None:
    """An error that comes from there says so, without its query."""
    there = serving(in_turn(honest, bare(404)))
    here = serving(redirect(f"{there.url}?token=secret"))
    with reading(here.url, allow_private=True) as file:
        assert there.file.read(0, 10) == file.peek(0, 10)
        with pytest.raises(MediaError, match=f"HTTP 404 from {there.url}; "):
            file.peek(50_000, 1)


def test_redirects_end(serving: Callable[..., RangeServer]) -> None:
    """Five are followed, and no more, be it a loop or not."""
    moving = redirect("/file")
    server = serving(in_turn(*[moving] * 5, honest))
    with reading(server.url, allow_private=True) as file:
        assert 6 == file.requests

    loop = serving(moving)
    says = "is redirected more than 5 times; give the address that it leads to"
    assert says == private_refusal(loop.url)
    assert 6 == len(loop.asked)


@pytest.mark.usefixtures("_public_machine")
@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://169.254.169.254/latest/meta-data/", "leads to a private or reserved address (169.254.169.254); allow"),
        ("http://127.0.0.2/", "leads to a private or reserved address (127.0.0.2); "),
        ("//[::1]/", "leads to a private or reserved address (::1); "),
        ("http://[::ffff:10.0.0.1]/", "leads to a private or reserved address (::ffff:"),
        ("http://intranet.example/", "leads to a private or reserved address (10.0.0.7); "),
        ("file:///etc/passwd", "must begin with http:// or https://, as must whatever it redirects to"),
        ("gopher://a.example/", "must begin with http:// or https://"),
        ("http://mara:secret@a.example/", "has a user or password in it"),
        ("http://[::1", "is no address that can be read, or redirects to none"),
        ("http://a.example:99999/", "has port 99999; only 80, 443, 8080, 8443 are allowed"),
        ("http://a.example:0/", "has port 0; only 80, 443, 8080, 8443 are allowed"),
        ("http://0177.0.0.1/", "is no address that can be read, or redirects to none"),
        ("http://\x80\xff/", "is no address that can be read, or redirects to none"),
        ("http://a_b.example/", "is refused: host 'a_b.example' is not a well-formed hostname"),
        ("http://a.example/" + "x" * 9000, "is refused: is longer than max_url_length (8192)"),
    ],
)
def test_a_redirect_leads_nowhere_that_is_refused(
    serving: Callable[..., RangeServer],
    names: dict[str, list[list[str]]],
    connected: list[str],
    location: str,
    expected: str,
) -> None:
    """Each hop is judged as the first address is, before anything is sent there."""
    names["intranet.example"] = [["10.0.0.7"]]
    server = serving(by_path(file=redirect("/next"), next=redirect(location.encode().decode("latin-1"))))
    assert refusal(server.url).startswith(expected)
    assert {"127.0.0.1"} == set(connected)
    assert 2 == len(server.asked)


@pytest.mark.parametrize("location", [None, ""])
def test_a_redirect_to_nowhere_is_an_error(serving: Callable[..., RangeServer], location: str | None) -> None:
    """Without a location there is none to follow; an empty one is the same address again."""
    assert private_refusal(serving(bare(302, location=location)).url).startswith(
        "HTTP 302; " if location is None else "is redirected more than 5 times"
    )


# Where it must not look


@pytest.mark.parametrize(
    "url",
    [
        *(
            f"{scheme}://{host}/image.jpg?token=secret"
            for scheme in ("http", "https")
            for host in (
                *("127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "017700000001", "0x7f.0.0.1", "0x7f000001"),
                *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
                *("0.0.0.0", "0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
                *("169.254.169.254", "169.254.170.2", "100.100.100.200", "[fd00:ec2::254]", "[fd12:3456::1]"),
                *("[fe80::1]", "[fe80::1%25eth0]", "[ff02::1]", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
                *("localhost", "localhost.", "LOCALHOST", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1"),
                *("metadata.google.internal", "instance-data.ec2.internal", "printer.example", "both.example"),
                *("mara@a.example", "mara:secret@a.example", "a.example@127.0.0.1", "a.example:secret@[::1]"),
                *("127.0.0.1:80", "a.example\\@127.0.0.1", "127.0.0.1\\@a.example", "a.example:22", "a.example:6379"),
                *(
                    "",
                    ":80",
                    "a..example",
                    "-",
                    "a b.example",
                    "a.example:port",
                    "a.example:-1",
                    "[",
                    "[::1",
                    "x" * 300,
                ),
            )
        ),
        *("file:///etc/passwd", "ftp://a.example/", "gopher://a.example:70/_", "data:image/png;base64,AAAA"),
        *(
            "javascript:alert(1)",
            "//a.example/",
            "/etc/passwd",
            "a.example/image.jpg",
            "",
            " ",
            "http",
            "http:a.example",
        ),
        *("http://a.example/\x00", "http://a.example/\n", "unix:///run/docker.sock", "https+unix://a.example/"),
        "http://a.example/" + "x" * 70_000,
    ],
)
def test_a_hostile_address_is_refused_before_any_connection(
    names: dict[str, list[list[str]]], connected: list[str], url: str
) -> None:
    """However it is spelled, and whatever its name leads to."""
    names |= {
        "metadata.google.internal": [["169.254.169.254"]],
        "instance-data.ec2.internal": [["fd00:ec2::254"]],
        "printer.example": [["192.168.1.9", "fe80::9"]],
        "both.example": [[PUBLIC, "127.0.0.1"]],
        "a.example": [["10.0.0.1"]],
    }
    says = refusal(url)
    assert "secret" not in says
    assert [] == connected


def test_a_public_address_is_connected_to(names: dict[str, list[list[str]]], connected: list[str]) -> None:
    """One look-up is all; a name in another script is looked up as DNS spells it."""
    names["xn--bcher-kva.example"] = [[PUBLIC, "93.184.216.35"]]
    says = refusal("http://bücher.example:8080/")
    assert says.startswith("no connection: could not connect to any validated address: ")
    assert [PUBLIC, "93.184.216.35"] == connected


def test_a_name_that_is_not_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words say so."""

    def look_up(*_: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "Name or service not known" in refusal("https://nowhere.example/a.jpg?token=secret")


@pytest.mark.usefixtures("_public_machine")
def test_a_name_that_leads_elsewhere_the_second_time_is_not_followed(
    serving: Callable[..., RangeServer], names: dict[str, list[list[str]]], connected: list[str]
) -> None:
    """DNS rebinding: public for the first request, private for the next one."""
    server = serving(altered(connection="close"))
    names["a.example"] = [["127.0.0.1"], ["10.0.0.1"]]

    says = refusal(f"http://a.example:{server.port}/", (50_000, 1))

    assert says.startswith("leads to a private or reserved address (10.0.0.1); allow_private=True allows it")
    assert ["127.0.0.1"] == connected


def test_what_was_judged_is_what_is_connected_to(names: dict[str, list[list[str]]], connected: list[str]) -> None:
    """A name is looked up once for a connection, so that a second answer cannot slip in between."""
    names["a.example"] = [[PUBLIC], ["127.0.0.1"]]
    refusal("http://a.example/")
    assert [PUBLIC] == connected
    assert [["127.0.0.1"]] == names["a.example"]


def test_private_addresses_are_read_where_that_is_allowed(
    serving: Callable[..., RangeServer], names: dict[str, list[list[str]]]
) -> None:
    """By name too; other rules hold as ever."""
    server = serving()
    names["a.example"] = [["127.0.0.1"]]
    with reading(f"http://a.example:{server.port}/file", allow_private=True) as file:
        assert server.file.read(0, 10) == file.peek(0, 10)
    assert private_refusal("file:///etc/passwd").startswith("must begin with http")
    assert private_refusal(server.url.replace("//", "//mara:secret@")).startswith("has a user or password in it")


def test_proxies_of_the_environment_are_not_used(
    serving: Callable[..., RangeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would connect wherever it likes."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with reading(serving().url, allow_private=True) as file:
        assert file.size == 100_000


# TLS


def test_a_certificate_that_is_trusted_lets_a_file_be_read(
    serving: Callable[..., RangeServer], authority: trustme.CA
) -> None:
    """By one context for all."""
    server = serving(tls=certified(authority))
    for _ in range(2):
        with reading(server.url, allow_private=True) as file:
            assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
    assert 1 == site._tls.cache_info().misses  # noqa: SLF001 - making one takes 26 ms
    assert 2 == server.connections


@pytest.mark.parametrize("name", ["localhost", None])
def test_a_certificate_that_is_wrong_is_no_connection(
    serving: Callable[..., RangeServer], authority: trustme.CA, name: str | None
) -> None:
    """Be it for another name, or by somebody unknown."""
    tls = certified(trustme.CA()) if name is None else certified(authority, name)
    server = serving(tls=tls)
    assert "certificate verify failed" in private_refusal(server.url)
    assert [] == server.asked


def test_a_redirect_does_not_lead_out_of_tls(serving: Callable[..., RangeServer], authority: trustme.CA) -> None:
    """But it may lead into it."""
    plain, tls = serving(), certified(authority)
    down = serving(redirect(f"{plain.url}?token=secret"), tls=tls)
    up = serving(redirect(serving(tls=tls).url))

    says = private_refusal(down.url)
    assert says.startswith("is redirected from https to http, ")
    assert says.endswith(f"give the address itself: {plain.url}")
    assert [] == plain.asked
    with reading(up.url, allow_private=True) as file:
        assert file.size == 100_000


# Secrets


@pytest.mark.parametrize(
    "answer", [bare(403), redirect("http://127.0.0.1:1/?secret"), redirect("ftp://secret"), sends()]
)
def test_a_query_shows_nowhere(
    serving: Callable[..., RangeServer], caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    """Not in an error, its copies and causes, a log or a repr."""
    caplog.set_level(logging.INFO)  # below, httpcore tells all headers of answers
    server = serving(in_turn(honest, answer))
    with reading(f"{server.url}?secret#secret", allow_private=True) as file:
        assert isinstance(file, RemoteFile)
        with pytest.raises(MediaError) as caught:
            file.peek(50_000, 1)

    error = caught.value
    assert (None, None) == (error.__cause__, error.__context__)
    texts = [str(error), repr(error), str(pickle.loads(pickle.dumps(error))), repr(file), caplog.text]
    assert [] == [text for text in texts if "secret" in text]
    assert server.url == error.source


def test_every_failure_of_httpcore_is_known() -> None:
    """What it raises by contract is caught, and so cannot come out."""
    raised = [getattr(httpcore, name) for name in httpcore.__all__ if name.endswith(("Error", "Timeout", "Exception"))]
    assert raised
    assert {httpcore.ProxyError} == {kind for kind in raised if not issubclass(kind, site.FAILURES)}
