"""The life of a task in the mock server, from its creation to the deletion of its element."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest

from contract_tests.reading import dialect_cases as wording
from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.support.mock_caller import VIDEO_REQUEST, Caller
from kling_elements.mock import create_app, tasks
from kling_elements_client import contract


def test_the_statuses_are_those_of_the_contract() -> None:
    words = {tasks.SUBMITTED, tasks.PROCESSING, tasks.SUCCEED, tasks.FAILED}
    schemas = contract.document()["components"]["schemas"]

    assert words < set(schemas["TaskStatus"]["enum"])
    assert tasks.DELETED in schemas["Element"]["properties"]["status"]["x-unusable"]


def test_a_task_moves_with_the_clock(caller: Caller) -> None:
    """The task is submitted for one tick and processing for another, exact to the millisecond."""
    created = caller.create()
    task_id, at = created["task_id"], created["created_at"]
    seen = []
    for seconds in (0, 0.999, 0.001, 0.999, 0.001, 1000):
        caller.app.clock.step(seconds)
        task = caller.get(task_id)
        seen.append((task["task_status"], task["updated_at"] - at, "task_result" in task))

    assert [
        ("submitted", 0, False),
        ("submitted", 0, False),
        ("processing", 1000, False),
        ("processing", 1000, False),
        ("succeed", 2000, True),
        ("succeed", 2000, True),
    ] == seen


@pytest.mark.parametrize(
    ("tick", "seconds", "expected"), [(0, 0, "succeed"), (0.25, 0.5, "succeed"), (9, 17, "processing")]
)
def test_a_tick_may_have_any_length(tick: float, seconds: float, expected: str) -> None:
    """With a tick of 0, a task ends at once."""
    caller = Caller(create_app(tick_seconds=tick, manual_clock=True))
    created = caller.create()
    caller.app.clock.step(seconds)

    assert "submitted" == created["task_status"]
    assert expected == caller.get(created["task_id"])["task_status"]


def test_tasks_may_take_varied_times() -> None:
    """Each takes a random time between two, and is submitted for half of it."""
    caller = Caller(create_app(task_seconds=(2, 10), manual_clock=True))
    created = [caller.create()["created_at"] for _ in range(200)]
    ended, began = list[int](), list[int]()
    for _ in range(100):
        caller.app.clock.step(0.1)
        statuses = [task["status"] for task in caller.every_task()]
        began.append(200 - statuses.count("submitted"))
        ended.append(statuses.count("succeed"))

    assert 1 == len(set(created))
    assert [0, 200] == [ended[18], ended[99]]  # after 1.9 s and 10 s
    assert [0, 200] == [began[8], began[49]]  # after 0.9 s and 5 s
    assert all(20 <= ended[index + 20] - ended[index] <= 90 for index in (19, 39, 59, 79))  # about 50 expected


def test_tasks_may_all_take_one_time_or_none() -> None:
    """If both limits are equal, every task takes exactly that long, and the tick has no effect."""
    for seconds, steps in ((3, [0, 1.5, 1.499, 0.001]), (0, [0])):
        caller = Caller(create_app(task_seconds=[seconds, seconds], tick_seconds=100, manual_clock=True))
        task_id = caller.create()["task_id"]
        seen = [(caller.app.clock.step(step), caller.get(task_id)["task_status"])[1] for step in steps]
        assert ["submitted", "processing", "processing", "succeed"][-len(steps) :] == seen


def test_a_running_clock_needs_no_step() -> None:
    """The clock runs by default."""
    caller = Caller(create_app(tick_seconds=0.01))
    task_id = caller.create()["task_id"]
    seen, until = "", time.monotonic() + 60
    while seen != "succeed":
        assert time.monotonic() < until, seen
        time.sleep(0.01)
        seen = caller.get(task_id)["task_status"]


def test_an_element_id_loses_digits_as_a_float(caller: Caller) -> None:
    """The id is odd and above 2^53, so that a client that reads floats gets another number."""
    names = [caller.create()["task_id"] for _ in range(20)]
    caller.app.clock.step(2)
    ids = [caller.element(name)["element_id"] for name in names]

    assert 20 == len(set(ids))
    assert all(number > 2**53 and number % 2 == 1 and int(float(number)) != number for number in ids)


@pytest.mark.parametrize("external_id", [None, ""])
def test_a_missing_or_empty_external_id_may_repeat(external_id: str | None, caller: Caller) -> None:
    """The responses contain no external id."""
    members = {} if external_id is None else {"external_task_id": external_id}

    assert [{}, {}] == [caller.create(**members)["task_info"] for _ in range(2)]
    assert [None, None] == [task["external_task_id"] for task in caller.every_task()]


def test_an_external_id_can_be_used_once(caller: Caller) -> None:
    """A second create is 1201 and creates nothing, even after the first element's deletion."""
    caller.create(external_task_id="e")
    again = ("POST", ELEMENTS, {**VIDEO_REQUEST, "external_task_id": "e"})
    expected = wording.USED_BEFORE[caller.dialect]("e")

    assert expected == caller.refusal(*again)
    caller.app.clock.step(2)
    caller.ask("POST", DELETION, {"element_id": str(caller.element("e")["element_id"])})
    assert expected == caller.refusal(*again)
    assert 1 == len(caller.every_task())


def test_an_external_id_belongs_to_its_token(caller: Caller) -> None:
    """Another token may use it too, and finds its own task."""
    other = Caller(caller.app, "sk-other")
    ids = [owner.create(external_task_id="e")["task_id"] for owner in (caller, other)]

    assert ids == [owner.get("e")["task_id"] for owner in (caller, other)]
    assert 2 == len(set(ids))


def test_external_ids_may_be_allowed_to_repeat() -> None:
    """A look-up then finds the newest task."""
    caller = Caller(create_app(unique_external_ids=False, manual_clock=True))
    ids = [caller.create(external_task_id="e")["task_id"] for _ in range(3)]

    assert ids[-1] == caller.get("e")["task_id"]
    assert ids == [task["task_id"] for task in caller.every_task()]


@pytest.mark.parametrize(
    ("sent", "path"),
    [("a/b", "a%2Fb"), ("\u8d85 #?", "%E8%B6%85%20%23%3F"), ("...", "..."), ("0012", "0012"), ("a\0b", "a%00b")],
)
def test_an_external_id_may_be_any_string_that_fits_into_a_path(sent: str, path: str, caller: Caller) -> None:
    """The server decodes the id before it compares."""
    caller.create(external_task_id=sent)

    assert {"external_task_id": sent} == caller.get(path)["task_info"]


def test_a_task_id_takes_precedence_over_an_external_id(caller: Caller) -> None:
    """An external id that equals another task's id doesn't hide that task."""
    first = caller.create()["task_id"]
    caller.create(external_task_id=first)

    assert {} == caller.get(first)["task_info"]


@pytest.mark.parametrize("name", ["1", "nobody", "9" * 30, "-1", "%00"])
def test_an_unknown_task_is_absent(name: str, caller: Caller) -> None:
    """The refusal has the words of the dialect, and reveals nothing about other tasks."""
    caller.create(external_task_id="e")

    assert wording.NO_TASK[caller.dialect](unquote(name)) == caller.refusal("GET", f"{ELEMENTS}/{name}")


def test_a_refusal_repeats_at_most_200_characters_of_a_request(caller: Caller) -> None:
    caller.create(external_task_id="x" * 10_000)
    again = caller.refusal("POST", ELEMENTS, {**BODY, "external_task_id": "x" * 10_000})

    assert wording.USED_BEFORE[caller.dialect]("x" * 200) == again
    assert wording.NO_TASK[caller.dialect]("{id}" * 50) == caller.refusal("GET", f"{ELEMENTS}/{'{id}' * 60}")


def test_an_id_must_match_exactly(caller: Caller) -> None:
    """Ids are strings, so another notation of the same number is another id."""
    task_id = caller.create()["task_id"]
    caller.app.clock.step(2)
    element_id = caller.element(task_id)["element_id"]

    assert wording.NO_TASK[caller.dialect](f"0{task_id}") == caller.refusal("GET", f"{ELEMENTS}/0{task_id}")
    assert wording.NO_ELEMENT[caller.dialect] == caller.refusal("POST", DELETION, {"element_id": f"0{element_id}"})


@pytest.mark.parametrize("name", [".", "%2E%2e"])
def test_an_id_that_does_not_fit_into_a_path_is_1200(name: str, caller: Caller) -> None:
    """The message gives that reason."""
    status, code, message = caller.refusal("GET", f"{ELEMENTS}/{name}")

    assert (400, 1200) == (status, code)
    assert message.startswith("/path/id: must be an id")


def test_a_token_sees_only_its_own_tasks(caller: Caller) -> None:
    """Look-ups, lists and deletions hide the tasks of other tokens. The token itself is not stored."""
    task_id = caller.create(external_task_id="e")["task_id"]
    caller.app.clock.step(2)
    element_id = str(caller.element(task_id)["element_id"])
    other = Caller(caller.app, "sk-other")
    no_task, no_element = wording.NO_TASK[caller.dialect], wording.NO_ELEMENT[caller.dialect]

    assert no_task(task_id) == other.refusal("GET", f"{ELEMENTS}/{task_id}")
    assert no_task("e") == other.refusal("GET", f"{ELEMENTS}/e")
    assert no_element == other.refusal("POST", DELETION, {"element_id": element_id})
    assert [] == other.page()
    assert [task_id] == [task["task_id"] for task in caller.page()]
    caller.ask("POST", DELETION, {"element_id": element_id})
    assert no_element == other.refusal("POST", DELETION, {"element_id": element_id})
    assert "sk-test" not in json.dumps(caller.every_task())


def test_every_response_has_a_request_id_of_its_own(caller: Caller) -> None:
    asked: list[tuple[str, str, object]] = [
        ("POST", ELEMENTS, BODY),
        ("GET", ELEMENTS, None),
        ("GET", PRESETS, None),
        ("GET", f"{ELEMENTS}/nobody", None),
        ("POST", DELETION, {"element_id": "1"}),
    ]
    ids = {json.loads(caller.send(*call).body)["request_id"] for call in asked * 2}

    assert 10 == len(ids)


def test_many_threads_may_create_at_once() -> None:
    """Only one create with an external id succeeds, and no two tasks share an id."""
    caller = Caller(create_app(manual_clock=True))
    barrier = threading.Barrier(8)

    def create(start: int) -> list[int]:
        barrier.wait()
        names = [f"{(start + turn) % 25}" for turn in range(25)]
        return [caller.send("POST", ELEMENTS, {**BODY, "external_task_id": name}).status for name in names]

    with ThreadPoolExecutor(8) as threads:
        statuses = [status for results in threads.map(create, range(8)) for status in results]

    assert (25, 175) == (statuses.count(200), statuses.count(400))
    assert 25 == len({task["task_id"] for task in caller.every_task()})
