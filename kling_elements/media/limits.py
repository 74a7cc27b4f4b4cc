"""Read the limits of media files from a contract. This module contains no numbers."""

from __future__ import annotations

from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, walk
from kling_elements_runtime.image_headers import Limits


def image_limits(contract: Contract) -> Limits:
    """Return the contract's `x-image` object. It is shared, so do not change it."""
    return contract.read(_image)


def video_limits(contract: Contract) -> Limits:
    """Return the contract's `x-video` object. It is shared, so do not change it."""
    return contract.read(_video)


def _image(document: Node) -> Limits:
    return _only(document, "x-image")


def _video(document: Node) -> Limits:
    return _only(document, "x-video")


def _only(document: Node, name: str) -> Limits:
    """Return the only object with that name anywhere in a document.

    Raises:
        ValueError: There is none, or more than one.
    """
    limits: list[Limits] = [inner[name] for _, inner in walk(document) if isinstance(inner, dict) and name in inner]
    if len(limits) != 1:
        raise ValueError(f"the contract has {len(limits)} objects named {name}; checking media needs exactly one")
    return limits[0]


__all__ = ["Limits", "image_limits", "video_limits"]
