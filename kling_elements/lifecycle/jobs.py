"""Run the jobs of a call: creates and look-ups that run concurrently with the coroutine that starts them."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from kling_elements.lifecycle.effects import Effects, Job

MAX_LOOK_UPS = 4
"""The number of look-ups that a call makes at a time."""

K = TypeVar("K")


class Jobs(Generic[K]):
    """The jobs of one call that have not been taken yet, each with a key. At the end of the block, they are abandoned.

    Only the coroutine that starts the jobs may use this object.
    """

    def __init__(self, effects: Effects) -> None:
        """Start with no jobs."""
        self._effects = effects
        self._keys: dict[Job, K] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> list[K]:
        """Return the keys of the jobs."""
        return list(self._keys.values())

    def start(self, coroutine: Coroutine[Any, Any, Any], key: K) -> None:
        """Start a coroutine that awaits the effects of this call."""
        self._keys[self._effects.start(coroutine)] = key

    async def wait(self, seconds: float | None) -> None:
        """Wait until one of the jobs has ended, or until some seconds have passed; None for no limit."""
        await self._effects.wait(self._keys, seconds)

    def take_ended(self) -> Iterator[tuple[K, Any]]:
        """Remove the jobs that have ended, and yield the key and the result of each.

        Raises:
            BaseException: A job ended in this exception.
        """
        for job in [job for job in self._keys if job.done()]:
            yield self._keys.pop(job), job.result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not GeneratorExit:  # which means that the event loop has ended, and so have its jobs
            await self._effects.abandon(self._keys)
