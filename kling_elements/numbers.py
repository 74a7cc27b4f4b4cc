"""Checks of the numbers that callers may choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

Check: TypeAlias = Callable[[object, "attrs.Attribute[Any]", Any], None]


def number(expected: str, holds: Callable[[Any], bool], *kinds: type) -> Check:
    """A validator for attrs: the field holds what was expected and is of one of these types, or one error says so."""

    def check(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, kinds) or not holds(value):
            raise ValueError(f"{attribute.name} must be {expected}, not {value!r}")

    return check


count = number("a whole number, 1 or more", lambda value: value >= 1, int)


def check_count(name: str, value: object) -> None:
    """Raise ValueError for an argument that is no whole number from 1 up."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more, not {value!r}")


__all__ = ["Check", "check_count", "count", "number"]
