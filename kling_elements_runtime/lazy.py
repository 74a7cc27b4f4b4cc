"""Packages that load what is in them on first use (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def loader(package: str, homes: Mapping[str, str | None]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package.

    Args:
        package: Its name.
        homes: The module that each public name stands in, such as `.client`; None for a name that is a module itself.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        found = import_module(f".{name}", package) if home is None else getattr(import_module(home, package), name)
        setattr(sys.modules[package], name, found)  # Python asks only once then
        return found

    return get, lambda: sorted(homes)
