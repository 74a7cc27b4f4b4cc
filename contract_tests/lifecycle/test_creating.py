"""A create is sent once, under an id that finds it again, and repeated only if it cannot have created anything."""

from __future__ import annotations

import copy
import uuid
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.scripted import (
    LOST,
    NAMED,
    NOW,
    REFUSED,
    Client,
    ScriptedClient,
    Step,
    StubReply,
    refusal,
    task,
)
from kling_elements import AsyncKlingElements
from kling_elements.errors import NoTaskError
from kling_elements_client import UNSET
from kling_elements_client.errors import ContractError
from kling_elements_client.models import ElementImageList, ImageElementRequest, ReferImage, Task, VideoElementRequest

_BUSY, _FULL = refusal(429, 1302), refusal(429, 1303)


def _mapping(**more: Any) -> dict[str, Any]:
    return {**BODY, **more}


def _image(**more: Any) -> ImageElementRequest:
    images = ElementImageList(
        frontal_image="https://example.com/a.png", refer_images=[ReferImage(image_url="https://example.com/b.png")]
    )
    return ImageElementRequest(element_name="Ada", element_description="A woman", element_image_list=images, **more)


def _video(**more: Any) -> VideoElementRequest:
    body: Any = {"element_name": "Ada", "element_description": "A woman", "reference_type": "video_refer"}
    video = {"element_video_list": {"refer_videos": [{"video_url": "https://example.com/a.mp4"}]}}
    return VideoElementRequest.from_dict({**body, **video, **more})


@pytest.mark.parametrize("external_id", ["e-1", " ", "a/b c?d#e", "..", "任务-1", "x" * 5000, "0"])
@pytest.mark.parametrize("build", [_mapping, _image, _video])
def test_your_own_id_is_sent_and_returned(client_class: Client, build: Any, external_id: str) -> None:
    """You can pass a model or a mapping, and any string is an id."""
    client = ScriptedClient(client_class, task())
    request = build(external_task_id=external_id)

    created = client.create(request)

    assert [external_id] == [body["external_task_id"] for body in client.gateway.bodies()]
    assert ("7", external_id) == (created.task_id, created.task_info.external_task_id)


@pytest.mark.parametrize(
    "request_made",
    [
        BODY,
        {**BODY, "external_task_id": ""},
        _image(),
        _image(external_task_id=""),
        _image(external_task_id=UNSET),
        _video(),
    ],
)
def test_without_an_id_a_fresh_uuid_is_sent(client_class: Client, request_made: Any) -> None:
    """An empty id counts as missing, and no two creates share an id."""
    client = ScriptedClient(client_class, task(), task())

    returned = [client.create(request_made).task_info.external_task_id for _ in "12"]

    assert returned == [body["external_task_id"] for body in client.gateway.bodies()]
    assert returned == [str(uuid.UUID(text, version=4)) for text in returned]
    assert len(set(returned)) == 2


@pytest.mark.parametrize("request_made", [dict(BODY), MappingProxyType(BODY), _image(), _video()])
def test_your_request_object_is_not_changed(client_class: Client, request_made: Any) -> None:
    """You can use the object again, and the next create gets another id."""
    before = copy.deepcopy(dict(request_made)) if not hasattr(request_made, "to_dict") else request_made.to_dict()

    ScriptedClient(client_class, task()).create(request_made)

    assert before == (request_made.to_dict() if hasattr(request_made, "to_dict") else dict(request_made))
    assert "external_task_id" not in before


@pytest.mark.parametrize("odd", [None, 5, True, 1.5, b"e-1", ["e-1"], {}])
@pytest.mark.parametrize("build", [_mapping, _image])
def test_an_id_that_is_not_a_string_is_refused(client_class: Client, build: Any, odd: Any) -> None:
    """An id is never replaced silently, because you would then look for the wrong one."""
    client = ScriptedClient(client_class)

    for call in ("create", "get_or_create"):
        error = client.error_of(call, build(external_task_id=odd))

        assert isinstance(error, ContractError)
        assert "not_created" == error.outcome
        assert ["/external_task_id"] == [violation.pointer for violation in error.violations]
    assert "" == client.gateway.calls()


@pytest.mark.parametrize("request_made", [None, "text", 5, [BODY], b"{}", Task(task_id="7"), object()])
def test_a_value_that_is_not_a_request_is_refused(client_class: Client, request_made: Any) -> None:
    """Ignoring violations does not help."""
    for on_violation in ("raise", "ignore"):
        error = ScriptedClient(client_class, on_violation=on_violation).error_of("create", request_made)

        assert isinstance(error, ContractError)
        assert "not_created" == error.outcome
        assert str(error).count("create_all") == isinstance(request_made, list)


def test_half_a_surrogate_pair_is_refused_as_an_id() -> None:
    """Half a pair cannot be written as JSON."""
    error = ScriptedClient(AsyncKlingElements).error_of("create", {**BODY, "external_task_id": "\ud83d"})

    assert ["/external_task_id"] == [violation.pointer for violation in error.violations]  # type: ignore[attr-defined]
    assert ("not_created", "\ud83d") == (error.outcome, error.external_task_id)


def test_a_request_that_breaks_the_contract_is_sent_if_you_ignore_violations(client_class: Client) -> None:
    """The external id is sent with the request."""
    client = ScriptedClient(client_class, task(), on_violation="ignore")

    client.create({**NAMED, "element_name": ""})

    assert [("", "e-1")] == [(body["element_name"], body["external_task_id"]) for body in client.gateway.bodies()]


_NEVER_LEFT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
_ON_THE_WAY = [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]


@pytest.mark.parametrize(
    ("slept", "script"),
    [
        pytest.param([], [task()], id="at once"),
        *(pytest.param([1], [step, task()], id=step.__name__) for step in _NEVER_LEFT),
        pytest.param([1, 2], [REFUSED, REFUSED, task()], id="no connection twice"),
        pytest.param([1], [_BUSY, task()], id="rate limit"),
        pytest.param([1], [_FULL, task()], id="concurrency"),
        pytest.param([1], [refusal(429, "1303"), task()], id="code as text"),
        pytest.param([1], [refusal(200, 1303), task()], id="with a status of success"),
        pytest.param([1, 2, 4, 8, 16], [_FULL] * 5 + [task()], id="doubling"),
        pytest.param([1, 2, 4, 8], [REFUSED, REFUSED, _BUSY, REFUSED, task()], id="connections failing in a row count"),
        pytest.param([5, 2], [refusal(429, 1302, retry_after="5"), _BUSY, task()], id="the gateway asks for seconds"),
        pytest.param([1], [refusal(429, 1302, retry_after="0"), task()], id="the gateway asks for less"),
        pytest.param(
            [10],
            [refusal(429, 1302, retry_after="Wed, 10 Jun 2026 08:00:10 GMT"), task()],
            id="the gateway asks for a date",
        ),
        pytest.param(
            [1], [refusal(429, 1302, retry_after="Wed, 10 Jun 2026 07:00:00 GMT"), task()], id="a date that has passed"
        ),
        pytest.param([1], [refusal(429, 1302, retry_after="soon"), task()], id="what cannot be read"),
        pytest.param([1], [refusal(429), task()], id="429 without a code"),
        pytest.param([1, 2, 4, 8, 16, 29], [_FULL] * 6 + [task()], id="the last wait is cut to what is left"),
        pytest.param([60], [refusal(429, 1302, retry_after="60"), task()], id="just within the limit"),
    ],
)
def test_a_create_that_cannot_have_created_anything_is_repeated(
    client_class: Client, slept: list[float], script: list[Step]
) -> None:
    """Waits double from 1 s on, or last as long as the gateway asks if that is longer; the id stays the same."""
    client = ScriptedClient(client_class, *script)

    assert "7" == client.create(BODY).task_id
    assert slept == client.clock.slept
    assert len(script) == len(client.gateway.requests)
    assert 1 == len({body["external_task_id"] for body in client.gateway.bodies()})
    assert client.gateway.is_finished()


@pytest.mark.parametrize(
    ("outcome", "slept", "script"),
    [
        *(pytest.param("may_exist", [], [step], id=step.__name__) for step in _ON_THE_WAY),
        *(pytest.param("not_created", [], [refusal(429, code)], id=str(code)) for code in (1100, 1101, 1102, 1304)),
        *(pytest.param("may_exist", [], [refusal(500, code)], id=str(code)) for code in (5000, 5001, 5002)),
        pytest.param("may_exist", [], [refusal(503, retry_after="1")], id="503 that asks to wait"),
        pytest.param("may_exist", [], [refusal(400, 1201)], id="duplicate"),
        pytest.param("may_exist", [1], [_BUSY, LOST], id="lost after a wait"),
        pytest.param("not_created", [1], [_BUSY, refusal(429, 1101)], id="refused after a wait"),
        pytest.param("not_created", [1, 2], [REFUSED] * 3, id="no connection at all"),
        pytest.param("not_created", [1, 2, 4, 8, 16, 29], [_FULL] * 7, id="busy all the time"),
        pytest.param("not_created", [], [refusal(429, 1302, retry_after="61")], id="beyond the limit"),
        pytest.param("not_created", [], [refusal(429, 1302, retry_after="31536000")], id="a year"),
        pytest.param("not_created", [], [refusal(429, 1302, retry_after="9" * 400)], id="for ever"),
        pytest.param(
            "not_created", [], [refusal(429, 1302, retry_after="Fri, 31 Dec 9999 23:59:59 GMT")], id="year 9999"
        ),
    ],
)
def test_any_other_failure_ends_a_create(
    client_class: Client, outcome: str, slept: list[float], script: list[Step]
) -> None:
    """The error says if the element may exist, and under which id you can look for it."""
    client = ScriptedClient(client_class, *script)

    error = client.error_of("create", BODY)

    assert outcome == error.outcome
    assert slept == client.clock.slept
    assert {error.external_task_id} == {body["external_task_id"] for body in client.gateway.bodies()}
    assert client.gateway.is_finished()


_OTHER = {"external_task_id": "e-0"}


@pytest.mark.parametrize(
    "response",
    [
        task("5", task_info=_OTHER),
        task("5", external_id="e-0"),
        StubReply(200, {"id": "5", "status": "submitted", "external_id": "e-0"}),
        StubReply(500, {"code": 5000, "data": {"task_id": "5", "task_info": _OTHER}}),
        task("5", task_info={"external_task_id": 43}),
    ],
)
def test_the_response_to_another_create_is_rejected(client_class: Client, response: StubReply) -> None:
    """If a connection has a stray response, nobody knows what became of this create."""
    error = ScriptedClient(client_class, response).error_of("create", NAMED)

    assert isinstance(error, NoTaskError)
    assert "task 5 of another external_task_id, " in str(error)
    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)


@pytest.mark.parametrize("external_id", ["e-1", None, ""])
def test_a_response_need_not_repeat_the_id(client_class: Client, external_id: Any) -> None:
    """If the response has no id, the task has the one that was sent."""
    created = ScriptedClient(client_class, task("5", task_info={"external_task_id": external_id, "x": 1})).create(NAMED)

    assert {"external_task_id": "e-1", "x": 1} == created.task_info.to_dict()


def test_an_id_that_comes_back_as_a_number_is_the_same_id(client_class: Client) -> None:
    """Some gateways turn a string of digits into a number."""
    created = ScriptedClient(client_class, task("5", task_info={"external_task_id": 42})).create(
        {**BODY, "external_task_id": "42"}
    )

    assert "42" == created.task_info.external_task_id


def test_a_retry_date_is_compared_with_the_clock(client_class: Client) -> None:
    """If the date has passed by the next response, the usual interval applies."""
    late = StubReply(429, {"code": 1302}, {"Retry-After": "Wed, 10 Jun 2026 08:00:20 GMT"})
    client = ScriptedClient(client_class, late, late, task())

    client.create(BODY)

    assert [20, 2] == client.clock.slept
    assert 2026 == NOW.year
