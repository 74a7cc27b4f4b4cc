"""The mock server's state file: it survives the server, and any other file is refused at the start."""

from __future__ import annotations

import gc
import re
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import create_app, store
from kling_elements.mock.clock import ClockReading, TaskClock
from kling_elements.mock.options import Options
from kling_elements.mock.store import StateError, Store
from kling_elements.mock.tasks import Draft
from kling_elements.webhooks import SECRET_FORM

KEY = "QUJD" * 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a state file."""
    return tmp_path / "state.db"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait for a file in use."""
    monkeypatch.setattr(store, "_MAX_LOCK_WAIT_SECONDS", 0.0)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tasks_survive_the_server(dialect: str, path: Path) -> None:
    """Tasks keep ids, ends and deletions, and external ids stay used."""
    with closing(create_app(state=path, manual_clock=True, dialect=dialect)) as app:
        caller = Caller(app)
        caller.queue("none", "fail:no face", "status-word:archived")
        names = [caller.create(external_task_id=name)["task_id"] for name in ("a", "b", "c", "d")]
        app.clock.step(2)
        caller.ask("POST", DELETION, {"element_id": str(caller.element("d")["element_id"])})
        before = [caller.every_task(), caller.page(), app.clock.now()]
    with closing(create_app(state=path, manual_clock=True, dialect=dialect)) as app:
        caller = Caller(app)

        assert before == [caller.every_task(), caller.page(), app.clock.now()]
        assert ["succeed", "failed", "archived"] == [caller.get(name)["task_status"] for name in names[:3]]
        assert "no face" == caller.get("b")["task_status_msg"]
        assert 1201 == caller.refusal("POST", ELEMENTS, {**BODY, "external_task_id": "d"})[1]
        assert caller.create()["task_id"] not in names


def test_neither_token_nor_media_is_in_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kling_elements_client.contract.CONTRACT.violations", lambda *_: [])
    images = {"frontal_image": "QUJDQUJD" * 100, "refer_images": [{"image_url": "http://x.example/address"}]}
    with closing(create_app(state=path, manual_clock=True)) as app:
        Caller(app, "sk-very-secret").create(element_image_list=images)
        raw = b"".join(file.read_bytes() for file in path.parent.iterdir())

    assert b"http://x.example/address" in raw
    assert b"QUJDQUJD" not in raw
    assert b"sk-very-secret" not in raw


def test_a_task_keeps_its_tick_in_the_next_server(path: Path) -> None:
    """A finished task stays finished, whatever the next server's tick."""
    with closing(create_app(state=path, manual_clock=True, tick_seconds=1)) as app:
        Caller(app).create(external_task_id="e")
        app.clock.step(2)
    with closing(create_app(state=path, manual_clock=True, tick_seconds=100)) as app:
        assert "succeed" == Caller(app).get("e")["task_status"]


@pytest.mark.parametrize(("before", "after"), [(True, True), (True, False), (False, True), (False, False)])
def test_time_never_goes_back(before: bool, after: bool, path: Path) -> None:  # noqa: FBT001 - they are a table
    """A later clock keeps the steps of an earlier one, even if only one of them is manual."""
    with closing(create_app(state=path, manual_clock=before)) as app:
        app.clock.step(3600)
        earlier = app.clock.now()
    with closing(create_app(state=path, manual_clock=after)) as app:
        assert earlier <= app.clock.now() < earlier + 60
        assert app.clock.is_manual is after


def test_a_stopped_clock_resumes_at_the_wall_clock() -> None:
    """The new clock follows a wall clock that is ahead of it."""
    clock = TaskClock(earlier=ClockReading(0, 1_000))

    assert 0 == clock.reading.ahead_ms
    assert clock.now() > 1_700_000_000


def test_the_wall_clock_may_be_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A running clock reads it only once."""
    clock = TaskClock()
    before = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)

    assert before <= clock.now()


@pytest.mark.parametrize("manual", [False, True])
@pytest.mark.parametrize("seconds", [-0.001, float("nan"), float("inf"), 1e12])
def test_a_step_moves_forward_and_stays_within_the_calendar(seconds: float, manual: bool) -> None:  # noqa: FBT001 - as above
    """Any other step is a ValueError, and leaves the clock as it was."""
    clock = TaskClock(manual=manual)
    before = clock.reading

    with pytest.raises(ValueError, match="a step must"):
        clock.step(seconds)
    assert before == clock.reading


def test_a_clock_steps_by_milliseconds() -> None:
    """Ten steps of a tenth are exactly one second."""
    clock = TaskClock(manual=True)
    before = clock.now_ms()
    for _ in range(10):
        clock.step(0.1)

    assert 1000 == clock.now_ms() - before
    assert clock.now_ms() / 1000 == clock.now()


def _database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def _state(path: Path) -> Path:
    create_app(state=path).close()
    return path


_OF_ANOTHER = "it is a database of another program; use a file that does not exist yet"


_NO_STATE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "text": ("it is not a database; use a file that does not exist yet", lambda path: path.write_text("dear diary")),
    "tables of another program": (_OF_ANOTHER, lambda path: _database(path, "CREATE TABLE diary (entry TEXT)")),
    "id of another program": (_OF_ANOTHER, lambda path: _database(path, "PRAGMA application_id = 7", "VACUUM")),
    "later version": (
        "another version wrote it (format 5, this one reads 4); use another file",
        lambda path: _database(_state(path), "PRAGMA user_version = 5"),
    ),
    "earlier version": (
        "another version wrote it (format 1, this one reads 4); use another file",
        lambda path: _database(_state(path), "DROP TABLE used_elsewhere", "PRAGMA user_version = 1"),
    ),
    "folder": ("unable to open database file", Path.mkdir),
}


@pytest.mark.parametrize(("expected", "make"), _NO_STATE.values(), ids=_NO_STATE)
def test_a_file_that_is_not_a_state_is_an_error_and_left_unchanged(
    expected: str, make: Callable[[Path], object], path: Path
) -> None:
    """The message names the file and says what to do."""
    make(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(StateError) as caught:
        create_app(state=path)
    assert f"the state file {path} cannot be used: {expected}" == str(caught.value)
    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.usefixtures("at_once")
def test_a_state_belongs_to_one_server_at_a_time(path: Path) -> None:
    """The state is free again once its server is closed or garbage-collected."""
    app = create_app(state=path)
    with pytest.raises(StateError, match="another server has it open"):
        create_app(state=path)

    del app
    gc.collect()
    create_app(state=path).close()


def test_only_its_owner_can_read_a_state(path: Path) -> None:
    """SQLite's own files beside it have the same mode, because callback URLs may contain secrets."""
    with closing(create_app(state=path)) as app:
        Caller(app).create()
        rights = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert len(rights) > 1
    assert {0o600} == set(rights.values())


def test_a_state_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """The message contains the reason."""
    with pytest.raises(StateError, match="cannot be used: No such file or directory"):
        create_app(state=tmp_path / "none" / "state.db")


def test_an_empty_file_is_a_new_state(path: Path) -> None:
    """`mktemp`, for example, creates one."""
    path.touch()
    with closing(create_app(state=path)) as app:
        Caller(app).create()

    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", ["file:state.db?mode=memory", "\u8d85 #?.db"])
def test_a_state_may_have_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters with a meaning in SQLite's URIs are escaped."""
    monkeypatch.chdir(tmp_path)
    create_app(state=name).close()

    assert [name] == [file.name for file in tmp_path.iterdir()]


@pytest.mark.parametrize("name", [":memory:", Path(":memory:")])
def test_the_sqlite_name_for_memory_creates_no_file(
    name: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers with that name share nothing."""
    monkeypatch.chdir(tmp_path)
    with closing(create_app(state=name)) as one, closing(create_app(state=name)) as other:
        Caller(one).create()

        assert [] == Caller(other).every_task()
        assert [] == list(tmp_path.iterdir())


def test_the_lock_excludes_other_threads() -> None:
    """No two threads read the same tasks before one of them adds a task. An exception releases the lock."""
    memory = Store()

    def add() -> int:
        with memory.lock:
            before = len(memory.every_task())
            memory.add(Draft(b"owner", None, {}), 1, 2)
        return before

    with ThreadPoolExecutor(8) as threads:
        assert list(range(100)) == sorted(threads.map(lambda _: add(), range(100)))
    with pytest.raises(KeyboardInterrupt), memory.lock:
        raise KeyboardInterrupt
    assert 100 == add()
    memory.close()
    memory.close()


def test_ids_grow_even_if_the_clock_does_not_move() -> None:
    """Within a millisecond they count up."""
    memory = Store()
    ids = [memory.add(Draft(b"owner", None, {}), 1_000, 2).task_id for _ in range(3)]

    assert [1000 << 10, (1000 << 10) + 1, (1000 << 10) + 2] == ids
    memory.close()


def test_a_create_costs_the_same_however_many_tasks_exist(connections: list[sqlite3.Connection]) -> None:
    """SQLite takes no more steps with two thousand tasks of a token than with twenty, even with limits."""
    app = create_app(rate=5, concurrency=5, manual_clock=True)
    caller = Caller(app)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    def cost(number: int) -> int:
        nonlocal steps
        connections[-1].set_progress_handler(count, 1)
        steps = 0
        caller.create(external_task_id=f"{number}")
        connections[-1].set_progress_handler(None, 0)
        app.clock.step(2)
        return steps

    few = max(cost(number) for number in range(20))
    for number in range(20, 2000):
        caller.create(external_task_id=f"{number}")
        app.clock.step(2)

    assert max(cost(number) for number in range(2000, 2020)) <= few + 10
    app.close()


def test_a_store_may_be_closed_from_another_thread() -> None:
    """The garbage collector, for example, may run in any thread."""
    memory = Store()
    thread = threading.Thread(target=memory.close)
    thread.start()
    thread.join()

    with pytest.raises(sqlite3.ProgrammingError):
        memory.every_task()


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        ("a tick must be 0 to 31622400 seconds", {"tick_seconds": -1}),
        ("a tick must be 0 to 31622400 seconds", {"tick_seconds": float("nan")}),
        *(
            ("task_seconds must be two numbers from 0 to 31622400, the shorter duration first", {"task_seconds": pair})
            for pair in ((-1, 1), (2, 1), (0, 31622401), (0, float("nan")), (float("nan"), 1), (1,), (1, 2, 3))
        ),
        ("there is no dialect ''; use one of live, documented", {"dialect": ""}),
        ("a limit must be 1 or more", {"concurrency": 0}),
        ("a limit must be 1 or more", {"rate": -1}),
        ("the token contains white space", {"token": "a b"}),
        *(
            (f"a webhook secret must be {SECRET_FORM}", {"webhook_secret": secret})
            for secret in ("whsec_", f"whsec_{KEY[:31]}", f"whsec_{KEY}=", "whsec_\u00e9", KEY)
        ),
        ("there is no kind 'odd' of element ids; use one of large, small, digits, text", {"element_ids": "odd"}),
        ("'a b' is not an address, a network (such as 172.16.0.0/12) or a host name", {"control": ["tests", "a b"]}),
    ],
)
def test_an_invalid_option_is_a_value_error(expected: str, options: Any) -> None:
    """The message says what is allowed, and repeats no secret."""
    with pytest.raises(ValueError, match=re.escape(expected)):
        create_app(**options)


def test_hosts_in_a_single_string_are_a_type_error() -> None:
    """Otherwise each letter would count as a host."""
    with pytest.raises(TypeError, match=r"^control must be a list of hosts, not a single string: write \['ADDRESS'\]$"):
        create_app(control="10.0.0.1")


def test_the_secrets_of_the_options_are_not_shown() -> None:
    """The repr shows neither the token nor the webhook secret."""
    shown = repr(Options(token="sk-very-secret", webhook_secret=f"whsec_{KEY}"))

    assert "secret" not in shown
    assert KEY not in shown
