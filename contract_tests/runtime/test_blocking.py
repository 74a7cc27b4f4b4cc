"""Coroutines run without an event loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from kling_elements_runtime.blocking import finish


async def _double(number: int) -> int:
    return 2 * number


async def _sum_of_doubles(*numbers: int) -> int:
    return sum([await _double(number) for number in numbers])


def test_the_result_of_a_coroutine_is_returned() -> None:
    assert 12 == finish(_sum_of_doubles(1, 2, 3))


def test_an_exception_of_the_coroutine_is_raised_unchanged() -> None:
    error = LookupError("1")

    async def fail() -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        finish(fail())

    assert error is caught.value


def test_a_coroutine_that_suspends_is_an_error_and_is_closed() -> None:
    """The coroutine is closed, because nothing would ever resume it."""
    events: list[str] = []

    async def suspend() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            events.append("closed")

    with pytest.raises(RuntimeError, match=r"suspend at 0x\w+> suspended without an event loop"):
        finish(suspend())

    assert ["closed"] == events


def test_a_coroutine_is_closed_even_if_it_never_starts() -> None:
    """Otherwise Python would warn that it was never awaited."""
    coroutine = _double(1)

    def interrupt(_: object) -> Any:
        raise KeyboardInterrupt

    interrupted: Any = SimpleNamespace(send=interrupt, close=coroutine.close)
    with pytest.raises(KeyboardInterrupt):
        finish(interrupted)

    assert inspect.CORO_CLOSED == inspect.getcoroutinestate(_typed(coroutine))


def _typed(coroutine: Coroutine[Any, Any, int]) -> Any:
    return coroutine
