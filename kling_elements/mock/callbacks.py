"""Notify callback URLs when tasks change, with retries."""

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

from kling_elements.mock.clock import MS, TaskClock
from kling_elements.mock.reply import JSON_TYPE, encode
from kling_elements.mock.store import Store
from kling_elements.mock.tasks import StoredTask
from kling_elements_runtime.addresses import LAST_PORT
from kling_elements_runtime.transport.certificates import shared_context

_MAX_AT_ONCE = 100  # notifications in flight, so that a receiver that doesn't answer can't hold up the others
_MAX_RESPONSE_SECONDS = 5.0
_MAX_RECORDS = 1_000
_PUBLIC = Policy(allowed_ports=frozenset(range(1, LAST_PORT + 1)))
_REFUSED = (
    "the address is private or reserved, and the create came from another machine; to allow it, use --control HOST"
)


@dataclass(frozen=True, slots=True)
class Retries:
    """The attempts to send a notification, and the intervals between them, in real time.

    Attributes:
        attempts: The number of attempts, including the first.
        first_interval_seconds: Seconds between the first and the second attempt.
        factor: The factor by which each further interval grows.
    """

    attempts: int = 5
    first_interval_seconds: float = 1.0
    factor: float = 2.0

    def seconds_after(self, attempt: int) -> float:
        """Return the seconds to wait after an attempt. The first attempt is 1."""
        return self.first_interval_seconds * self.factor ** (attempt - 1)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """The outcome of one notification.

    Attributes:
        task_id: The task's id.
        external_task_id: The caller's own id, or None.
        task_status: The status in the notification.
        delivered: Whether the receiver answered with success. If not, the server has given up.
        http_status: The status of the last response, or None if there was no response.
        attempts: The number of attempts.
        note: The reason why the notification was not sent, or an empty string.
    """

    task_id: str
    external_task_id: str | None
    task_status: str
    delivered: bool
    http_status: int | None
    attempts: int
    note: str = ""


class NotificationSender:
    """Sends notifications from a background task: in order for one task, and in parallel for several."""

    def __init__(
        self,
        store: Store,
        clock: TaskClock,
        *,
        describe: Callable[[StoredTask, int], Mapping[str, Any]],
        secret: str | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Prepare to send; `start` begins.

        Args:
            store: The store to watch for tasks with due notifications.
            clock: The clock that the tasks follow.
            describe: Returns the notification of a task at a time in milliseconds.
            secret: The secret to sign notifications with, or None to send them unsigned.
            retries: The attempts to send a notification, and their intervals.
        """
        self._store = store
        self._clock = clock
        self._describe = describe
        self._signer = Webhook(secret) if secret else None
        self._retries = retries or Retries()
        self._records: deque[DeliveryRecord] = deque(maxlen=_MAX_RECORDS)
        self._has_notifications = store.has_notifications()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._background: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()

    @property
    def records(self) -> list[DeliveryRecord]:
        """The outcomes of the latest notifications, oldest first."""
        return list(self._records)

    def expect(self, task: StoredTask) -> None:
        """Watch a new task, if it has a callback URL."""
        if task.callback_url:
            self._has_notifications = True
            self.wake()

    def wake(self) -> None:
        """Check again which notifications are due. You can call this from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._awake.set)

    def start_if_needed(self) -> None:
        """Start on the running loop if any task has a callback URL."""
        if self._has_notifications:
            self.start()

    def start(self) -> None:
        """Start on the running loop, unless a background task runs already."""
        with self._lock:
            if not self._is_running():
                self._loop, self._awake = asyncio.get_running_loop(), asyncio.Event()
                self._background = self._loop.create_task(self._run(self._awake))

    def cancel(self) -> None:
        """Stop soon. A later server with the same state file sends again what was not delivered."""
        if self._background is not None and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it the background task
                self._loop.call_soon_threadsafe(self._background.cancel)

    async def stop(self) -> None:
        """Stop. If the background task is on the running loop, wait until it has ended."""
        self.cancel()
        if self._background is not None and self._loop is asyncio.get_running_loop():
            await asyncio.wait([self._background])

    def _is_running(self) -> bool:
        return not (self._background is None or self._background.done() or self._loop is None or self._loop.is_closed())

    async def _run(self, awake: asyncio.Event) -> None:
        try:
            await self._notify_all(awake)
        except* sqlite3.Error as errors:  # the next request starts it again
            self._store.report_failure(cast("sqlite3.Error", errors.exceptions[0]))  # the task group has one level

    async def _notify_all(self, awake: asyncio.Event) -> None:
        in_progress: set[int] = set()

        def end_delivery(task_id: int, _: object) -> None:
            in_progress.discard(task_id)
            awake.set()

        async with _unguarded_client() as unguarded, _guarded_client() as guarded, asyncio.TaskGroup() as jobs:
            while True:
                awake.clear()
                now = self._clock.now_ms()
                # The tasks that have waited longest come first; some of them may be in flight already.
                waiting = [t for t in self._store.tasks_to_notify(now, _MAX_AT_ONCE) if t.task_id not in in_progress]
                for task in waiting[: _MAX_AT_ONCE - len(in_progress)]:
                    in_progress.add(task.task_id)
                    http = unguarded if task.may_call_private else guarded
                    jobs.create_task(self._notify(http, task)).add_done_callback(partial(end_delivery, task.task_id))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_to_next(now)):
                        await awake.wait()

    def _seconds_to_next(self, now: int) -> float | None:
        """Return the seconds until the next notification is due, or None if there is none, or if you step the clock."""
        due_at = None if self._clock.is_manual else self._store.next_notification(now)
        return None if due_at is None else (due_at - now) / MS

    async def _notify(self, http: httpx.AsyncClient, task: StoredTask) -> None:
        """Send the next notification of a task, and record the outcome."""
        changed_at = task.changed_at(task.notified)
        assert changed_at is not None  # noqa: S101 - the store returns only tasks with a change
        notification = self._describe(task, changed_at)
        status, attempts, note = await self._send(http, task, encode(notification).decode())
        record = DeliveryRecord(
            task_id=str(task.task_id),
            external_task_id=task.external_id,
            task_status=notification["task_status"],
            delivered=_is_success(status),
            http_status=status,
            attempts=attempts,
            note=note,
        )
        self._records.append(record)
        self._store.save_seen_time(changed_at, [task])
        self._store.mark_notified(task)

    async def _send(self, http: httpx.AsyncClient, task: StoredTask, text: str) -> tuple[int | None, int, str]:
        """Send a notification until it is delivered, or the attempts are used up.

        Returns:
            The last status, or None if there was no response; the number of attempts; and why the notification was not
            sent, or an empty string.
        """
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

    async def _post(self, http: httpx.AsyncClient, task: StoredTask, text: str) -> int | None:
        headers = self._headers(f"msg_{task.task_id}_{task.notified}", text)
        try:
            async with (
                asyncio.timeout(_MAX_RESPONSE_SECONDS),
                http.stream("POST", task.callback_url or "", content=text.encode(), headers=headers) as response,
            ):
                return response.status_code  # don't read the body: it may never end
        except SSRFGuardError:
            raise
        except Exception:  # noqa: BLE001 - no address or receiver may stop the other notifications
            return None

    def _headers(self, message_id: str, text: str) -> list[tuple[bytes, bytes]]:
        if self._signer is None:
            return [JSON_TYPE]
        now = datetime.now(UTC)  # receivers compare it with their own clock, so don't use the server's
        return [
            JSON_TYPE,
            (b"webhook-id", message_id.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", self._signer.sign(message_id, now, text).encode()),
        ]


def _is_success(status: int | None) -> bool:
    return status is not None and httpx.codes.is_success(status)


def _guarded_client() -> httpx.AsyncClient:
    """Return a client that connects only to public addresses."""
    tls = shared_context(trust_env=False, http2=False)
    return AsyncClient(
        policy=_PUBLIC, verify=tls, trust_env=False, follow_redirects=False, timeout=_MAX_RESPONSE_SECONDS
    )


def _unguarded_client() -> httpx.AsyncClient:
    tls = shared_context(trust_env=False, http2=False)
    return httpx.AsyncClient(verify=tls, trust_env=False, follow_redirects=False, timeout=_MAX_RESPONSE_SECONDS)
