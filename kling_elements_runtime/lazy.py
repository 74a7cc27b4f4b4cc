"""Load the names of a package on first use (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def loader(package: str, homes: Mapping[str, str | None]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions `__getattr__` and `__dir__` of a package.

    Args:
        package: The package's name.
        homes: The defining module of each public name, such as `.client`, or None if the name is a module itself.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        value = import_module(f".{name}", package) if home is None else getattr(import_module(home, package), name)
        setattr(sys.modules[package], name, value)  # so that Python calls this only once
        return value

    return get, lambda: sorted(homes)
