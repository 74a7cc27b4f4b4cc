"""Puts another document in the place of the contract that client, mock server and media checks read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from kling_elements.media import limits, videos  # noqa: F401 - what is imported later would not be looked through
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.contract import Contract
from scripts.spec import Node

_PACKAGES = ("kling_elements", "kling_elements_client", "kling_elements_runtime")


@contextmanager
def in_force(document: Node) -> Iterator[None]:
    """Have everything in this process read the contract from a document.

    That is sound for two reasons. Whoever reads the contract asks `CONTRACT` for it when it is needed. And no module
    keeps a part of it but in a cache of functools: every such cache of the packages is emptied, before and after, so
    one that is added later need not be known here. What was generated from the spec as Python code, models and
    signatures, stays as it is. It checks nothing.

    It is for one thread: others would read the document too.
    """
    own = CONTRACT.__dict__
    CONTRACT.__dict__ = Contract(document).__dict__
    _forget()
    try:
        yield
    finally:
        CONTRACT.__dict__ = own
        _forget()


def _forget() -> None:
    for clear in _caches(len(sys.modules)):
        clear()


@cache
def _caches(_module_count: int) -> list[Callable[[], None]]:
    """Return what empties the caches of both packages; it is looked for anew when modules have been imported."""
    return [
        value.cache_clear
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in _PACKAGES
        for value in vars(module).values()
        if callable(getattr(value, "cache_clear", None))
    ]
