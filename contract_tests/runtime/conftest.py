"""Fixtures for the tests of the generated client."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.support.bodies_with_images import LARGE


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """Return the path of a JPEG file of about 600 KB, which is sent in several chunks."""
    path = tmp_path / "front.jpg"
    path.write_bytes(LARGE)
    return path
