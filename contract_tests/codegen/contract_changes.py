"""Changes of the contract that the linter must notice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from scripts.nodes import follow

Change = Callable[[Any], object]

POST: Final = "#/paths/~1kling~1v1~1general~1advanced-custom-elements/post"
SCHEMAS: Final = "#/components/schemas"
REMOVED: Final = object()
"""Pass this to `put` to remove a value."""


def put(place: str, value: Any = REMOVED) -> Change:
    """Return a function that puts a value at a place of a document, or removes the value there.

    Args:
        place: A JSON Pointer that begins with `#`, or a path below the schemas of the components.
        value: The value; `REMOVED` to remove the present one.
    """
    parent, _, name = (place if place.startswith("#") else f"{SCHEMAS}/{place}").rpartition("/")

    def change(document: Any) -> None:
        node = follow(document, parent)
        if value is REMOVED:
            del node[name]
        else:
            node[name] = value

    return change


def changed(document: Any, change: Change) -> Any:
    """Return a changed copy of a document."""
    copied = copy.deepcopy(document)
    change(copied)
    return copied
