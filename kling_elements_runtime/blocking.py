"""Run coroutines without an event loop, so that blocking and asynchronous calls share their code."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, because what it awaits blocks, and return its result.

    Raises:
        RuntimeError: The coroutine suspended.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        coroutine.close()  # an interruption may come before the coroutine starts
    raise RuntimeError(f"{coroutine!r} suspended without an event loop")
