"""The mock server, in process: which answer each request gets, to the last header and key."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kling_elements.mock
from kling_elements.mock import asgi
from kling_elements.mock.answers import Problem
from kling_elements.mock.app import MockServer, create_app
from kling_elements.mock.asgi import BodyTooLargeError, RequestBody
from kling_elements_client import contract

PATH = "/kling/v1/general/advanced-custom-elements"
LIMIT = 56_972_640
TOKEN = "Bearer sk-test"
SAMPLE: dict[str, Any] = {
    "element_name": "Mara",
    "element_description": "Keeper of a lighthouse.",
    "reference_type": "image_refer",
    "element_image_list": {
        "frontal_image": "https://media.example.com/front.jpg",
        "refer_images": [{"image_url": "https://media.example.com/left.jpg"}],
    },
}
PATHS = [
    PATH,
    "/kling/v1/general/advanced-presets-elements",
    "/kling/v1/general/delete-elements",
    f"{PATH}/{{id}}",
]

Refusal = tuple[int, int, str, dict[str, str]]

NO_TOKEN: Refusal = (
    401,
    1001,
    "no token was sent; send the header Authorization: Bearer <token>",
    {"www-authenticate": "Bearer"},
)
BAD_TOKEN: Refusal = (
    401,
    1002,
    "the Authorization header does not read Authorization: Bearer <token>",
    {"www-authenticate": "Bearer"},
)
OTHER_TOKEN: Refusal = (
    401,
    1002,
    "the token is not the one that this server takes",
    {"www-authenticate": "Bearer"},
)
NO_PATH: Refusal = (404, 1203, f"nothing has this path; there is {', '.join(PATHS)}", {})
NO_METHOD: Refusal = (405, 1202, "this path takes GET, POST", {"allow": "GET, POST"})
NO_MEDIA_TYPE: Refusal = (
    415,
    1200,
    "the body must be application/json in UTF-8; say so in the header Content-Type",
    {},
)
TOO_LARGE: Refusal = (413, 1200, f"the body may have at most {LIMIT} bytes", {})
NO_JSON: Refusal = (400, 1200, "the body cannot be read: not JSON: Expecting value at line 1, column 1", {})


@cache
def server() -> MockServer:
    """Return the application that all tests share: no request to it stands in the way of another."""
    return create_app(unique_external_ids=False, callbacks=False)


@dataclass(kw_only=True)
class Request:
    """A conforming request, unless a test says otherwise; a header that is None is left out."""

    method: str = "POST"
    path: str = PATH
    authorization: str | None = TOKEN
    content_type: str | None = "application/json"
    more_headers: Iterable[tuple[str, str]] = ()
    body: bytes = json.dumps(SAMPLE).encode()
    scope: dict[str, Any] = field(default_factory=dict)

    def as_scope(self) -> dict[str, Any]:
        """Return the request as ASGI describes it."""
        named = [("authorization", self.authorization), ("content-type", self.content_type), *self.more_headers]
        headers = [(name.encode(), value.encode("latin-1")) for name, value in named if value is not None]
        own = {"type": "http", "method": self.method, "raw_path": self.path.encode("latin-1"), "headers": headers}
        return {**own, **self.scope}


@dataclass
class Reply:
    """What came back.

    Attributes:
        status: The HTTP status.
        headers: Every header, as one may come once only.
        body: The bytes of the body.
        received: How many messages of the request were taken, more than there were if the server asked for more.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    received: int


async def exchange(app: MockServer, scope: dict[str, Any], messages: Iterable[dict[str, Any]]) -> Reply:
    """Send a request as ASGI messages and return the reply. A server that asks for more than there is waits."""
    source = iter(messages)
    received = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        nonlocal received
        received += 1
        message = next(source, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *parts = sent
    assert start["type"] == "http.response.start"
    assert {"http.response.body"} == {part["type"] for part in parts}
    assert [True] * (len(parts) - 1) + [False] == [part["more_body"] for part in parts]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(headers) == len(start["headers"])
    return Reply(start["status"], headers, b"".join(part["body"] for part in parts), received)


def chunks(*bodies: bytes, complete: bool = True) -> list[dict[str, Any]]:
    """Return a body as ASGI messages; an incomplete one ends with the peer gone."""
    ends: list[dict[str, Any]] = [] if complete else [{"type": "http.disconnect"}]
    more = [True] * (len(bodies) - 1) + [not complete]
    parts = zip(bodies, more, strict=True)
    return [{"type": "http.request", "body": body, "more_body": follows} for body, follows in parts] + ends


def reply_to(request: Request, app: MockServer | None = None) -> Reply:
    """Return the reply to a request that comes in one piece."""
    return asyncio.run(exchange(app or server(), request.as_scope(), chunks(request.body)))


def assert_refused(expected: Refusal, reply: Reply) -> None:
    """Assert a refusal: status, business code, message and headers, and nothing beyond these."""
    status, code, message, headers = expected
    body = json.loads(reply.body)
    request_id = body.pop("request_id")
    assert (status, {"code": code, "message": message}) == (reply.status, body)
    assert (32, set()) == (len(request_id), set(request_id) - set("0123456789abcdef"))
    own = {"content-type": "application/json", "content-length": str(len(reply.body))}
    assert {**own, **headers} == reply.headers


def assert_accepted(reply: Reply) -> None:
    """Assert that a subject was created: the keys of the contract's example, with values of this answer alone."""
    body = json.loads(reply.body)
    example = contract.document()["components"]["examples"]["submitted"]["value"]
    assert (200, example.keys(), example["data"].keys()) == (reply.status, body.keys(), body["data"].keys())
    assert (0, "SUCCEED", 32, "submitted") == (
        body["code"],
        body["message"],
        len(body["request_id"]),
        body["data"]["task_status"],
    )
    assert {"content-type": "application/json", "content-length": str(len(reply.body))} == reply.headers


def test_the_package_exports_the_application() -> None:
    """Users start from `kling_elements.mock.create_app`."""
    assert kling_elements.mock.__all__ == ["create_app"]
    assert create_app is kling_elements.mock.create_app


@pytest.mark.parametrize("name", ["sample", "fromImages", "fromVideo"])
def test_every_example_of_the_contract_is_accepted(name: str) -> None:
    """A conforming request creates a subject, and its answer has not a key too many."""
    body = contract.document()["components"]["examples"][name]["value"]

    assert_accepted(reply_to(Request(body=json.dumps(body).encode())))


@pytest.mark.parametrize(
    "path",
    [
        "/kling/v1/general/advanced%2Dcustom-elements",
        "/kling/%76%31/general/advanced-custom-elements",
    ],
)
def test_a_path_may_be_percent_encoded(path: str) -> None:
    """RFC 3986 makes no difference between an unreserved character and its encoding."""
    assert_accepted(reply_to(Request(path=path)))


def test_a_server_need_not_tell_the_raw_path() -> None:
    """ASGI makes `raw_path` optional; the decoded path serves too."""
    assert_accepted(reply_to(Request(scope={"raw_path": None, "path": PATH})))
    assert_refused(NO_PATH, reply_to(Request(scope={"raw_path": None, "path": "/100%/\u8d85"})))


@pytest.mark.parametrize(
    "authorization",
    ["Bearer t", "bearer t", "BEARER t", "Bearer   t", " Bearer t ", "Bearer aZ09-._~+/==", "Bearer 12|a:b,c=d"],
)
def test_any_well_formed_bearer_token_is_taken(authorization: str) -> None:
    """The scheme is compared without case; the token is any text that a header can carry and the client sends."""
    assert_accepted(reply_to(Request(authorization=authorization)))


@pytest.mark.parametrize("authorization", [None, "", " ", "Bearer", "bearer ", "BEARER\t"])
def test_a_missing_token_is_401(authorization: str | None) -> None:
    """No header, an empty one, or a scheme with nothing behind it."""
    assert_refused(NO_TOKEN, reply_to(Request(authorization=authorization)))


@pytest.mark.parametrize(
    "authorization",
    ["t", "Basic t", "Bearert", "Bearer\tt", "Bearer t t", "Bearer \xe4"],
)
def test_an_ill_formed_token_is_401(authorization: str) -> None:
    """Another scheme, or something that cannot be a token."""
    assert_refused(BAD_TOKEN, reply_to(Request(authorization=authorization)))


@pytest.mark.parametrize(
    ("expected", "authorization"), [(BAD_TOKEN, "Basic sk-mine"), (NO_TOKEN, ""), (OTHER_TOKEN, "Bearer sk-Mine")]
)
def test_a_server_may_take_one_token_only(expected: Refusal, authorization: str) -> None:
    """Then any other one is 401, as with the real service."""
    app = create_app("sk-mine")

    assert_accepted(reply_to(Request(authorization="bearer sk-mine"), app))
    assert_refused(expected, reply_to(Request(authorization=authorization), app))


def test_two_tokens_are_401() -> None:
    """Nobody can say which of two Authorization headers counts."""
    assert_refused(BAD_TOKEN, reply_to(Request(more_headers=[("Authorization", TOKEN)])))


@pytest.mark.parametrize(
    "path", ["/", "", "*", PATH[1:], f"{PATH}/", f"{PATH}/1/2", f"/{PATH}", PATH.upper(), "/%ff", "/\xff"]
)
def test_an_unknown_path_is_404(path: str) -> None:
    """Paths are compared exactly; the message names those there are."""
    assert_refused(NO_PATH, reply_to(Request(path=path)))


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", ""])
def test_another_method_is_405_and_says_which_are_allowed(method: str) -> None:
    """HTTP wants an Allow header with 405; methods are compared with case."""
    assert_refused(NO_METHOD, reply_to(Request(method=method, body=b"")))


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
    """The same type can be written in many ways."""
    assert_accepted(reply_to(Request(content_type=content_type)))


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
    """JSON in UTF-8, and said so."""
    assert_refused(NO_MEDIA_TYPE, reply_to(Request(content_type=content_type)))


@pytest.mark.parametrize("length", [str(LIMIT + 1), "0" * 5000 + str(LIMIT + 1), "9" * 5000])
def test_a_declared_length_over_the_limit_is_413_before_a_byte_is_read(length: str) -> None:
    """The answer goes out first; what is then still sent is taken off the wire, so that the peer sees the answer."""
    request = Request(more_headers=[("content-length", length)])
    reply = asyncio.run(exchange(server(), request.as_scope(), chunks(b" ", b" ")))

    assert_refused(TOO_LARGE, reply)
    assert reply.received == 2


@pytest.mark.parametrize("length", ["-1", "", "\xb2", "1e9", "\u0663".encode().decode("latin-1"), "7", str(LIMIT)])
def test_a_declared_length_within_the_limit_is_not_believed(length: str) -> None:
    """What is no number or no more than allowed says nothing: the bytes themselves are counted."""
    assert_accepted(reply_to(Request(more_headers=[("content-length", length)])))


def test_counted_bytes_over_the_limit_are_413() -> None:
    """A body of exactly the limit is read, one of a byte more is not, whatever its headers say."""
    fitting = json.dumps(SAMPLE).encode().ljust(LIMIT)
    half = LIMIT // 2

    for headers in [(), [("content-length", str(LIMIT))]]:
        scope = Request(more_headers=headers).as_scope()
        assert_accepted(asyncio.run(exchange(server(), scope, chunks(fitting[:half], fitting[half:]))))
        for parts in [(fitting, b" "), (fitting[:half], fitting[half:], b" ", b"", b" "), (fitting + b" ",)]:
            reply = asyncio.run(exchange(server(), scope, chunks(*parts)))
            assert_refused(TOO_LARGE, reply)
            assert len(parts) == reply.received


def test_no_more_than_the_limit_is_kept_in_memory() -> None:
    """Of a body that never ends, the reader keeps as much as its caller allows and little else."""

    async def read() -> int:
        chunk = bytes(1 << 16)

        async def receive() -> Any:
            return {"type": "http.request", "body": chunk, "more_body": True}

        body = RequestBody([], receive)
        tracemalloc.start()
        try:
            with pytest.raises(BodyTooLargeError):
                await body.read(1 << 20)
            await body.drain(1 << 26, 60)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert asyncio.run(read()) < 1 << 21


def test_an_unwanted_body_is_taken_within_a_bound_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that sends for ever has its answer and is left alone at last."""
    monkeypatch.setattr(asgi, "DRAIN_MAX_BYTES", 1000)
    endless = iter(lambda: {"type": "http.request", "body": bytes(100), "more_body": True}, None)
    reply = asyncio.run(exchange(server(), Request(authorization=None).as_scope(), endless))

    assert_refused(NO_TOKEN, reply)
    assert reply.received == 11


def test_an_unwanted_body_is_taken_within_a_bound_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that stalls has its answer, and does not hold the server."""
    monkeypatch.setattr(asgi, "DRAIN_MAX_SECONDS", 0.01)
    stalled = chunks(b"{", complete=False)[:1]

    assert_refused(NO_TOKEN, asyncio.run(exchange(server(), Request(authorization=None).as_scope(), stalled)))


@pytest.mark.parametrize(
    ("expected", "changed"),
    [(NO_TOKEN, {"authorization": None}), (TOO_LARGE, {"more_headers": [("content-length", "9" * 9)]})],
)
def test_a_peer_that_waits_for_a_go_ahead_is_refused_without_its_body(
    expected: Refusal, changed: dict[str, Any]
) -> None:
    """After `Expect: 100-continue` nothing is read, and the connection closes: the body will not come."""
    request = Request(**changed)
    request.more_headers = [*request.more_headers, ("expect", "100-Continue")]
    reply = asyncio.run(exchange(server(), request.as_scope(), []))

    status, code, message, headers = expected
    assert_refused((status, code, message, {**headers, "connection": "close"}), reply)
    assert reply.received == 0


def test_a_peer_that_waits_for_a_go_ahead_is_heard_if_nothing_is_wrong_yet() -> None:
    """Asking for the body is the go-ahead; the connection then stays open."""
    waiting = [("expect", "100-continue")]

    assert_accepted(reply_to(Request(more_headers=waiting)))
    assert_refused(NO_JSON, reply_to(Request(more_headers=waiting, body=b"")))


@pytest.mark.parametrize("changed", [{}, {"authorization": None}])
@pytest.mark.parametrize("sent", [[b""], [b'{"element_name":', b'"x"']])
def test_a_peer_that_leaves_in_mid_body_ends_its_request_quietly(changed: dict[str, Any], sent: list[bytes]) -> None:
    """Nothing is raised; what was answered by then was answered in full."""
    request = Request(**changed)
    messages = chunks(*sent, complete=False)
    parts: list[Any] = []

    async def send(message: Any) -> None:
        parts.append(message)

    async def talk() -> None:
        source = iter(messages)

        async def receive() -> Any:
            return next(source)

        await server()(request.as_scope(), receive, send)

    asyncio.run(talk())
    assert ([] if not changed else [401, None]) == [part.get("status") for part in parts]


@pytest.mark.parametrize(
    ("message", "body"),
    [
        ("not JSON: Expecting value at line 1, column 1", b""),
        ("not UTF-8: invalid start byte at byte 0", b"\xff"),
        ("the text begins with a byte order mark", b"\xef\xbb\xbf{}"),
        ('the key "element_name" is repeated in an object', b'{"element_name":"a","element_name":"b"}'),
        ("a string holds half of a surrogate pair", b'{"element_name":"\\ud83d"}'),
        ("NaN is not JSON", b'{"element_name":NaN}'),
        ("the number 1e400 overflows", b"[1e400]"),
        ("nested more than 64 deep", b"[" * 65),
        ("an integer of more than 300 digits", b"1" * 301),
    ],
)
def test_a_body_that_is_no_strict_json_is_400(message: str, body: bytes) -> None:
    """The message is that of the strict reader."""
    assert_refused((400, 1200, f"the body cannot be read: {message}", {}), reply_to(Request(body=body)))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {**SAMPLE, "element_name": ""},
        {**SAMPLE, "element_name": "x" * 21, "\u8d85": 1, "a~/b": 2},
        {**SAMPLE, "tag_list": [{"tag_id": "o_101"}, {"tag_id": "o_109"}]},
    ],
)
def test_a_violation_is_400_and_names_pointer_rule_and_what_is_allowed(body: object) -> None:
    """Every violation that the client would see is told, in the client's words."""
    violations = contract.violations("createElement", body)
    told = "; ".join(f"{each.pointer or 'the body'}: {each.message} ({each.rule})" for each in violations)

    assert violations
    assert_refused((400, 1200, told, {}), reply_to(Request(body=json.dumps(body).encode())))


def test_the_message_of_a_violation_reads_like_this() -> None:
    """Where, what, what is allowed, and which rule says so."""
    reply = reply_to(Request(body=json.dumps({**SAMPLE, "element_name": "x" * 21}).encode()))
    message = json.loads(reply.body)["message"]

    assert message.startswith("/element_name: ")
    assert "20" in message
    assert message.endswith("(R04)")


def test_a_message_tells_twenty_violations_and_how_many_more() -> None:
    """Twenty-one unknown properties do not make a message without end."""
    for count, more in [(20, ""), (21, "; and 1 more"), (1000, "; and 980 more")]:
        body = {**SAMPLE, **{f"unknown_{number}": 1 for number in range(count)}}
        message = json.loads(reply_to(Request(body=json.dumps(body).encode())).body)["message"]

        assert min(count, 20) == message.count("(R33)")
        assert more == message.partition("; and ")[1] + message.partition("; and ")[2]


def test_a_message_is_bounded_however_long_the_keys_and_values_are() -> None:
    """Neither a megabyte of key nor of image comes back."""
    image = "QUJD" * 250_000
    body = {
        **SAMPLE,
        "k" * 1_000_000: 1,
        "element_image_list": {"frontal_image": image, "refer_images": [{"image_url": image}]},
    }
    reply = reply_to(Request(body=json.dumps(body).encode()))

    assert reply.status == 400
    assert len(reply.body) < 2000
    assert b"QUJD" * 21 not in reply.body
    assert b"kkk" not in reply.body
    assert b"one of 1000002 characters is unknown" in reply.body


_FAULTS: list[tuple[Refusal, dict[str, Any]]] = [
    (NO_TOKEN, {"authorization": None}),
    (NO_PATH, {"path": "/"}),
    (NO_METHOD, {"method": "PUT"}),
    (NO_MEDIA_TYPE, {"content_type": "text/plain"}),
    (TOO_LARGE, {"more_headers": [("content-length", str(LIMIT + 1))]}),
    (NO_JSON, {"body": b"<"}),
]


@pytest.mark.parametrize(
    "faults", [faults for count in range(1, len(_FAULTS) + 1) for faults in combinations(_FAULTS, count)], ids=len
)
def test_of_several_faults_the_first_check_answers(faults: list[tuple[Refusal, dict[str, Any]]]) -> None:
    """Token, path, method, media type, size, JSON: in this order, for every set of faults."""
    changed = {key: value for _, changes in faults for key, value in changes.items()}

    assert_refused(faults[0][0], reply_to(Request(**changed)))


def test_json_is_read_before_it_is_checked_against_the_contract() -> None:
    """A repeated key is told even if the rest breaks the contract too."""
    expected: Refusal = (400, 1200, 'the body cannot be read: the key "x" is repeated in an object', {})

    assert_refused(expected, reply_to(Request(body=b'{"x":1,"x":2}')))


def test_each_refusal_has_a_request_id_of_its_own() -> None:
    """So that two answers can be told apart."""
    bodies = {reply_to(Request(authorization=None)).body for _ in range(10)}

    assert len(bodies) == 10


@pytest.mark.parametrize("problem", Problem)
def test_each_refusal_is_documented_under_its_status(problem: Problem) -> None:
    """The contract shows the example where it shows the status, or under `default`."""
    document = contract.document()
    responses = document["paths"][PATH]["post"]["responses"]
    response = responses.get(str(problem.status), responses["default"])
    name = response["$ref"].removeprefix("#/components/responses/")
    examples = document["components"]["responses"][name]["content"]["application/json"]["examples"]

    assert {"$ref": f"#/components/examples/{problem.example}"} == examples[problem.example]
    assert {"code", "message", "request_id"} == set(document["components"]["examples"][problem.example]["value"])


def test_the_token_is_never_repeated() -> None:
    """Wherever a token may stand in a request, it does not come back."""
    secret = "sk-secret-4711"
    for request in [
        Request(authorization=f"Basic {secret}"),
        Request(authorization=f"Bearer {secret}", path=f"/{secret}"),
        Request(authorization=f"Bearer {secret}", method=secret),
        Request(authorization=f"Bearer {secret}", content_type=secret),
        Request(authorization=f"Bearer {secret}", body=b"{}"),
    ]:
        reply = reply_to(request)
        assert 400 <= reply.status < 500
        assert secret not in f"{reply}"


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
    """Servers that announce start and end are told that both are complete."""
    sent = asyncio.run(_speak(create_app(), "lifespan", [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]))

    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


def test_a_websocket_is_closed() -> None:
    """There is none here, and asking for one is no reason to fail."""
    assert asyncio.run(_speak(server(), "websocket", [])) == [{"type": "websocket.close"}]


_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine proves nothing
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
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*SAMPLE, "refer_images", "x"]) | st.text(), inner),
    max_leaves=10,
).map(lambda value: json.dumps(value).encode())


@given(
    method=st.sampled_from(["POST", "GET", "HEAD"]) | st.text(max_size=5),
    path=st.sampled_from([PATH, PATH + "%", "/%2f"]).map(str.encode) | st.binary(max_size=20),
    query=st.just(b"") | st.binary(max_size=20),
    headers=_BYTES_HEADERS,
    bodies=st.lists(_BODIES, min_size=1, max_size=3),
)
@settings(_PATIENT)
def test_no_request_is_answered_with_500(
    method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]], bodies: list[bytes]
) -> None:
    """Whatever a server may hand over, the answer is one that the contract knows."""
    scope = {"type": "http", "method": method, "raw_path": path, "query_string": query, "headers": headers}
    reply = asyncio.run(exchange(server(), scope, chunks(*bodies)))

    assert reply.status in {200, 400, 401, 404, 405, 413, 415}
    assert {"code", "message", "request_id"} <= set(json.loads(reply.body))


@given(body=_BODIES)
@settings(_PATIENT, max_examples=300)
def test_no_body_is_answered_with_500(body: bytes) -> None:
    """As above, for requests of which nothing but the body is odd."""
    assert reply_to(Request(body=body)).status in {200, 400}


@given(changed=st.dictionaries(st.sampled_from(list(SAMPLE)), st.none() | st.text() | st.lists(st.text()), min_size=1))
@settings(_PATIENT)
def test_client_and_server_agree_about_any_body(changed: dict[str, object]) -> None:
    """The server refuses what the client's own check refuses, and nothing else."""
    body = {**SAMPLE, **changed}
    expected = 400 if contract.violations("createElement", body) else 200

    assert expected == reply_to(Request(body=json.dumps(body).encode())).status


# What follows is about documents that this contract is not yet: the server must not know this one by heart.


def _document(**operation: Any) -> dict[str, Any]:
    """Return a document with two paths whose operations have parts of this contract, apart from what is given."""
    own = contract.document()
    answer = {"content": {"application/json": {"examples": {"first": {"value": [1]}, "second": {"value": [2]}}}}}
    base = {"security": [{"bearerToken": []}], "responses": {"4XX": {}, "200": {"$ref": "#/components/responses/a~1b"}}}
    get = {"operationId": "get", **base, **operation}
    delete = {"operationId": "delete", **base, "responses": {"204": answer, "202": answer}}
    names = {"operationId": "names", **base, "security": []}
    components = {**own["components"], "responses": {"a/b": answer}}
    return {
        "paths": {
            "/things/{thing id}/{a}-{b}": {"summary": "One thing", "delete": delete, "get": get},
            "/things/all/names-only": {"x-source": "R00", "get": names},
        },
        "components": components,
    }


def _reply(method: str, path: str, **operation: Any) -> tuple[int, Any]:
    app = MockServer(_document(**operation))
    reply = reply_to(Request(method=method, path=path, authorization=None if "public" in path else TOKEN), app)
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize("path", ["/things/1/2-3", "/things/%2F/%2F-%0A", "/things/1/2-3-4"])
def test_a_path_template_matches_segment_by_segment(path: str) -> None:
    """A parameter takes anything within its segment, an encoded slash too, but not nothing."""
    assert _reply("GET", path) == (200, [1])
    assert _reply("DELETE", path) == (202, [1])


@pytest.mark.parametrize("path", ["/things/1/23", "/things//2-3", "/things/1/-3", "/things/1/2-3/4", "/thing/1/2-3"])
def test_a_path_template_matches_nothing_else(path: str) -> None:
    """The number of segments and every literal part count."""
    status, body = _reply("GET", path)

    assert status == 404
    assert body["message"] == "nothing has this path; there is /things/all/names-only, /things/{thing id}/{a}-{b}"


def test_a_path_parameter_is_decoded() -> None:
    """What a template found is handed on by name."""
    found = MockServer(_document()).routes.find("/things/%2F%C3%A4/b-c")

    assert found is not None
    assert found[1] == {"thing id": "/\u00e4", "a": "b", "b": "c"}
    assert [operation.operation_id for operation in found[0].operations.values()] == ["get", "delete"]


def test_a_literal_path_goes_before_a_template() -> None:
    """OpenAPI matches concrete paths first, in whatever order they are written."""
    app = MockServer(_document())
    reply = reply_to(Request(method="DELETE", path="/things/all/names-only"), app)

    assert (reply.status, reply.headers["allow"]) == (405, "GET")
    assert app.operation_ids == ["names", "get", "delete"]


def test_every_method_of_a_path_is_allowed() -> None:
    """Allow names them all, and only methods."""
    reply = reply_to(Request(path="/things/1/2-3"), MockServer(_document()))

    assert (reply.status, reply.headers["allow"]) == (405, "GET, DELETE")


@pytest.mark.parametrize(
    ("expected", "security"), [(401, [{"bearerToken": []}]), (200, []), (200, [{"bearerToken": []}, {}])]
)
def test_an_operation_says_whether_it_needs_a_token(expected: int, security: list[Any]) -> None:
    """No requirement, or an empty one among several, means that none is needed; unknown paths keep theirs."""
    app = MockServer(_document(security=security))

    assert expected == reply_to(Request(method="GET", path="/things/1/2-3", authorization=None), app).status
    assert reply_to(Request(method="PUT", path="/things/1/2-3", authorization=None), app).status == 401
    assert reply_to(Request(path="/", authorization=None), app).status == 401


@pytest.mark.parametrize(("expected", "security"), [(200, {}), (401, {"security": [{"bearerToken": []}]})])
def test_a_document_says_whether_operations_need_a_token(expected: int, security: dict[str, Any]) -> None:
    """What holds for the document holds for an operation that says nothing."""
    document = {**_document(), **security}
    del document["paths"]["/things/all/names-only"]["get"]["security"]
    request = Request(method="GET", path="/things/all/names-only", authorization=None)

    assert expected == reply_to(request, MockServer(document)).status


@pytest.mark.parametrize(
    "scheme", [{"type": "apiKey", "in": "header", "name": "x"}, {"type": "http", "scheme": "basic"}]
)
def test_credentials_of_another_kind_fail_at_the_start(scheme: dict[str, str]) -> None:
    """The server would let through what the contract does not."""
    document = _document()
    document["components"] = {**document["components"], "securitySchemes": {"bearerToken": scheme}}

    with pytest.raises(ValueError, match="security scheme bearerToken: only HTTP Bearer is known here"):
        MockServer(document)


def test_a_body_without_a_limit_fails_at_the_start() -> None:
    """No limit is made up here."""
    with pytest.raises(KeyError, match="x-body-size"):
        MockServer(_document(requestBody={"content": {"application/json": {"schema": {}}}}))


def test_a_document_without_an_error_example_fails_at_the_start() -> None:
    """No envelope is made up here."""
    document = _document()
    examples = {key: value for key, value in document["components"]["examples"].items() if key != "bodyTooLarge"}
    document["components"] = {**document["components"], "examples": examples}

    with pytest.raises(KeyError, match="bodyTooLarge"):
        MockServer(document)
