"""What `kling_elements.testing` offers, and what its extra installs."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_only_public_names_can_be_imported() -> None:
    """Any other name raises AttributeError."""
    from kling_elements import testing  # noqa: PLC0415

    assert ["KlingRouter", "MockGateway", "respx_router"] == dir(testing)
    with pytest.raises(AttributeError, match="no attribute 'router_of_respx'"):
        _ = testing.router_of_respx


def test_without_respx_the_error_says_what_to_install() -> None:
    """The message names the extra."""
    code = "import sys; sys.modules['respx'] = None; from kling_elements.testing import respx_router"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "ModuleNotFoundError: respx is missing: install kling-elements[testing]" == result.stderr.splitlines()[-1]
