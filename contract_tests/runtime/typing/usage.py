"""Examples for type checkers: calls that they must accept, the type of each result, and mistakes that they must find.

A mistake is marked with `type: ignore`, which checkers report if it is not an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, assert_type

import httpx

from kling_elements import AsyncKlingElements, KlingElements, PollPolicy, RetryPolicy
from kling_elements_client import UNSET, AuthenticatedClient, Response, Unset, contract, errors, models
from kling_elements_client.api.elements import create_element
from kling_elements_runtime.settings import Timeout


def make_clients(token: str | None, url: str) -> None:
    """You can leave the token to the environment; all arguments except token and URL are keyword-only."""
    with AuthenticatedClient() as client:
        assert_type(client, AuthenticatedClient)
    AuthenticatedClient(token, url)
    AuthenticatedClient(
        api_key=token, base_url=url, on_violation="warn", allow_http=True, timeout=5, headers={"X": "1"}
    )
    AuthenticatedClient(timeout=Timeout(read=5), http_client={"proxy": url})
    AuthenticatedClient(on_violation="log")  # type: ignore[arg-type]
    AuthenticatedClient(relax={"R28"})
    AuthenticatedClient(relax=28)  # type: ignore[arg-type]
    AuthenticatedClient(token, url, "warn")  # type: ignore[call-arg]


def make_models() -> models.ImageElementRequest:
    """The class decides the kind of a request, so you need not set `reference_type`."""
    image = models.ImageElementRequest(
        element_name="Ada",
        element_description="A woman",
        element_image_list=models.ElementImageList(
            frontal_image="https://example.com/front.png",
            refer_images=[models.ReferImage(image_url="https://example.com/side.png")],
        ),
        tag_list=[models.ElementTag(tag_id=models.TagId.CHARACTER)],
    )
    video = models.VideoElementRequest(
        element_name="Ada",
        element_description="A woman",
        element_video_list=models.ElementVideoList(
            refer_videos=[models.ReferVideo(video_url="https://example.com/a.mp4")]
        ),
    )
    assert_type(image.reference_type, Literal["image_refer"])
    assert_type(video.reference_type, Literal["video_refer"])
    assert_type(image.callback_url, str | Unset)
    assert_type(image.to_dict(), dict[str, Any])
    assert_type(models.VideoElementRequest.from_dict({}), models.VideoElementRequest)
    image.callback_url = UNSET
    image.reference_type = "video_refer"  # type: ignore[assignment]
    assert_type(image.element_voice_id, str | Unset)  # some gateways have it
    image.element_voice_id = "v"
    image.element_video_list = UNSET  # type: ignore[attr-defined]
    image.element_voice_id = 1  # type: ignore[assignment]
    models.ImageElementRequest(element_name="Ada")  # type: ignore[call-arg]
    models.ElementTag(tag_id="o_101")  # type: ignore[arg-type]
    return image


def create(client: AuthenticatedClient, image: models.ImageElementRequest, video: models.VideoElementRequest) -> None:
    """A body is a model or a plain mapping; you pass both by keyword."""
    for body in (image, video):
        assert_type(create_element.sync(client=client, body=body), models.CreateElementResponse)
    response = create_element.sync_detailed(client=client, body={"element_name": "Ada"})
    assert_type(response, Response[models.CreateElementResponse])
    assert_type(response.status_code, int)
    assert_type(response.headers, httpx.Headers)
    assert_type(response.parsed, models.CreateElementResponse)
    create_element.sync(client=client, body="{}")  # type: ignore[arg-type]
    create_element.sync(client=client, body=None)  # type: ignore[arg-type]
    create_element.sync(client=client)  # type: ignore[call-arg]
    create_element.sync(client, image)  # type: ignore[call-arg]


async def create_asynchronously(client: AuthenticatedClient, image: models.ImageElementRequest) -> None:
    """The same calls work on an event loop."""
    async with client as entered:
        assert_type(entered, AuthenticatedClient)
    assert_type(await create_element.asyncio(client=client, body=image), models.CreateElementResponse)
    response = await create_element.asyncio_detailed(client=client, body=image.to_dict())
    assert_type(response, Response[models.CreateElementResponse])


def read(response: models.CreateElementResponse) -> str | int | None:
    """A missing value is UNSET or null, and a status may be a word that the contract does not list."""
    if not response.data:
        assert_type(response.id, int | str | None | Unset)
        return None
    assert_type(response.data, models.Task)
    assert_type(response.data.task_status, models.TaskStatus | str | None | Unset)
    return response.data.task_id or None


def live(image: models.ImageElementRequest) -> None:
    """An element can be created, awaited, listed and deleted, with models or plain mappings."""
    with KlingElements("token", "https://gateway.example.com", retry=RetryPolicy(), poll=PollPolicy()) as kling:
        assert_type(kling, KlingElements)
        task = kling.create(image)
        assert_type(task, models.Task)
        assert_type(kling.get_or_create({"element_name": "Ada"}, max_wait_seconds=5), models.Task)
        assert_type(kling.create_all([image, {"element_name": "Ada"}], max_concurrent=2), Sequence[models.Task])
        element = kling.wait(task, max_wait_seconds=300)
        assert_type(element, models.Element)
        assert_type(element.element_id, int | str | None | Unset)
        for listed_task in kling.list(page_size=5, first_page=2, max_wait_seconds=5):
            assert_type(listed_task, models.Task)
        assert_type(kling.get("mara", max_wait_seconds=5), models.Task)
        assert_type(kling.delete(element), models.Task | None)
        kling.create("{}")  # type: ignore[arg-type]
        kling.wait(1.5)  # type: ignore[arg-type]
        kling.delete(1.5)  # type: ignore[arg-type]


async def live_asynchronously(image: models.ImageElementRequest) -> None:
    """The same calls work on an event loop."""
    async with AsyncKlingElements() as kling:
        assert_type(kling, AsyncKlingElements)
        assert_type(await kling.wait(await kling.create(image)), models.Element)
        assert_type(await kling.create_all([image]), Sequence[models.Task])
        async for preset in kling.presets():
            assert_type(preset, models.Task)


def results(task: models.Task) -> None:
    """The attributes that people use most have one type, without `Unset`."""
    assert_type(task.elements, list[models.Element])
    assert_type(task.elements[0].id, str)
    assert_type(task.elements[0].is_usable, bool)
    assert_type(task.elements[0].request_id, str | None)
    assert_type(task.external_task_id, str | None)
    assert_type(task.is_finished, bool)
    assert_type(task.request_id, str | None)
    task.external_task_id = "x"  # type: ignore[misc]


def handle(error: errors.KlingError) -> None:
    """Each kind of failure has the attributes that you need to act on it."""
    assert_type(error.outcome, str | None)
    assert_type(error.external_task_id, str | None)
    match error:
        case errors.ContractError():
            assert_type(error.violations, list[errors.Violation])
            assert_type(error.violations[0].pointer, str)
        case errors.TransportError():
            assert_type(error.may_have_been_sent, bool)
        case errors.StatusError() | errors.BusinessError() | errors.InvalidResponseError():
            assert_type(error.status_code, int)
            assert_type(error.code, int | str | None)
            assert_type(error.request_id, str | None)
            assert_type(error.excerpt, str)
    assert_type(contract.violations("createElement", {}), list[errors.Violation])
