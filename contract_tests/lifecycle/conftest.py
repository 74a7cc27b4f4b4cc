"""Fixtures for the tests of the clients."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements import AsyncKlingElements, KlingElements


@pytest.fixture(params=[KlingElements, AsyncKlingElements], ids=["sync", "async"])
def client_class(request: pytest.FixtureRequest) -> Any:
    """Return the class of one client; a test that uses this fixture runs for both clients, and must hold for both."""
    return request.param
