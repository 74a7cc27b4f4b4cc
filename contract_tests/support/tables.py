"""Run a test for each row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def for_each_row(rows: Sequence[Any], name: str = "row") -> pytest.MarkDecorator:
    """Mark a test that runs for each row of a table. The parameter has this name, and the row's id is the test id."""
    return pytest.mark.parametrize(name, rows, ids=[row.id for row in rows])
