"""A file at a URL is read in parts, and errors and logs never show the secrets in its address."""

from __future__ import annotations

import logging
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract_tests.support.range_server import (
    RangeServer,
    Responder,
    chunked_response,
    empty_response,
    good_response,
    in_turn,
    raw_response,
    redirect,
    whole_file,
)
from contract_tests.support.remote_files import BLOCK
from kling_elements.media.budget import Budget
from kling_elements.media.remote import RemoteFile, open_remote
from kling_elements_client.errors import MediaError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_socket_stays_open")]


# Reading


def test_head_and_tail_of_a_large_file_take_two_requests(serving: Callable[..., RangeServer]) -> None:
    """The client receives less than 100 KB of 417 MB over one connection."""
    server = serving(size=417_000_000)

    with open_remote(server.url, allow_private=True) as file:
        assert server.file.read(0, 64) == file.peek(0, 64)
        assert server.file.read(416_985_000, 417_000_000) == file.peek(416_985_000, 20_000)
        assert (417_000_000, 2, 1) == (file.size, file.requests, server.connections)
        assert 2 * BLOCK < file.fetched_bytes < 100_000

    assert ["0-16383", "416972800-416999999"] == server.ranges
    assert server.sent < 100_000


def _without_total(request: Any, server: RangeServer) -> Iterator[bytes]:
    first, last = map(int, request.range.split("-"))
    if first >= server.file.size:
        yield from empty_response(416)(request, server)
    else:
        last = min(last, server.file.size - 1)
        yield from good_response(request, server, content_range=f"bytes {first}-{last}/*")


_KINDS: dict[str, Responder] = {
    "parts": good_response,
    "whole": whole_file(),
    "whole, no length": whole_file(content_length=None),
    "chunks": chunked_response(),
    "chunks, wrong length": chunked_response(content_length=7),
    "no total": _without_total,
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("size", [100_000, 2 * BLOCK, 1, 0])
def test_every_read_returns_the_bytes_of_the_file(serving: Callable[..., RangeServer], kind: str, size: int) -> None:
    """Reads work at any offset, even beyond the end, and no matter how the server sends the file."""
    server = serving(_KINDS[kind], size=size)
    chance = random.Random(1)  # seeded, so that the places are the same each time
    places = [(chance.randrange(size + BLOCK), chance.randrange(3 * BLOCK)) for _ in range(30)]
    places += [(0, size), (0, size + 1), (size, 1), (size + 10 * BLOCK, 1), (0, 0), (5, -1)]

    with open_remote(server.url, allow_private=True, budget=Budget(max_requests=100)) as file:
        for offset, count in places:
            assert server.file.read(offset, max(offset, offset + count)) == file.peek(offset, count)
        assert size == file.size


def test_the_size_is_unknown_until_the_server_sends_it(serving: Callable[..., RangeServer]) -> None:
    """If the server never sends it, the end of the file shows it. A length next to chunks is ignored."""
    server = serving(chunked_response(content_length=7))
    with open_remote(server.url, allow_private=True) as file:
        assert file.size is None
        file.peek(99_999, 2)
        assert file.size == 100_000


def test_a_negative_offset_is_refused(serving: Callable[..., RangeServer]) -> None:
    with open_remote(serving().url, allow_private=True) as file, pytest.raises(ValueError, match="offset"):
        file.peek(-1, 5)


def test_no_block_is_fetched_twice(serving: Callable[..., RangeServer]) -> None:
    """Only the missing blocks are requested."""
    server = serving()
    with open_remote(server.url, allow_private=True) as file:
        file.peek(4 * BLOCK, 1)
        file.peek(0, 4 * BLOCK + 5)
        assert server.file.read(0, 5 * BLOCK) == file.peek(0, 5 * BLOCK)
    assert ["0-16383", "65536-81919", "16384-65535"] == server.ranges


def test_sequential_reading_requests_ever_larger_parts(serving: Callable[..., RangeServer]) -> None:
    """A long header therefore takes few requests, and few unneeded bytes."""
    server = serving(size=417_000_000)
    with open_remote(server.url, allow_private=True) as file:
        for block in range(128):
            file.peek(block * BLOCK, BLOCK)
        assert file.fetched_bytes < 4_500_000

    counts = [(int(last) + 1 - int(first)) // BLOCK for first, last in (sent.split("-") for sent in server.ranges)]
    assert [1, 2, 4, 8, 16, 32, 64, 64] == counts


def test_reading_ahead_does_not_use_up_the_budget(serving: Callable[..., RangeServer]) -> None:
    """The remaining bytes can still be read block by block."""
    server = serving()
    with open_remote(server.url, allow_private=True, budget=Budget(max_bytes=6 * BLOCK)) as file:
        assert server.file.read(0, 4 * BLOCK) == b"".join(file.peek(block * BLOCK, BLOCK) for block in range(4))
    assert ["0-16383", "16384-49151", "49152-65535"] == server.ranges


def test_the_whole_file_is_not_read_from_a_server_that_ignores_range(serving: Callable[..., RangeServer]) -> None:
    """Only the needed bytes are received, in a single response."""
    server = serving(whole_file(), size=417_000_000)
    with open_remote(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_100) == file.peek(50_000, 100)
        assert 417_000_000 == file.size
        assert file.fetched_bytes < 50_000 + 3 * 65536
    assert ["0-16383"] == server.ranges
    assert server.sent < 417_000_000


@pytest.mark.parametrize("length", [417_000_000, None])
def test_the_end_of_a_file_is_not_read_from_a_server_that_ignores_range(
    serving: Callable[..., RangeServer], length: int | None
) -> None:
    """The error gives the reason before the budget is wasted."""
    server = serving(whole_file(content_length=length), size=417_000_000)
    with open_remote(server.url, allow_private=True) as file:
        with pytest.raises(MediaError, match=r"the server ignores Range, .* within the first 8388608 bytes"):
            file.peek(416_999_990, 10)
        assert file.fetched_bytes < 1_000_000


# Secrets


@pytest.mark.parametrize(
    "respond",
    [empty_response(403), redirect("http://127.0.0.1:1/?secret"), redirect("ftp://secret"), raw_response()],
    ids=["a refusal", "a redirect", "another scheme", "nothing"],
)
def test_a_query_is_never_shown(
    serving: Callable[..., RangeServer], caplog: pytest.LogCaptureFixture, respond: Responder
) -> None:
    """Errors, their copies and causes, logs and reprs do not contain the query."""
    caplog.set_level(logging.INFO)  # at lower levels, httpcore logs all headers of responses
    server = serving(in_turn(good_response, respond))
    with open_remote(f"{server.url}?secret#secret", allow_private=True) as file:
        assert isinstance(file, RemoteFile)
        with pytest.raises(MediaError) as caught:
            file.peek(50_000, 1)

    error = caught.value
    assert (None, None) == (error.__cause__, error.__context__)
    texts = [str(error), repr(error), str(pickle.loads(pickle.dumps(error))), repr(file), caplog.text]
    assert [] == [text for text in texts if "secret" in text]
    assert server.url == error.source


def test_after_an_error_the_file_is_closed(serving: Callable[..., RangeServer]) -> None:
    """Fetched bytes can still be read. Other bytes raise the same error without a request."""
    server = serving(in_turn(good_response, empty_response(503), good_response))
    with open_remote(server.url, allow_private=True) as file:
        for place in (50_000, 90_000):
            with pytest.raises(MediaError, match="HTTP 503"):
                file.peek(place, 1)
        assert server.file.read(0, 10) == file.peek(0, 10)
    assert 2 == len(server.requests)


def test_the_file_is_closed_after_its_block(serving: Callable[..., RangeServer]) -> None:
    """A closed file opens no connection, because nothing would close it."""
    server = serving()
    with open_remote(server.url, allow_private=True) as file:
        pass
    with pytest.raises(MediaError, match="was closed"):
        file.peek(50_000, 1)
    assert 1 == len(server.requests)
