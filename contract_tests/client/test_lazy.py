"""A package loads what is in it on first use, and shows all that it has."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import kling_elements
import kling_elements.testing
import kling_elements_client
from kling_elements import errors
from kling_elements_client import errors as errors_of_calls
from kling_elements_client import models
from kling_elements_runtime.contract import Contract

_PACKAGES = pytest.mark.parametrize(
    "package", [kling_elements_client, kling_elements, kling_elements.testing], ids=lambda package: package.__name__
)


@_PACKAGES
def test_every_exported_name_is_there_and_no_other(package: ModuleType) -> None:
    """Also those that are loaded on first use; any other name is an attribute error in the usual words."""
    assert sorted(package.__all__) == dir(package)
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'Client'"):
        package.Client  # noqa: B018 - asking is the test


@_PACKAGES
def test_importing_a_package_loads_nothing_heavy(package: ModuleType) -> None:
    """It comes with the first use."""
    heavy = "{'httpx', 'attrs', 'jsonschema_rs', 'PIL', 'asyncio', 'standardwebhooks', 'respx', 'uvicorn'}"
    code = f"import sys, {package.__name__}; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == done.stdout


def test_the_package_has_every_error_and_what_a_create_takes_and_returns() -> None:
    """So that one import is enough; each is the same object as at home."""
    public = {name: getattr(home, name) for home in (errors, errors_of_calls) for name in home.__all__}
    family = {
        n: each for n, each in public.items() if isinstance(each, type) and issubclass(each, public["KlingError"])
    }

    assert len(family) > 20
    assert family == {name: getattr(kling_elements, name) for name in family}
    assert (Contract, models.Task) == (kling_elements.Contract, kling_elements.Task)
