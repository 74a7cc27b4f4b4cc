"""Kling Elements: clients, built on `kling_elements_client`, which is generated from the contract.

    from kling_elements import ImageElementRequest, KlingElements

    with KlingElements() as kling:  # KLING_API_KEY, KLING_BASE_URL
        task = kling.create(request)
        element = kling.wait(task, max_wait_seconds=300)

An *element* is a character or a thing that several videos can show. Kling's pages call it a *subject*.

To verify notifications, use `kling_elements.webhooks`. To test without the service, use the server
`kling_elements.mock`, or its pytest fixture in `kling_elements.testing`. Each module is loaded when you first use it,
so you only pay for the parts that you use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_elements_runtime.lazy import loader

if TYPE_CHECKING:
    from kling_elements.async_client import AsyncKlingElements
    from kling_elements.client import KlingElements
    from kling_elements.errors import (
        BatchError,
        CreateAllError,
        ElementUnavailableError,
        ExternalIdUsedError,
        LookUpUnavailableError,
        NoTaskError,
        TaskError,
        TaskFailedError,
        UnknownStatusError,
        WaitAllError,
        WaitTimeoutError,
    )
    from kling_elements.gateway_catalog import Gateway, gateways
    from kling_elements.outcomes import Outcome
    from kling_elements.policies import PollPolicy, RetryPolicy
    from kling_elements_client.errors import (
        AuthenticationError,
        BusinessError,
        ConnectionFailedError,
        ContractError,
        InvalidResponseError,
        KlingError,
        MediaError,
        NotFoundError,
        OperationNotOfferedError,
        PermissionDeniedError,
        RateLimitError,
        RequestTimeoutError,
        ResponseError,
        ServerError,
        StatusError,
        TransportError,
    )
    from kling_elements_client.models import (
        Element,
        ElementImageList,
        ElementTag,
        ElementVideoList,
        ImageElementRequest,
        ReferImage,
        ReferVideo,
        TagId,
        Task,
        VideoElementRequest,
    )
    from kling_elements_runtime.contract import Contract
    from kling_elements_runtime.settings import HttpClientOptions, Timeout

_HOMES = {
    ".async_client": "AsyncKlingElements",
    ".client": "KlingElements",
    ".errors": """
        BatchError CreateAllError ElementUnavailableError ExternalIdUsedError LookUpUnavailableError
        NoTaskError TaskError TaskFailedError UnknownStatusError WaitAllError WaitTimeoutError
    """,
    ".gateway_catalog": "Gateway gateways",
    ".outcomes": "Outcome",
    ".policies": "PollPolicy RetryPolicy",
    "kling_elements_client.errors": """
        AuthenticationError BusinessError ConnectionFailedError ContractError InvalidResponseError KlingError
        MediaError NotFoundError OperationNotOfferedError PermissionDeniedError RateLimitError RequestTimeoutError
        ResponseError ServerError StatusError TransportError
    """,
    "kling_elements_client.models": """
        Element ElementImageList ElementTag ElementVideoList ImageElementRequest ReferImage ReferVideo TagId
        Task VideoElementRequest
    """,
    "kling_elements_runtime.contract": "Contract",
    "kling_elements_runtime.settings": "HttpClientOptions Timeout",
}
__getattr__, __dir__ = loader(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})

__all__ = [
    "AsyncKlingElements",
    "AuthenticationError",
    "BatchError",
    "BusinessError",
    "ConnectionFailedError",
    "Contract",
    "ContractError",
    "CreateAllError",
    "Element",
    "ElementImageList",
    "ElementTag",
    "ElementUnavailableError",
    "ElementVideoList",
    "ExternalIdUsedError",
    "Gateway",
    "HttpClientOptions",
    "ImageElementRequest",
    "InvalidResponseError",
    "KlingElements",
    "KlingError",
    "LookUpUnavailableError",
    "MediaError",
    "NoTaskError",
    "NotFoundError",
    "OperationNotOfferedError",
    "Outcome",
    "PermissionDeniedError",
    "PollPolicy",
    "RateLimitError",
    "ReferImage",
    "ReferVideo",
    "RequestTimeoutError",
    "ResponseError",
    "RetryPolicy",
    "ServerError",
    "StatusError",
    "TagId",
    "Task",
    "TaskError",
    "TaskFailedError",
    "Timeout",
    "TransportError",
    "UnknownStatusError",
    "VideoElementRequest",
    "WaitAllError",
    "WaitTimeoutError",
    "gateways",
]
