# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The gateways that this package knows. `gateways/NAME.json` says how each differs from the contract: an overlay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kling_elements_runtime.document import Node
from kling_elements_runtime.packaged import packaged_json

BASE_URLS: Final[Mapping[str, str | None]] = {
    "api-prefix": None,
    "fast-token": None,
    "kkiai": "https://www.kkiai.com",
    "kling-beijing": "https://api-beijing.klingai.com",
    "kling-singapore": "https://api-singapore.klingai.com",
    "passthrough": None,
    "presets-by-post": None,
    "text-ids": None,
}
"""The URL of each gateway by its name; None if the overlay is for several gateways, or doesn't know the URL."""

LIFTED_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "R28": (
        "kling-beijing",
        "kling-singapore",
    ),
}
"""The rules of the contract that some gateways don't have, and the names of these gateways."""


def overlay(name: str) -> Node:
    """Return the overlay of a gateway.

    Raises:
        KeyError: There is no such gateway.
    """
    if name not in BASE_URLS:
        raise KeyError(name)
    return packaged_json(__name__, f"gateways/{name}.json")


def contract_source() -> Node:
    """Return the contract as it is written, with path items as components. Overlays apply to this form."""
    return packaged_json(__name__, "openapi.json")


__all__ = ["BASE_URLS", "LIFTED_RULES", "contract_source", "overlay"]
