"""What the generated package exports."""

from __future__ import annotations

import pytest

import kling_elements_client


def test_every_exported_name_is_there() -> None:
    """Also those that are loaded on first use."""
    assert sorted(kling_elements_client.__all__) == dir(kling_elements_client)
    for name in kling_elements_client.__all__:
        assert getattr(kling_elements_client, name) is not None


def test_any_other_name_is_an_attribute_error() -> None:
    """With the usual words."""
    with pytest.raises(AttributeError, match="module 'kling_elements_client' has no attribute 'Client'"):
        kling_elements_client.Client  # noqa: B018 - asking is the test
