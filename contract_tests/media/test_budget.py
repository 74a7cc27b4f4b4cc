"""The limits on reading a file from an address."""

from __future__ import annotations

import math
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from kling_elements.media.budget import Budget


def test_the_default_budget_is_small() -> None:
    """The default allows 32 requests, 8 MiB and half a minute."""
    assert Budget(max_requests=32, max_bytes=8 * 1024 * 1024, max_seconds=30) == Budget()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, bad) for name in ("max_requests", "max_bytes") for bad in (0, -1, 1.0, math.nan, True, "1", None)),
        *(("max_seconds", bad) for bad in (0, -1, math.nan, math.inf, True, "1", None)),
    ],
)
def test_an_invalid_budget_is_refused(name: str, value: Any) -> None:
    """The error names the field."""
    with pytest.raises((TypeError, ValueError), match=name):
        Budget(**{name: value})


def test_a_budget_is_an_immutable_value() -> None:
    """The values values must be passed by name."""
    assert Budget(max_bytes=5) == Budget(max_bytes=5) != Budget()
    with pytest.raises(FrozenInstanceError):
        Budget().max_bytes = 6  # type: ignore[misc]
    with pytest.raises(TypeError):
        Budget(1)  # type: ignore[call-arg]
