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
    """Return a function that sets or removes the value at a place in a document.

    Args:
        place: A JSON Pointer that begins with `#`, or a path below the schemas of the components.
        value: The new value, or `REMOVED` to remove the old one.
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
    """Return a copy of a document with a change applied."""
    copied = copy.deepcopy(document)
    change(copied)
    return copied
