"""Limit the time of each step of a connection, such as a read, and translate its errors."""

from __future__ import annotations

from typing import Final

import httpcore

from kling_elements_runtime.deadline import seconds_left

TIME_IS_UP: Final = "the time for this call is up"


class _ErrorTranslator:
    """A context manager that translates the errors of sockets into exceptions of httpcore."""

    def __init__(self, late: type[Exception], failed: type[Exception]) -> None:
        """Set the exception classes for timeouts and for other failures."""
        self._late, self._failed = late, failed

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Translate an error, unless it is an instance of one of the two classes."""
        if error is None or isinstance(error, (self._late, self._failed)):
            return
        if isinstance(error, TimeoutError | httpcore.TimeoutException):
            raise self._late(TIME_IS_UP if is_time_up() else str(error) or "timed out") from error
        if isinstance(error, OSError | ValueError | RuntimeError | httpcore.NetworkError):
            raise self._failed(str(error) or "the connection was closed") from error


CONNECTING = _ErrorTranslator(httpcore.ConnectTimeout, httpcore.ConnectError)
READING = _ErrorTranslator(httpcore.ReadTimeout, httpcore.ReadError)
WRITING = _ErrorTranslator(httpcore.WriteTimeout, httpcore.WriteError)


def limit(timeout: float | None) -> float | None:
    """Return the maximum seconds of a step: its own timeout, or the time left for the call if that is less.

    Raises:
        TimeoutError: No time is left for the call.
    """
    if is_time_up():
        raise TimeoutError
    return min((seconds for seconds in (timeout, seconds_left()) if seconds is not None), default=None)


def is_time_up() -> bool:
    """Return whether the time for the call is up."""
    seconds = seconds_left()
    return seconds is not None and seconds <= 0
