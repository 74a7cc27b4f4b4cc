"""The mock server in process. No request ends in 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kling_elements.mock
from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import (
    NO_PATH,
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


def test_an_asgi_server_may_leave_out_the_raw_path() -> None:
    """The decoded path is used instead, because ASGI makes `raw_path` optional."""
    assert_accepted(exchange(scope(raw_path=None, path=ELEMENTS), chunks(SAMPLE))[0])
    NO_PATH.check(exchange(scope(raw_path=None, path="/100%/\u8d85"), chunks(SAMPLE))[0])


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
