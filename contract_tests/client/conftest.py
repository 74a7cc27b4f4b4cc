"""What the tests of the generated client share."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.support.attached import LARGE


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A JPEG file of some 600 KB, so that it is sent in several pieces."""
    path = tmp_path / "front.jpg"
    path.write_bytes(LARGE)
    return path
