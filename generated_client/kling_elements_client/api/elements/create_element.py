# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""Create an element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from ...client import AuthenticatedClient
from ...contract import CheckedRequest
from ...models.create_element_response import CreateElementResponse
from ...models.image_element_request import ImageElementRequest
from ...models.video_element_request import VideoElementRequest
from ...types import Response

OPERATION_ID: Final = "createElement"
"""The `operationId` of the operation in the contract."""


def _get_kwargs(
    *,
    client: AuthenticatedClient,
    body: ImageElementRequest | VideoElementRequest | Mapping[str, Any] | CheckedRequest,
) -> dict[str, Any]:
    return {
        "method": client.operation(OPERATION_ID).method,
        "url": client.request_target(OPERATION_ID, {}),
        "headers": {"Content-Type": "application/json"},
        "content": client.encode(OPERATION_ID, body),
    }


def _build_response(*, client: AuthenticatedClient, response: httpx.Response) -> Response[CreateElementResponse]:
    parsed = client.decode(OPERATION_ID, response, CreateElementResponse.from_dict)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=parsed,
        request_id=client.request_id_of(response, parsed),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ImageElementRequest | VideoElementRequest | Mapping[str, Any] | CheckedRequest,
) -> Response[CreateElementResponse]:
    """Create an element.

    Creates a custom element from reference images or from a video, for use in later video generation. The work is
    asynchronous: the response names a task, which you look up until it ends. - Each image: JPEG or PNG, at most 10
    MiB (10,485,760 bytes), both sides at least 300 px as displayed, the longer side at most 2.5 times the shorter. -
    The video: MP4 or MOV, 3 to 8 seconds long (give or take one frame), exactly 1920x1080 or 1080x1920 px as
    displayed, with square pixels, at most 200 MiB (209,715,200 bytes). A request that failed with 5xx, 408, a timeout
    or a lost connection may still have created the element. Send an `external_task_id`, and look the task up before
    you send again.

    Args:
        client: The client that sends the request.
        body: The request body: a model, a plain mapping, or the result of `contract.check`. It is sent unchanged,
            or not at all.

    Returns:
        The response, with its status, headers and body.

    Raises:
        ContractError: The request breaks the contract; nothing was sent.
        TransportError: No response arrived.
        StatusError: The status means failure; the subclass depends on it.
        BusinessError: The status means success, but the body reports a failure and contains no task.
        InvalidResponseError: The status means success, but the body breaks the contract.
    """
    response = client.send(
        **_get_kwargs(
            client=client,
            body=body,
        )
    )
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: ImageElementRequest | VideoElementRequest | Mapping[str, Any] | CheckedRequest,
) -> CreateElementResponse:
    """Call the operation like `sync_detailed`, and return only the body."""
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ImageElementRequest | VideoElementRequest | Mapping[str, Any] | CheckedRequest,
) -> Response[CreateElementResponse]:
    """Call the operation like `sync_detailed`, on an event loop."""
    response = await client.send_async(
        **_get_kwargs(
            client=client,
            body=body,
        )
    )
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ImageElementRequest | VideoElementRequest | Mapping[str, Any] | CheckedRequest,
) -> CreateElementResponse:
    """Call the operation like `sync_detailed`, on an event loop, and return only the body."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
