"""How tests take the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def each(rows: Sequence[Any], name: str = "row") -> pytest.MarkDecorator:
    """Mark a test that has to hold for each row of a table: it gets the row, whose id names it, under this name."""
    return pytest.mark.parametrize(name, rows, ids=[row.id for row in rows])
