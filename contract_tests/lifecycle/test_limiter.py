"""When the next of many creates may begin is learned from what was refused before."""

from __future__ import annotations

import math
from typing import Any

import pytest

from contract_tests.support.scripted import FakeClock
from kling_elements import RetryPolicy
from kling_elements.limiter import Limiter


class _Driven:
    """A limiter, and a service that takes so many tasks.

    Attributes:
        clock: The time.
        limiter: The limiter.
        allowed: How many tasks the service takes at a time.
        under_way: How many it has taken that have not ended.
        refused: How often it refused one.
    """

    def __init__(self, allowed: int, at_once: int | None = None) -> None:
        self.clock = FakeClock()
        self.limiter = Limiter(self.clock, RetryPolicy(), at_once)
        self.allowed = allowed
        self.under_way = self.refused = 0

    def create_what_may_be(self) -> int:
        """Begin everything that may begin now, have it answered, and return how many tasks were made."""
        before = self.under_way
        while self.limiter.seconds_to_wait() == 0:
            self.limiter.begin()
            if self.under_way < self.allowed:
                self.limiter.created()
                self.under_way += 1
            else:
                self.limiter.refused_as_too_many()
                self.refused += 1
            assert self.refused < 100
        return self.under_way - before

    def end(self) -> None:
        """Let a task end."""
        self.under_way -= 1
        self.limiter.ended()

    def wait(self) -> float:
        """Let as much time pass as the limiter asks for, and return how much that was."""
        seconds = self.limiter.seconds_to_wait()
        self.clock.let_pass(seconds)
        return seconds


@pytest.mark.parametrize("allowed", [1, 2, 3, 7, 50])
def test_the_number_of_tasks_is_learned_by_one_refusal(allowed: int) -> None:
    """From then on a task begins for each that has ended, and none is refused."""
    driven = _Driven(allowed)

    assert allowed == driven.create_what_may_be()
    assert 1 == driven.refused
    for _ in range(20):
        assert 0 < driven.limiter.seconds_to_wait()
        driven.end()
        assert 1 == driven.create_what_may_be()
    assert (1, allowed) == (driven.refused, driven.limiter.under_way)


def test_creates_in_flight_double_until_one_is_refused() -> None:
    """As long as none is, so few are refused that were sent for nothing; 16 at a time at most."""
    limiter = Limiter(FakeClock(), RetryPolicy())
    waves = []
    for _ in range(7):
        while limiter.seconds_to_wait() == 0:
            limiter.begin()
        assert math.inf == limiter.seconds_to_wait()
        waves.append(limiter.in_flight)
        for _ in range(limiter.in_flight):
            limiter.created()

    assert [1, 1, 2, 4, 8, 16, 16] == waves
    assert 48 == limiter.under_way


def test_several_refusals_at_once_show_the_number_too() -> None:
    """Each shows one less, whatever comes between them."""
    limiter = Limiter(FakeClock(), RetryPolicy(), at_once=8)
    for _ in range(8):
        limiter.begin()

    for is_created in (False, True, False, False, True, True, False, False):
        (limiter.created if is_created else limiter.refused_as_too_many)()

    assert (0, 3) == (limiter.in_flight, limiter.under_way)
    assert 0 < limiter.seconds_to_wait()
    limiter.ended()
    assert 0 == limiter.seconds_to_wait()


def test_one_more_is_tried_less_and_less_often() -> None:
    """After 10 s, and twice as long each time that it is refused, up to ten minutes."""
    driven = _Driven(2)
    driven.create_what_may_be()

    waits = []
    for _ in range(9):
        waits.append(driven.wait())
        assert 0 == driven.create_what_may_be()

    assert [10, 20, 40, 80, 160, 320, 600, 600, 600] == waits


def test_more_that_is_taken_raises_the_number() -> None:
    """By one each 10 s."""
    driven = _Driven(2)
    driven.create_what_may_be()
    driven.allowed = 5
    driven.wait()

    assert [1, 1, 1, 0] == [(driven.create_what_may_be(), driven.wait())[0] for _ in range(4)]
    assert 5 == driven.limiter.under_way


def test_only_one_more_is_tried_at_a_time() -> None:
    """Until it is answered, however that ends."""
    for answer in ("created", "refused_as_too_many", "refused_as_too_fast", "failed"):
        driven = _Driven(2)
        driven.create_what_may_be()
        driven.wait()
        driven.limiter.begin()
        driven.clock.let_pass(1000)

        assert math.inf == driven.limiter.seconds_to_wait()
        getattr(driven.limiter, answer)()
        assert math.inf > driven.limiter.seconds_to_wait()


def test_fewer_that_are_taken_lower_the_number() -> None:
    """As when somebody else's tasks came in between."""
    driven = _Driven(4)
    driven.create_what_may_be()
    driven.allowed = 2
    for _ in range(3):
        driven.end()

    assert 1 == driven.create_what_may_be()
    driven.end()
    assert 1 == driven.create_what_may_be()
    assert 2 == driven.refused


def test_the_callers_number_is_a_bound() -> None:
    """That many begin at once, none beyond it is tried, and a service that takes fewer is heard."""
    taken, few = _Driven(50, at_once=3), _Driven(2, at_once=3)

    assert (3, 2) == (taken.create_what_may_be(), few.create_what_may_be())
    assert math.inf == taken.limiter.seconds_to_wait()
    assert 10 == few.wait()
    few.allowed = 50
    assert 1 == few.create_what_may_be()
    assert math.inf == few.limiter.seconds_to_wait()


@pytest.mark.parametrize("at_once", [0, -1, 1.0, "2", True])
def test_a_number_that_is_none_is_refused(at_once: Any) -> None:
    """Nothing would begin, or everything."""
    with pytest.raises((TypeError, ValueError), match="at_once must be a whole number, 1 or more, not"):
        Limiter(FakeClock(), RetryPolicy(), at_once)


def test_where_only_tasks_of_others_are_in_the_way_it_waits_longer_and_longer() -> None:
    """As for a single create; chance keeps clients apart."""
    driven = _Driven(0)
    waits = []
    for _ in range(7):
        driven.create_what_may_be()
        waits.append(driven.wait())

    assert [1, 2, 4, 8, 16, 30, 30] == waits
    driven.clock.luck = 1
    driven.create_what_may_be()
    assert 37.5 == driven.wait()


def test_a_task_that_is_made_begins_the_waits_anew() -> None:
    """Only refusals in a row count."""
    limiter = Limiter(FakeClock(), RetryPolicy())
    for _ in range(3):
        limiter.begin()
        limiter.refused_as_too_many()
    _created(limiter, 1)
    limiter.begin()
    limiter.refused_as_too_many()

    assert 4 == limiter.seconds_to_wait()  # that of the third refusal; a fourth would have made it 8


@pytest.mark.parametrize(
    ("refused", "under_way"), [("refused_as_too_many", 0), ("refused_as_too_many", 1), ("refused_as_too_fast", 0)]
)
def test_a_wait_that_is_asked_for_is_granted(refused: str, under_way: int) -> None:
    """Also where a place is free meanwhile."""
    limiter = Limiter(FakeClock(), RetryPolicy(), at_once=5)
    for _ in range(under_way):
        limiter.begin()
        limiter.created()
    limiter.begin()
    getattr(limiter, refused)(7)

    for _ in range(under_way):
        limiter.ended()
    assert 7 == limiter.seconds_to_wait()


def _created(limiter: Limiter, count: int) -> None:
    for _ in range(count):
        limiter.begin()
        limiter.created()
        limiter.ended()


def test_creates_that_come_too_fast_get_a_gap() -> None:
    """Five within the second that is asked for make one in 0.22 s, and none before that second is over."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), at_once=100)
    _created(limiter, 5)
    limiter.begin()
    limiter.refused_as_too_fast(1)

    assert 1 == limiter.seconds_to_wait()
    clock.let_pass(1)
    _created(limiter, 1)
    assert limiter.seconds_to_wait() == pytest.approx(0.22)
    clock.let_pass(0.22)
    assert 0 == limiter.seconds_to_wait()


def test_a_second_refusal_widens_the_gap_and_time_narrows_it() -> None:
    """By a quarter; and by a fifth after 20 s, then 40 s, and so on as often as it was refused."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), at_once=100)

    def gap() -> float:
        _created(limiter, 1)
        return limiter.seconds_to_wait()

    _created(limiter, 10)
    limiter.begin()
    limiter.refused_as_too_fast(1)
    clock.let_pass(5)
    assert gap() == pytest.approx(0.11)
    clock.let_pass(14.9)
    assert gap() == pytest.approx(0.11)
    clock.let_pass(0.1)
    assert gap() == pytest.approx(0.088)
    clock.let_pass(60)
    limiter.begin()
    limiter.refused_as_too_fast(1)
    clock.let_pass(1)
    assert gap() == pytest.approx(0.11 * 0.8**4 * 1.25)
    clock.let_pass(39)
    assert gap() == pytest.approx(0.11 * 0.8**5 * 1.25)
    clock.let_pass(1e7)
    assert gap() == 0


def test_creates_that_were_sent_together_are_refused_as_one() -> None:
    """The gap is that of the first refusal; the longest wait counts."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), at_once=100)
    _created(limiter, 5)
    for _ in range(3):
        limiter.begin()
    for seconds in (1, 3, 2):
        limiter.refused_as_too_fast(seconds)

    assert 4 == limiter.seconds_to_wait()
    clock.let_pass(4)
    _created(limiter, 1)
    assert limiter.seconds_to_wait() == pytest.approx(0.22)


def test_a_refusal_that_asks_for_nothing_is_waited_out_as_usual() -> None:
    """And says nothing of the gap where nothing was created just before."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy(), at_once=100)
    waits = []
    for _ in range(3):
        limiter.begin()
        limiter.refused_as_too_fast()
        waits.append(limiter.seconds_to_wait())
        clock.let_pass(waits[-1])

    assert [1, 2, 4] == waits
    _created(limiter, 1)
    assert 0 == limiter.seconds_to_wait()


def test_a_create_that_fails_otherwise_gives_its_place_back() -> None:
    """Whatever became of it: the service says so if it took it."""
    limiter = Limiter(FakeClock(), RetryPolicy(), at_once=1)
    limiter.begin()
    assert math.inf == limiter.seconds_to_wait()

    limiter.failed()

    assert 0 == limiter.seconds_to_wait()
    assert (0, 0) == (limiter.in_flight, limiter.under_way)


def test_a_pause_ends_by_itself() -> None:
    """A shorter one does not end a longer one."""
    clock = FakeClock()
    limiter = Limiter(clock, RetryPolicy())
    limiter.pause(5)
    limiter.pause(3)

    assert 5 == limiter.seconds_to_wait()
    clock.let_pass(5)
    assert 0 == limiter.seconds_to_wait()
