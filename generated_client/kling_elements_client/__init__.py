# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""A typed client for the subjects ("elements") of Kling, generated from the contract that it enforces.

    from kling_elements_client import AuthenticatedClient, models
    from kling_elements_client.api.elements import create_element

Everything is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import api, contract, errors, models, types
    from .client import AuthenticatedClient
    from .types import UNSET, Response, Unset

_MODULES = ("api", "contract", "errors", "models", "types")
_HOMES = {"AuthenticatedClient": "client", "Response": "types", "UNSET": "types", "Unset": "types"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


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
