"""Fixtures for the tests of the runtime."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import respx

from contract_tests.reading.image_body import BODY
from contract_tests.support.bodies_with_images import LARGE
from contract_tests.support.running import Failure
from kling_elements_client import AuthenticatedClient, errors
from kling_elements_client.api.elements import create_element


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """Return the path of a JPEG file of about 600 KB, which is sent in several chunks."""
    path = tmp_path / "front.jpg"
    path.write_bytes(LARGE)
    return path


@pytest.fixture
def failure(client: AuthenticatedClient, router: respx.MockRouter) -> Failure:
    """Return a function that makes a call, answers it with a response of your choice, and returns the exception."""

    def failure(
        status: int, content: bytes | str, headers: list[tuple[bytes, bytes]] | None = None
    ) -> errors.ResponseError:
        router.post().mock(return_value=httpx.Response(status, content=content, headers=headers))
        with pytest.raises(errors.ResponseError) as caught:
            create_element.sync(client=client, body=BODY)
        return caught.value

    return failure
