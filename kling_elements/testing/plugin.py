"""The pytest plugin. Every run of pytest loads it, so it imports nothing before a test asks for the fixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kling_elements.testing.gateway import MockGateway

_MARKER = "kling_mock(**options): options of kling_elements.mock.create_app for the fixture kling_mock"


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def kling_mock(request: pytest.FixtureRequest) -> Iterator[MockGateway]:
    """A mock server on a port of its own: `url`, `token`, `queue_faults`, `step`, `use_ids`, `tasks`, `callbacks`.

    Tasks are done at once. `@pytest.mark.kling_mock(tick_seconds=1, manual_clock=True)` lets time pass by `step` alone.
    """
    try:
        from kling_elements.mock import create_app, server  # noqa: F401, PLC0415 - see above; the server is in an extra
        from kling_elements.testing.gateway import TOKEN, serving  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        pytest.fail(f"{error.name} is missing: install kling-elements[mock]", pytrace=False)

    marker = request.node.get_closest_marker("kling_mock")
    options = {"tick_seconds": 0, **(marker.kwargs if marker else {})}
    with serving(create_app(**options), options.get("token") or TOKEN) as gateway:
        yield gateway


__all__ = ["kling_mock", "pytest_configure"]
