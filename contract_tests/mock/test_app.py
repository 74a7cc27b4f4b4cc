"""The mock server in process: its checks of path, token, method and media type. No request ends in 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kling_elements.mock
from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import (
    BAD_TOKEN,
    NO_MEDIA_TYPE,
    NO_METHOD,
    NO_PATH,
    NO_TOKEN,
    OTHER_TOKEN,
    Caller,
    ExpectedRefusal,
    assert_accepted,
    shared_caller,
)
from contract_tests.support.mock_requests import SAMPLE, chunks, exchange, scope
from kling_elements.mock.app import MockServer, create_app
from kling_elements_client import contract


def test_the_package_exports_the_application() -> None:
    assert ["create_app"] == kling_elements.mock.__all__
    assert create_app is kling_elements.mock.create_app


@pytest.mark.parametrize("name", ["sample", "fromImages", "fromVideo"])
def test_every_example_of_the_contract_is_accepted(name: str) -> None:
    """Each creates an element, and its response has exactly the documented keys."""
    body = example(name)

    assert_accepted(shared_caller().post(body))


@pytest.mark.parametrize(
    "path",
    [
        "/kling/v1/general/advanced%2Dcustom-elements",
        "/kling/%76%31/general/advanced-custom-elements",
    ],
)
def test_a_path_may_be_percent_encoded(path: str) -> None:
    """An unreserved character and its encoding lead to the same path (RFC 3986)."""
    assert_accepted(shared_caller().send("POST", path, BODY))


def test_an_asgi_server_may_leave_out_the_raw_path() -> None:
    """The decoded path is used instead, because ASGI makes `raw_path` optional."""
    assert_accepted(exchange(scope(raw_path=None, path=ELEMENTS), chunks(SAMPLE))[0])
    NO_PATH.check(exchange(scope(raw_path=None, path="/100%/\u8d85"), chunks(SAMPLE))[0])


@pytest.mark.parametrize(
    "authorization",
    ["Bearer t", "bearer t", "BEARER t", "Bearer   t", " Bearer t ", "Bearer aZ09-._~+/==", "Bearer 12|a:b,c=d"],
)
def test_any_well_formed_bearer_token_is_accepted(authorization: str) -> None:
    """A token may contain every character that the client can send. The scheme's case doesn't matter."""
    assert_accepted(shared_caller().post(headers={"authorization": authorization}))


@pytest.mark.parametrize(
    ("expected", "authorization"),
    [
        *((NO_TOKEN, text) for text in (None, "", " ", "Bearer", "bearer ", "BEARER\t")),
        *((BAD_TOKEN, text) for text in ("t", "Basic t", "Bearert", "Bearer\tt", "Bearer t t", "Bearer \xe4")),
    ],
)
def test_a_missing_or_ill_formed_token_is_401(expected: ExpectedRefusal, authorization: str | None) -> None:
    """The messages for the two differ."""
    expected.check(shared_caller().post(headers={"authorization": authorization}))


@pytest.mark.parametrize(
    ("expected", "authorization"), [(BAD_TOKEN, "Basic sk-mine"), (NO_TOKEN, ""), (OTHER_TOKEN, "Bearer sk-Mine")]
)
def test_a_server_may_accept_only_one_token(expected: ExpectedRefusal, authorization: str) -> None:
    """Any other token is 401, as with the real service."""
    caller = Caller(create_app("sk-mine"))

    assert_accepted(caller.post(headers={"authorization": "bearer sk-mine"}))
    expected.check(caller.post(headers={"authorization": authorization}))


def test_two_authorization_headers_are_401() -> None:
    """The server can't know which of them counts."""
    BAD_TOKEN.check(exchange(scope(("Authorization", "Bearer sk-test")), chunks(SAMPLE))[0])


@pytest.mark.parametrize(
    "path",
    ["/", "", "*", ELEMENTS[1:], f"{ELEMENTS}/1/2", f"{ELEMENTS}x/", f"/{ELEMENTS}", ELEMENTS.upper(), "/%ff", "/\xff"],
)
def test_an_unknown_path_is_404(path: str) -> None:
    """The message lists the valid paths. Paths are compared exactly."""
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
    """The message says what to change, because the vendor's own example has the slash."""
    message = f"remove the slash at the end of the path: send the request to {right}"
    ExpectedRefusal(status=404, code=1203, message=message).check(shared_caller().send(method, path, BODY))
    NO_TOKEN.check(shared_caller().send(method, path, headers={"authorization": None}))


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", ""])
def test_another_method_is_405_and_says_which_are_allowed(method: str) -> None:
    """The Allow header lists them, and methods are compared with case."""
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
    """Each of the headers means JSON in UTF-8."""
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
    """The header must say JSON, and no charset except UTF-8."""
    NO_MEDIA_TYPE.check(shared_caller().post(headers={"content-type": content_type}))


async def _speak(app: MockServer, scope_type: str, messages: list[dict[str, str]]) -> list[Any]:
    source = iter(messages)
    sent: list[Any] = []

    async def receive() -> Any:
        return next(source)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": scope_type}, receive, send)
    return sent


def test_the_lifespan_protocol_is_followed() -> None:
    """The application completes both startup and shutdown."""
    sent = asyncio.run(_speak(create_app(), "lifespan", [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]))

    assert [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}] == sent


def test_a_websocket_is_closed() -> None:
    """No exception is raised."""
    assert [{"type": "websocket.close"}] == asyncio.run(_speak(shared_caller().app, "websocket", []))


_BYTES_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"authorization", b"content-type", b"content-length", b"expect", b"Content-Type", b"x"]),
        st.sampled_from([b"Bearer x", b"application/json", b"application/json;charset=utf-8", b"100-continue", b"5"])
        | st.binary(max_size=20),
    ),
    max_size=6,
)
_BODIES = st.binary() | st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text()
    | st.sampled_from(["image_refer", "o_101", "QUJD"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*BODY, "refer_images", "x"]) | st.text(), inner),
    max_leaves=10,
).map(lambda value: json.dumps(value).encode())


@given(
    method=st.sampled_from(["POST", "GET", "HEAD"]) | st.text(max_size=5),
    path=st.sampled_from([ELEMENTS, ELEMENTS + "%", "/%2f"]).map(str.encode) | st.binary(max_size=20),
    query=st.just(b"") | st.binary(max_size=20),
    headers=_BYTES_HEADERS,
    bodies=st.lists(_BODIES, min_size=1, max_size=3),
)
def test_no_request_is_answered_with_500(
    method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]], bodies: list[bytes]
) -> None:
    """Any malformed request gets a documented status and shape."""
    request = scope(method=method, raw_path=path, query_string=query, headers=headers)
    reply, _ = exchange(request, chunks(*bodies))

    assert reply.status in {200, 400, 401, 404, 405, 413, 415}
    assert {"code", "message", "request_id"} <= set(json.loads(reply.body))


@given(body=_BODIES)
@settings(max_examples=300)
def test_no_body_is_answered_with_500(body: bytes) -> None:
    """Any malformed body gets 200 or 400."""
    assert shared_caller().post(content=body).status in {200, 400}


@given(changed=st.dictionaries(st.sampled_from(list(BODY)), st.none() | st.text() | st.lists(st.text()), min_size=1))
def test_client_and_server_agree_about_any_body(changed: dict[str, object]) -> None:
    """The server refuses exactly the bodies that the client refuses."""
    body = {**BODY, **changed}
    expected = 400 if contract.violations("createElement", body) else 200

    assert expected == shared_caller().post(body).status
