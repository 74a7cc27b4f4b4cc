"""What the tests of the clients share."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements import AsyncKlingElements, KlingElements


@pytest.fixture(params=[KlingElements, AsyncKlingElements], ids=["sync", "async"])
def client_class(request: pytest.FixtureRequest) -> Any:
    """The class of one of the clients; a test that takes it runs once for each, and has to hold for both."""
    return request.param
