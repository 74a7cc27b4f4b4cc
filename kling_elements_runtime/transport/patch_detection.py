"""Detect whether a tool has patched httpx or httpcore.

Tools that mock, record or trace requests patch them. A request that bypasses such a tool is sent for real.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any


class LibraryFunctions:
    """Functions of httpx and httpcore, as they were when this object was created."""

    def __init__(self, *places: tuple[type, str]) -> None:
        """Record functions, each given by its class and its name."""
        self._functions = [(owner, name, _original(owner, name)) for owner, name in places]

    def are_unpatched(self) -> bool:
        """Return whether each of these functions is still the library's own."""
        return all(getattr(owner, name) is function for owner, name, function in self._functions)


def _original(owner: type, name: str) -> Any:
    """Return a function, or an object that equals nothing if the function was already patched."""
    function, constructor = getattr(owner, name), owner.__init__  # type: ignore[misc] # it is only compared
    is_own = type(function) is FunctionType and type(constructor) is FunctionType
    # tools copy names and modules onto their functions, but the code remains where it was written
    if is_own and function.__code__.co_filename == constructor.__code__.co_filename:
        return function
    return object()
