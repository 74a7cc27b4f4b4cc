"""Servers that misbehave cause one clear error, and parts of two files are never put together."""

from __future__ import annotations

from collections.abc import Callable

import httpcore
import pytest

from contract_tests.support.range_server import (
    RangeServer,
    Responder,
    empty_response,
    endless_response,
    head,
    in_turn,
    raw_response,
    then_disconnect,
    whole_file,
    with_headers,
)
from contract_tests.support.remote_files import BLOCK, BROKEN, private_refusal
from kling_elements.media import range_client
from kling_elements.media.remote import open_remote
from kling_elements_client.errors import MediaError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_socket_stays_open")]

_PART = "the server was asked for bytes 0 to "


@pytest.mark.parametrize(
    ("respond", "expected"),
    [
        (empty_response(403), "HTTP 403; check that the file exists and needs no login"),
        *(
            (empty_response(status), f"HTTP {status}; ")
            for status in (204, 300, 302, 304, 401, 404, 410, 412, 500, 503)
        ),
        (empty_response(416, content_range="bytes */5"), "HTTP 416; "),
        (with_headers(content_range=None), _PART),
        (with_headers(content_range="bytes 5-16388/100000"), _PART),
        (with_headers(content_range="bytes 0-99/100000"), _PART + "16383, "),
        (with_headers(content_range="bytes 0-16384/100000"), _PART),
        (with_headers(content_range="bytes 0-16384/*"), _PART),
        (with_headers(content_range="bytes 0-16383/16383"), _PART + "16382, "),
        (with_headers(content_range="bytes 0-16383/0"), _PART),
        (with_headers(content_range="bytes */100000"), _PART),
        (with_headers(content_range="bytes 9-3/*"), _PART),
        (with_headers(content_range="bytes 0-16383/" + "9" * 30), _PART),
        (with_headers(content_range="lines 0-16383/100000"), _PART),
        (with_headers(content_range=None, content_type="multipart/byteranges; boundary=x"), _PART),
        (
            with_headers(content_encoding="gzip"),
            "is sent with content-encoding 'gzip'; ask its owner to serve it uncompressed",
        ),
        (whole_file(content_encoding="br" * 50), "is sent with content-encoding 'brbrbrbrbrbrbrbrbrbr'; "),
        (with_headers(content_length=100), "the server sends fewer bytes than it says"),
        (
            with_headers(content_range="bytes 0-16383/*", content_length=16383),
            "the server sends fewer bytes than it says",
        ),
        (
            raw_response(head(206, content_range="bytes 0-16383/*"), bytes(BLOCK + 1)),
            "the server sends more bytes than it",
        ),
        (
            raw_response(head(206, content_range="bytes 0-16383/*"), bytes(BLOCK - 1)),
            "the server sends fewer bytes than it",
        ),
        (
            endless_response(head(206, content_range="bytes 0-16383/*"), bytes(999)),
            "the server sends more bytes than it",
        ),
        (raw_response(head(206, content_range="bytes 0-16383/*", content_length=BLOCK), b"x"), BROKEN),
        (raw_response(head(200, content_length=100), b""), BROKEN),
        (empty_response(101), BROKEN),
        (with_headers(content_length="many"), BROKEN),
        (with_headers(content_length="-1"), BROKEN),
        (with_headers(transfer_encoding="gzip"), BROKEN),
        (raw_response(), BROKEN),
        (raw_response(b"HTTP/1.1 2"), BROKEN),
        (raw_response(b"SSH-2.0-OpenSSH_9.6\r\n"), BROKEN),
        (raw_response(bytes(range(256)) * 9), BROKEN),
        (endless_response(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 99), BROKEN),
        (endless_response(b"HTTP/1.1 200 OK\r\nx: ", b"x" * 999), BROKEN),
    ],
)
def test_an_unusable_response_is_one_clear_error(
    serving: Callable[..., RangeServer], respond: Responder, expected: str
) -> None:
    """The client gives up after one request."""
    server = serving(respond)
    assert private_refusal(server.url).startswith(expected)
    assert 1 == len(server.requests)


def test_a_response_that_ends_early_is_not_a_short_file(serving: Callable[..., RangeServer]) -> None:
    """Later calls raise the same error."""
    server = serving(raw_response(head(200, content_length=50_000), bytes(20_000)))
    with open_remote(server.url, allow_private=True) as file:
        assert bytes(BLOCK) == file.peek(0, BLOCK)
        for _ in range(2):
            with pytest.raises(MediaError, match="connection was lost"):
                file.peek(19_000, 10)
    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (with_headers(etag='"2"'), "was changed while it was read: its etag differs; try again"),
        (
            with_headers(last_modified="Fri, 02 Jan 2026 00:00:00 GMT"),
            "was changed while it was read: its last-modified",
        ),
        (with_headers(content_range="bytes 49152-65535/99999"), "was changed while it was read: its size differs"),
        (with_headers(content_range="bytes 49152-60000/*"), "was changed while it was read: its size differs"),
        (empty_response(416, content_range="bytes */20000"), "was changed while it was read: its size differs"),
        (empty_response(416, content_range="bytes */100000"), "HTTP 416; "),
        (empty_response(416), "HTTP 416; "),
        (whole_file(etag='"2"'), "was changed while it was read: its etag differs; try again"),
        (whole_file(content_length=99), "was changed while it was read: its size differs; try again"),
        (whole_file(etag='"1"'), "the server ignores Range, but did not at first; try again"),
        (raw_response(), BROKEN),
        (with_headers(content_range="bytes 0-16383/100000"), "the server was asked for bytes 49152 to 65535, "),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_an_error(
    serving: Callable[..., RangeServer], later: Responder, expected: str
) -> None:
    """Parts of two files are never put together."""
    first = with_headers(last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    server = serving(in_turn(first, later))
    assert private_refusal(server.url, (50_000, 10)).startswith(expected)


def test_a_response_need_not_repeat_its_etag_and_date(serving: Callable[..., RangeServer]) -> None:
    server = serving(in_turn(with_headers(last_modified="Thu, 01 Jan 2026 00:00:00 GMT"), with_headers(etag=None)))
    with open_remote(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)


@pytest.mark.parametrize("respond", [then_disconnect, with_headers(connection="close")], ids=["leaving", "announced"])
def test_a_connection_closed_between_requests_is_opened_again(
    serving: Callable[..., RangeServer], respond: Responder
) -> None:
    """The server may close it with or without a header."""
    server = serving(respond)
    with open_remote(server.url, allow_private=True) as file:
        assert server.ended.acquire(timeout=60)  # only a failure lasts that long
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
    assert 2 == server.connections


def test_a_request_asks_for_an_uncompressed_part_without_a_login(serving: Callable[..., RangeServer]) -> None:
    """Path and query are sent unchanged, without the fragment."""
    server = serving()
    with open_remote(f"{server.url};v=1/%2e?a=%20b#c", allow_private=True):
        pass

    (request,) = server.requests
    assert "/file;v=1/%2e?a=%20b" == request.target
    assert {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "kling-elements",
        "accept": "*/*",
        "accept-encoding": "identity",
        "range": "bytes=0-16383",
    } == request.headers


def test_every_error_of_httpcore_is_caught() -> None:
    raised = [getattr(httpcore, name) for name in httpcore.__all__ if name.endswith(("Error", "Timeout", "Exception"))]
    assert raised
    assert {httpcore.ProxyError} == {kind for kind in raised if not issubclass(kind, range_client.FAILURES)}
