"""A package loads what is in it on first use, and shows all that it has."""

from __future__ import annotations

import subprocess
import sys

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


def test_importing_the_client_loads_nothing_heavy() -> None:
    """httpx, attrs, jsonschema-rs and Pillow come with the first use."""
    code = "import sys, kling_elements_client; print({'httpx', 'attrs', 'jsonschema_rs', 'PIL'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
