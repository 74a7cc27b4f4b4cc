"""Read the limits of image files from the contract's `x-image`."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from kling_elements_runtime.document import Node, at, pointer


@frozen
class Formats:
    """The formats that a file may have.

    Attributes:
        rule: The rule's id, as for every limit here.
        names: The names of the formats, such as `jpeg` or `mp4`.
    """

    rule: str
    names: tuple[str, ...]


@frozen
class FileSize:
    """The maximum size of a file, in bytes."""

    rule: str
    max_bytes: int


@frozen
class DisplayedSides:
    """The minimum displayed length of each side, in pixels."""

    rule: str
    min_px: int


@frozen
class AspectRatio:
    """The maximum ratio of the longer side to the shorter one."""

    rule: str
    max_long_to_short: float


@frozen
class ImageLimits:
    """The limits of an image file."""

    format: Formats
    file_size: FileSize
    displayed_sides: DisplayedSides
    aspect_ratio: AspectRatio

    @classmethod
    def of(cls, node: Node) -> ImageLimits:
        """Return the limits in an object `x-image`.

        Raises:
            LookupError: A limit is missing; the message is its place, as a JSON Pointer.
        """
        rule, names = limit(node, "format", "one-of")
        return cls(
            Formats(rule, tuple(names)),
            FileSize(*limit(node, "file-size", "max-bytes")),
            DisplayedSides(*limit(node, "displayed-sides", "min-px")),
            AspectRatio(*limit(node, "aspect-ratio", "max-long-to-short")),
        )


def limit(node: Node, name: str, *parts: str) -> list[Any]:
    """Return the id of a limit's rule, and then the limit's parts.

    Raises:
        LookupError: A part is missing; the message is its place, as a JSON Pointer.
    """
    values = []
    for part in ("x-source", *parts):
        place = pointer((name, part))
        if (value := at(node, place)) is None:
            raise LookupError(place)
        values.append(value)
    return values
