"""A call sends the documented request, byte by byte."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.reading.cases import base_body
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import Create, MakeClient
from kling_elements_client import AuthenticatedClient, errors, models
from kling_elements_client.contract import document
from kling_elements_client.models import (
    ElementImageList,
    ElementTag,
    ElementVideoList,
    ImageElementRequest,
    ReferImage,
    ReferVideo,
    TagId,
    VideoElementRequest,
)
from kling_elements_runtime.serialization import Model

_MODELS: list[type[Model]] = [
    getattr(models, name) for name in models.__all__ if hasattr(getattr(models, name), "from_dict")
]


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
    """The path is appended to the base URL, with or without a slash at its end."""
    route = router.route().respond(json={})

    create(make_client(**options), base_body("image"))

    assert [("POST", url)] == [(call.request.method, str(call.request.url)) for call in route.calls]


def test_a_call_sends_the_token_and_the_json_content_type(
    create: Create, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """Only Authorization contains the token. Your own headers are sent too."""
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
    """The body is UTF-8 without white space or unset fields, and no value is trimmed or corrected."""
    route = router.post(path=ELEMENTS).respond(json={})

    create(client, body)

    assert expected.encode() == route.calls.last.request.content


@pytest.mark.parametrize("tags", ["", {}, None, "o_101", [None], [[]]], ids=repr)
def test_a_wrong_value_is_refused_and_not_corrected(
    tags: Any, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """Nothing is sent, and the mapping or model is unchanged. An empty text is not an empty list."""
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
    """No value is altered, lost or added, even if the object breaks the contract."""
    value = data.draw(st.dictionaries(_NAMES, _JSON, max_size=6))

    result = model.from_dict(value).to_dict()

    assert json.dumps(value, sort_keys=True) == json.dumps(result, sort_keys=True)


@pytest.mark.parametrize("model", _MODELS)
@pytest.mark.parametrize("source", [None, [], "{}", 1], ids=repr)
def test_a_model_can_only_be_made_from_a_mapping(model: Any, source: Any) -> None:
    """Anything else raises a TypeError at once."""
    with pytest.raises(
        TypeError, match=f"{model.__name__} is created from a mapping, not from {type(source).__name__}"
    ):
        model.from_dict(source)


def test_every_model_is_tested() -> None:
    named = {name for name, schema in document()["components"]["schemas"].items() if schema.get("type") == "object"}

    assert named == {model.__name__ for model in _MODELS}
