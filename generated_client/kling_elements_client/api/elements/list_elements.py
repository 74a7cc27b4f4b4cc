# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""List the account's own elements."""

from __future__ import annotations

from typing import Any, Final

import httpx

from ...client import AuthenticatedClient
from ...models.task_list_response import TaskListResponse
from ...types import Response, Unset

OPERATION_ID: Final = "listElements"
"""The `operationId` of the operation in the contract."""


def _get_kwargs(
    *,
    client: AuthenticatedClient,
    page_num: int | Unset = 1,
    page_size: int | Unset = 30,
) -> dict[str, Any]:
    return {
        "method": client.operation(OPERATION_ID).method,
        "url": client.request_target(
            OPERATION_ID,
            {
                "pageNum": page_num,
                "pageSize": page_size,
            },
        ),
    }


def _build_response(*, client: AuthenticatedClient, response: httpx.Response) -> Response[TaskListResponse]:
    parsed = client.decode(OPERATION_ID, response, TaskListResponse.from_dict)
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
    page_num: int | Unset = 1,
    page_size: int | Unset = 30,
) -> Response[TaskListResponse]:
    """List the account's own elements.

    One page of the tasks that created the elements of this account, each with its element once it is ready.

    Args:
        client: The client that sends the request.
        page_num: The number of the page, from 1. 1 to 1,000.
        page_size: The number of tasks on a page. 1 to 500.

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
            client=client,
            page_num=page_num,
            page_size=page_size,
        )
    )
    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    page_num: int | Unset = 1,
    page_size: int | Unset = 30,
) -> TaskListResponse:
    """Call the operation like `sync_detailed`, and return only the body."""
    return sync_detailed(
        client=client,
        page_num=page_num,
        page_size=page_size,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    page_num: int | Unset = 1,
    page_size: int | Unset = 30,
) -> Response[TaskListResponse]:
    """Call the operation like `sync_detailed`, on an event loop."""
    response = await client.send_async(
        **_get_kwargs(
            client=client,
            page_num=page_num,
            page_size=page_size,
        )
    )
    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    page_num: int | Unset = 1,
    page_size: int | Unset = 30,
) -> TaskListResponse:
    """Call the operation like `sync_detailed`, on an event loop, and return only the body."""
    return (
        await asyncio_detailed(
            client=client,
            page_num=page_num,
            page_size=page_size,
        )
    ).parsed
