# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The exceptions that this client raises. They contain no token and no media, and you can pickle them."""

from __future__ import annotations

from kling_elements_runtime.errors import ApiError as KlingError
from kling_elements_runtime.errors import (
    AuthenticationError,
    BusinessError,
    ConnectionFailedError,
    ContractError,
    InvalidResponseError,
    MediaError,
    NotFoundError,
    OperationNotOfferedError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    ResponseSummary,
    ServerError,
    StatusError,
    TransportError,
    Violation,
)

__all__ = [
    "AuthenticationError",
    "BusinessError",
    "ConnectionFailedError",
    "ContractError",
    "InvalidResponseError",
    "KlingError",
    "MediaError",
    "NotFoundError",
    "OperationNotOfferedError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseError",
    "ResponseSummary",
    "ServerError",
    "StatusError",
    "TransportError",
    "Violation",
]
