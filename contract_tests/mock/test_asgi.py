"""How the mock server reads bodies: the limits, and peers that wait or disconnect."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.support.mock_caller import (
    LIMIT,
    NO_JSON,
    NO_TOKEN,
    TOO_LARGE,
    ExpectedRefusal,
    assert_accepted,
    shared_caller,
)
from contract_tests.support.mock_requests import SAMPLE, chunks, exchange, scope
from kling_elements.mock import asgi
from kling_elements.mock.asgi import BodyTooLargeError, RequestBody


@pytest.mark.parametrize("length", [str(LIMIT + 1), "0" * 5000 + str(LIMIT + 1), "9" * 5000])
def test_a_declared_length_over_the_limit_is_413_before_a_byte_is_read(length: str) -> None:
    """The server drops the body after it has answered, so that the peer receives the response."""
    reply, received = exchange(scope(("content-length", length)), chunks(b" ", b" "))

    TOO_LARGE.check(reply)
    assert 2 == received


@pytest.mark.parametrize("length", ["-1", "", "\xb2", "1e9", "\u0663".encode().decode("latin-1"), "7", str(LIMIT)])
def test_a_declared_length_within_the_limit_is_not_believed(length: str) -> None:
    """The server counts the bytes anyway, and also if the length is invalid."""
    assert_accepted(exchange(scope(("content-length", length)), chunks(SAMPLE))[0])


def test_counted_bytes_over_the_limit_are_413() -> None:
    """A body of exactly the limit is accepted, whatever its headers say."""
    fitting = SAMPLE.ljust(LIMIT)
    half = LIMIT // 2

    for headers in [(), [("content-length", str(LIMIT))]]:
        asked = scope(*headers)
        assert_accepted(exchange(asked, chunks(fitting[:half], fitting[half:]))[0])
        for parts in [(fitting, b" "), (fitting[:half], fitting[half:], b" ", b"", b" "), (fitting + b" ",)]:
            reply, received = exchange(asked, chunks(*parts))
            TOO_LARGE.check(reply)
            assert len(parts) == received


def test_no_more_than_the_limit_is_kept_in_memory() -> None:
    """The test sends a body that never ends."""

    async def read() -> int:
        chunk = bytes(1 << 16)

        async def receive() -> Any:
            return {"type": "http.request", "body": chunk, "more_body": True}

        body = RequestBody({}, receive)
        tracemalloc.start()
        try:
            with pytest.raises(BodyTooLargeError):
                await body.read(1 << 20)
            await body.drain(1 << 26, 60)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert asyncio.run(read()) < 1 << 21


def test_at_most_a_limited_number_of_bytes_of_an_unwanted_body_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that never stops sending gets its response, and the server stops reading."""
    monkeypatch.setattr(asgi, "DRAIN_MAX_BYTES", 1000)
    endless = iter(lambda: {"type": "http.request", "body": bytes(100), "more_body": True}, None)
    reply, received = exchange(scope(token=None), endless)

    NO_TOKEN.check(reply)
    assert 11 == received


def test_an_unwanted_body_is_read_for_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that stalls gets its response, and the server stops waiting."""
    monkeypatch.setattr(asgi, "DRAIN_MAX_SECONDS", 0.01)
    stalled = chunks(b"{", complete=False)[:1]

    NO_TOKEN.check(exchange(scope(token=None), stalled)[0])


@pytest.mark.parametrize(("expected", "token", "length"), [(NO_TOKEN, None, "2"), (TOO_LARGE, "sk-test", "9" * 9)])
def test_a_peer_that_waits_for_100_continue_is_refused_without_its_body(
    expected: ExpectedRefusal, token: str | None, length: str
) -> None:
    """The server reads nothing and closes the connection, because no body will come."""
    reply, received = exchange(scope(("content-length", length), ("expect", "100-Continue"), token=token), [])

    replace(expected, headers={**expected.headers, "connection": "close"}).check(reply)
    assert 0 == received


def test_a_peer_that_waits_for_100_continue_gets_it_if_its_head_is_valid() -> None:
    """The connection stays open."""
    waiting = scope(("expect", "100-continue"))

    assert_accepted(exchange(waiting, chunks(SAMPLE))[0])
    NO_JSON.check(exchange(waiting, chunks(b""))[0])


@pytest.mark.parametrize(("token", "statuses"), [("sk-test", []), (None, [401, None])])
@pytest.mark.parametrize("sent", [[b""], [b'{"element_name":', b'"x"']])
def test_a_peer_that_disconnects_within_its_body_ends_its_request_quietly(
    token: str | None, statuses: list[int | None], sent: list[bytes]
) -> None:
    """No exception is raised, and a response that began is complete."""
    messages = chunks(*sent, complete=False)
    parts: list[Any] = []

    async def send(message: Any) -> None:
        parts.append(message)

    async def send_and_receive() -> None:
        source = iter(messages)

        async def receive() -> Any:
            return next(source)

        await shared_caller().app(scope(token=token), receive, send)

    asyncio.run(send_and_receive())
    assert statuses == [part.get("status") for part in parts]
