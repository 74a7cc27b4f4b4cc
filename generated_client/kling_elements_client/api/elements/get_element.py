# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""Look a subject up."""

from __future__ import annotations

from typing import Any

import httpx
from kling_elements_runtime.types import Response

from ...client import AuthenticatedClient
from ...models.task_response import TaskResponse

_OPERATION = "getElement"


def _get_kwargs(
    id: str,
    *,
    client: AuthenticatedClient,
) -> dict[str, Any]:
    return {
        "method": "get",
        "url": client.request_target(
            _OPERATION,
            {
                "id": id,
            },
        ),
    }


def _build_response(*, client: AuthenticatedClient, response: httpx.Response) -> Response[TaskResponse]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=client.decode(_OPERATION, response, TaskResponse.from_dict),
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[TaskResponse]:
    """Look a subject up.

    The task that creates a subject, and the subject once it is ready. Looking up costs nothing.

    Args:
        id: The system's id of the task, or the caller's own (`external_task_id`). An id, and neither one nor two
            full stops, which a path cannot carry.
        client: Where to send the request, and with which token.

    Returns:
        The answer with its status, headers and body.

    Raises:
        ContractError: The request breaks the contract; nothing was sent.
        TransportError: No answer came.
        StatusError: The status means failure; the subclass says which.
        BusinessError: The status means success, but the envelope says failure.
        InvalidResponseError: The status means success, but the body is not what the contract promises.
    """
    response = client.send(
        **_get_kwargs(
            id=id,
            client=client,
        )
    )
    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
) -> TaskResponse:
    """Does as `sync_detailed`, and returns the body alone."""
    return sync_detailed(
        id=id,
        client=client,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[TaskResponse]:
    """Does as `sync_detailed`, on an event loop."""
    response = await client.send_async(
        **_get_kwargs(
            id=id,
            client=client,
        )
    )
    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
) -> TaskResponse:
    """Does as `sync_detailed`, on an event loop, and returns the body alone."""
    return (
        await asyncio_detailed(
            id=id,
            client=client,
        )
    ).parsed
