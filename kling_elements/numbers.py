"""Checks of the numbers that callers may choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Attribute, frozen


@frozen
class Number:
    """A kind of number: a validator for attrs, and a check of arguments.

    Another number is a ValueError, and what is not a number is a TypeError.

    Attributes:
        expected: What the number must be, in words.
        holds: Whether a number is so.
        kinds: The types that it may have.
    """

    expected: str
    holds: Callable[[Any], bool]
    kinds: type | tuple[type, ...] = (int, float)

    def __call__(self, _: object, attribute: Attribute[Any], value: object) -> None:
        """Check a field."""
        self.check(attribute.name, value)

    def check(self, name: str, value: object) -> None:
        """Check an argument.

        Raises:
            TypeError: It is not a number of these types.
            ValueError: It is another number.
        """
        message = f"{name} must be {self.expected}, not {value!r:.80}"
        if isinstance(value, bool) or not isinstance(value, self.kinds):
            raise TypeError(message)
        if not self.holds(value):
            raise ValueError(message)


count = Number("a whole number, 1 or more", lambda value: value >= 1, int)
