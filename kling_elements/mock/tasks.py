"""A task as the server stores it. Its status depends on the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")

SUBMITTED, PROCESSING, SUCCEED, FAILED = "submitted", "processing", "succeed", "failed"
DELETED = "deleted"  # the status of an element; its task keeps its own

CHANGES = 2
"""The number of changes of a task's status: one at the start and one at the end of processing."""

_SUCCESS_STATUSES = (SUCCEED, "succeeded")  # the newer API uses the second word


@dataclass(frozen=True, slots=True)
class Ending:
    """The way in which a task will end: its last status, and the reason."""

    status: str = SUCCEED
    message: str = ""


SUCCEEDS = Ending()


@dataclass(frozen=True, slots=True)
class Draft:
    """A task that is about to be created.

    Attributes:
        owner: The SHA-256 of the token.
        external_id: The caller's own id, or None.
        request: The request, with placeholders instead of inline images.
        ending: The way in which the task will end.
        callback_url: The URL for notifications, or None.
        may_call_private: Whether the URL may point to this machine or a private network.
    """

    owner: bytes
    external_id: str | None
    request: Mapping[str, Any]
    ending: Ending = SUCCEEDS
    callback_url: str | None = None
    may_call_private: bool = False


class StoredTask(NamedTuple):
    """A task as a row of the store. Times are milliseconds since 1970.

    Attributes:
        task_id: The server's id of the task.
        owner: The SHA-256 of the token.
        external_id: The caller's own id, or None.
        request: The request as JSON text, with placeholders instead of inline images.
        created_at: The time of the create.
        processing_at: The time at which processing starts.
        ended_at: The time at which processing ends.
        end_status: The last status.
        end_message: The reason for the last status.
        callback_url: The URL for notifications, or None.
        may_call_private: Whether the URL may point to this machine or a private network, as 0 or 1.
        deleted: Whether the element was deleted, as 0 or 1.
        notified: The number of changes that need no further notification.
    """

    task_id: int
    owner: bytes
    external_id: str | None
    request: str
    created_at: int
    processing_at: int
    ended_at: int
    end_status: str
    end_message: str
    callback_url: str | None
    may_call_private: int
    deleted: int
    notified: int

    @property
    def owner_name(self) -> str:
        """A short name of the owner that does not reveal the token."""
        return self.owner.hex()[:8]

    def status_at(self, now: int) -> str:
        """Return the status at a time."""
        return self._at(now, SUBMITTED, PROCESSING, self.end_status)

    def updated_at(self, now: int) -> int:
        """Return the time of the last change of the status before a time."""
        return self._at(now, self.created_at, self.processing_at, self.ended_at)

    def message_at(self, now: int) -> str:
        """Return the reason for the last status, or an empty string if the task has not ended."""
        return self._at(now, "", "", self.end_message)

    def is_ready_at(self, now: int) -> bool:
        """Return whether the element is ready at a time."""
        return now >= self.ended_at and self.end_status in _SUCCESS_STATUSES

    def changed_at(self, change: int) -> int | None:
        """Return the time of a change of the status, or None if there is no such change. The first change is 0."""
        return (self.processing_at, self.ended_at, None)[change]

    def _at(self, now: int, submitted: _T, processing: _T, ended: _T) -> _T:
        if now < self.processing_at:
            return submitted
        return processing if now < self.ended_at else ended
