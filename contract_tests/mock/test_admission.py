"""The mock server checks token, path, method, media type, size and body of each request, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.mock_caller import (
    BAD_TOKEN,
    LIMIT,
    NO_JSON,
    NO_MEDIA_TYPE,
    NO_METHOD,
    NO_PATH,
    NO_TOKEN,
    OTHER_TOKEN,
    TOO_LARGE,
    Caller,
    ExpectedRefusal,
    assert_accepted,
    shared_caller,
)
from contract_tests.support.mock_requests import SAMPLE, chunks, exchange, scope
from contract_tests.support.tables import for_each_row
from kling_elements.mock.app import create_app


@pytest.mark.parametrize(
    "path",
    [
        "/kling/v1/general/advanced%2Dcustom-elements",
        "/kling/%76%31/general/advanced-custom-elements",
    ],
)
def test_a_path_may_be_percent_encoded(path: str) -> None:
    """RFC 3986 treats an unreserved character and its encoding as the same."""
    assert_accepted(shared_caller().send("POST", path, BODY))


@pytest.mark.parametrize(
    "authorization",
    ["Bearer t", "bearer t", "BEARER t", "Bearer   t", " Bearer t ", "Bearer aZ09-._~+/==", "Bearer 12|a:b,c=d"],
)
def test_any_well_formed_bearer_token_is_accepted(authorization: str) -> None:
    """The case of the scheme doesn't matter. A token may contain every character that the client can send."""
    assert_accepted(shared_caller().post(headers={"authorization": authorization}))


@pytest.mark.parametrize(
    ("expected", "authorization"),
    [
        *((NO_TOKEN, text) for text in (None, "", " ", "Bearer", "bearer ", "BEARER\t")),
        *((BAD_TOKEN, text) for text in ("t", "Basic t", "Bearert", "Bearer\tt", "Bearer t t", "Bearer \xe4")),
    ],
)
def test_a_missing_or_ill_formed_token_is_401(expected: ExpectedRefusal, authorization: str | None) -> None:
    """A missing token and a malformed one have different messages."""
    expected.check(shared_caller().post(headers={"authorization": authorization}))


@pytest.mark.parametrize(
    ("expected", "authorization"), [(BAD_TOKEN, "Basic sk-mine"), (NO_TOKEN, ""), (OTHER_TOKEN, "Bearer sk-Mine")]
)
def test_a_server_may_accept_only_one_token(expected: ExpectedRefusal, authorization: str) -> None:
    """If you start a server with a token, any other token is 401, as with the real service."""
    caller = Caller(create_app("sk-mine"))

    assert_accepted(caller.post(headers={"authorization": "bearer sk-mine"}))
    expected.check(caller.post(headers={"authorization": authorization}))


def test_two_authorization_headers_are_401() -> None:
    """The server can't know which of two Authorization headers counts."""
    BAD_TOKEN.check(exchange(scope(("Authorization", "Bearer sk-test")), chunks(SAMPLE))[0])


@pytest.mark.parametrize(
    "path",
    ["/", "", "*", ELEMENTS[1:], f"{ELEMENTS}/1/2", f"{ELEMENTS}x/", f"/{ELEMENTS}", ELEMENTS.upper(), "/%ff", "/\xff"],
)
def test_an_unknown_path_is_404(path: str) -> None:
    """Paths are compared exactly; the message lists the valid ones."""
    NO_PATH.check(shared_caller().send("POST", path, BODY))


@pytest.mark.parametrize(
    ("path", "method", "right"),
    [
        (f"{ELEMENTS}/", "POST", ELEMENTS),
        (f"{ELEMENTS}//", "GET", ELEMENTS),
        (f"{ELEMENTS}/7/", "GET", f"{ELEMENTS}/{{id}}"),
        (f"{DELETION}/", "POST", DELETION),
    ],
)
def test_a_slash_at_the_end_is_404_and_the_message_says_so(path: str, method: str, right: str) -> None:
    """The vendor's own example has a slash at the end, so the message says what to change."""
    message = f"remove the slash at the end of the path: send the request to {right}"
    ExpectedRefusal(status=404, code=1203, message=message).check(shared_caller().send(method, path, BODY))
    NO_TOKEN.check(shared_caller().send(method, path, headers={"authorization": None}))


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", ""])
def test_another_method_is_405_and_says_which_are_allowed(method: str) -> None:
    """HTTP requires an Allow header with 405, and methods are compared with case."""
    NO_METHOD.check(shared_caller().send(method, ELEMENTS))


@pytest.mark.parametrize(
    "content_type",
    [
        "APPLICATION/Json",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json ; Charset=Utf-8 ; boundary=x",
        "application/json;",
    ],
)
def test_the_media_type_is_compared_without_case_and_may_have_parameters(content_type: str) -> None:
    """Each of these headers means JSON in UTF-8."""
    assert_accepted(shared_caller().post(headers={"content-type": content_type}))


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/json-patch+json",
        "application/*",
        "application/jso",
        "application/json, application/json",
        "application/json; charset=latin-1",
        "application/json; charset=",
        "application/json; charset=utf-8; charset=utf-16",
        "; charset=utf-8",
        "application/json\xe4",
    ],
)
def test_another_media_type_or_charset_is_415(content_type: str | None) -> None:
    """Only JSON in UTF-8 is accepted, and the header must say so."""
    NO_MEDIA_TYPE.check(shared_caller().post(headers={"content-type": content_type}))


_FAULTS: list[tuple[ExpectedRefusal, dict[str, Any]]] = [
    (NO_TOKEN, {"token": None}),
    (NO_PATH, {"raw_path": b"/"}),
    (NO_METHOD, {"method": "PUT"}),
    (NO_MEDIA_TYPE, {"content_type": "text/plain"}),
    (TOO_LARGE, {"more_headers": [("content-length", str(LIMIT + 1))]}),
    (NO_JSON, {"body": b"<"}),
]


@pytest.mark.parametrize(
    "faults", [faults for count in range(1, len(_FAULTS) + 1) for faults in combinations(_FAULTS, count)], ids=len
)
def test_the_first_failing_check_decides_the_response(faults: list[tuple[ExpectedRefusal, dict[str, Any]]]) -> None:
    """Token, path, method, media type, size, JSON: in this order, for every set of faults."""
    changed = {key: value for _, changes in faults for key, value in changes.items()}
    more_headers, body = changed.pop("more_headers", ()), changed.pop("body", SAMPLE)
    reply, _ = exchange(scope(*more_headers, **changed), chunks(body))

    faults[0][0].check(reply)


@dataclass(frozen=True, kw_only=True)
class _TwoMistakes:
    """A create with two mistakes, and the refusal that it gets.

    Attributes:
        id: The mistakes, in words, the decisive one first.
        expected: The refusal.
        method: The HTTP method.
        path: The path, with the query.
        headers: The headers that differ from those of a valid create; None removes a header.
        content: The body.
    """

    id: str
    expected: ExpectedRefusal
    method: str = "POST"
    path: str = ELEMENTS
    headers: Mapping[str, str | None] = field(default_factory=dict)
    content: bytes = SAMPLE


_FOREIGN_PAGE = ExpectedRefusal(
    status=403,
    code=1103,
    message="only web pages on this machine may call this server; serve the page from http://localhost or "
    "http://127.0.0.1",
)


@for_each_row(
    [
        _TwoMistakes(
            id="a page of another site, no token",
            expected=_FOREIGN_PAGE,
            headers={"origin": "https://example.com", "authorization": None},
        ),
        _TwoMistakes(
            id="a page of another site, an unknown path",
            expected=_FOREIGN_PAGE,
            headers={"origin": "https://example.com"},
            path="/x",
        ),
        _TwoMistakes(id="no token, an unknown path", expected=NO_TOKEN, headers={"authorization": None}, path="/x"),
        _TwoMistakes(
            id="an ill-formed token, another method",
            expected=BAD_TOKEN,
            headers={"authorization": "Basic t"},
            method="PUT",
        ),
        _TwoMistakes(
            id="an ill-formed token, another media type",
            expected=BAD_TOKEN,
            headers={"authorization": "Basic t", "content-type": "text/plain"},
        ),
        _TwoMistakes(id="an unknown path, another method", expected=NO_PATH, path="/x", method="PUT"),
        _TwoMistakes(
            id="an unknown path, another media type",
            expected=NO_PATH,
            path="/x",
            headers={"content-type": "text/plain"},
        ),
        _TwoMistakes(
            id="another method, another media type",
            expected=NO_METHOD,
            method="PUT",
            headers={"content-type": "text/plain"},
        ),
        _TwoMistakes(
            id="another media type, no JSON",
            expected=NO_MEDIA_TYPE,
            headers={"content-type": "text/plain"},
            content=b"<",
        ),
        _TwoMistakes(id="no JSON, an unknown query", expected=NO_JSON, content=b"<", path=f"{ELEMENTS}?x=1"),
    ]
)
def test_the_first_of_two_mistakes_decides_the_response(row: _TwoMistakes) -> None:
    row.expected.check(shared_caller().send(row.method, row.path, content=row.content, headers=row.headers))
