"""A program ends if a condition does not hold."""

from __future__ import annotations

import pytest

from tools.bench.programs.figures import require


def test_a_program_ends_if_a_condition_does_not_hold() -> None:
    """A refusal's duration must not count as that of a success."""
    require(holds=True, why="nothing")
    with pytest.raises(SystemExit, match="the body was refused"):
        require(holds=False, why="the body was refused")
