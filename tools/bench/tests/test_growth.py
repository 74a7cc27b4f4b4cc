"""Growth is described by an exponent."""

from __future__ import annotations

from typing import Any

import pytest

from tools.bench.programs.growth import exponent


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_growth_is_described_by_its_exponent(power: float) -> None:
    """If the costs follow a power of the size, that power is returned."""
    sizes: list[Any] = [1, 2, 4, 8]

    assert power == pytest.approx(exponent(sizes, [3 * size**power for size in sizes]))
