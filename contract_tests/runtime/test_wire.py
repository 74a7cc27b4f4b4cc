"""What a call sends, byte by byte, and what it returns or raises for every response that the contract documents."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.reading.cases import base_body
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import Create, MakeClient
from kling_elements_client import AuthenticatedClient, errors, models
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import document, operations
from kling_elements_client.models import (
    CreateElementResponse,
    ElementImageList,
    ElementTag,
    ElementVideoList,
    ImageElementRequest,
    ReferImage,
    ReferVideo,
    TagId,
    Task,
    TaskInfo,
    TaskStatus,
    VideoElementRequest,
)
from kling_elements_runtime.document import resolve
from kling_elements_runtime.serialization import Model

_STATUS_OF = {"5XX": 502, "default": 418}  # one status for each range of the document
_MODELS: list[type[Model]] = [
    getattr(models, name) for name in models.__all__ if hasattr(getattr(models, name), "from_dict")
]


def _documented_responses(*, success: bool) -> dict[str, tuple[int, str, Any]]:
    """Return the example answers by name, each with its media type and the first status that has it."""
    return {
        name: (_STATUS_OF.get(status) or int(status), media_type, resolve(document(), example)["value"])
        for status, reference in reversed(operations()["createElement"].definition["responses"].items())
        for response in [resolve(document(), reference)]
        for media_type, content in response["content"].items()
        for name, example in content["examples"].items()
        if status.startswith("2") is success
    }


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (f"https://www.kkiai.com{ELEMENTS}", {"base_url": document()["servers"][0]["url"]}),
        (f"https://gateway.example.com{ELEMENTS}", {}),
        (f"https://gateway.example.com{ELEMENTS}", {"base_url": "https://gateway.example.com/"}),
        (f"https://gateway.example.com/a/b{ELEMENTS}", {"base_url": "https://gateway.example.com/a/b"}),
        (f"https://gateway.example.com/a/b{ELEMENTS}", {"base_url": "https://gateway.example.com/a/b/"}),
        (f"https://gateway.example.com:8443{ELEMENTS}", {"base_url": "https://gateway.example.com:8443"}),
        (f"http://[::1]:8787{ELEMENTS}", {"base_url": "http://[::1]:8787"}),
    ],
)
def test_a_call_posts_to_the_documented_path_of_the_gateway(
    url: str, options: dict[str, Any], create: Create, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """One POST goes to the base URL with the path appended, whether or not the base URL ends in a slash."""
    route = router.route().respond(json={})

    create(make_client(**options), base_body("image"))

    assert [("POST", url)] == [(call.request.method, str(call.request.url)) for call in route.calls]


def test_a_call_sends_the_token_and_the_json_content_type(
    create: Create, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """Only Authorization contains the token; your own headers are sent too."""
    route = router.post(path=ELEMENTS).respond(json={})
    client = make_client(api_key="sk-1", headers={"X-Trace": "7"})

    create(client, base_body("image"))
    sent = route.calls.last.request.headers

    assert ["Bearer sk-1"] == sent.get_list("Authorization")
    assert ["application/json"] == sent.get_list("Content-Type")
    assert "7" == sent["X-Trace"]
    assert ["authorization"] == [name for name, value in sent.items() if "sk-1" in value]


_IMAGE_MODEL = ImageElementRequest(
    element_name="Zoë 超",
    element_description='A "cat"/\U0001f600',
    element_image_list=ElementImageList(
        frontal_image="https://example.com/a.png",
        refer_images=[ReferImage(image_url="https://example.com/b.png")],
    ),
)
_VIDEO_MODEL = VideoElementRequest(
    element_name="Ada",
    element_description="A woman",
    element_video_list=ElementVideoList(refer_videos=[ReferVideo(video_url="https://example.com/a.mp4")]),
    element_voice_id="",
    tag_list=[ElementTag(tag_id=TagId.CHARACTER)],
    external_task_id="",
)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param(
            '{"element_name":"Zoë 超","element_description":"A \\"cat\\"/\U0001f600","element_image_list":'
            '{"frontal_image":"https://example.com/a.png","refer_images":[{"image_url":"https://example.com/b.png"}]},'
            '"reference_type":"image_refer"}',
            _IMAGE_MODEL,
            id="model without what is optional",
        ),
        pytest.param(
            '{"element_name":"Ada","element_description":"A woman","element_video_list":'
            '{"refer_videos":[{"video_url":"https://example.com/a.mp4"}]},"reference_type":"video_refer",'
            '"element_voice_id":"","tag_list":[{"tag_id":"o_102"}],"external_task_id":""}',
            _VIDEO_MODEL,
            id="model with texts that are empty",
        ),
        pytest.param(
            '{"tag_list":[],"reference_type":"video_refer","element_description":" é\\n","element_name":"\\u0001",'
            '"callback_url":"HTTPS://EXAMPLE.com","element_video_list":{"refer_videos":[{"video_url":"https://example.com/a.mp4"}]}}',
            {
                "tag_list": (),
                "reference_type": "video_refer",
                "element_description": " é\n",
                "element_name": "\x01",
                "callback_url": "HTTPS://EXAMPLE.com",
                "element_video_list": _VIDEO_MODEL.element_video_list,
            },
            id="mapping, with models inside, in its own order",
        ),
    ],
)
def test_the_body_is_sent_as_compact_json(
    expected: str, body: Any, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """A body is UTF-8 without white space; unset fields are absent, and nothing is trimmed or corrected."""
    route = router.post(path=ELEMENTS).respond(json={})

    create(client, body)

    assert expected.encode() == route.calls.last.request.content


@pytest.mark.parametrize("tags", ["", {}, None, "o_101", [None], [[]]], ids=repr)
def test_a_wrong_value_is_refused_and_not_corrected(
    tags: Any, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """An empty text is not an empty list: nothing is sent, and the mapping or model is not changed."""
    body: Any = {**base_body("image"), "tag_list": tags}  # type: ignore[dict-item]
    before = deepcopy(body)

    for given_body in (body, ImageElementRequest.from_dict(body)):
        with pytest.raises(errors.ContractError, match="/tag_list"):
            create(client, given_body)

    assert before == body
    assert not router.calls


_NAMES = st.text(max_size=4) | st.sampled_from(
    sorted({name for schema in document()["components"]["schemas"].values() for name in schema.get("properties", {})})
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("model", _MODELS)
@given(data=st.data())
@settings(max_examples=50)
def test_a_model_keeps_every_json_object_unchanged(model: Any, data: st.DataObject) -> None:
    """No value is altered, lost or added, even if it breaks the contract."""
    value = data.draw(st.dictionaries(_NAMES, _JSON, max_size=6))

    kept = model.from_dict(value).to_dict()

    assert json.dumps(value, sort_keys=True) == json.dumps(kept, sort_keys=True)


@pytest.mark.parametrize("model", _MODELS)
@pytest.mark.parametrize("source", [None, [], "{}", 1], ids=repr)
def test_a_model_can_only_be_made_from_a_mapping(model: Any, source: Any) -> None:
    """Anything else raises a TypeError at once."""
    with pytest.raises(TypeError, match=f"{model.__name__} is made from a mapping, not from {type(source).__name__}"):
        model.from_dict(source)


def test_every_model_is_tested() -> None:
    named = {name for name, schema in document()["components"]["schemas"].items() if schema.get("type") == "object"}

    assert named == {model.__name__ for model in _MODELS}


@pytest.mark.parametrize("settings", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    status: int, settings: dict[str, Any], create: Create, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """Token and media go nowhere else: there is one request, and the error has the target of the redirect."""
    elsewhere = router.post("https://elsewhere.example.com/")
    route = router.post(path=ELEMENTS).respond(status, headers={"Location": "https://elsewhere.example.com/"})

    with pytest.raises(errors.StatusError) as caught:
        create(make_client(http_client=settings), base_body("image"))

    assert (1, 0) == (route.call_count, elsewhere.call_count)
    assert status == caught.value.status_code
    assert "https://elsewhere.example.com/" == caught.value.headers["location"]


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

    says: str
    kind: type[errors.StatusError] = errors.StatusError
    code: Any = None
    request_id: str | None = None


_FAILURES = {
    "invalidParameters": _DocumentedFailure(
        code=1200, request_id="6f1c0a52b7d94c20", says="element_name: at most 20 characters"
    ),
    "openaiStyle": _DocumentedFailure(code="invalid_request", says="invalid request"),
    "missingToken": _DocumentedFailure(
        kind=errors.AuthenticationError, code=1001, request_id="6f1c0a52b7d94c21", says="Authorization is empty"
    ),
    "invalidToken": _DocumentedFailure(
        kind=errors.AuthenticationError, code=1002, request_id="6f1c0a52b7d94c22", says="Authorization is invalid"
    ),
    "permissionDenied": _DocumentedFailure(
        kind=errors.PermissionDeniedError,
        code=1103,
        request_id="6f1c0a52b7d94c23",
        says="no permission for this resource",
    ),
    "invalidValue": _DocumentedFailure(
        code=1201,
        request_id="6f1c0a52b7d94c34",
        says="invalid key or value, or an external_task_id that exists already",
    ),
    "absent": _DocumentedFailure(
        code=1201, request_id="6f1c0a52b7d94c31", says="Task not found by id/external id: mara-2026-07"
    ),
    "duplicate": _DocumentedFailure(
        code=1201, request_id="6f1c0a52b7d94c32", says="External_task_id mara-2026-07 already exists"
    ),
    "deletedAlready": _DocumentedFailure(
        code=1201, request_id="6f1c0a52b7d94c33", says="Element already be deleted for id: 9007199254740993"
    ),
    "noSuchResource": _DocumentedFailure(code=1203, request_id="6f1c0a52b7d94c24", says="no such resource"),
    "rateLimited": _DocumentedFailure(
        kind=errors.RateLimitError, code=1302, request_id="6f1c0a52b7d94c25", says="rate limit exceeded"
    ),
    "internalError": _DocumentedFailure(
        kind=errors.ServerError, code=5000, request_id="6f1c0a52b7d94c26", says="internal error"
    ),
    "proxyPage": _DocumentedFailure(kind=errors.ServerError, says="502 Bad Gateway"),
    "methodNotAllowed": _DocumentedFailure(code=1202, request_id="6f1c0a52b7d94c27", says="invalid method"),
    "bodyTooLarge": _DocumentedFailure(code=1200, request_id="6f1c0a52b7d94c28", says="the request body is too large"),
    "unsupportedMediaType": _DocumentedFailure(
        code=1200, request_id="6f1c0a52b7d94c29", says="the request body must be application/json"
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
    """Every value is where the contract puts it; other properties are kept as additional ones."""
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
    """The status decides the class; message and attributes have the code, the request id and the gateway's text."""
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
        expected.says,
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
    """Null, numeric ids, new words and new properties are kept exactly as they came."""
    router.post(path=ELEMENTS).respond(content=content.encode())

    response = create(client, base_body("image"))

    assert expected == response
    assert repr(expected) == repr(response)
    assert json.loads(content.removeprefix("\ufeff")) == response.to_dict()


def test_calls_on_an_event_loop_do_not_wait_for_each_other(
    client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """The gateway here answers no call before all of them have arrived."""

    async def run() -> None:
        waiting = asyncio.Barrier(2)

        async def respond(_: httpx.Request) -> httpx.Response:
            await waiting.wait()
            return httpx.Response(200, json={})

        router.post().mock(side_effect=respond)
        async with client:
            await asyncio.gather(
                create_element.asyncio(client=client, body=_VIDEO_MODEL),
                create_element.asyncio_detailed(client=client, body=_VIDEO_MODEL),
            )

    asyncio.run(run())

    assert 2 == router.calls.call_count


def test_a_detailed_response_has_status_headers_and_bytes(
    client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """Every success status counts; header names ignore case; the repr leaves the body out."""
    router.post(path=ELEMENTS).respond(201, content=b'{"id": "x"}', headers={"X-Seen": "1", "X-Request-Id": "h-1"})

    response = create_element.sync_detailed(client=client, body=_VIDEO_MODEL)

    assert (201, b'{"id": "x"}', "1") == (response.status_code, response.content, response.headers["x-seen"])
    assert CreateElementResponse(id="x") == response.parsed
    assert "h-1" == response.request_id
    assert f"Response(status_code=201, content=<11 bytes>, parsed={response.parsed!r})" == repr(response)
    assert isinstance(response.headers, httpx.Headers)
