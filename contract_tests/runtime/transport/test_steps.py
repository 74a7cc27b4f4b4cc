"""Each step of a connection is limited by the deadline of the call, and its errors become those of httpcore."""

from __future__ import annotations

import ssl
import threading
from typing import Any

import httpcore
import pytest

from kling_elements_runtime.deadline import stop_when, within
from kling_elements_runtime.transport import steps
from kling_elements_runtime.transport.steps import CONNECTING, READING, TIME_IS_UP, WRITING, is_time_up, limit

_BLOCKS = [
    (CONNECTING, httpcore.ConnectTimeout, httpcore.ConnectError),
    (READING, httpcore.ReadTimeout, httpcore.ReadError),
    (WRITING, httpcore.WriteTimeout, httpcore.WriteError),
]
_each_step = pytest.mark.parametrize(("step", "late", "failed"), _BLOCKS, ids=["connect", "read", "write"])


def _raised(step: Any, error: BaseException) -> BaseException:
    """Return the exception that a step raises after an error of a socket."""
    with pytest.raises(type(error).__mro__[-2]) as caught, step:
        raise error
    return caught.value


@_each_step
@pytest.mark.parametrize("error", [OSError(104, "reset"), ssl.SSLError(1, "no"), ValueError("no"), RuntimeError("no")])
def test_an_error_of_a_socket_becomes_one_of_the_step(step: Any, late: Any, failed: Any, error: Exception) -> None:
    """Event loops also raise ValueError or RuntimeError for closed sockets."""
    raised = _raised(step, error)

    assert failed is type(raised)
    assert (str(error), error) == (str(raised), raised.__cause__)
    assert not isinstance(raised, late)


@_each_step
@pytest.mark.parametrize("error", [TimeoutError(), httpcore.ConnectTimeout()])
def test_a_timeout_becomes_that_of_the_step(step: Any, late: Any, failed: Any, error: Exception) -> None:
    """The message says whether the time for the whole call is up."""
    raised = _raised(step, error)
    with within(0):
        after_the_deadline = _raised(step, TimeoutError())

    assert {late} == {type(raised), type(after_the_deadline)}
    assert TIME_IS_UP == str(after_the_deadline)
    assert not isinstance(raised, failed)


@_each_step
def test_an_error_without_a_message_gets_one(step: Any, late: Any, failed: Any) -> None:
    assert (failed, "the connection was closed") == (type(raised := _raised(step, OSError())), str(raised))
    assert (late, "timed out") == (type(raised := _raised(step, TimeoutError())), str(raised))


@_each_step
def test_exceptions_of_the_step_and_interruptions_are_raised_unchanged(step: Any, late: Any, failed: Any) -> None:
    for error in (late("1"), failed("2"), KeyboardInterrupt(), LookupError("3")):
        assert error is _raised(step, error)


@pytest.mark.parametrize(
    ("expected", "timeout", "seconds"),
    [(None, None, None), (5, 5, None), (5, 5, 1000), (1000, None, 1000), (0.1, 5, 0.1)],
)
def test_a_step_gets_the_shorter_of_timeout_and_remaining_time(
    expected: float | None, timeout: float | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "seconds_left", lambda: seconds)

    assert expected == limit(timeout)


def test_no_step_begins_after_the_deadline() -> None:
    assert not is_time_up()
    with within(0):
        assert is_time_up()
        with pytest.raises(TimeoutError):
            limit(5)


def test_no_step_begins_for_a_caller_that_has_given_up() -> None:
    def run() -> None:
        abandoned = threading.Event()
        stop_when(abandoned)
        results.append(is_time_up())
        abandoned.set()
        results.append(is_time_up())

    results: list[bool] = []
    thread = threading.Thread(target=run)  # a thread has its own context
    thread.start()
    thread.join()

    assert [False, True] == results
