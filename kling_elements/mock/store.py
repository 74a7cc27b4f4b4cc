"""Keep tasks in SQLite: in memory, or in a file that survives a crash at any moment."""

from __future__ import annotations

import re
import sqlite3
import sys
import threading
import weakref
import zlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import Any

from kling_elements.mock.clock import LATEST_MS, ClockReading
from kling_elements.mock.reply import encode
from kling_elements.mock.tasks import CHANGES, Draft, StoredTask

_IN_MEMORY = ":memory:"
_MAX_LOCK_WAIT_SECONDS = 2.0  # an earlier server may still be closing the file
_APPLICATION_ID = 0x6B6C6E67  # "klng": marks the file as one of these
_TABLES_VERSION = 4  # files of other versions are refused
_ID_SEQUENCE_BITS = 10  # they count the tasks of one millisecond; an id's other bits are the time of creation

_DAMAGED = "it is damaged; restore it from a copy, or use a file that does not exist yet"

_CHANGING_COLUMNS = 2  # the last columns of a task, `deleted` and `notified`, which may change
_COLUMNS = ", ".join(StoredTask._fields)
_TABLES = (
    # SQLite accepts any type in any column, and a damaged file may contain anything, so check the types.
    f"""CREATE TABLE tasks (
        task_id INTEGER PRIMARY KEY,
        owner BLOB NOT NULL,
        external_id TEXT,
        request TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        processing_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        end_status TEXT NOT NULL,
        end_message TEXT NOT NULL,
        deleted INTEGER NOT NULL CHECK (typeof(deleted) = 'integer' AND deleted IN (0, 1)),
        callback_url TEXT,
        may_call_private INTEGER NOT NULL,
        notified INTEGER NOT NULL CHECK (typeof(notified) = 'integer' AND notified BETWEEN 0 AND {CHANGES}),
        due_at INTEGER CHECK (typeof(due_at) IN ('integer', 'null')),
        checksum INTEGER NOT NULL
    )""",
    "CREATE INDEX by_external_id ON tasks (owner, external_id) WHERE external_id IS NOT NULL",
    "CREATE INDEX by_creation ON tasks (owner, created_at)",
    "CREATE INDEX by_end ON tasks (owner, ended_at)",
    "CREATE INDEX by_next_notification ON tasks (due_at) WHERE due_at IS NOT NULL",
    "CREATE TABLE used_elsewhere (external_id TEXT PRIMARY KEY) WITHOUT ROWID",
    f"""CREATE TABLE clock (
        only_row INTEGER PRIMARY KEY,
        ahead_ms INTEGER NOT NULL CHECK (typeof(ahead_ms) = 'integer' AND ahead_ms BETWEEN 0 AND {LATEST_MS}),
        stopped_at_ms INTEGER CHECK (
            stopped_at_ms IS NULL OR typeof(stopped_at_ms) = 'integer' AND stopped_at_ms BETWEEN 0 AND {LATEST_MS}
        ),
        seen_ms INTEGER NOT NULL CHECK (typeof(seen_ms) = 'integer' AND seen_ms BETWEEN 0 AND {LATEST_MS})
    )""",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_TABLES_VERSION}",
)
_PLACEHOLDERS = ", ".join("?" * len(StoredTask._fields))
_INSERT = f"INSERT INTO tasks ({_COLUMNS}, due_at, checksum) VALUES ({_PLACEHOLDERS}, ?, ?)"  # noqa: S608 - as below
_SELECT = f"SELECT {_COLUMNS} FROM tasks"  # noqa: S608 - the columns are those of the class


class StateError(Exception):
    """The state file cannot be used. The message says why and what to do."""


class Store:
    """The tasks of all owners. You can use it from any thread."""

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        """Open a file, or create it. None and `:memory:` keep everything in memory.

        Raises:
            StateError: The file cannot be opened, is not a state file, is damaged, or is in use.
        """
        self._lock = threading.RLock()
        self._name = str(path)
        self._connection = _open(path)
        # Python warns if a connection is garbage-collected without being closed.
        self._closer = weakref.finalize(self, self._connection.close)
        (self._last_id,) = self._single_row("SELECT coalesce(max(task_id), 0) FROM tasks")
        earlier = self.clock_reading()
        self._seen_ms = earlier.seen_ms if earlier else 0

    def close(self) -> None:
        """Close the file. Tasks in memory are lost."""
        with self._lock:
            self._closer()

    def report_failure(self, error: sqlite3.Error) -> str:
        """Write to stderr that the state file cannot be used, and return the reason."""
        sys.stderr.write(f"{self.failure_message(error)}\n")
        sys.stderr.flush()
        return _reason(error)

    def failure_message(self, error: sqlite3.Error) -> str:
        """Return the message that the state file cannot be used, with its path and the reason."""
        return f"the state file {self._name} cannot be used: {_reason(error)}"

    @property
    def lock(self) -> AbstractContextManager[object]:
        """The lock that keeps other threads from reading or changing tasks while you hold it."""
        return self._lock

    def add(self, draft: Draft, now: int, duration_ms: int) -> StoredTask:
        """Add a task that is processing after half of `duration_ms` milliseconds, and ends after all of them."""
        with self._lock:
            self._last_id = max(self._last_id + 1, now << _ID_SEQUENCE_BITS)
            first_change = 0 if duration_ms else CHANGES - 1  # a task that ends at once skips processing
            task = StoredTask(
                task_id=self._last_id,
                owner=draft.owner,
                external_id=draft.external_id,
                request=encode(draft.request).decode(),
                created_at=now,
                processing_at=now + duration_ms // 2,
                ended_at=now + duration_ms,
                end_status=draft.ending.status,
                end_message=draft.ending.message,
                deleted=0,
                callback_url=draft.callback_url,
                may_call_private=int(draft.may_call_private),
                notified=first_change,
            )
            due_at = task.changed_at(first_change) if task.callback_url else None
            self._connection.execute(_INSERT, (*task, due_at, _checksum(task)))
            return task

    def has_external_id(self, owner: bytes, external_id: str) -> bool:
        """Return whether an owner has used an external id, even for a deleted task."""
        sql = "SELECT EXISTS (SELECT 1 FROM tasks WHERE owner = ? AND external_id = ?)"
        return bool(self._single_row(sql, owner, external_id)[0])

    def mark_used_elsewhere(self, external_ids: Iterable[str]) -> None:
        """Record external ids as used by another product, for every account."""
        with self._lock:
            rows = [(external_id,) for external_id in external_ids]
            self._connection.executemany("INSERT OR IGNORE INTO used_elsewhere VALUES (?)", rows)

    def used_elsewhere(self) -> list[str]:
        """Return the external ids that another product has used, sorted."""
        with self._lock:
            rows = self._connection.execute("SELECT external_id FROM used_elsewhere ORDER BY external_id")
            return [external_id for (external_id,) in rows]

    def is_used_elsewhere(self, external_id: str) -> bool:
        """Return whether another product has used an external id."""
        sql = "SELECT EXISTS (SELECT 1 FROM used_elsewhere WHERE external_id = ?)"
        return bool(self._single_row(sql, external_id)[0])

    def count_created_after(self, owner: bytes, time: int, at_most: int) -> int:
        """Count the tasks that an owner created after a time, and stop at `at_most`."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE owner = ? AND created_at > ? LIMIT ?)"
        return int(self._single_row(sql, owner, time, at_most)[0])

    def count_ending_after(self, owner: bytes, time: int, at_most: int) -> int:
        """Count the tasks of an owner that end after a time, and stop at `at_most`."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE owner = ? AND ended_at > ? LIMIT ?)"
        return int(self._single_row(sql, owner, time, at_most)[0])

    def by_id(self, owner: bytes, task_id: int, *, include_deleted: bool) -> StoredTask | None:
        """Return an owner's task by its id. A deleted task is returned only if `include_deleted`."""
        return self._task(
            f"{_SELECT} WHERE task_id = ? AND owner = ? AND deleted <= ?", task_id, owner, include_deleted
        )

    def by_external_id(self, owner: bytes, external_id: str, *, include_deleted: bool) -> StoredTask | None:
        """Return an owner's newest task with an external id. A deleted task is returned only if `include_deleted`."""
        condition = "WHERE owner = ? AND external_id = ? AND deleted <= ? ORDER BY task_id DESC LIMIT 1"
        return self._task(f"{_SELECT} {condition}", owner, external_id, include_deleted)

    def page(self, owner: bytes, number: int, size: int, *, include_deleted: bool) -> list[StoredTask]:
        """Return a page of an owner's tasks, newest first. The first page is 1."""
        condition = "WHERE owner = ? AND deleted <= ? ORDER BY created_at DESC, task_id DESC LIMIT ? OFFSET ?"
        return self._tasks(f"{_SELECT} {condition}", owner, include_deleted, size, (number - 1) * size)

    def every_task(self) -> list[StoredTask]:
        """Return all tasks of all owners, oldest first."""
        return self._tasks(f"{_SELECT} ORDER BY task_id")

    def mark_deleted(self, task: StoredTask) -> None:
        """Mark the element of a task as deleted."""
        self._write("UPDATE tasks SET deleted = 1 WHERE task_id = ?", task.task_id)

    def tasks_to_notify(self, now: int, at_most: int) -> list[StoredTask]:
        """Return the tasks with a notification due by now, the longest overdue first."""
        return self._tasks(f"{_SELECT} WHERE due_at <= ? ORDER BY due_at LIMIT ?", now, at_most)

    def next_notification(self, now: int) -> int | None:
        """Return the time of the next notification after now, or None."""
        time: int | None = self._single_row("SELECT min(due_at) FROM tasks WHERE due_at > ?", now)[0]
        return time

    def has_notifications(self) -> bool:
        """Return whether any notification is due, now or later."""
        return bool(self._single_row("SELECT EXISTS (SELECT 1 FROM tasks WHERE due_at IS NOT NULL)")[0])

    def mark_notified(self, task: StoredTask) -> None:
        """Mark the next change of a task as notified."""
        notified = min(task.notified + 1, CHANGES)
        sql = "UPDATE tasks SET notified = ?, due_at = ? WHERE task_id = ?"
        self._write(sql, notified, task.changed_at(notified), task.task_id)

    def clock_reading(self) -> ClockReading | None:
        """Return the last saved reading of the clock, or None."""
        newest = "(SELECT coalesce(max(created_at), 0) FROM tasks)"
        row = self._row(f"SELECT ahead_ms, stopped_at_ms, max(seen_ms, {newest}) FROM clock")  # noqa: S608 - as above
        return ClockReading(*row) if row else None

    def save_clock(self, reading: ClockReading) -> None:
        """Save the reading of the clock for a later server."""
        sql = "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?)"
        self._write(sql, reading.ahead_ms, reading.stopped_at_ms, self._seen_ms)

    def save_seen_time(self, now: int, tasks: Sequence[StoredTask]) -> None:
        """Save the time if the caller is about to learn that one of the tasks has ended.

        Even if this machine's clock is set back, a later server then doesn't show the task as unfinished again.
        """
        if any(self._seen_ms < task.ended_at <= now for task in tasks):
            self._seen_ms = now
            self._write("UPDATE clock SET seen_ms = ?", now)

    def _write(self, sql: str, *values: object) -> None:
        with self._lock:
            self._connection.execute(sql, values)

    def _row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return row

    def _single_row(self, sql: str, *values: object) -> tuple[Any, ...]:
        """Return the row of a query that always returns exactly one."""
        row = self._row(sql, *values)
        assert row is not None  # noqa: S101 - every query here returns a row
        return row

    def _task(self, sql: str, *values: object) -> StoredTask | None:
        row = self._row(sql, *values)
        return StoredTask(*row) if row else None

    def _tasks(self, sql: str, *values: object) -> list[StoredTask]:
        with self._lock:
            return [StoredTask(*row) for row in self._connection.execute(sql, values)]


def _open(path: str | PathLike[str] | None) -> sqlite3.Connection:
    if path is not None and str(path) == _IN_MEMORY:  # SQLite's own name for it
        path = None
    name = _IN_MEMORY if path is None else str(Path(path).absolute())
    try:
        if path is not None and not Path(path).exists():
            Path(path).touch(mode=0o600)  # callback addresses may hold secrets
    except OSError as error:
        raise StateError(f"the state file {path} cannot be used: {error.strerror}") from None
    try:
        connection = sqlite3.connect(
            name, timeout=_MAX_LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise StateError(f"the state file {path} cannot be used: {_reason(error)}") from None
    except UnicodeDecodeError:  # sqlite3 fails to decode an error message that quotes the file
        raise StateError(f"the state file {path} cannot be used: {_DAMAGED}") from None
    except StateError as error:
        raise StateError(f"the state file {path} cannot be used: {error}") from None
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables, or check an existing file before changing anything in it."""
    # Allow one server per file, because two would not see each other's clock.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    queries = ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    application_id, version, tables = (connection.execute(sql).fetchone()[0] for sql in queries)
    if (application_id, tables) == (0, 0):
        for sql in _TABLES:
            connection.execute(sql)
    elif application_id != _APPLICATION_ID:
        raise StateError("it is a database of another program; use a file that does not exist yet")
    elif version != _TABLES_VERSION:
        raise StateError(
            f"another version wrote it (format {version}, this one reads {_TABLES_VERSION}); use another file"
        )
    elif not _is_sound(connection):
        raise StateError(_DAMAGED)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    # This loses nothing if the process is killed, but may lose something if the machine fails.
    connection.execute("PRAGMA synchronous = NORMAL")


def _is_sound(connection: sqlite3.Connection) -> bool:
    """Return whether the tables, rows and values of a state file are undamaged."""
    statements = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    tables = [sql for (sql,) in statements]
    if tables != [sql for sql in _TABLES if sql.startswith("CREATE")]:
        return False
    if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
        return False
    connection.execute("SELECT external_id FROM used_elsewhere").fetchall()  # raises if a value is not text
    rows = connection.execute(f"SELECT checksum, {_COLUMNS} FROM tasks")  # noqa: S608 - as above
    return all(_checksum(tuple(values)) == checksum for checksum, *values in rows)


def _checksum(values: tuple[Any, ...]) -> int:
    """Return a checksum of the columns that never change."""
    return zlib.crc32(repr(values[:-_CHANGING_COLUMNS]).encode())


def _reason(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "another server has it open; stop that server, or use another file"
    if "not a database" in str(error):
        return "it is not a database; use a file that does not exist yet"
    if "full" in str(error):
        return "the disk is full; free some space, or use a file elsewhere"
    if re.search("malformed|decode|unsupported file format", str(error)):
        return _DAMAGED
    return str(error)
