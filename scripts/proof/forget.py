"""A plugin of pytest that lets the packages forget what they keep before each test.

A fork inherits what was computed before a change, and only the first test that asks for it is seen to reach the code.
"""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper, cache
from typing import Any

_PACKAGES = ("kling_elements", "kling_elements_client")


def pytest_runtest_setup() -> None:
    """Empties every cache of a function of the packages."""
    for each in _caches():
        each.cache_clear()


@cache
def _caches() -> list[_lru_cache_wrapper[Any]]:
    found = (each for each in gc.get_objects() if isinstance(each, _lru_cache_wrapper))
    return [each for each in found if str(each.__module__).split(".", 1)[0] in _PACKAGES]
