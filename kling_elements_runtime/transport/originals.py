"""Functions of httpx and httpcore, and whether somebody has put another in the place of one.

Tools that mock requests, record or trace them do so. What such a tool is not shown goes out for real.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any


class Originals:
    """Some functions of libraries, remembered as they were when this was made."""

    def __init__(self, *places: tuple[type, str]) -> None:
        """Take the functions: of each its class and its name."""
        self._functions = [(owner, name, _original(owner, name)) for owner, name in places]

    def are_unpatched(self) -> bool:
        """Return whether all of these functions are the libraries' own, now as then."""
        return all(getattr(owner, name) is function for owner, name, function in self._functions)


def _original(owner: type, name: str) -> Any:
    """Return a function; in place of one that was replaced before, something that equals nothing."""
    function, constructor = getattr(owner, name), owner.__init__  # type: ignore[misc] # it is only looked at
    is_own = type(function) is FunctionType and type(constructor) is FunctionType
    # tools copy names and modules onto their functions, but the code remains where it was written
    if is_own and function.__code__.co_filename == constructor.__code__.co_filename:
        return function
    return object()
