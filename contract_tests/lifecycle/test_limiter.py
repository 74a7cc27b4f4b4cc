"""The limiter learns from refusals when the next of many creates may begin."""

from __future__ import annotations

import math
from typing import Any

import pytest

from contract_tests.support.scripted import FakeClock
from kling_elements import RetryPolicy
from kling_elements.lifecycle.limiter import Limiter


class _Driven:
    """A limiter and a service that accepts a limited number of tasks.

    Attributes:
        clock: The clock of both.
        limiter: The limiter.
        allowed: The number of tasks that the service accepts at a time.
        in_progress: The number of accepted tasks that have not ended.
        refused: The number of tasks that the service refused.
    """

    def __init__(self, allowed: int, max_concurrent: int | None = None) -> None:
        self.clock = FakeClock()
        self.limiter = Limiter(self.clock, RetryPolicy(), max_concurrent)
        self.allowed = allowed
        self.in_progress = self.refused = 0

    def begin_all(self) -> int:
        """Start and finish every create that may start now, and return how many tasks were created."""
        before = self.in_progress
        while self.limiter.seconds_to_wait() == 0:
            self.limiter.on_begin()
            if self.in_progress < self.allowed:
                self.limiter.on_created()
                self.in_progress += 1
            else:
                self.limiter.on_too_many()
                self.refused += 1
            assert self.refused < 100
        return self.in_progress - before

    def end(self) -> None:
        """End one task, which frees its place."""
        self.in_progress -= 1
        self.limiter.on_ended()

    def wait(self) -> float:
        """Move the clock by the seconds that the limiter asks for, and return these."""
        seconds = self.limiter.seconds_to_wait()
        self.clock.advance(seconds)
        return seconds


@pytest.mark.parametrize("allowed", [1, 2, 3, 7, 50])
def test_one_refusal_shows_how_many_tasks_are_allowed(allowed: int) -> None:
    """After the refusal, a task begins whenever one ends, and none is refused."""
    driven = _Driven(allowed)

    assert allowed == driven.begin_all()
    assert 1 == driven.refused
    for _ in range(20):
        assert 0 < driven.limiter.seconds_to_wait()
        driven.end()
        assert 1 == driven.begin_all()
    assert (1, allowed) == (driven.refused, driven.limiter.in_progress)


def test_creates_in_flight_double_until_one_is_refused() -> None:
    """At most 16 are in flight at a time, so that few are sent in vain."""
    limiter = Limiter(FakeClock(), RetryPolicy())
    waves = []
    for _ in range(7):
        while limiter.seconds_to_wait() == 0:
            limiter.on_begin()
        assert math.inf == limiter.seconds_to_wait()
        waves.append(limiter.in_flight)
        for _ in range(limiter.in_flight):
            limiter.on_created()

    assert [1, 1, 2, 4, 8, 16, 16] == waves
    assert 48 == limiter.in_progress


def test_several_refusals_at_once_also_show_the_limit() -> None:
    """Each refusal lowers the number by one, even if other creates are accepted in between."""
    limiter = Limiter(FakeClock(), RetryPolicy(), max_concurrent=8)
    for _ in range(8):
        limiter.on_begin()

    for is_created in (False, True, False, False, True, True, False, False):
        (limiter.on_created if is_created else limiter.on_too_many)()

    assert (0, 3) == (limiter.in_flight, limiter.in_progress)
    assert 0 < limiter.seconds_to_wait()
    limiter.on_ended()
    assert 0 == limiter.seconds_to_wait()


def test_a_task_beyond_the_limit_is_tried_less_and_less_often() -> None:
    """The first attempt comes after 10 s. Each refusal doubles the wait, up to ten minutes."""
    driven = _Driven(2)
    driven.begin_all()

    waits = []
    for _ in range(9):
        waits.append(driven.wait())
        assert 0 == driven.begin_all()

    assert [10, 20, 40, 80, 160, 320, 600, 600, 600] == waits


def test_an_accepted_task_beyond_the_limit_raises_the_limit() -> None:
    """The limit rises by one every 10 s."""
    driven = _Driven(2)
    driven.begin_all()
    driven.allowed = 5
    driven.wait()

    assert [1, 1, 1, 0] == [(driven.begin_all(), driven.wait())[0] for _ in range(4)]
    assert 5 == driven.limiter.in_progress


def test_only_one_task_beyond_the_limit_is_tried_at_a_time() -> None:
    """The next attempt waits for the response to the first."""
    for response in ("on_created", "on_too_many", "on_too_fast", "on_failed"):
        driven = _Driven(2)
        driven.begin_all()
        driven.wait()
        driven.limiter.on_begin()
        driven.clock.advance(1000)

        assert math.inf == driven.limiter.seconds_to_wait()
        getattr(driven.limiter, response)()
        assert math.inf > driven.limiter.seconds_to_wait()


def test_a_refusal_lowers_the_limit() -> None:
    """The limit falls because tasks of other programs take up places."""
    driven = _Driven(4)
    driven.begin_all()
    driven.allowed = 2
    for _ in range(3):
        driven.end()

    assert 1 == driven.begin_all()
    driven.end()
    assert 1 == driven.begin_all()
    assert 2 == driven.refused


def test_max_concurrent_is_an_upper_limit() -> None:
    """The limiter never begins more tasks, even if the service allows them."""
    many, few = _Driven(50, max_concurrent=3), _Driven(2, max_concurrent=3)

    assert (3, 2) == (many.begin_all(), few.begin_all())
    assert math.inf == many.limiter.seconds_to_wait()
    assert 10 == few.wait()
    few.allowed = 50
    assert 1 == few.begin_all()
    assert math.inf == few.limiter.seconds_to_wait()


@pytest.mark.parametrize("max_concurrent", [0, -1, 1.0, "2", True])
def test_an_unusable_max_concurrent_is_refused(max_concurrent: Any) -> None:
    """Otherwise either no create would begin, or all would."""
    with pytest.raises((TypeError, ValueError), match="max_concurrent must be a whole number, 1 or more, not"):
        Limiter(FakeClock(), RetryPolicy(), max_concurrent)


def test_waits_grow_while_other_clients_take_every_place() -> None:
    """The waits grow as for a single create, with jitter."""
    driven = _Driven(0)
    waits = []
    for _ in range(7):
        driven.begin_all()
        waits.append(driven.wait())

    assert [1, 2, 4, 8, 16, 30, 30] == waits
    driven.clock.luck = 1
    driven.begin_all()
    assert 37.5 == driven.wait()


def test_a_created_task_resets_the_waits() -> None:
    """Only refusals in a row lengthen them."""
    limiter = Limiter(FakeClock(), RetryPolicy())
    for _ in range(3):
        limiter.on_begin()
        limiter.on_too_many()
    _create(limiter, 1)
    limiter.on_begin()
    limiter.on_too_many()

    assert 4 == limiter.seconds_to_wait()  # after the third refusal in a row; a fourth would have made it 8


@pytest.mark.parametrize(("refused", "in_progress"), [("on_too_many", 0), ("on_too_many", 1), ("on_too_fast", 0)])
def test_the_limiter_waits_as_long_as_the_gateway_asks(refused: str, in_progress: int) -> None:
    """The limiter waits even if a place becomes free meanwhile."""
    limiter = Limiter(FakeClock(), RetryPolicy(), max_concurrent=5)
    for _ in range(in_progress):
        limiter.on_begin()
        limiter.on_created()
    limiter.on_begin()
    getattr(limiter, refused)(7)

    for _ in range(in_progress):
        limiter.on_ended()
    assert 7 == limiter.seconds_to_wait()


def _create(limiter: Limiter, count: int) -> None:
    for _ in range(count):
        limiter.on_begin()
        limiter.on_created()
        limiter.on_ended()


def test_a_refusal_as_too_fast_sets_a_gap_between_creates() -> None:
    """After five creates in the second before the refusal, one may begin every 0.22 s."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), max_concurrent=100)
    _create(limiter, 5)
    limiter.on_begin()
    limiter.on_too_fast(1)

    assert 1 == limiter.seconds_to_wait()
    clock.advance(1)
    _create(limiter, 1)
    assert limiter.seconds_to_wait() == pytest.approx(0.22)
    clock.advance(0.22)
    assert 0 == limiter.seconds_to_wait()


def test_a_second_refusal_widens_the_gap_and_time_narrows_it() -> None:
    """The gap grows by a quarter. It shrinks by a fifth every 20 s after one refusal, and every 40 s after two."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), max_concurrent=100)

    def gap() -> float:
        _create(limiter, 1)
        return limiter.seconds_to_wait()

    _create(limiter, 10)
    limiter.on_begin()
    limiter.on_too_fast(1)
    clock.advance(5)
    assert gap() == pytest.approx(0.11)
    clock.advance(14.9)
    assert gap() == pytest.approx(0.11)
    clock.advance(0.1)
    assert gap() == pytest.approx(0.088)
    clock.advance(60)
    limiter.on_begin()
    limiter.on_too_fast(1)
    clock.advance(1)
    assert gap() == pytest.approx(0.11 * 0.8**4 * 1.25)
    clock.advance(39)
    assert gap() == pytest.approx(0.11 * 0.8**5 * 1.25)
    clock.advance(1e7)
    assert 0 == gap()


def test_refusals_of_creates_sent_together_count_as_one() -> None:
    """The first refusal sets the gap, and the longest wait applies."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), max_concurrent=100)
    _create(limiter, 5)
    for _ in range(3):
        limiter.on_begin()
    for seconds in (1, 3, 2):
        limiter.on_too_fast(seconds)

    assert 4 == limiter.seconds_to_wait()
    clock.advance(4)
    _create(limiter, 1)
    assert limiter.seconds_to_wait() == pytest.approx(0.22)


def test_a_refusal_that_asks_for_no_wait_gets_the_usual_wait() -> None:
    """Without recent creates, the refusal sets no gap."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), max_concurrent=100)
    waits = []
    for _ in range(3):
        limiter.on_begin()
        limiter.on_too_fast()
        waits.append(limiter.seconds_to_wait())
        clock.advance(waits[-1])

    assert [1, 2, 4] == waits
    _create(limiter, 1)
    assert 0 == limiter.seconds_to_wait()


def test_a_create_that_fails_otherwise_frees_its_place() -> None:
    """A later refusal would show if the service has accepted the create after all."""
    limiter = Limiter(FakeClock(), RetryPolicy(), max_concurrent=1)
    limiter.on_begin()
    assert math.inf == limiter.seconds_to_wait()

    limiter.on_failed()

    assert 0 == limiter.seconds_to_wait()
    assert (0, 0) == (limiter.in_flight, limiter.in_progress)


def test_a_pause_ends_by_itself() -> None:
    """A shorter pause doesn't end a longer one."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy())
    limiter.pause(5)
    limiter.pause(3)

    assert 5 == limiter.seconds_to_wait()
    clock.advance(5)
    assert 0 == limiter.seconds_to_wait()
