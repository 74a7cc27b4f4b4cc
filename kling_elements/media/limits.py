"""The limits of media files, as the contract has them. No number stands here."""

from __future__ import annotations

from functools import cache
from typing import Any

from kling_elements_client import contract


@cache
def image_limits() -> dict[str, Any]:
    """The contract's `x-image` object. It is shared: do not change it."""
    return _only(contract.document(), "x-image")


@cache
def video_limits() -> dict[str, Any]:
    """The contract's `x-video` object. It is shared: do not change it."""
    return _only(contract.document(), "x-video")


def _only(node: Any, name: str) -> dict[str, Any]:
    """The one object of that name anywhere within a part of the document."""
    (found,) = _all(node, name)
    return found


def _all(node: Any, name: str) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node[name]] if name in node else []
        return own + [found for inner in node.values() for found in _all(inner, name)]
    if isinstance(node, list):
        return [found for inner in node for found in _all(inner, name)]
    return []


__all__ = ["image_limits", "video_limits"]
