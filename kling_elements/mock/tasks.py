"""A task as the server keeps it, and what of it can be worked out from the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")

SUBMITTED, PROCESSING, SUCCEED, FAILED = "submitted", "processing", "succeed", "failed"
DELETED = "deleted"  # of a subject; its task stays as it is

CHANGES = 2
"""How often a task's status changes: when it begins, and when it ends."""

_WORDS_OF_SUCCESS = (SUCCEED, "succeeded")  # the newer API has the other one


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task will end: its last status, and why."""

    status: str = SUCCEED
    message: str = ""


SUCCEEDS = Ending()


@dataclass(frozen=True, slots=True)
class Draft:
    """A task that is about to be created.

    Attributes:
        owner: The digest of the token that it was sent with.
        external_id: The caller's own id, or None.
        request: The request, with marks in place of inline images.
        ending: How it will end.
        callback_url: Where to tell of changes, or None.
        may_call_private: Whether that may be an address of this machine or of a private network.
    """

    owner: bytes
    external_id: str | None
    request: Mapping[str, Any]
    ending: Ending = SUCCEEDS
    callback_url: str | None = None
    may_call_private: bool = False


class Task(NamedTuple):
    """A task, as one row of the store has it. Times are milliseconds since 1970.

    Attributes:
        task_id: The system's id.
        owner: The digest of the token that it was sent with.
        external_id: The caller's own id, or None.
        request: The request as JSON text, with marks in place of inline images.
        created_at: When it was created.
        processing_at: When it begins.
        ended_at: When it ends.
        end_status: Its last status.
        end_message: Why it ends so.
        callback_url: Where to tell of changes, or None.
        may_call_private: Whether that may be an address of this machine or of a private network, as 0 or 1.
        deleted: Whether its subject was deleted, as 0 or 1.
        notified: How many changes need not be told there any more.
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
        """A short name of the owner, of which the token cannot be guessed."""
        return self.owner.hex()[:8]

    def status_at(self, now: int) -> str:
        """Return its status at a time."""
        return self._at(now, SUBMITTED, PROCESSING, self.end_status)

    def updated_at(self, now: int) -> int:
        """Return when its status last changed before a time."""
        return self._at(now, self.created_at, self.processing_at, self.ended_at)

    def message_at(self, now: int) -> str:
        """Return why it has ended so, if it has."""
        return self._at(now, "", "", self.end_message)

    def is_ready_at(self, now: int) -> bool:
        """Tell whether its subject can be used."""
        return now >= self.ended_at and self.end_status in _WORDS_OF_SUCCESS

    def changed_at(self, change: int) -> int | None:
        """Return when a change of its status happens, the first being 0; None if there are no more."""
        return (self.processing_at, self.ended_at, None)[change]

    def _at(self, now: int, submitted: _T, processing: _T, ended: _T) -> _T:
        if now < self.processing_at:
            return submitted
        return processing if now < self.ended_at else ended
