"""Read the limits of media files from a contract. This module contains no numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, walk
from kling_elements_runtime.image_limits import FileSize, Formats, ImageLimits, limit

T = TypeVar("T")


@frozen
class Duration:
    """The allowed durations of a video, in seconds.

    Attributes:
        rule: The rule's id.
        min_seconds: The shortest duration.
        max_seconds: The longest duration.
        tolerance_frames: The number of frames by which a video may be shorter or longer.
    """

    rule: str
    min_seconds: int
    max_seconds: int
    tolerance_frames: int


@frozen
class DisplayedSize:
    """The allowed sizes of a video's picture.

    Attributes:
        rule: The rule's id.
        sizes_px: The allowed widths and heights in pixels.
        pixel_aspect: `square` if the pixels must be square.
    """

    rule: str
    sizes_px: tuple[tuple[int, int], ...]
    pixel_aspect: str


@frozen
class VideoLimits:
    """The limits of a video file."""

    container: Formats
    duration: Duration
    displayed_size: DisplayedSize
    file_size: FileSize

    @classmethod
    def of(cls, node: Node) -> VideoLimits:
        """Return the limits in an object `x-video`.

        Raises:
            LookupError: A limit is missing; the message is its place, as a JSON Pointer.
        """
        container, names = limit(node, "container", "one-of")
        displayed, sizes, pixel_aspect = limit(node, "displayed-size", "one-of-px", "pixel-aspect")
        return cls(
            Formats(container, tuple(names)),
            Duration(*limit(node, "duration", "min-seconds", "max-seconds", "tolerance-frames")),
            DisplayedSize(displayed, tuple((width, height) for width, height in sizes), pixel_aspect),
            FileSize(*limit(node, "file-size", "max-bytes")),
        )


def image_limits(contract: Contract) -> ImageLimits:
    """Return the limits in the contract's `x-image` object."""
    return contract.read(_image)


def video_limits(contract: Contract) -> VideoLimits:
    """Return the limits in the contract's `x-video` object."""
    return contract.read(_video)


def _image(document: Node) -> ImageLimits:
    return _only(document, "x-image", ImageLimits.of)


def _video(document: Node) -> VideoLimits:
    return _only(document, "x-video", VideoLimits.of)


def _only(document: Node, name: str, read: Callable[[Node], T]) -> T:
    """Return the limits in the only object with that name anywhere in a document.

    Raises:
        LookupError: The object lacks a limit.
        ValueError: There is no such object, or more than one.
    """
    objects = [inner[name] for _, inner in walk(document) if isinstance(inner, dict) and name in inner]
    if len(objects) != 1:
        raise ValueError(f"the contract has {len(objects)} objects named {name}; checking media needs exactly one")
    return read(objects[0])


__all__ = [
    "DisplayedSize",
    "Duration",
    "FileSize",
    "Formats",
    "ImageLimits",
    "VideoLimits",
    "image_limits",
    "video_limits",
]
