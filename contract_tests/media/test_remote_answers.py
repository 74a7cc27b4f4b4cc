"""Servers that misbehave cause one clear error, and parts of two files are never put together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contract_tests.support import remote_files
from contract_tests.support.range_server import (
    Answer,
    RangeServer,
    altered,
    bare,
    for_ever,
    head,
    honest,
    in_turn,
    leaving,
    sends,
    whole,
)
from contract_tests.support.remote_files import BLOCK, BROKEN, private_refusal
from kling_elements.media.remote import open_remote
from kling_elements_client.errors import MediaError

_no_socket_stays_open = remote_files.no_socket_stays_open
serving = remote_files.serving

_PART = "the server was asked for bytes 0 to "


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (bare(403), "HTTP 403; check that the file exists and needs no login"),
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
        (
            altered(content_encoding="gzip"),
            "is sent with content-encoding 'gzip'; ask its owner to serve it uncompressed",
        ),
        (whole(content_encoding="br" * 50), "is sent with content-encoding 'brbrbrbrbrbrbrbrbrbr'; "),
        (altered(content_length=100), "the server sends fewer bytes than it says"),
        (altered(content_range="bytes 0-16383/*", content_length=16383), "the server sends fewer bytes than it says"),
        (sends(head(206, content_range="bytes 0-16383/*"), bytes(BLOCK + 1)), "the server sends more bytes than it"),
        (sends(head(206, content_range="bytes 0-16383/*"), bytes(BLOCK - 1)), "the server sends fewer bytes than it"),
        (for_ever(head(206, content_range="bytes 0-16383/*"), bytes(999)), "the server sends more bytes than it"),
        (sends(head(206, content_range="bytes 0-16383/*", content_length=BLOCK), b"x"), BROKEN),
        (sends(head(200, content_length=100), b""), BROKEN),
        (bare(101), BROKEN),
        (altered(content_length="many"), BROKEN),
        (altered(content_length="-1"), BROKEN),
        (altered(transfer_encoding="gzip"), BROKEN),
        (sends(), BROKEN),
        (sends(b"HTTP/1.1 2"), BROKEN),
        (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), BROKEN),
        (sends(bytes(range(256)) * 9), BROKEN),
        (for_ever(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 99), BROKEN),
        (for_ever(b"HTTP/1.1 200 OK\r\nx: ", b"x" * 999), BROKEN),
    ],
)
def test_an_unusable_response_is_one_clear_error(
    serving: Callable[..., RangeServer], answer: Answer, expected: str
) -> None:
    """It takes only one request."""
    server = serving(answer)
    assert private_refusal(server.url).startswith(expected)
    assert 1 == len(server.asked)


def test_a_response_that_ends_early_is_not_a_short_file(serving: Callable[..., RangeServer]) -> None:
    """Later calls raise the same error."""
    server = serving(sends(head(200, content_length=50_000), bytes(20_000)))
    with open_remote(server.url, allow_private=True) as file:
        assert bytes(BLOCK) == file.peek(0, BLOCK)
        for _ in range(2):
            with pytest.raises(MediaError, match="connection was lost"):
                file.peek(19_000, 10)
    assert 1 == len(server.asked)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (altered(etag='"2"'), "was changed while it was read: its etag differs; try again"),
        (altered(last_modified="Fri, 02 Jan 2026 00:00:00 GMT"), "was changed while it was read: its last-modified"),
        (altered(content_range="bytes 49152-65535/99999"), "was changed while it was read: its size differs"),
        (altered(content_range="bytes 49152-60000/*"), "was changed while it was read: its size differs"),
        (bare(416, content_range="bytes */20000"), "was changed while it was read: its size differs"),
        (bare(416, content_range="bytes */100000"), "HTTP 416; "),
        (bare(416), "HTTP 416; "),
        (whole(etag='"2"'), "was changed while it was read: its etag differs; try again"),
        (whole(content_length=99), "was changed while it was read: its size differs; try again"),
        (whole(etag='"1"'), "the server ignores Range, but did not at first; try again"),
        (sends(), BROKEN),
        (altered(content_range="bytes 0-16383/100000"), "the server was asked for bytes 49152 to 65535, "),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_an_error(
    serving: Callable[..., RangeServer], later: Answer, expected: str
) -> None:
    """Parts of two files are never put together."""
    first = altered(last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    server = serving(in_turn(first, later))
    assert private_refusal(server.url, (50_000, 10)).startswith(expected)


def test_a_response_need_not_repeat_its_etag_and_date(serving: Callable[..., RangeServer]) -> None:
    server = serving(in_turn(altered(last_modified="Thu, 01 Jan 2026 00:00:00 GMT"), altered(etag=None)))
    with open_remote(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)


@pytest.mark.parametrize("answer", [leaving, altered(connection="close")], ids=["leaving", "announced"])
def test_a_connection_closed_between_requests_is_opened_again(
    serving: Callable[..., RangeServer], answer: Answer
) -> None:
    """A server may close it at any time, announced or not."""
    server = serving(answer)
    with open_remote(server.url, allow_private=True) as file:
        assert server.ended.acquire(timeout=60)  # only a failure lasts that long
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
    assert 2 == server.connections


def test_after_an_error_the_file_is_closed(serving: Callable[..., RangeServer]) -> None:
    """Bytes that were fetched can still be read, and other bytes raise the same error without a request."""
    server = serving(in_turn(honest, bare(503), honest))
    with open_remote(server.url, allow_private=True) as file:
        for place in (50_000, 90_000):
            with pytest.raises(MediaError, match="HTTP 503"):
                file.peek(place, 1)
        assert server.file.read(0, 10) == file.peek(0, 10)
    assert 2 == len(server.asked)


def test_the_file_is_closed_after_its_block(serving: Callable[..., RangeServer]) -> None:
    """It opens no connection that nobody would close."""
    server = serving()
    with open_remote(server.url, allow_private=True) as file:
        pass
    with pytest.raises(MediaError, match="was closed"):
        file.peek(50_000, 1)
    assert 1 == len(server.asked)
