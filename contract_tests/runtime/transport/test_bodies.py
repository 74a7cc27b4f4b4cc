"""A response is read up to a limit, and the error says if it is too large or has an encoding that was not requested."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import repeat
from typing import Any

import httpx
import pytest

from contract_tests.support.peers import (
    GET,
    POST,
    RESPONSE,
    CallStyle,
    Peer,
    PiecewiseBody,
    client_of,
    http_response,
    listening,
)
from contract_tests.support.running import TOKEN, run_program
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import InvalidResponseError
from kling_elements_client.models import TaskListResponse, TaskResponse
from kling_elements_runtime.transport.bodies import UNREADABLE, ResponseBody

pytestmark = pytest.mark.slow
_LIMIT = 8 * 1024 * 1024
_TOO_LARGE = "the response is larger than 8388608 bytes"
_HEAD = b"HTTP/1.1 200 OK\r\n"


def _bomb(parts: int = 64) -> bytes:
    """Return 1 MB of gzip that decompresses to 1 GB, or to another number of parts of 16 MiB."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    part = packing.compress(bytes(1 << 24)) + packing.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + part * parts


def _read(content: bytes, encoding: str = "", size: int = 65_536) -> tuple[bytes, str | None]:
    body = ResponseBody(encoding)
    for start in range(0, len(content), size):
        if not body.add(content[start : start + size]):
            break
    return body.content(), body.problem


def _count_accepted(body: ResponseBody, chunk: bytes) -> int:
    """Return how often the body accepts a chunk before it refuses more."""
    count = 0
    while body.add(chunk):
        count += 1
    return count


# One body


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "x-gzip", " GZIP "])
@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("content", [b"", b"{}", b"x" * 200_000, bytes(200_000)], ids=len)
def test_a_body_is_joined_and_decoded(content: bytes, size: int, encoding: str) -> None:
    """The size of its chunks makes no difference."""
    sent = gzip.compress(content) if "gzip" in encoding.lower() else content

    assert (content, None) == _read(sent, encoding, size if len(sent) < 1000 else max(size, 1000))


@pytest.mark.parametrize("encoding", ["gzip", "br", ""])
def test_an_empty_body_is_accepted_with_any_content_encoding(encoding: str) -> None:
    """A response with status 204 may have such a header."""
    assert (b"", None) == _read(b"", encoding)
    body = ResponseBody(encoding)
    assert body.add(b"")
    assert (b"", None) == (body.content(), body.problem)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, br", "x" * 100])
def test_an_encoding_that_was_not_requested_is_reported(encoding: str) -> None:
    """Only gzip is requested."""
    message = f"the response is encoded as {encoding[:40]!r}, but only gzip was requested"
    assert (b"", message) == _read(b"?", encoding)


@pytest.mark.parametrize(
    "sent", [b"?", b"\x1f\x8b\x08", gzip.compress(b"x")[:-9] + b"?" * 9], ids=["text", "cut", "wrong"]
)
def test_a_damaged_gzip_body_is_reported(sent: bytes) -> None:
    """The body is cut off, wrong, or not gzip at all."""
    _, problem = _read(sent, "gzip")
    assert problem in {"the response is compressed, and damaged", "the response is compressed, and is cut off"}


def test_bytes_after_the_end_of_gzip_are_dropped() -> None:
    """Such bytes count towards the limit, so they can't continue forever."""
    packed = gzip.compress(RESPONSE)
    assert (RESPONSE, None) == _read(packed + b"rest", "gzip")
    assert (RESPONSE, _TOO_LARGE) == _read(packed + bytes(_LIMIT), "gzip")


@pytest.mark.parametrize("over", [0, 1, 100_000])
def test_the_limit_is_eight_mib(over: int) -> None:
    """The limit applies before and after decoding. The error keeps what arrives within the limit."""
    content = bytes(_LIMIT + over)
    expected = (content[:_LIMIT], _TOO_LARGE if over else None)

    assert expected == _read(content)
    assert expected == _read(gzip.compress(content), "gzip")


def test_a_gzip_bomb_is_decoded_only_up_to_the_limit() -> None:
    """In a bomb, one KB becomes a MB."""
    assert (bytes(_LIMIT), _TOO_LARGE) == _read(_bomb(4), "gzip")


def test_decoding_a_gzip_bomb_takes_little_memory() -> None:
    """Decoding takes hardly more than the bytes that are kept, because the steps are small."""
    tracemalloc.start()
    try:
        _read(_bomb(8), "gzip", size=1 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 64 * 1024 * 1024


def test_endless_gzip_that_decodes_to_nothing_is_too_large() -> None:
    """Compressed data has any number of blocks that decode to no bytes."""
    packing = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    nothing = packing.compress(b"") + packing.flush(zlib.Z_FULL_FLUSH)
    body = ResponseBody("gzip")
    assert body.add(nothing)
    again = packing.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"
    assert _count_accepted(body, again * 10_000) < 200
    assert _TOO_LARGE == body.problem


def test_a_body_in_too_many_chunks_is_refused() -> None:
    """In chunks of two bytes, the largest body would keep the processor busy for a minute."""
    body = ResponseBody()
    assert 131_072 == _count_accepted(body, b"xx")
    assert "the response has more than 131072 pieces" == body.problem


# Responses of servers and mock transports


@pytest.mark.parametrize(
    ("message", "response"),
    [
        (_TOO_LARGE, [http_response(bytes(_LIMIT + 1))]),
        (_TOO_LARGE, [_HEAD + b"\r\n", *repeat(bytes(1 << 20), 100)]),
        (_TOO_LARGE, [http_response(_bomb(), "200 OK", "Content-Encoding: gzip")]),
        (
            "the response is encoded as 'br', but only gzip was requested",
            [http_response(b"?", "200 OK", "Content-Encoding: br")],
        ),
        ("the response is compressed, and damaged", [http_response(b"?" * 20, "200 OK", "Content-Encoding: gzip")]),
    ],
    ids=["declared", "endless", "bomb", "br", "damaged"],
)
@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_an_unreadable_response_says_why(
    message: str, response: list[bytes], options: dict[str, Any], call_style: CallStyle
) -> None:
    """The response still counts as a response. Its connection is not used again."""

    def behave(peer: Peer) -> None:
        peer.request()
        if peer.number:
            peer.send(http_response())
        else:
            for chunk in response:
                peer.send(chunk)
        peer.until_closed()

    with listening(behave) as server:
        responses = call_style.outcomes(client_of(server.url, **options), GET, POST)

    assert [message, None] == [received.extensions.get(UNREADABLE) for received in responses]
    assert [200, 200] == [received.status_code for received in responses]
    assert _LIMIT >= len(responses[0].content)
    assert 2 == server.connections


@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_gzip_is_requested_and_decoded(options: dict[str, Any], call_style: CallStyle) -> None:
    """The Content-Encoding header is removed, so that nothing decodes the body again."""
    large = b" " * 100_000 + RESPONSE
    with listening(
        lambda peer: peer.respond(http_response(gzip.compress(large), "200 OK", "Content-Encoding: gzip"))
    ) as server:
        responses = call_style.outcomes(client_of(server.url, **options), GET, POST)

    assert [large, large] == [response.content for response in responses]
    assert [None, None] == [response.headers.get("Content-Encoding") for response in responses]
    assert ["gzip", "gzip"] == [request.headers["Accept-Encoding"] for request in server.requests]
    assert 1 == server.connections


@pytest.mark.parametrize(
    ("status", "method", "more"),
    [
        ("204 No Content", "DELETE", b"Content-Encoding: gzip\r\n"),
        ("304 Not Modified", "GET", b"Content-Length: 5\r\n"),
        ("200 OK", "HEAD", b"Content-Length: 5\r\nContent-Encoding: br\r\n"),
    ],
)
def test_a_response_without_a_body_by_definition_is_complete(
    status: str, method: str, more: bytes, call_style: CallStyle
) -> None:
    """After HEAD, 204 and 304 the connection is kept, whatever the headers say."""
    head = b"HTTP/1.1 " + status.encode() + b"\r\n" + more + b"\r\n"
    with listening(lambda peer: peer.respond(head)) as server:
        responses = call_style.outcomes(client_of(server.url), *[{"method": method, "url": "/a"}] * 2)

    assert [(b"", None)] * 2 == [(response.content, response.extensions.get(UNREADABLE)) for response in responses]
    assert 1 == server.connections


def test_informational_responses_are_skipped(call_style: CallStyle) -> None:
    """Their number is not limited."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    with listening(lambda peer: peer.respond(early + http_response())) as server:
        assert [RESPONSE, RESPONSE] == [
            response.content for response in call_style.outcomes(client_of(server.url), GET, POST)
        ]
    assert 1 == server.connections


def _mocked_response(call_style: CallStyle, response: Callable[[], httpx.Response], **options: Any) -> Any:
    transport = httpx.MockTransport(lambda _: response())
    args = {"transport": transport, **options}
    return call_style.outcome(AuthenticatedClient(TOKEN, "http://127.0.0.1:1", http_client=args))


@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
def test_the_same_limits_apply_to_your_own_transport(options: dict[str, Any], call_style: CallStyle) -> None:
    """The limits apply to a streamed response and to one that a mock has in memory."""
    streamed, packed = PiecewiseBody([bytes(1 << 20)] * 21), PiecewiseBody([_bomb()])
    responses = [
        _mocked_response(call_style, lambda: httpx.Response(200, stream=streamed), **options),
        _mocked_response(
            call_style, lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=packed), **options
        ),
        _mocked_response(call_style, lambda: httpx.Response(200, content=bytes(_LIMIT + 1)), **options),
    ]

    assert [_TOO_LARGE] * 3 == [response.extensions.get(UNREADABLE) for response in responses]
    assert [_LIMIT] * 3 == [len(response.content) for response in responses]
    assert streamed.is_closed
    assert packed.is_closed


def test_a_response_that_a_mock_has_in_memory_is_used_unchanged(call_style: CallStyle) -> None:
    """Httpx has decoded it already."""
    headers = {"Content-Encoding": "gzip", "X-A": "1"}
    response = _mocked_response(
        call_style, lambda: httpx.Response(201, headers=headers, content=gzip.compress(RESPONSE))
    )

    assert (201, RESPONSE, "1") == (response.status_code, response.content, response.headers["X-A"])


def test_a_hook_may_read_the_response_first(call_style: CallStyle) -> None:
    """The limit applies to its reading."""

    def read(response: httpx.Response) -> None:
        response.read()

    async def read_async(response: httpx.Response) -> None:
        await response.aread()

    hook = read if call_style.name == "sync" else read_async
    large = http_response(bytes(_LIMIT + 1))
    with listening(lambda peer: peer.respond(large if peer.number else http_response())) as server:
        responses = [call_style.outcome(client_of(server.url, event_hooks={"response": [hook]})) for _ in range(2)]

    assert [RESPONSE, bytes(_LIMIT)] == [response.content for response in responses]
    assert [None, _TOO_LARGE] == [response.extensions.get(UNREADABLE) for response in responses]


# Memory


@pytest.mark.parametrize(
    ("tasks", "message"), [(10_000, "at /data: is an array"), (20_000, "has too many values to find out")]
)
def test_the_violation_in_a_very_long_response_has_no_place(
    tasks: int, message: str, client: AuthenticatedClient
) -> None:
    """Finding it would take several copies of the response. A valid long response is read as usual."""
    response = httpx.Response(200, json={"code": 0, "data": [{"task_id": "1"}] * tasks})

    with pytest.raises(InvalidResponseError, match=message):
        client.decode("getElement", response, TaskResponse.from_dict)
    assert tasks == len(client.decode("listElements", response, TaskListResponse.from_dict).data or [])


def _json(*, before: bytes = b"", unit: bytes = b"", after: bytes = b"") -> bytes:
    """Return a response of the largest allowed size."""
    frame = b'{"code":0,"message":"%b"}' if not unit.startswith((b"{", b"1")) else b'{"code":0,"data":[%b]}'
    room = _LIMIT - len(frame) - len(before) - len(after)
    return frame % (before + unit * (room // len(unit)) + after)


@pytest.mark.parametrize(
    "response",
    [
        http_response(_bomb(), "200 OK", "Content-Encoding: gzip"),
        http_response(b"<html>" + b"<p>x</p>" * 6_000_000),
        http_response(b"<html>" + b"<p>x</p>" * 6_000_000, "502 Bad Gateway"),
        http_response(_json(unit=b"{},", after=b"{}")),
        http_response(_json(unit=b"1,", after=b"1")),
        http_response(b'{"code":0,"data":[' + b'{"task_id":"1"},' * 49_000 + b"{}]}"),
        http_response(_json(before="\U0001f600".encode(), unit=b"x")),
        http_response(_json(unit=b"\\u0041")),
        http_response(_json(unit=b"&amp;")),
        http_response(_json(unit=b"x")),
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
def test_no_response_costs_more_memory_than_64_mib(response: bytes, call_style: CallStyle) -> None:
    """A separate process measures its memory up to the error or the model."""

    def behave(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            peer.send(http_response() if "warm" in request.line else response)

    with listening(behave) as server:
        result = run_program("memory_of_a_response", call_style.name, server.url)
    assert "" == result.stderr
    outcome, growth = json.loads(result.stdout)

    assert outcome
    assert growth < 64 * 1024 * 1024
