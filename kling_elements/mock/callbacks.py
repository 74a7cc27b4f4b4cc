"""Tells callers of the changes of their tasks, at the address that they gave, again and again until one is heard."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import httpx
from ssrfguard import Policy, SSRFGuardError
from ssrfguard.httpx import AsyncClient
from standardwebhooks.webhooks import Webhook

from kling_elements.mock.clock import MS, Clock
from kling_elements.mock.reply import JSON_TYPE, encode
from kling_elements.mock.store import Store
from kling_elements.mock.tasks import Task
from kling_elements_runtime.settings import LAST_PORT
from kling_elements_runtime.transport.certificates import shared_context

_MOST_AT_ONCE = 100  # tasks that are told of: a receiver that does not answer must not hold up the others
_ANSWER_MAX_SECONDS = 5.0
_MOST_RECORDS = 1_000
_PUBLIC = Policy(allowed_ports=frozenset(range(1, LAST_PORT + 1)))
_REFUSED = "it leads to a private or reserved address, and the create came from another machine: see --control HOST"


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a notification is sent, and how long to wait in between, by real time.

    Attributes:
        attempts: How often, the first time included.
        first_seconds: The first interval.
        factor: By what each further interval is longer.
    """

    attempts: int = 5
    first_seconds: float = 1.0
    factor: float = 2.0

    def seconds_after(self, attempt: int) -> float:
        """Return the interval after an attempt, the first being 1."""
        return self.first_seconds * self.factor ** (attempt - 1)


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one notification.

    Attributes:
        task_id: The system's id of the task.
        external_task_id: The caller's own id, or None.
        task_status: The status that it told.
        delivered: Whether it was answered with success; otherwise it was given up.
        http_status: The status of the last answer, or None if none came.
        attempts: How often it was tried.
        note: Why it was not sent, or nothing.
    """

    task_id: str
    external_task_id: str | None
    task_status: str
    delivered: bool
    http_status: int | None
    attempts: int
    note: str = ""


class Courier:
    """Sends notifications from a task of its own on an event loop, each task's in order, those of several at once."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        describe: Callable[[Task, int], Mapping[str, Any]],
        secret: str | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Take what to send from, how a task at a time is described, and what to sign with; None signs nothing."""
        self._store = store
        self._clock = clock
        self._describe = describe
        self._signer = Webhook(secret) if secret else None
        self._retries = retries or Retries()
        self._records: deque[Record] = deque(maxlen=_MOST_RECORDS)
        self._wanted = store.has_notifications()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()

    @property
    def records(self) -> list[Record]:
        """What became of the latest notifications, oldest first."""
        return list(self._records)

    def expect(self, task: Task) -> None:
        """Learn of a new task."""
        if task.callback_url:
            self._wanted = True
            self.wake()

    def wake(self) -> None:
        """Look anew for what is to be told. It may be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._awake.set)

    def start_if_needed(self) -> None:
        """Begin on the running loop if there may be something to tell."""
        if self._wanted:
            self.start()

    def start(self) -> None:
        """Begin on the running loop, unless it is done on a loop already."""
        with self._lock:
            if not self._is_running():
                self._loop, self._awake = asyncio.get_running_loop(), asyncio.Event()
                self._running = self._loop.create_task(self._run(self._awake))

    def cancel(self) -> None:
        """End soon, whatever is under way; what was not heard is told again by a later server with the same state."""
        if self._running is not None and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and all that ran on it
                self._loop.call_soon_threadsafe(self._running.cancel)

    async def stop(self) -> None:
        """End and, if that is on the running loop, wait until it is done."""
        self.cancel()
        if self._running is not None and self._loop is asyncio.get_running_loop():
            await asyncio.wait([self._running])

    def _is_running(self) -> bool:
        return not (self._running is None or self._running.done() or self._loop is None or self._loop.is_closed())

    async def _run(self, awake: asyncio.Event) -> None:
        try:
            await self._tell_all(awake)
        except* sqlite3.Error as errors:  # the next request begins anew
            self._store.failed(cast("sqlite3.Error", errors.exceptions[0]))  # the group is that of the jobs, and flat

    async def _tell_all(self, awake: asyncio.Event) -> None:
        under_way: set[int] = set()

        def finished(task_id: int, _: object) -> None:
            under_way.discard(task_id)
            awake.set()

        async with _http() as anywhere, _guarded() as guarded, asyncio.TaskGroup() as jobs:
            while True:
                awake.clear()
                now = self._clock.now_ms()
                # As many as may be under way: whoever waits longest is among them, or under way already.
                waiting = [t for t in self._store.to_notify(now, _MOST_AT_ONCE) if t.task_id not in under_way]
                for task in waiting[: _MOST_AT_ONCE - len(under_way)]:
                    under_way.add(task.task_id)
                    http = anywhere if task.may_call_private else guarded
                    jobs.create_task(self._tell(http, task)).add_done_callback(partial(finished, task.task_id))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_to_next(now)):
                        await awake.wait()

    def _seconds_to_next(self, now: int) -> float | None:
        """Return how long nothing is due by itself, or None for ever."""
        due = None if self._clock.is_manual else self._store.next_notification(now)
        return None if due is None else (due - now) / MS

    async def _tell(self, http: httpx.AsyncClient, task: Task) -> None:
        """Tell of the next change of a task, and note that it is dealt with."""
        changed_at = task.changed_at(task.notified)
        assert changed_at is not None  # noqa: S101 -- otherwise it would not be due
        described = self._describe(task, changed_at)
        status, attempts, note = await self._send(http, task, encode(described).decode())
        told = described["task_status"]
        names = (str(task.task_id), task.external_id, told)
        self._records.append(Record(*names, _is_success(status), status, attempts, note))
        self._store.keep_seen(changed_at, [task])
        self._store.mark_notified(task)

    async def _send(self, http: httpx.AsyncClient, task: Task, text: str) -> tuple[int | None, int, str]:
        """Return the last status, None if there was no answer, how many attempts it took, and why it was not sent."""
        attempts = 0
        while True:
            attempts += 1
            try:
                status = await self._post(http, task, text)
            except SSRFGuardError:
                return None, attempts, _REFUSED
            if _is_success(status) or attempts == self._retries.attempts:
                return status, attempts, ""
            await asyncio.sleep(self._retries.seconds_after(attempts))

    async def _post(self, http: httpx.AsyncClient, task: Task, text: str) -> int | None:
        headers = self._headers(f"msg_{task.task_id}_{task.notified}", text)
        try:
            async with (
                asyncio.timeout(_ANSWER_MAX_SECONDS),
                http.stream("POST", task.callback_url or "", content=text.encode(), headers=headers) as response,
            ):
                return response.status_code  # what else it says is not read: it may have no end
        except SSRFGuardError:
            raise
        except Exception:  # noqa: BLE001 -- whatever an address or a receiver does, the next one is told
            return None

    def _headers(self, message_id: str, text: str) -> list[tuple[bytes, bytes]]:
        if self._signer is None:
            return [JSON_TYPE]
        now = datetime.now(UTC)  # receivers compare it with their own clocks, so not the time of the tasks
        return [
            JSON_TYPE,
            (b"webhook-id", message_id.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", self._signer.sign(message_id, now, text).encode()),
        ]


def _is_success(status: int | None) -> bool:
    return status is not None and httpx.codes.is_success(status)


def _guarded() -> httpx.AsyncClient:
    """Return a client that connects to public addresses only."""
    tls = shared_context(trust_env=False, http2=False)
    return AsyncClient(policy=_PUBLIC, verify=tls, trust_env=False, follow_redirects=False, timeout=_ANSWER_MAX_SECONDS)


def _http() -> httpx.AsyncClient:
    tls = shared_context(trust_env=False, http2=False)
    return httpx.AsyncClient(verify=tls, trust_env=False, follow_redirects=False, timeout=_ANSWER_MAX_SECONDS)
