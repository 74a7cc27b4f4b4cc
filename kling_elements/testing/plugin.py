"""The pytest plugin. Every run of pytest loads this module, so it imports nothing until a test uses the fixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kling_elements.testing.gateway import MockGateway

_MARKER = "kling_mock(**options): options of kling_elements.mock.create_app for the fixture kling_mock"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def kling_mock(request: pytest.FixtureRequest) -> Iterator[MockGateway]:
    """Start a mock server on a free port: `url`, `token`, `queue_faults`, `step`, `use_ids`, `tasks`, `callbacks`.

    Tasks end at once. If you want time to pass only with `step`, use
    `@pytest.mark.kling_mock(tick_seconds=1, manual_clock=True)`.
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
