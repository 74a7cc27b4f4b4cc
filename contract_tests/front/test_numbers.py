"""Numbers are checked when you pass them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from attrs import field, frozen

from kling_elements.numbers import Number, count

_part = Number("a part, from 0 to 1", lambda value: 0 <= value <= 1)


@frozen
class _Settings:
    """A class with a checked field."""

    size: Any = field(validator=_part)


@pytest.mark.parametrize("value", [0, 1, 0.5])
def test_an_allowed_number_is_accepted(value: float) -> None:
    """The check works for arguments and for fields."""
    _part.check("size", value)

    assert value == _Settings(size=value).size


@pytest.mark.parametrize(
    ("error", "value"),
    [
        *((ValueError, value) for value in (-1, 1.01, math.nan, math.inf)),
        *((TypeError, value) for value in (True, "1", None, 1j)),
    ],
)
def test_any_other_value_is_refused(error: type[Exception], value: Any) -> None:
    """The message contains the name, the allowed numbers and the value. A boolean is not a number."""
    for refused in (lambda: _part.check("size", value), lambda: _Settings(size=value)):
        with pytest.raises(error, match=r"^size must be a part, from 0 to 1, not ") as caught:
            refused()
        assert str(caught.value).endswith(repr(value))


@pytest.mark.parametrize(
    ("error", "value"), [(ValueError, 0), (ValueError, -1), (TypeError, 1.0), (TypeError, True), (TypeError, "1")]
)
def test_a_count_is_a_whole_number_of_at_least_one(error: type[Exception], value: Any) -> None:
    """A fraction of an attempt is refused."""
    count.check("attempts", 1)
    with pytest.raises(error, match=r"^attempts must be a whole number, 1 or more, not "):
        count.check("attempts", value)
