"""Threads get the next free place in turn."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from kling_elements_runtime.transport import semaphore as semaphore_module
from kling_elements_runtime.transport.semaphore import FairSemaphore


def test_threads_get_places_in_the_order_in_which_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread waits forever, even if other threads keep coming."""
    semaphore = FairSemaphore(1)
    order: list[int] = []
    threads = []
    waits = threading.Semaphore(0)

    class SignallingLock:
        def __init__(self) -> None:
            self._lock = threading.Lock()
            self.release = self._lock.release

        def acquire(self, timeout: float | None = None) -> bool:
            if timeout is None:
                return self._lock.acquire()
            waits.release()
            return self._lock.acquire(timeout=timeout)

    monkeypatch.setattr(semaphore_module, "threading", SimpleNamespace(Lock=SignallingLock))

    def take(number: int) -> None:
        assert semaphore.acquire(60)
        order.append(number)
        semaphore.release()

    assert semaphore.acquire(None)
    for number in range(5):
        threads.append(threading.Thread(target=take, args=(number,)))
        threads[-1].start()
        assert waits.acquire(timeout=60)
    semaphore.release()
    assert semaphore.acquire(60)  # all others came first
    semaphore.release()
    for thread in threads:
        thread.join()

    assert [0, 1, 2, 3, 4] == order


@pytest.mark.parametrize("interruption", [None, KeyboardInterrupt])
@pytest.mark.parametrize("comes", [False, True], ids=["no place came", "a place came at the last moment"])
def test_a_thread_that_gives_up_keeps_no_place(
    comes: bool,  # noqa: FBT001 - a column of the table
    interruption: type[BaseException] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If it gets one at the last moment, a timed-out thread uses it, and an interrupted one passes it on."""
    semaphore = FairSemaphore(1)

    class LockWithTimeout:
        def __init__(self) -> None:
            self.attempts = 0

        def acquire(self, timeout: float = -1) -> bool:  # noqa: ARG002 - the signature of a lock
            self.attempts += 1
            if self.attempts == 2 and comes:
                semaphore.release()
            if self.attempts == 2 and interruption:
                raise interruption
            return self.attempts == 1

        def release(self) -> None:
            """Release the lock."""

    assert semaphore.acquire(None)
    with monkeypatch.context() as patch:
        patch.setattr(semaphore_module, "threading", SimpleNamespace(Lock=LockWithTimeout))
        if interruption:
            with pytest.raises(interruption):
                semaphore.acquire(60)
        else:
            assert comes is semaphore.acquire(60)
    if not comes or not interruption:
        semaphore.release()

    assert semaphore.acquire(0)
    assert not semaphore.acquire(0)
