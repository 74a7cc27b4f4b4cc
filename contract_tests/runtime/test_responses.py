"""The exception for a failed response contains what you need to act on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import respx

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import Create, Failure, MakeClient
from kling_elements_client import AuthenticatedClient, errors
from kling_elements_client.api.elements import create_element

_URL = f"https://gateway.example.com{ELEMENTS}"
_ENVELOPE = {"code": 1200, "message": "no", "request_id": "r-1"}
_ECHO = json.dumps({"message": "bad " + "iVBORw0KGgoAAAANSUhE" * 20})
_NOTHING = (None, None, None)  # no code, no message and no request id


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.StatusError, 300),
        (errors.StatusError, 304),
        (errors.StatusError, 400),
        (errors.AuthenticationError, 401),
        (errors.StatusError, 402),
        (errors.PermissionDeniedError, 403),
        (errors.StatusError, 404),
        (errors.StatusError, 405),
        (errors.StatusError, 409),
        (errors.StatusError, 413),
        (errors.StatusError, 418),
        (errors.RateLimitError, 429),
        (errors.StatusError, 499),
        *((errors.ServerError, status) for status in (500, 501, 502, 503, 504, *range(520, 531), 599)),
    ],
)
def test_the_status_decides_the_exception_class(
    kind: type[errors.StatusError], status: int, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """A non-standard status, such as a proxy's 520 to 524, also raises an exception with all attributes."""
    router.post().respond(status, json=_ENVELOPE, headers={"Retry-After": "7"})

    with pytest.raises(errors.ResponseError) as caught:
        create(client, BODY)
    error = caught.value

    assert kind is type(error)
    assert f"POST {_URL}: HTTP {status}, code 1200, no, request r-1" == str(error)
    assert (status, 1200, "no", "r-1") == (error.status_code, error.code, error.message, error.request_id)
    assert {"7"} == {error.headers["retry-after"], error.headers["RETRY-AFTER"]}
    assert json.loads(error.excerpt) == _ENVELOPE


@pytest.mark.parametrize(
    ("details", "excerpt", "content"),
    [
        pytest.param(_NOTHING, "", b"", id="empty"),
        pytest.param(_NOTHING, "", b" \r\n\t ", id="white space"),
        pytest.param(_NOTHING, "<html> <b>502</b> </html>", b"<html>\n\n  <b>502</b>\t\r\n</html>\n", id="HTML"),
        pytest.param(_NOTHING, "not JSON", b"not JSON", id="text"),
        pytest.param(_NOTHING, '{"code": 5000, "mess', b'{"code": 5000, "mess', id="JSON cut short"),
        pytest.param(_NOTHING, '[{"code": 1}]', b'[{"code": 1}]', id="array"),
        pytest.param(_NOTHING, "5000", b"5000", id="number"),
        pytest.param(_NOTHING, "null", b"null", id="null"),
        pytest.param(_NOTHING, "{}", b"{}", id="empty object"),
        pytest.param(_NOTHING, '{"a":' * 40, b'{"a":' * 100_000, id="nested too deeply"),
        pytest.param(_NOTHING, "<10000 characters>", b"9" * 10_000, id="number too long"),
        pytest.param(
            (None, "bad <400 characters>", None), '{"message": "bad <400 characters>"}', _ECHO, id="a repeated image"
        ),
        pytest.param(_NOTHING, "\ufffd(", b"\xc3(", id="invalid UTF-8"),
        pytest.param(_NOTHING, r"\x01\x1b[2J", b"\x01\x1b[2J", id="binary"),
        pytest.param(_NOTHING, "é" * 200, "é".encode() * 300, id="characters are counted, not bytes"),
        pytest.param((None, "m." * 100, None), None, json.dumps({"message": "m." * 450}), id="long message"),
        pytest.param(("c." * 100, None, None), None, json.dumps({"code": "c." * 450}), id="long code"),
        pytest.param((None, None, "r." * 100), None, json.dumps({"request_id": "r." * 450}), id="long id"),
        pytest.param((None, "a b", None), None, '{"message": " a\\r\\n\\tb "}', id="message of several lines"),
        pytest.param(("1301", None, None), None, '{"code": "1301"}', id="code as text"),
        pytest.param((0, None, None), None, '{"code": 0}', id="code of success"),
        pytest.param(("bad", "no", None), None, '{"error": {"message": "no", "code": "bad"}}', id="OpenAI style"),
        pytest.param((7, None, None), None, '{"code": null, "error": {"code": 7}}', id="code inside beside null"),
        pytest.param((None, "bad", None), None, '{"error": "bad"}', id="error as text"),
        pytest.param((None, "bad", None), None, '{"msg": "bad"}', id="msg"),
        pytest.param((None, "bad", None), None, '{"detail": "bad"}', id="detail"),
        pytest.param((None, "bad", None), None, '{"detail": [{"loc": ["body"], "msg": "bad"}]}', id="FastAPI"),
        pytest.param((None, "bad", None), None, '{"message": "bad", "error": "x", "detail": "y"}', id="several"),
        pytest.param(_NOTHING, None, '{"detail": []}', id="no detail"),
        pytest.param(_NOTHING, None, '{"error": [{"code": 1}]}', id="error as array"),
        pytest.param(_NOTHING, None, '{"code": true, "message": {"a": 1}, "request_id": 7}', id="wrong types"),
        pytest.param(_NOTHING, None, '{"code": [1], "message": 3, "request_id": {}}', id="more wrong types"),
        pytest.param((5, r"\ud83d", None), None, '{"code": 5, "message": "\\ud83d"}', id="half a surrogate pair"),
        pytest.param((5, None, None), None, '{"code": 5, "\\ud83d": NaN}', id="what is no JSON and no Unicode"),
    ],
)
def test_any_body_of_a_failure_is_kept_as_far_as_it_can_be_read(
    details: tuple[Any, ...], excerpt: str | None, content: Any, failure: Failure
) -> None:
    """Strings are cut to 200 characters on one line."""
    error = failure(503, content)

    assert type(error) is errors.ServerError
    assert details == (error.code, error.message, error.request_id)
    assert (content[:200] if excerpt is None else excerpt) == error.excerpt
    assert str(error).startswith(f"POST {_URL}: HTTP 503")
    assert str(error).isprintable()


def _wrap(inner: str, **outer: Any) -> str:
    return json.dumps({"code": "fail_to_fetch_task", "message": inner, "request_id": "outer", **outer})


_OVER = json.dumps({"code": 1303, "message": "parallel task over resource pack limit", "request_id": "inner"})


@pytest.mark.parametrize(
    ("details", "content"),
    [
        ((1303, "parallel task over resource pack limit", "inner"), _wrap(_OVER)),
        ((1303, "parallel task over resource pack limit", "inner"), _wrap(f" \n{_OVER}")),
        ((1303, "parallel task over resource pack limit", "inner"), _wrap(_wrap(_wrap(_OVER)))),
        (("1102", "pack used up", "outer"), _wrap('{"code": "1102", "message": "pack used up"}')),
        ((1201, None, "outer"), _wrap('{"code": 1201}')),
        ((1303, "full", None), json.dumps({"error": {"message": '{"error": {"code": 1303, "message": "full"}}'}})),
        ((1303, "full", None), json.dumps({"detail": '{"code": 1303, "message": "full"}'})),
        (("fail_to_fetch_task", '{"code": 42, "message": "odd"}', "outer"), _wrap('{"code": 42, "message": "odd"}')),
        (("fail_to_fetch_task", "no {", "outer"), _wrap("no {")),
        (("fail_to_fetch_task", "{no", "outer"), _wrap("{no")),
        ((1302, '{"code": 1303}', "outer"), _wrap('{"code": 1303}', code=1302)),
    ],
)
def test_a_refusal_nested_in_a_gateway_message_is_read(
    details: tuple[Any, ...], content: str, failure: Failure
) -> None:
    """The service's refusal is shown if the contract lists its code; otherwise the gateway's is."""
    error = failure(429, content)

    assert type(error) is errors.RateLimitError
    assert details == (error.code, error.message, error.request_id)


def test_a_refusal_nested_too_deeply_is_not_unpacked(failure: Failure) -> None:
    """The limit is deeper than any gateway nests refusals."""
    content = _OVER
    for _ in range(4):
        content = _wrap(content)

    assert "fail_to_fetch_task" == failure(429, content).code


def test_the_target_of_a_redirect_is_shortened_and_escaped(failure: Failure) -> None:
    """The message contains at most 200 characters of the target, and no control characters."""
    error = failure(307, b"", [(b"Location", b"https://elsewhere.example.com/\x9b2J" + b"x" * 300)])

    assert error.args[0].startswith(rf"POST {_URL}: HTTP 307, to https://elsewhere.example.com/\x9b2Jxxx")
    assert str(error).endswith("x, empty body")
    assert 400 > len(str(error))


_HOSTILE = "a\x1b[2J\r\n\x00\x9b\u202e\u2028\ud800"
_HARMLESS = r"a\x1b[2J \x00\x9b\u202e \ud800"


@pytest.mark.parametrize("status", [200, 400, 503])
def test_control_characters_are_shown_escaped(status: int, failure: Failure, caplog: pytest.LogCaptureFixture) -> None:
    """This covers escape sequences, line breaks, marks that reverse text, and lone surrogates."""
    body = {"code": _HOSTILE, "message": _HOSTILE, "request_id": _HOSTILE, _HOSTILE: 1}
    error = failure(status, json.dumps(body))
    page = failure(status, _HOSTILE.encode("utf-8", "surrogatepass"))

    assert (_HARMLESS, _HARMLESS, _HARMLESS) == (error.code, error.message, error.request_id)
    shown = [str(error), error.excerpt, str(page), page.excerpt, *(record.getMessage() for record in caplog.records)]
    assert [] == [text for text in shown if not text.isprintable()]
    assert r"a\x1b[2J" in page.excerpt


@pytest.mark.parametrize(
    ("expected", "content", "content_type"),
    [
        ("no", "no".encode("utf-16"), None),
        ("no", "no".encode("utf-16-le"), None),
        ("no", "no".encode("utf-32-be"), None),
        ("\u6d77", "\u6d77".encode("utf-16"), None),
        ("\xe9", b"\xe9", b"text/html; charset=latin-1"),
        ("\ufffd", b"\xe9", b"text/html; charset=no-such-thing"),
        ("\ufffd", b"\xe9", None),
    ],
)
def test_an_excerpt_is_decoded_in_the_encoding_of_the_response(
    expected: str, content: bytes, content_type: bytes | None, failure: Failure
) -> None:
    """The encoding comes from the header or from the first bytes."""
    error = failure(502, content, [(b"Content-Type", content_type)] if content_type else None)

    assert expected == error.excerpt


@pytest.mark.parametrize(
    ("expected", "content", "headers"),
    [
        ("h-1", b"<html>", [(b"X-Request-Id", b"h-1")]),
        ("h-1", b"{}", [(b"x-request-id", b"h-1")]),
        ("h-1", b'{"request_id": ""}', [(b"x-request-id", b"h-1")]),
        ("h-1", b'{"request_id": 5}', [(b"x-request-id", b"h-1")]),
        ("b-1", b'{"request_id": "b-1"}', [(b"x-request-id", b"h-1")]),
        (None, b'{"error": {"request_id": "x"}}', []),
    ],
)
def test_the_request_id_comes_from_the_body_or_a_header(
    expected: str | None, content: bytes, headers: list[tuple[bytes, bytes]], failure: Failure
) -> None:
    """The message contains it, because support asks for it."""
    error = failure(502, content, headers)

    assert expected == error.request_id
    assert (expected is not None) == (f"request {expected}" in str(error))


@pytest.mark.parametrize(("expected", "raw"), [("\xe9", b"\xe9"), ("\xe9", b"\xc3\xa9"), ("a, b", b"a, b")])
def test_non_ascii_headers_are_kept(expected: str, raw: bytes, failure: Failure) -> None:
    """Headers may be in Latin-1 or UTF-8."""
    assert expected == failure(500, b"", [(b"X-Place", raw)]).headers["x-place"]


def test_a_repeated_header_is_kept_with_all_its_values(failure: Failure) -> None:
    """The values stay in order."""
    error = failure(401, b"", [(b"WWW-Authenticate", b"Bearer"), (b"WWW-Authenticate", b"Basic")])

    assert ["Bearer", "Basic"] == error.headers.get_list("www-authenticate")


@pytest.mark.parametrize(
    ("kind", "reason", "status"),
    [
        (errors.InvalidResponseError, "HTTP 200, the response is compressed, and damaged: ", b"200 OK"),
        (errors.ServerError, "HTTP 500, ", b"500 Oh"),
    ],
)
def test_a_response_that_cannot_be_decompressed_still_has_a_status(
    kind: type[errors.ResponseError],
    reason: str,
    status: bytes,
    make_client: MakeClient,
    serve: Callable[[bytes], str],
) -> None:
    """The status still decides the exception."""
    response = b"HTTP/1.1 %s\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}" % status

    with pytest.raises(kind, match=reason):
        create_element.sync(client=make_client(base_url=serve(response)), body=BODY)
