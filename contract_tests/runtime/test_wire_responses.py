"""Calls return a model or raise an exception for every response that the contract documents."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import respx

from contract_tests.reading.cases import base_body
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import Create, MakeClient
from kling_elements_client import AuthenticatedClient, errors
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import document, operations
from kling_elements_client.models import (
    CreateElementResponse,
    Task,
    TaskInfo,
    TaskStatus,
)
from kling_elements_runtime.document import resolve

_STATUS_OF = {"5XX": 502, "default": 418}  # one status for each range of the document


def _documented_responses(*, success: bool) -> dict[str, tuple[int, str, Any]]:
    """Return the example responses by name, each with its media type and the first status that lists it."""
    return {
        name: (_STATUS_OF.get(status) or int(status), media_type, resolve(document(), example)["value"])
        for status, reference in reversed(operations()["createElement"].definition["responses"].items())
        for response in [resolve(document(), reference)]
        for media_type, content in response["content"].items()
        for name, example in content["examples"].items()
        if status.startswith("2") is success
    }


@pytest.mark.parametrize("settings", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    status: int, settings: dict[str, Any], create: Create, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """Token and media are sent only once, and the error names the target."""
    elsewhere = router.post("https://elsewhere.example.com/")
    route = router.post(path=ELEMENTS).respond(status, headers={"Location": "https://elsewhere.example.com/"})

    with pytest.raises(errors.StatusError) as caught:
        create(make_client(http_client=settings), base_body("image"))

    assert (1, 0) == (route.call_count, elsewhere.call_count)
    assert status == caught.value.status_code
    assert "https://elsewhere.example.com/" == caught.value.headers["location"]


_BODY: Any = base_body("video")


def _body_with(model: CreateElementResponse, /, **additional: Any) -> CreateElementResponse:
    model.additional_properties.update(additional)
    return model


_SUCCESSES = {
    "empty": CreateElementResponse(),
    "submitted": CreateElementResponse(
        code=0,
        message="SUCCEED",
        request_id="6f1c0a52b7d94c1f",
        data=Task(
            task_id="880431920114688",
            task_status=TaskStatus.SUBMITTED,
            task_info=TaskInfo(),
            created_at=1784541600000,
            updated_at=1784541600000,
        ),
    ),
    "submittedFlat": _body_with(
        CreateElementResponse(id="task_01J2Z5", task_id="task_01J2Z5", status=TaskStatus.SUBMITTED),
        object="element",
        model="kling-elements",
        progress=0,
        created_at=1784541600,
    ),
}


@dataclass(frozen=True, kw_only=True)
class _DocumentedFailure:
    """What an exception says about a response: its class, the business code, the request id and the message."""

    text: str
    kind: type[errors.StatusError] = errors.StatusError
    code: Any = None
    request_id: str | None = None


_FAILURES = {
    "invalidParameters": _DocumentedFailure(
        code=1200, request_id="6f1c0a52b7d94c20", text="element_name: at most 20 characters"
    ),
    "openaiStyle": _DocumentedFailure(code="invalid_request", text="invalid request"),
    "missingToken": _DocumentedFailure(
        kind=errors.AuthenticationError, code=1001, request_id="6f1c0a52b7d94c21", text="Authorization is empty"
    ),
    "invalidToken": _DocumentedFailure(
        kind=errors.AuthenticationError, code=1002, request_id="6f1c0a52b7d94c22", text="Authorization is invalid"
    ),
    "permissionDenied": _DocumentedFailure(
        kind=errors.PermissionDeniedError,
        code=1103,
        request_id="6f1c0a52b7d94c23",
        text="no permission for this resource",
    ),
    "invalidValue": _DocumentedFailure(
        code=1201,
        request_id="6f1c0a52b7d94c34",
        text="invalid key or value, or an external_task_id that exists already",
    ),
    "absent": _DocumentedFailure(
        code=1201, request_id="6f1c0a52b7d94c31", text="Task not found by id/external id: mara-2026-07"
    ),
    "duplicate": _DocumentedFailure(
        code=1201, request_id="6f1c0a52b7d94c32", text="External_task_id mara-2026-07 already exists"
    ),
    "deletedAlready": _DocumentedFailure(
        code=1201, request_id="6f1c0a52b7d94c33", text="Element already be deleted for id: 9007199254740993"
    ),
    "noSuchResource": _DocumentedFailure(code=1203, request_id="6f1c0a52b7d94c24", text="no such resource"),
    "rateLimited": _DocumentedFailure(
        kind=errors.RateLimitError, code=1302, request_id="6f1c0a52b7d94c25", text="rate limit exceeded"
    ),
    "internalError": _DocumentedFailure(
        kind=errors.ServerError, code=5000, request_id="6f1c0a52b7d94c26", text="internal error"
    ),
    "proxyPage": _DocumentedFailure(kind=errors.ServerError, text="502 Bad Gateway"),
    "methodNotAllowed": _DocumentedFailure(code=1202, request_id="6f1c0a52b7d94c27", text="invalid method"),
    "bodyTooLarge": _DocumentedFailure(code=1200, request_id="6f1c0a52b7d94c28", text="the request body is too large"),
    "unsupportedMediaType": _DocumentedFailure(
        code=1200, request_id="6f1c0a52b7d94c29", text="the request body must be application/json"
    ),
}


def test_every_documented_response_is_tested() -> None:
    """The tables of this module list exactly the examples of the contract."""
    assert set(_SUCCESSES) == set(_documented_responses(success=True))
    assert set(_FAILURES) == set(_documented_responses(success=False))


@pytest.mark.parametrize("name", _SUCCESSES)
def test_a_documented_success_becomes_its_model(
    name: str, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """Each value is in its field, and unknown properties are in `additional_properties`."""
    status, media_type, example = _documented_responses(success=True)[name]
    router.post(path=ELEMENTS).respond(status, json=example, headers={"Content-Type": media_type})

    response = create(client, base_body("image"))

    assert _SUCCESSES[name] == response
    assert repr(_SUCCESSES[name]) == repr(response)  # an enum member equals its word, but has another repr
    assert example == response.to_dict()


@pytest.mark.parametrize("name", _FAILURES)
def test_a_documented_failure_becomes_its_exception(
    name: str, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """The status decides the class. The exception contains the code, the request id and the gateway's text."""
    expected = _FAILURES[name]
    status, media_type, example = _documented_responses(success=False)[name]
    content = example if isinstance(example, str) else json.dumps(example)
    router.post(path=ELEMENTS).respond(status, content=content.encode(), headers={"Content-Type": media_type})

    with pytest.raises(errors.ResponseError) as caught:
        create(client, base_body("image"))
    error = caught.value

    assert expected.kind is type(error)
    assert (status, expected.code, expected.request_id) == (error.status_code, error.code, error.request_id)
    assert media_type == error.headers["content-type"]
    expected_parts = [
        f"HTTP {status}",
        expected.text,
        *[f"code {expected.code}"] * (expected.code is not None),
        *[f"request {expected.request_id}"] * bool(expected.request_id),
    ]
    assert not [part for part in expected_parts if part not in str(error)]


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        (CreateElementResponse(), "{}"),
        (CreateElementResponse(), "\ufeff{}"),
        (CreateElementResponse(data=None), '{"data": null}'),
        (
            CreateElementResponse(code=None, message=None, request_id=None),
            '{"code":null,"message":null,"request_id":null}',
        ),
        (CreateElementResponse(code="0"), '{"code": "0"}'),
        (CreateElementResponse(data=Task(task_id=2**63)), '{"data": {"task_id": 9223372036854775808}}'),
        (CreateElementResponse(id=9007199254740993, status=3), '{"id": 9007199254740993, "status": 3}'),
        (CreateElementResponse(data=Task(task_status="brewing")), '{"data": {"task_status": "brewing"}}'),
        (CreateElementResponse(status=TaskStatus.SUCCEEDED), '{"status": "succeeded"}'),
        (CreateElementResponse(status="triumphed"), '{"status": "triumphed"}'),
        (CreateElementResponse(data=Task(task_info=None)), '{"data": {"task_info": null}}'),
        (CreateElementResponse(data=Task(created_at="2026-07-20")), '{"data": {"created_at": "2026-07-20"}}'),
        (_body_with(CreateElementResponse(), x={"code": 5}, task={}), '{"x": {"code": 5}, "task": {}}'),
        (CreateElementResponse(message="\ud83d"), '{"message": "\\ud83d"}'),
    ],
)
def test_an_unusual_success_is_accepted(
    expected: CreateElementResponse,
    content: str,
    create: Create,
    client: AuthenticatedClient,
    router: respx.MockRouter,
) -> None:
    """Null, numeric ids, new words and new properties are kept as they came."""
    router.post(path=ELEMENTS).respond(content=content.encode())

    response = create(client, base_body("image"))

    assert expected == response
    assert repr(expected) == repr(response)
    assert json.loads(content.removeprefix("\ufeff")) == response.to_dict()


def test_calls_on_an_event_loop_do_not_wait_for_each_other(
    client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """The gateway in this test answers no call before all have arrived."""

    async def run() -> None:
        waiting = asyncio.Barrier(2)

        async def respond(_: httpx.Request) -> httpx.Response:
            await waiting.wait()
            return httpx.Response(200, json={})

        router.post().mock(side_effect=respond)
        async with client:
            await asyncio.gather(
                create_element.asyncio(client=client, body=_BODY),
                create_element.asyncio_detailed(client=client, body=_BODY),
            )

    asyncio.run(run())

    assert 2 == router.calls.call_count


def test_a_detailed_response_includes_status_headers_and_bytes(
    client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """Any success status counts, header names ignore case, and the repr leaves the body out."""
    router.post(path=ELEMENTS).respond(201, content=b'{"id": "x"}', headers={"X-Seen": "1", "X-Request-Id": "h-1"})

    response = create_element.sync_detailed(client=client, body=_BODY)

    assert (201, b'{"id": "x"}', "1") == (response.status_code, response.content, response.headers["x-seen"])
    assert CreateElementResponse(id="x") == response.parsed
    assert "h-1" == response.request_id
    assert f"Response(status_code=201, content=<11 bytes>, parsed={response.parsed!r})" == repr(response)
    assert isinstance(response.headers, httpx.Headers)
