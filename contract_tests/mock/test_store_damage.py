"""Damaged state files, full disks and clocks that are set back cause clear errors, and lose nothing."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.paths import DELETION
from contract_tests.support.mock_caller import Caller
from contract_tests.support.running import run_async
from kling_elements.mock import create_app
from kling_elements.mock.callbacks import NotificationSender, Retries
from kling_elements.mock.clock import TaskClock
from kling_elements.mock.ids import element_id_of
from kling_elements.mock.store import StateError, Store

DAMAGED = "it is damaged; restore it from a copy, or use a file that does not exist yet"
FULL = "the disk is full; free some space, or use a file elsewhere"
CORRUPTIONS = 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a state file with tasks of every status."""
    path = tmp_path / "state.db"
    with closing(create_app(state=path, manual_clock=True, callbacks=True)) as app:
        caller = Caller(app)
        caller.queue("none", "fail:no face")
        for number in range(12):
            caller.create(external_task_id=f"e-{number}", tag_list=[{"tag_id": "o_102"}])
        caller.ask("POST", "/_mock/used-ids", ["a-video"])
        app.clock.step(2)
        caller.ask("POST", DELETION, {"element_id": str(caller.element("e-3")["element_id"])})
        caller.create(external_task_id="later", callback_url="http://127.0.0.1:9/")
    return path


def visible_state(path: Path) -> list[Any]:
    """Return everything that a server shows of a state, and fail if it reports an error."""
    with closing(create_app(state=path, manual_clock=True)) as app:
        caller = Caller(app)
        responses = [caller.every_task(), caller.page("?pageSize=500"), caller.ask("GET", "/_mock/used-ids")]
        responses += [caller.get(task["task_id"]) for task in responses[0]]
        return responses


@pytest.mark.parametrize("seed", range(CORRUPTIONS))
def test_random_damage_to_a_state_is_an_error_or_harmless(seed: int, path: Path) -> None:
    """An error says what to do, and harmless damage loses nothing."""
    before = visible_state(path)
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 8, 64])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)

    outcome = "as it was"
    try:
        assert before == visible_state(path)
        with closing(create_app(state=path)) as app:
            Caller(app).create()
    except StateError as error:
        outcome = str(error)
    message = f"the state file {re.escape(str(path))} cannot be used: .*; .*use (another|a) file.*"
    assert re.fullmatch(f"as it was|{message}", outcome)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_state_is_an_error(share: float, path: Path) -> None:
    """An empty file is not, because it is a new state."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share) + (1 if share else 0)])
    if not share:
        create_app(state=path).close()
        return
    with pytest.raises(StateError, match="use a file that does not exist yet"):
        create_app(state=path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tasks SET request = replace(request, 'o_102', 'o_1x2')",
        "UPDATE tasks SET created_at = 'yesterday'",
        "UPDATE tasks SET owner = 'nobody'",
        "UPDATE tasks SET end_status = CAST(x'ff' AS TEXT)",
        "INSERT INTO used_elsewhere VALUES (CAST(x'ff' AS TEXT))",
        "PRAGMA ignore_check_constraints = 1; UPDATE tasks SET notified = 7",
        "PRAGMA ignore_check_constraints = 1; UPDATE tasks SET deleted = 'no'",
        "PRAGMA ignore_check_constraints = 1; UPDATE clock SET ahead_ms = 'much'",
        "PRAGMA ignore_check_constraints = 1; UPDATE clock SET seen_ms = 1 << 62",
        "DROP INDEX by_end",
        "ALTER TABLE clock ADD COLUMN more TEXT",
    ],
)
def test_a_state_that_another_program_changed_is_an_error(change: str, path: Path) -> None:
    """Each value is checked before the first request, not when a request needs it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(change)

    with pytest.raises(StateError) as caught:
        create_app(state=path)
    assert f"the state file {path} cannot be used: {DAMAGED}" == str(caught.value)


def limit_pages(connection: sqlite3.Connection) -> None:
    """Stop a state from growing, as on a full disk."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_reported_on_stderr_and_to_the_caller(
    path: Path, connections: list[sqlite3.Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    """Tasks can still be read. Only stderr names the file."""
    with closing(create_app(state=path, manual_clock=True)) as app:
        caller = Caller(app)
        limit_pages(connections[-1])
        replies = [caller.post() for _ in range(100)]
        refused = [json.loads(reply.body) for reply in replies if reply.status == 500]

        assert {(5000, f"the server's state cannot be used: {FULL}")} == {(r["code"], r["message"]) for r in refused}
        assert f"the state file {path} cannot be used: {FULL}\n" * len(refused) == capsys.readouterr().err
        assert "e-0" == caller.get("e-0")["task_info"]["external_task_id"]


def test_a_disk_that_is_full_at_the_start_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("kling_elements.mock.store.Store.save_clock", full)
    with pytest.raises(StateError) as caught:
        create_app(state=path)
    assert f"the state file {path} cannot be used: {FULL}" == str(caught.value)


def test_health_is_500_if_the_state_fails(
    path: Path, connections: list[sqlite3.Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    """Stderr contains the reason."""
    with closing(create_app(state=path)) as app:
        connections[-1].execute("DROP TABLE tasks")  # as when the file is overwritten
        reply = Caller(app).send("GET", "/health")

        assert (500, "the server's state cannot be used: no such table: tasks") == (
            reply.status,
            json.loads(reply.body)["message"],
        )
        assert f"the state file {path} cannot be used: no such table: tasks\n" == capsys.readouterr().err


def sender_of(store: Store) -> NotificationSender:
    """Return a sender whose notifications are all due."""
    clock = TaskClock(manual=True)
    clock.step(60)
    return NotificationSender(store, clock, describe=lambda *_: {"task_status": "processing"}, retries=Retries(1))


async def run_to_its_end(sender: NotificationSender) -> None:
    """Start a sender, and wait until its background task ends without an error."""
    sender.start()
    (running,) = asyncio.all_tasks() - {asyncio.current_task()}
    await running
    await sender.stop()


def test_notifications_stop_with_a_message_if_the_state_fails(
    path: Path, connections: list[sqlite3.Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    """Notifications start again with the next request, because the state may work by then."""
    with closing(Store(path)) as store:
        sender = sender_of(store)
        connections[-1].execute("ALTER TABLE tasks RENAME TO lost")
        run_async(run_to_its_end(sender))

    assert f"the state file {path} cannot be used: no such table: tasks\n" == capsys.readouterr().err


def test_notifications_stop_if_the_state_cannot_record_them(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unrecorded notification is sent again later."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "mark_notified", full)
    with closing(Store(path)) as store:
        run_async(run_to_its_end(sender_of(store)))

    assert f"the state file {path} cannot be used: {FULL}\n" == capsys.readouterr().err


def status_after_deletion(caller: Caller, task_id: int) -> str:
    """Return `succeed` if a deletion shows that the task has an element."""
    return "succeed" if caller.ask("POST", DELETION, {"element_id": element_id_of(task_id)}) else ""


TELLING: dict[str, Callable[[Caller, int], str]] = {
    "look-up": lambda caller, _: caller.get("e")["task_status"],
    "list": lambda caller, _: caller.page()[0]["task_status"],
    "control": lambda caller, _: caller.every_task()[0]["status"],
    "deletion": status_after_deletion,
}


@pytest.mark.parametrize("by", TELLING)
def test_a_finished_task_stays_finished_if_the_clock_is_set_back(
    by: str, tmp_path: Path, connections: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server after a kill shows no earlier status than the killed one did."""
    state, now, since_start = tmp_path / "state.db", time.time_ns(), time.monotonic_ns()
    app = create_app(state=state, tick_seconds=50)
    task = Caller(app).create(external_task_id="e")
    monkeypatch.setattr(time, "monotonic_ns", lambda: since_start + 150 * 10**9)
    assert "succeed" == TELLING[by](Caller(app), int(task["task_id"]))
    connections[-1].close()  # as a kill does, except that the file is free

    monkeypatch.setattr(time, "time_ns", lambda: now - 3600 * 10**9)
    with closing(create_app(state=state)) as later:
        assert "succeed" == Caller(later).get("e")["task_status"]


def test_no_task_is_from_the_future_if_the_clock_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock starts no earlier than the newest task."""
    state = tmp_path / "state.db"
    with closing(create_app(state=state)) as app:
        created_at = Caller(app).create()["created_at"]

    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    with closing(create_app(state=state)) as app:
        assert created_at <= app.clock.now_ms()
        assert created_at <= Caller(app).create()["created_at"]
