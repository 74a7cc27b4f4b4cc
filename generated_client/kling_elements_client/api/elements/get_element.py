# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""Look up an element."""

from __future__ import annotations

from typing import Any, Final

import httpx

from ...client import AuthenticatedClient
from ...models.task_response import TaskResponse
from ...types import Response

OPERATION_ID: Final = "getElement"
"""The `operationId` of the operation in the contract."""


def _get_kwargs(
    id: str,
    *,
    client: AuthenticatedClient,
) -> dict[str, Any]:
    return {
        "method": client.operation(OPERATION_ID).method,
        "url": client.request_target(
            OPERATION_ID,
            {
                "id": id,
            },
        ),
    }


def _build_response(*, client: AuthenticatedClient, response: httpx.Response) -> Response[TaskResponse]:
    parsed = client.decode(OPERATION_ID, response, TaskResponse.from_dict)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=parsed,
        request_id=client.request_id_of(response, parsed),
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[TaskResponse]:
    """Look up an element.

    Returns the task that creates an element, with the element once it is ready. Looking up is free of charge.

    Args:
        id: The system's id of the task, or your own (`external_task_id`). An id other than . and .., which a path
            cannot contain.
        client: The client that sends the request.

    Returns:
        The response, with its status, headers and body.

    Raises:
        ContractError: The request breaks the contract; nothing was sent.
        TransportError: No response arrived.
        StatusError: The status means failure; the subclass depends on it.
        BusinessError: The status means success, but the body reports a failure.
        InvalidResponseError: The status means success, but the body breaks the contract.
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
    """Call the operation like `sync_detailed`, and return only the body."""
    return sync_detailed(
        id=id,
        client=client,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[TaskResponse]:
    """Call the operation like `sync_detailed`, on an event loop."""
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
    """Call the operation like `sync_detailed`, on an event loop, and return only the body."""
    return (
        await asyncio_detailed(
            id=id,
            client=client,
        )
    ).parsed
