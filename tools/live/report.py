"""Report a run's responses without the account's data, and say what is new since an earlier run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Final

import httpx
from ruamel.yaml import YAML

from contract_tests.reading.live_responses import LiveResponse, as_response, responses
from kling_elements import strict_json
from kling_elements_client import contract
from kling_elements_runtime.document import follow
from tools.live.client_reading import ClientReading, read_response
from tools.live.dialects import Evidence, dialect_evidence, dialect_summary
from tools.live.findings import findings_of
from tools.live.redaction import Redactor
from tools.live.session import SeenResponse

_HEADERS: Final = {"retry-after": None, "www-authenticate": None, "allow": None, "location": "<url>"}
_EXPECTED: Final[Mapping[str, frozenset[str]]] = {
    "list": frozenset({"list"}),
    "presets": frozenset({"list"}),
    "first-task": frozenset({"task"}),
    "unknown-external-id": frozenset({"absent"}),
    "unknown-task-id": frozenset({"absent"}),
    "unknown-element": frozenset({"absent"}),
    "unknown-element-advanced": frozenset({"absent"}),
    "creation": frozenset({"absent", "task", "deleted"}),
}
_SUCCESSES: Final = ("task", "list", "deleted")  # as surprising as failures if they are not expected
_HEAD = """\
# The responses of a gateway to `make live` on {day}, in the form of contract_tests/reading/live_responses.yaml.
# Tokens, ids, names, URLs and numbers were removed. Read the file before you share it.
# dialect: {dialect}
"""


@dataclass(frozen=True)
class Entry:
    """A response without the account's data, ready to be shown and written.

    Attributes:
        situation: The name of the situation, such as `unknown-task-id`.
        row: The response as a row of live_responses.yaml.
        head: The status, code, message and meaning, in one line.
        findings: Violations of the contract and additions to it, without values.
        news: Everything new in the response.
    """

    situation: str
    row: Mapping[str, Any]
    head: str
    findings: tuple[str, ...]
    news: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A difference between a run and an earlier one.

    Attributes:
        kind: `new`, `gone`, `changed`, or `not requested before`.
        text: Its description.
    """

    kind: str
    text: str

    @property
    def matters(self) -> bool:
        """Whether the gateway sent a response that it did not send before."""
        return self.kind in ("new", "changed")


class Report:
    """The report of a run.

    Attributes:
        entries: The responses, without repetitions.
        dialect: The dialect that the gateway speaks, in a line.
        day: The date of the run.
        has_baseline: Whether there is an earlier run to compare with.
    """

    def __init__(
        self, seen: Sequence[SeenResponse], redactor: Redactor, day: str, baseline: Sequence[LiveResponse] | None = None
    ) -> None:
        """Analyse the responses.

        Args:
            seen: The gateway's responses.
            redactor: The redactor to remove the account's data with.
            day: The date of the run.
            baseline: The responses of an earlier run.
        """
        self._redactor = redactor
        self.day = day
        self.has_baseline = baseline is not None
        self._baseline = baseline or ()
        for response in seen:
            redactor.learn(_json(response.response))
        readings = [
            (response, read_response(response.call, response.response, next(iter(response.request_ids), "")))
            for response in seen
        ]
        evidence = [dialect_evidence(response, reading) for response, reading in readings]
        self.dialect = dialect_summary(list(dict.fromkeys(item for item in evidence if item is not None)))
        entries = [self._entry(response, reading) for response, reading in readings]
        self.entries = list({repr((entry.situation, entry.row)): entry for entry in entries}.values())

    @cached_property
    def news(self) -> list[str]:
        """Everything that is in neither the contract nor the table nor the baseline."""
        return [f"{entry.situation}: {text}" for entry in self.entries for text in entry.news]

    @cached_property
    def differences(self) -> list[Difference]:
        """What is new, gone or changed since the baseline, or nothing without a baseline."""
        before: dict[str, list[LiveResponse]] = {}
        for row in self._baseline:
            before.setdefault(row.seen[0].where, []).append(row)
        now: dict[str, list[Entry]] = {}
        for entry in self.entries:
            now.setdefault(entry.situation, []).append(entry)
        return [
            difference
            for situation in (dict.fromkeys([*now, *before]) if self.has_baseline else ())
            for difference in self._changes(situation, now.get(situation, []), before.get(situation, []))
        ]

    def text(self) -> str:
        """Return the file in the form of live_responses.yaml."""
        names: dict[str, int] = {}
        rows = {}
        for entry in self.entries:
            names[entry.situation] = names.get(entry.situation, 0) + 1
            number = names[entry.situation]
            rows[entry.situation if number == 1 else f"{entry.situation}-{number}"] = dict(entry.row)
        yaml = YAML()
        yaml.default_flow_style = False
        yaml.allow_unicode = True
        yaml.width = 120
        out = StringIO()
        yaml.dump({"responses": rows}, out)
        return _HEAD.format(day=self.day, dialect=self.dialect) + out.getvalue()

    def write(self, folder: Path, page: str) -> list[Path]:
        """Write the file and the page, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        written = {folder / "live-responses.yaml": self.text(), folder / "live.html": page}
        for path, text in written.items():
            path.write_text(text, "utf-8")
        return list(written)

    def _changes(self, situation: str, now: Sequence[Entry], before: Sequence[LiveResponse]) -> Iterator[Difference]:
        heads = {self._head_of_row(row) for row in before}
        if not now:
            yield Difference("gone", f"{situation}: no response this time; it was {_join_sorted(heads)}")
        elif not before:
            yield Difference("not requested before", f"{situation}: {_join_sorted(entry.head for entry in now)}")
        else:
            yield from _compare(situation, {entry.head for entry in now}, heads)
            findings = {text for entry in now for text in entry.findings}
            yield from _compare(situation, findings, {text for row in before for text in _findings(row)})

    def _entry(self, seen: SeenResponse, reading: ClientReading) -> Entry:
        row = self._row(seen, reading, dialect_evidence(seen, reading))
        head = self._head(seen.response, reading, seen.request_ids)
        findings = _findings(as_response(seen.situation, row))
        return Entry(
            situation=seen.situation,
            row=row,
            head=head,
            findings=findings,
            news=tuple(self._news(seen, reading, head, findings)),
        )

    def _head(self, response: httpx.Response, reading: ClientReading, request_ids: Sequence[str]) -> str:
        parts = [f"HTTP {response.status_code}"]
        if reading.code is not None:
            parts.append(f"code {self._redactor.message(str(reading.code), request_ids)}")
        if reading.message:
            parts.append(f'"{self._redactor.message(reading.message, request_ids)}"')
        return f"{', '.join(parts)}, read as {reading.means}"

    def _news(self, seen: SeenResponse, reading: ClientReading, head: str, findings: Sequence[str]) -> Iterator[str]:
        expected = _EXPECTED.get(seen.situation)
        status = seen.response.status_code
        # No expectation means a request without a token or with a wrong one, which gets 401.
        is_expected = status == httpx.codes.UNAUTHORIZED if expected is None else reading.means in expected
        is_expected |= seen.situation == "creation" and httpx.codes.is_server_error(
            status
        )  # a look-up then decides what was created
        if not is_expected and head not in self._known_heads(seen):
            yield head
        rows = (*responses(), *self._baseline)
        known_findings = {text for row in rows if _have_same_shape(row.call, seen.call) for text in _findings(row)}
        yield from (text for text in findings if text not in known_findings)

    def _known_heads(self, seen: SeenResponse) -> Iterator[str]:
        """Yield the known heads besides the expected ones, from the baseline and from the table's failures."""
        yield from (self._head_of_row(row) for row in self._baseline if row.seen[0].where == seen.situation)
        failures = (row for row in responses() if _have_same_shape(row.call, seen.call) and row.means not in _SUCCESSES)
        yield from map(self._head_of_row, failures)

    def _head_of_row(self, row: LiveResponse) -> str:
        requested_id = row.asked or row.reads.external_id or ""
        return self._head(row.response(), read_response(row.call, row.response(), requested_id), (requested_id,))

    def _row(self, seen: SeenResponse, reading: ClientReading, evidence: Evidence | None) -> dict[str, Any]:
        body = _json(seen.response)
        redactor = self._redactor
        headers = dict(self._headers(seen.response, "application/json" if body is not None else "text/html"))
        return {
            "call": seen.call,
            **({"asked": "{id}"} if seen.request_ids else {}),
            "status": seen.response.status_code,
            **({"headers": headers} if headers else {}),
            **(
                {"text": redactor.text(seen.response.content, seen.request_ids)}
                if body is None
                else {"body": redactor.body(body, seen.request_ids)}
            ),
            "seen": [{"source": "make-live", "when": self.day, "where": seen.situation}],
            "sure": "seen on this path",
            **({"dialect": evidence.dialect} if evidence and evidence.dialect else {}),
            "means": reading.means,
        }

    def _headers(self, response: httpx.Response, usual_type: str) -> Iterator[tuple[str, str]]:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.content and media_type != usual_type:
            yield "Content-Type", self._redactor.message(media_type)
        for name, placeholder in _HEADERS.items():
            if name in response.headers:
                yield name, placeholder or self._redactor.message(response.headers[name])


def _have_same_shape(call: str, other: str) -> bool:
    """Return whether two calls have the same response schema."""
    shapes = {name: operation.success_schema() for name, operation in contract.operations().items()}
    schemas = [follow(contract.document(), shapes[name]) for name in (call, other) if name in shapes]
    return len(schemas) == len((call, other)) and schemas[0] == schemas[1]


def _findings(row: LiveResponse) -> tuple[str, ...]:
    """Return the findings of a row, which has none of the account's data."""
    return tuple(finding.text for finding in findings_of(row.call, row.response()))


def _compare(situation: str, now: set[str], before: set[str]) -> Iterator[Difference]:
    added, removed = _join_sorted(now - before), _join_sorted(before - now)
    if added and removed:
        yield Difference("changed", f"{situation}: {added}; it was {removed}")
    elif added or removed:
        yield Difference("new" if added else "gone", f"{situation}: {added or removed}")


def _join_sorted(texts: Iterable[str]) -> str:
    return "; ".join(sorted(set(texts)))


def _json(response: httpx.Response) -> Any:
    """Return the JSON value of a response, or None if it has none."""
    try:
        return strict_json.loads(response.content)
    except strict_json.StrictJsonError:
        return None
