"""A step of a connection, such as a read: how long it may take, and how what goes wrong with it is named."""

from __future__ import annotations

from typing import Final

import httpcore

from kling_elements_runtime.deadline import seconds_left

TIME_IS_UP: Final = "the time for this call is up"


class _ErrorTranslator:
    """A block in which what can go wrong with a socket is raised by httpcore's names for it."""

    def __init__(self, late: type[Exception], failed: type[Exception]) -> None:
        """Take the name for what took too long, and the one for all else."""
        self._late, self._failed = late, failed

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Raise an error by its name, where it is not one of these."""
        if error is None or isinstance(error, (self._late, self._failed)):
            return
        if isinstance(error, TimeoutError | httpcore.TimeoutException):
            raise self._late(TIME_IS_UP if is_over() else str(error) or "timed out") from error
        if isinstance(error, OSError | ValueError | RuntimeError | httpcore.NetworkError):
            raise self._failed(str(error) or "the connection was closed") from error


CONNECTING = _ErrorTranslator(httpcore.ConnectTimeout, httpcore.ConnectError)
READING = _ErrorTranslator(httpcore.ReadTimeout, httpcore.ReadError)
WRITING = _ErrorTranslator(httpcore.WriteTimeout, httpcore.WriteError)


def limit(timeout: float | None) -> float | None:
    """Return the seconds that a step may take: its own time-out, or what is left for the call if that is less.

    Raises:
        TimeoutError: Nothing is left.
    """
    if is_over():
        raise TimeoutError
    return min((seconds for seconds in (timeout, seconds_left()) if seconds is not None), default=None)


def is_over() -> bool:
    """Return whether nothing is left of the time for the call."""
    left = seconds_left()
    return left is not None and left <= 0
