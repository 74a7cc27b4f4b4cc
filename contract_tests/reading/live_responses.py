"""Real responses of services and gateways: the rows of live_responses.yaml, and of files that `make live` wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

TABLE: Final = Path(__file__).with_name("live_responses.yaml")
NOTIFICATION: Final = "notification"
"""Stands in place of an operation's name for a request that comes from the service."""
MEANINGS: Final[Mapping[str, frozenset[str]]] = {
    "createElement": frozenset({"task", "no task", "duplicate", "refused", "wait", "in doubt"}),
    "getElement": frozenset({"task", "absent", "no look-up", "refused"}),
    "listElements": frozenset({"list", "no list", "refused"}),
    "listPresetElements": frozenset({"list", "no list", "refused"}),
    "deleteElement": frozenset({"deleted", "deleted already", "absent", "refused"}),
    NOTIFICATION: frozenset({"task", "refused"}),
}
"""What a response to each call can mean; live_responses.yaml explains the words."""
CERTAINTIES: Final = (
    "seen on this path",
    "seen on a sibling call",
    "seen at a gateway",
    "documented by the vendor",
    "documented by a gateway",
    "code of a gateway",
    "code of an integrator",
    "reported by a trial",
)
"""How sure a response can be; live_responses.yaml explains the words."""

_REQUIRED = frozenset({"call", "seen", "sure", "means"})
_OPTIONAL = frozenset(
    {"asked", "status", "headers", "body", "text", "secret", "dialect", "provoked-by", "reads", "note"}
)
_SIGHTING = frozenset({"source", "when", "where"})
_WHEN = re.compile(r"20\d\d(-\d\d(-\d\d)?)?(/\d\d)?")


class ResponseTableError(Exception):
    """Raised if a file is not a table of responses. The message says where it is wrong and what to do."""


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """An occasion on which a response was observed or reported.

    Attributes:
        source: The source, as named in openapi/sources.md.
        when: A year, month or day, or months such as `2026-07/08`.
        where: The call, page or line.
    """

    source: str
    when: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Reads:
    """The values that a reader finds in a response, or None for those that the row doesn't state.

    Attributes:
        task: The task's id.
        external_id: The caller's own id for the task.
        progress: The task's progress.
        elements: The ids of usable elements.
        unusable: The ids of elements that a reader must not return.
        tasks: The ids of the tasks of a list.
        code: The business code, if it differs from that of the body.
        message: The gateway's message, if it differs from that of the body.
    """

    task: str | None = None
    external_id: str | None = None
    progress: str | None = None
    elements: tuple[str, ...] | None = None
    unusable: tuple[str, ...] = ()
    tasks: tuple[str, ...] | None = None
    code: int | str | None = None
    message: str | None = None


_READS = frozenset(field.name.replace("_", "-") for field in fields(Reads))


@dataclass(frozen=True, kw_only=True)
class LiveResponse:
    """A row of the table: a response, its sources, and what a reader finds in it.

    Attributes:
        id: Its name.
        call: The operation that it answers, or `NOTIFICATION`.
        means: Its meaning for a reader, a word of `MEANINGS`.
        content: The bytes of its body.
        status: The HTTP status, or 0 for a notification.
        headers: The headers that matter, including Content-Type.
        asked: The id in the request, or an empty string if it has none.
        secret: A notification's webhook secret, or an empty string if it is not signed.
        reads: The values that a reader finds in it.
        seen: Each observation of it.
        sure: Its certainty, one of `CERTAINTIES`.
        dialect: Its dialect, or an empty string for none.
        provoked_by: The way to make the mock server answer like this, or an empty string if there is none.
    """

    id: str
    call: str
    means: str
    content: bytes = field(repr=False)
    status: int
    headers: Mapping[str, str]
    asked: str
    secret: str
    reads: Reads
    seen: tuple[Sighting, ...]
    sure: str
    dialect: str
    provoked_by: str

    def response(self) -> httpx.Response:
        """Return a new httpx response with this response."""
        return httpx.Response(self.status, content=self.content, headers=dict(self.headers))

    def body(self) -> Any:
        """Return the JSON value of its body, or None if it has none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


@cache
def responses() -> tuple[LiveResponse, ...]:
    """Return the rows of live_responses.yaml."""
    return load(TABLE)


def load(path: Path) -> tuple[LiveResponse, ...]:
    """Return the rows of a file.

    Raises:
        ResponseTableError: The file can't be read, or is not such a table.
    """
    try:
        document = YAML(typ="safe").load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ResponseTableError(f"{path.name}: {' '.join(str(error).split())}") from error
    rows = document.get("responses") if isinstance(document, dict) else None
    if not isinstance(rows, dict):
        raise ResponseTableError(
            f"{path.name}: it must have `responses`, a mapping of names to responses, as {TABLE.name} has"
        )
    return tuple(as_response(str(name), row, path.name) for name, row in rows.items())


def as_response(name: str, row: Any, table: str = TABLE.name) -> LiveResponse:
    """Return the response in a row of a table.

    Raises:
        ResponseTableError: The row is wrong.
    """
    for problem in _problems(row):
        raise ResponseTableError(f"{table}: {name}: {problem}")
    content, kind = _content(row)
    explicit = {name: str(value) for name, value in row.get("headers", {}).items()}
    return LiveResponse(
        id=name,
        call=row["call"],
        means=row["means"],
        content=content,
        status=row.get("status", 0),
        headers={**({"Content-Type": kind} if kind else {}), **explicit},
        asked=row.get("asked", ""),
        secret=row.get("secret", ""),
        reads=_reads(row.get("reads", {})),
        seen=tuple(Sighting(**{key: str(value) for key, value in sighting.items()}) for sighting in row["seen"]),
        sure=row["sure"],
        dialect=row.get("dialect", ""),
        provoked_by=row.get("provoked-by", ""),
    )


def _problems(row: Any) -> list[str]:
    """Return the problems of a row, the most important one first."""
    if not isinstance(row, dict) or not _REQUIRED <= row.keys() <= _REQUIRED | _OPTIONAL:
        return [f"it must have {_list(_REQUIRED)}, and may have {_list(_OPTIONAL)}"]
    call, problems = row["call"], []
    if call not in MEANINGS:
        return [f"call must be one of {_list(MEANINGS)}"]
    if row["means"] not in MEANINGS[call]:
        problems.append(f"means must be one of {_list(MEANINGS[call])} for {call}")
    if ("body" in row) == ("text" in row):
        problems.append("it must have either body, a JSON value, or text")
    if isinstance(row.get("status"), int) == (call == NOTIFICATION):
        problems.append("it must have a status, an integer, unless it is a notification")
    if row["sure"] not in CERTAINTIES:
        problems.append(f"sure must be one of {_list(CERTAINTIES)}")
    if not row["seen"] or not all(s.keys() == _SIGHTING and _WHEN.fullmatch(str(s["when"])) for s in row["seen"]):
        problems.append(f"each of seen must have {_list(_SIGHTING)}, when as 2026, 2026-09 or 2026-09-20")
    if ("provoked-by" in row) > ("dialect" in row):
        problems.append("provoked-by needs a dialect")
    if not row.get("reads", {}).keys() <= _READS:
        problems.append(f"reads may have {_list(_READS)}")
    return problems


def _content(row: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the bytes of a body and its media type. An empty body has none."""
    if "body" in row:
        return json.dumps(row["body"], ensure_ascii=False).encode(), "application/json"
    text: str = row["text"]
    return text.encode(), "text/html" if text else ""


def _reads(row: Mapping[str, Any]) -> Reads:
    """Return the values that a reader must find according to the row. The ids of a list are strings."""
    explicit: dict[str, Any] = {
        name.replace("-", "_"): tuple(map(str, value)) if isinstance(value, list) else value
        for name, value in row.items()
    }
    return Reads(**explicit)


def _list(words: Any) -> str:
    return ", ".join(sorted(words))
