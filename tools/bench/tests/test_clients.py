"""The client of openapi-generator is optional."""

from __future__ import annotations

import pytest

from tools.bench.programs import clients


def test_the_client_of_openapi_generator_is_imported_if_it_exists() -> None:
    """The import fails, because the client is not generated here."""
    with pytest.raises(ModuleNotFoundError, match="openapi_generator_client"):
        clients.make("openapi-generator")
