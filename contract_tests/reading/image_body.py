"""The body of a valid request with images, for tests that change a part of it."""

from __future__ import annotations

from typing import Any

from contract_tests.reading.cases import base_body

BODY: Any = base_body("image")


def body_with(**changes: Any) -> Any:
    """Return a valid body with other or additional values."""
    return {**BODY, **changes}
