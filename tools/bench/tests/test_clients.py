"""The client of openapi-generator is optional."""

from __future__ import annotations

import pytest

from tools.bench.programs import clients


def test_the_client_of_openapi_generator_is_imported_if_it_exists() -> None:
    """The generated client does not exist here, so the import fails."""
    with pytest.raises(ModuleNotFoundError, match="openapi_generator_client"):
        clients.make("openapi-generator")
