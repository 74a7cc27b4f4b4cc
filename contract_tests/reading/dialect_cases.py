"""Responses in which the dialects differ: a second reading of the vendor's pages and recorded responses.

`live` has the recorded responses, word for word; `documented` is the published table of errors, which has no
messages. Where there is no message, or nobody has seen a response, the words are those of the mock server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Refused = tuple[int, int, str]
"""HTTP status, business code and message."""

DIALECTS = ("live", "documented")

_INVALID = "invalid key or value, or an external_task_id that exists already"
_NO_ELEMENT = "this account has no finished element with this id"
_NO_ELEMENT_DOCUMENTED: Refused = (404, 1203, f"no such resource: {_NO_ELEMENT}")

NO_TASK: dict[str, Callable[[str], Refused]] = {
    "live": lambda name: (400, 1201, f"Task not found by id/external id: {name}"),
    "documented": lambda _: (
        404,
        1203,
        "no such resource: no task of this account has this id or external_task_id",
    ),
}
USED_BEFORE: dict[str, Callable[[str], Refused]] = {
    "live": lambda external_id: (400, 1201, f"External_task_id {external_id} already exists"),
    "documented": lambda _: (400, 1201, f"{_INVALID}: this external_task_id was used before"),
}
NO_ELEMENT: dict[str, Refused] = {
    "live": (400, 1201, f"{_INVALID}: {_NO_ELEMENT}"),  # nobody has seen it
    "documented": _NO_ELEMENT_DOCUMENTED,
}
DELETED_BEFORE: dict[str, Callable[[str], Refused]] = {
    "live": lambda element_id: (400, 1201, f"Element already be deleted for id: {element_id}"),
    "documented": lambda _: _NO_ELEMENT_DOCUMENTED,
}
DELETION: dict[str, Callable[[str], dict[str, Any]]] = {
    "live": lambda _: {},
    "documented": lambda task_id: {"data": {"task_id": task_id, "task_status": "succeed"}},
}
"""What the response to a first deletion has beside code, message and request_id."""

REMAINS = {"live": True, "documented": False}
"""Whether look-ups and lists still show a deleted element."""

COUNTS_ALL_CALLS = {"live": True, "documented": False}
"""Whether an external id of another product of the account is refused."""


@dataclass(frozen=True)
class Meaning:
    """A refusal, and the dialects in which it has the meaning that an extension gives it.

    Attributes:
        operation: The operation that it answers.
        keyword: The extension.
        code: The business code.
        message: The message.
        dialects: The dialects in which it has the meaning. A client accepts any of them.
    """

    operation: str
    keyword: str
    code: int
    message: str
    dialects: frozenset[str]

    @property
    def id(self) -> str:
        return f"{self.operation}-{self.keyword}-{self.code}-{self.message!r:.60}"


_ABSENT = "Task not found by id/external id: mara-2026-07"
_DUPLICATE = "External_task_id mara-2026-07 already exists"
_DELETED = "Element already be deleted for id: 9007199254740993"


def _meanings(operation: str, keyword: str, *, words: dict[str, str], codes: dict[int, str]) -> Iterator[Meaning]:
    """Yield the meaning of each message with code 1201, and of each other code with any message."""
    for message, dialects in words.items():
        yield Meaning(operation, keyword, 1201, message, frozenset(dialects.split()))
    for code, dialects in codes.items():
        for message in (*words, "no such resource"):
            yield Meaning(operation, keyword, code, message, frozenset(dialects.split()))


MEANINGS = [
    *_meanings(
        "getElement",
        "x-absent",
        words={
            _ABSENT: "live",
            "Task not found by id/external id: two\nlines": "live",
            "Task not found by id/external i: 1": "",
            f"Error: {_ABSENT}": "",
            _DUPLICATE: "",
            _DELETED: "",
            "": "",
        },
        codes={1203: "documented", 1200: "", 1202: "", 1204: ""},
    ),
    *_meanings(
        "createElement",
        "x-duplicate",
        words={
            _DUPLICATE: "live documented",
            "External_task_id two\nlines already exists": "live documented",
            "External_task_id already exists": "live documented",
            "External_task_id mara-2026-07 already exist": "documented",
            "External_task_id mara-2026-07 Already exists": "documented",
            "External_task_id: mara-2026-07 already exists": "documented",
            f"Error: {_DUPLICATE}": "documented",
            "": "documented",
        },
        codes={1200: "", 1202: "", 1203: ""},
    ),
    *_meanings(
        "createElement",
        "x-too-many",
        words={"parallel task over resource pack limit": "", "": ""},
        codes={1303: "documented", 1302: "", 1304: "", 1102: ""},
    ),
    *_meanings(
        "deleteElement",
        "x-absent",
        words={_ABSENT: "", _DELETED: "", "": ""},
        codes={1203: "documented", 1202: "", 1204: ""},
    ),
    *_meanings(
        "deleteElement",
        "x-deleted-already",
        words={
            _DELETED: "live",
            "Element already be deleted": "live",
            "Element already be delete for id: 1": "",
            f"Error: {_DELETED}": "",
            _ABSENT: "",
            "": "",
        },
        codes={1200: "", 1202: "", 1203: ""},
    ),
    *(
        Meaning(operation, keyword, 1201, message, frozenset())
        for operation, keyword, message in (  # a message counts only in the response to its own call
            ("listElements", "x-absent", _ABSENT),
            ("createElement", "x-absent", _ABSENT),
            ("getElement", "x-duplicate", _DUPLICATE),
            ("getElement", "x-deleted-already", _DELETED),
            ("createElement", "x-deleted-already", _DELETED),
        )
    ),
]
