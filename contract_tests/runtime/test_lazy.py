"""A package loads its modules on first use, and lists all its names."""

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
def test_dir_lists_exactly_the_exported_names(package: ModuleType) -> None:
    """Each can be loaded, and any other name raises the usual AttributeError."""
    assert sorted(package.__all__) == dir(package)
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'Client'"):
        package.Client  # noqa: B018 - the access is the test


@_PACKAGES
def test_importing_a_package_loads_nothing_heavy(package: ModuleType) -> None:
    """The first use of a name loads the rest."""
    heavy = "{'httpx', 'attrs', 'jsonschema_rs', 'PIL', 'asyncio', 'standardwebhooks', 'respx', 'uvicorn'}"
    code = f"import sys, {package.__name__}; print({heavy} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == result.stdout


def test_importing_the_errors_does_not_load_httpx() -> None:
    """A module that makes no call can therefore catch errors cheaply."""
    code = "import sys, kling_elements.errors; print({'httpx', 'asyncio'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == result.stdout


def test_the_package_exports_every_error_and_the_models_of_a_create() -> None:
    """Each name is the same object as in its own module."""
    public = {name: getattr(home, name) for home in (errors, errors_of_calls) for name in home.__all__}
    family = {
        name: kind for name, kind in public.items() if isinstance(kind, type) and issubclass(kind, public["KlingError"])
    }

    assert family
    assert family == {name: getattr(kling_elements, name) for name in family}
    assert (Contract, models.Task) == (kling_elements.Contract, kling_elements.Task)
