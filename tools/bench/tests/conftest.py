"""Fixtures for the tests of `make bench`."""

from __future__ import annotations

import pytest

from tools.bench.experiments import BenchInputs


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> BenchInputs:
    """Return inputs for a hundredth of the work."""
    return BenchInputs(tmp_path_factory.mktemp("bench"), effort=0.01)
