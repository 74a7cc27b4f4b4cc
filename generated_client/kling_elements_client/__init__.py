# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""A typed client for Kling's elements (its pages call them subjects), generated from the contract that it enforces.

    from kling_elements_client import AuthenticatedClient, models
    from kling_elements_client.api.elements import create_element

Each module is loaded when you first use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_elements_runtime.lazy import loader

if TYPE_CHECKING:
    from . import api, contract, errors, models, types
    from .client import AuthenticatedClient
    from .types import UNSET, Response, Unset

__getattr__, __dir__ = loader(
    __name__,
    {
        **dict.fromkeys(("api", "contract", "errors", "models", "types")),
        "AuthenticatedClient": ".client",
        **dict.fromkeys(("Response", "UNSET", "Unset"), ".types"),
    },
)

__all__ = [
    "UNSET",
    "AuthenticatedClient",
    "Response",
    "Unset",
    "api",
    "contract",
    "errors",
    "models",
    "types",
]
