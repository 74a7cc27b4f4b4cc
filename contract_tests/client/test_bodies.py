"""No answer costs more than it may: what is too large, or encoded as nobody asked for, is told for what it is."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import repeat
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import ANSWER, GET, POST, TOKEN, Peer, Stream, Ways, client_of, listening, said
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import InvalidResponseError
from kling_elements_client.models import TaskListResponse, TaskResponse
from kling_elements_runtime.transport.bodies import UNREADABLE, AnswerBody
from scripts.spec import ROOT

_LIMIT = 8 * 1024 * 1024
_TOO_LARGE = "the answer is larger than 8388608 bytes"
_HEAD = b"HTTP/1.1 200 OK\r\n"


def _bomb(parts: int = 64) -> bytes:
    """Return 1 MB that becomes 1 GB, or another number of parts of 16 MiB."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    part = packing.compress(bytes(1 << 24)) + packing.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + part * parts


def _read(content: bytes, encoding: str = "", size: int = 65_536) -> tuple[bytes, str | None]:
    body = AnswerBody(encoding)
    for start in range(0, len(content), size):
        if not body.add(content[start : start + size]):
            break
    return body.content(), body.problem


def _taken(body: AnswerBody, piece: bytes) -> int:
    """Return how often a piece is taken and more wanted."""
    taken = 0
    while body.add(piece):
        taken += 1
    return taken


# One body


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "x-gzip", " GZIP "])
@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("content", [b"", b"{}", b"x" * 200_000, bytes(200_000)], ids=len)
def test_a_body_is_put_together_and_decoded(content: bytes, size: int, encoding: str) -> None:
    """In whatever pieces it comes."""
    sent = gzip.compress(content) if "gzip" in encoding.lower() else content

    assert (content, None) == _read(sent, encoding, size if len(sent) < 1000 else max(size, 1000))


@pytest.mark.parametrize("encoding", ["gzip", "br", ""])
def test_an_answer_without_a_body_is_in_order_whatever_its_headers_say(encoding: str) -> None:
    """As one of status 204."""
    assert (b"", None) == _read(b"", encoding)
    body = AnswerBody(encoding)
    assert body.add(b"")
    assert (b"", None) == (body.content(), body.problem)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, br", "x" * 100])
def test_an_encoding_that_nobody_asked_for_is_told(encoding: str) -> None:
    """Only gzip is asked for."""
    says = f"the answer is encoded as {encoding[:40]!r}, and only gzip was asked for"
    assert (b"", says) == _read(b"?", encoding)


@pytest.mark.parametrize(
    "sent", [b"?", b"\x1f\x8b\x08", gzip.compress(b"x")[:-9] + b"?" * 9], ids=["text", "cut", "wrong"]
)
def test_a_damaged_body_is_told(sent: bytes) -> None:
    """Be it no gzip at all, or one that breaks off."""
    _, problem = _read(sent, "gzip")
    assert problem in {"the answer is compressed, and damaged", "the answer is compressed, and breaks off"}


def test_what_follows_the_end_of_gzip_is_left_out() -> None:
    """As httpx does it; but it counts, so that it cannot go on for ever."""
    packed = gzip.compress(ANSWER)
    assert (ANSWER, None) == _read(packed + b"rest", "gzip")
    assert (ANSWER, _TOO_LARGE) == _read(packed + bytes(_LIMIT), "gzip")


@pytest.mark.parametrize("over", [0, 1, 100_000])
def test_the_limit_is_eight_mib(over: int) -> None:
    """Decoded, and as it comes. What there is up to there is kept, for what the error tells of it."""
    content = bytes(_LIMIT + over)
    expected = (content[:_LIMIT], _TOO_LARGE if over else None)

    assert expected == _read(content)
    assert expected == _read(gzip.compress(content), "gzip")


def test_a_bomb_is_not_decoded_further_than_the_limit() -> None:
    """One KB of gzip may become a MB."""
    assert (bytes(_LIMIT), _TOO_LARGE) == _read(_bomb(4), "gzip")


def test_little_is_decoded_at_a_time() -> None:
    """A bomb takes hardly more memory than what is kept of it."""
    tracemalloc.start()
    try:
        _read(_bomb(8), "gzip", size=1 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 64 * 1024 * 1024


def test_what_comes_without_an_end_and_says_nothing_is_too_large_too() -> None:
    """Compressed data may have any number of parts that yield no byte."""
    packing = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    nothing = packing.compress(b"") + packing.flush(zlib.Z_FULL_FLUSH)
    body = AnswerBody("gzip")
    assert body.add(nothing)
    again = packing.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"
    assert _taken(body, again * 10_000) < 200
    assert _TOO_LARGE == body.problem


def test_a_body_comes_in_so_many_pieces_at_most() -> None:
    """Each takes time: two bytes at a time, the largest body would take a minute of the processor."""
    body = AnswerBody()
    assert 131_072 == _taken(body, b"xx")
    assert "the answer comes in more than 131072 pieces" == body.problem


# Answers of servers, and of what takes their place


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (_TOO_LARGE, [said(bytes(_LIMIT + 1))]),
        (_TOO_LARGE, [_HEAD + b"\r\n", *repeat(bytes(1 << 20), 100)]),
        (_TOO_LARGE, [said(_bomb(), "200 OK", "Content-Encoding: gzip")]),
        ("the answer is encoded as 'br', and only gzip was asked for", [said(b"?", "200 OK", "Content-Encoding: br")]),
        ("the answer is compressed, and damaged", [said(b"?" * 20, "200 OK", "Content-Encoding: gzip")]),
    ],
    ids=["told", "endless", "bomb", "br", "damaged"],
)
@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_an_answer_that_cannot_be_read_says_why(
    says: str, answer: list[bytes], options: dict[str, Any], ways: Ways
) -> None:
    """It is an answer all the same, and its connection is not used again."""

    def behave(peer: Peer) -> None:
        peer.request()
        if peer.number:
            peer.send(said())
        else:
            for piece in answer:
                peer.send(piece)
        peer.until_closed()

    with listening(behave) as server:
        found = ways.outcomes(client_of(server.url, **options), GET, POST)

    assert [says, None] == [each.extensions.get(UNREADABLE) for each in found]
    assert [200, 200] == [each.status_code for each in found]
    assert _LIMIT >= len(found[0].content)
    assert 2 == server.connections


@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_gzip_is_asked_for_and_undone(options: dict[str, Any], ways: Ways) -> None:
    """The headers no longer say that it is there, so that nobody undoes it again; the length is that of the text."""
    large = b" " * 100_000 + ANSWER
    with listening(lambda peer: peer.answer(said(gzip.compress(large), "200 OK", "Content-Encoding: gzip"))) as server:
        found = ways.outcomes(client_of(server.url, **options), GET, POST)

    assert [large, large] == [each.content for each in found]
    assert [None, None] == [each.headers.get("Content-Encoding") for each in found]
    assert ["gzip", "gzip"] == [each.headers["Accept-Encoding"] for each in server.heard]
    assert 1 == server.connections


@pytest.mark.parametrize(
    ("status", "method", "more"),
    [
        ("204 No Content", "DELETE", b"Content-Encoding: gzip\r\n"),
        ("304 Not Modified", "GET", b"Content-Length: 5\r\n"),
        ("200 OK", "HEAD", b"Content-Length: 5\r\nContent-Encoding: br\r\n"),
    ],
)
def test_answers_that_have_no_body_are_read_without_one(status: str, method: str, more: bytes, ways: Ways) -> None:
    """Whatever their headers say; the connection is kept."""
    head = b"HTTP/1.1 " + status.encode() + b"\r\n" + more + b"\r\n"
    with listening(lambda peer: peer.answer(head)) as server:
        found = ways.outcomes(client_of(server.url), *[{"method": method, "url": "/a"}] * 2)

    assert [(b"", None)] * 2 == [(each.content, each.extensions.get(UNREADABLE)) for each in found]
    assert 1 == server.connections


def test_informational_answers_are_passed_over(ways: Ways) -> None:
    """Any number may come before the one that counts."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    with listening(lambda peer: peer.answer(early + said())) as server:
        assert [ANSWER, ANSWER] == [each.content for each in ways.outcomes(client_of(server.url), GET, POST)]
    assert 1 == server.connections


def _answered(ways: Ways, response: Callable[[], httpx.Response], **options: Any) -> Any:
    transport = httpx.MockTransport(lambda _: response())
    args = {"transport": transport, **options}
    return ways.outcome(AuthenticatedClient(TOKEN, "http://127.0.0.1:1", http_client=args))


@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_what_a_transport_of_the_caller_s_brings_keeps_to_the_same_limits(options: dict[str, Any], ways: Ways) -> None:
    """Piece by piece, or in memory already as that of a mock."""
    streamed, packed = Stream([bytes(1 << 20)] * 21), Stream([_bomb()])
    found = [
        _answered(ways, lambda: httpx.Response(200, stream=streamed), **options),
        _answered(ways, lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=packed), **options),
        _answered(ways, lambda: httpx.Response(200, content=bytes(_LIMIT + 1)), **options),
    ]

    assert [_TOO_LARGE] * 3 == [each.extensions.get(UNREADABLE) for each in found]
    assert [_LIMIT] * 3 == [len(each.content) for each in found]
    assert streamed.is_closed
    assert packed.is_closed


def test_what_a_mock_has_in_memory_is_taken_as_it_is(ways: Ways) -> None:
    """It was decoded as it was made."""
    headers = {"Content-Encoding": "gzip", "X-A": "1"}
    found = _answered(ways, lambda: httpx.Response(201, headers=headers, content=gzip.compress(ANSWER)))

    assert (201, ANSWER, "1") == (found.status_code, found.content, found.headers["X-A"])


def test_a_hook_may_read_the_answer_first(ways: Ways) -> None:
    """What is read stays within the limit."""

    def read(response: httpx.Response) -> None:
        response.read()

    async def read_async(response: httpx.Response) -> None:
        await response.aread()

    hook = read if ways.name == "sync" else read_async
    large = said(bytes(_LIMIT + 1))
    with listening(lambda peer: peer.answer(large if peer.number else said())) as server:
        found = [ways.outcome(client_of(server.url, event_hooks={"response": [hook]})) for _ in range(2)]

    assert [ANSWER, bytes(_LIMIT)] == [each.content for each in found]
    assert [None, _TOO_LARGE] == [each.extensions.get(UNREADABLE) for each in found]


# Memory


@pytest.mark.parametrize(
    ("tasks", "says"), [(10_000, "at /data: is an array"), (20_000, "has too many values to tell")]
)
def test_of_a_long_answer_that_breaks_the_contract_no_place_is_told(
    tasks: int, says: str, client: AuthenticatedClient
) -> None:
    """That would take copies of it. One that keeps to the contract is read as any other."""
    response = httpx.Response(200, json={"code": 0, "data": [{"task_id": "1"}] * tasks})

    with pytest.raises(InvalidResponseError, match=says):
        client.decode("getElement", response, TaskResponse.from_dict)
    assert tasks == len(client.decode("listElements", response, TaskListResponse.from_dict).data or [])


_MEASURE = """
import asyncio, json, logging, re, sys
from pathlib import Path
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client.errors import KlingError

way, url = sys.argv[1:]

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

async def get(kling, name):
    try:
        found = kling.get(name, max_wait_seconds=0)  # once: a 502 would be asked for again, for a minute
        found = await found if way == "async" else found
        return "an answer"
    except KlingError as error:
        return type(error).__name__

async def run():
    kling = (AsyncKlingElements if way == "async" else KlingElements)("any-token", url)
    await get(kling, "warm")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what there is now
    before = peak()
    said = await get(kling, "measured")
    growth = peak() - before
    await kling.aclose() if way == "async" else kling.close()
    return said, growth

print(json.dumps(asyncio.run(run())))
"""


def _json(*, before: bytes = b"", unit: bytes = b"", after: bytes = b"") -> bytes:
    """Return an answer of the largest size."""
    frame = b'{"code":0,"message":"%b"}' if not unit.startswith((b"{", b"1")) else b'{"code":0,"data":[%b]}'
    room = _LIMIT - len(frame) - len(before) - len(after)
    return frame % (before + unit * (room // len(unit)) + after)


@pytest.mark.parametrize(
    "answer",
    [
        said(_bomb(), "200 OK", "Content-Encoding: gzip"),
        said(b"<html>" + b"<p>x</p>" * 6_000_000),
        said(b"<html>" + b"<p>x</p>" * 6_000_000, "502 Bad Gateway"),
        said(_json(unit=b"{},", after=b"{}")),
        said(_json(unit=b"1,", after=b"1")),
        said(b'{"code":0,"data":[' + b'{"task_id":"1"},' * 49_000 + b"{}]}"),
        said(_json(before="\U0001f600".encode(), unit=b"x")),
        said(_json(unit=b"\\u0041")),
        said(_json(unit=b"&amp;")),
        said(_json(unit=b"x")),
    ],
    ids=[
        "gzip bomb",
        "HTML",
        "HTML of a proxy",
        "objects",
        "numbers",
        "no object but a list",
        "an emoji",
        "escapes",
        "entities",
        "a text",
    ],
)
def test_no_answer_costs_more_memory_than_64_mib(answer: bytes, ways: Ways) -> None:
    """Measured in a process of its own, from the answer to the error or the model."""

    def behave(peer: Peer) -> None:
        while (heard := peer.request()) is not None:
            peer.send(said() if "warm" in heard.line else answer)

    with listening(behave) as server:
        command = [sys.executable, "-c", _MEASURE, ways.name, server.url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240)
    what, growth = json.loads(done.stdout)

    assert what
    assert growth < 64 * 1024 * 1024
