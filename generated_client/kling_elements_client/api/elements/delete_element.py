# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""Delete an element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from ...client import AuthenticatedClient
from ...contract import CheckedRequest
from ...models.delete_element_request import DeleteElementRequest
from ...models.delete_element_response import DeleteElementResponse
from ...types import Response

OPERATION_ID: Final = "deleteElement"
"""The `operationId` of the operation in the contract."""


def _get_kwargs(
    *,
    client: AuthenticatedClient,
    body: DeleteElementRequest | Mapping[str, Any] | CheckedRequest,
) -> dict[str, Any]:
    return {
        "method": client.operation(OPERATION_ID).method,
        "url": client.request_target(OPERATION_ID, {}),
        "headers": {"Content-Type": "application/json"},
        "content": client.encode(OPERATION_ID, body),
    }


def _build_response(*, client: AuthenticatedClient, response: httpx.Response) -> Response[DeleteElementResponse]:
    parsed = client.decode(OPERATION_ID, response, DeleteElementResponse.from_dict)
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
    body: DeleteElementRequest | Mapping[str, Any] | CheckedRequest,
) -> Response[DeleteElementResponse]:
    """Delete an element.

    Deletes an element of this account. Elements of the official library cannot be deleted.

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
        BusinessError: The status means success, but the body reports a failure.
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
    body: DeleteElementRequest | Mapping[str, Any] | CheckedRequest,
) -> DeleteElementResponse:
    """Call the operation like `sync_detailed`, and return only the body."""
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: DeleteElementRequest | Mapping[str, Any] | CheckedRequest,
) -> Response[DeleteElementResponse]:
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
    body: DeleteElementRequest | Mapping[str, Any] | CheckedRequest,
) -> DeleteElementResponse:
    """Call the operation like `sync_detailed`, on an event loop, and return only the body."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
