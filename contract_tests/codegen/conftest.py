"""Fixtures for the tests of the linter."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.spec import load


@pytest.fixture(scope="session")
def document() -> Any:
    """Return the contract. Tests change only copies of it."""
    return load()
