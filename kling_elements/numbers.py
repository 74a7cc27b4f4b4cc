"""Check the numbers that callers pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Attribute, frozen


@frozen
class Number:
    """A kind of number, used as a validator for attrs and to check arguments.

    A number that is not allowed raises ValueError. A value of another type raises TypeError.

    Attributes:
        expected: A description of the number, for error messages.
        is_allowed: A function that returns whether a number is allowed.
        kinds: The allowed types.
    """

    expected: str
    is_allowed: Callable[[Any], bool]
    kinds: type | tuple[type, ...] = (int, float)

    def __call__(self, _: object, attribute: Attribute[Any], value: object) -> None:
        """Check the value of an attrs field."""
        self.check(attribute.name, value)

    def check(self, name: str, value: object) -> None:
        """Check an argument.

        Raises:
            TypeError: The value does not have an allowed type.
            ValueError: The number is not allowed.
        """
        message = f"{name} must be {self.expected}, not {value!r:.80}"
        if isinstance(value, bool) or not isinstance(value, self.kinds):
            raise TypeError(message)
        if not self.is_allowed(value):
            raise ValueError(message)


count = Number("a whole number, 1 or more", lambda value: value >= 1, int)
count_or_0 = Number("a whole number, 0 or more", lambda value: value >= 0, int)
