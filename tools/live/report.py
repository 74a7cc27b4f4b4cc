"""What a run saw, without anything of the account: what of it is news, what has changed since another, and a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Final

import httpx
from ruamel.yaml import YAML

from contract_tests.reading.live_answers import Answer, answers, as_answer
from kling_elements import strict_json
from kling_elements_client import contract
from kling_elements_runtime.document import follow
from tools.live.dialects import Witness, verdict, witness
from tools.live.judge import judge
from tools.live.reading import Reading, read
from tools.live.redaction import Redactor
from tools.live.session import Seen

_HEADERS: Final = {"retry-after": None, "www-authenticate": None, "allow": None, "location": "<url>"}
_EXPECTED: Final[Mapping[str, frozenset[str]]] = {
    "list": frozenset({"list"}),
    "presets": frozenset({"list"}),
    "first-task": frozenset({"task"}),
    "unknown-external-id": frozenset({"absent"}),
    "unknown-task-id": frozenset({"absent"}),
    "unknown-subject": frozenset({"absent"}),
    "unknown-subject-advanced": frozenset({"absent"}),
    "creation": frozenset({"absent", "task", "deleted"}),
}
_SUCCESSES: Final = ("task", "list", "deleted")  # which are no less of a surprise where they are not expected
_HEAD = """\
# What `make live` saw at a gateway on {day}, in the form of contract_tests/reading/live_answers.yaml.
# Tokens, ids, names, addresses and numbers were taken out; read it all the same before you pass it on.
# dialect: {dialect}
"""


@dataclass(frozen=True)
class Entry:
    """One answer, fit to be shown and written.

    Attributes:
        situation: What was asked.
        row: It as a row of live_answers.yaml.
        head: What tells it apart from other answers to the same call, save what is in it.
        findings: What it has besides what the contract says, in words without values.
        news: What nobody knows of it yet.
    """

    situation: str
    row: Mapping[str, Any]
    head: str
    findings: tuple[str, ...]
    news: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One way in which a run differs from a former one.

    Attributes:
        kind: `new`, `gone`, `otherwise`, or `asked first` for what was not asked then.
        text: What it is.
    """

    kind: str
    text: str

    @property
    def matters(self) -> bool:
        """Whether the gateway answers what it did not answer before."""
        return self.kind in ("new", "otherwise")


class Report:
    """What a run saw.

    Attributes:
        entries: Each kind of answer in each situation, once.
        dialect: Which dialect the gateway speaks, in a line.
        day: When it was seen.
        has_baseline: Whether there is a former run to compare with.
    """

    def __init__(
        self, seen: Sequence[Seen], redactor: Redactor, day: str, baseline: Sequence[Answer] | None = None
    ) -> None:
        """Judge what was seen.

        Args:
            seen: The answers.
            redactor: What takes the account out of them.
            day: When that was.
            baseline: The answers of a former run.
        """
        self._redactor = redactor
        self.day = day
        self.has_baseline = baseline is not None
        self._baseline = baseline or ()
        for each in seen:
            redactor.learn(_json(each.response))
        read_ = [(each, read(each.call, each.response, each.asked[0] if each.asked else "")) for each in seen]
        witnesses = [found for each, reading in read_ if (found := witness(each, reading)) is not None]
        self.dialect = verdict(list(dict.fromkeys(witnesses)))
        self.entries = list({repr((e.situation, e.row)): e for e in (self._entry(*each) for each in read_)}.values())

    @cached_property
    def news(self) -> list[str]:
        """Each thing that is neither in the contract nor in the table nor in the baseline."""
        return [f"{entry.situation}: {text}" for entry in self.entries for text in entry.news]

    @cached_property
    def differences(self) -> list[Difference]:
        """What is new, gone or otherwise since the baseline; nothing without one."""
        before: dict[str, list[Answer]] = {}
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
        """Return the file, in the form of live_answers.yaml."""
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
        yaml.dump({"answers": rows}, out)
        return _HEAD.format(day=self.day, dialect=self.dialect) + out.getvalue()

    def write(self, folder: Path, page: str) -> list[Path]:
        """Write file and page, and return where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        written = {folder / "live-answers.yaml": self.text(), folder / "live.html": page}
        for path, text in written.items():
            path.write_text(text, "utf-8")
        return list(written)

    def _changes(self, situation: str, now: Sequence[Entry], before: Sequence[Answer]) -> Iterator[Difference]:
        heads = {self._head_of_row(row) for row in before}
        if not now:
            yield Difference("gone", f"{situation}: no answer this time; it was {_all(heads)}")
        elif not before:
            yield Difference("asked first", f"{situation}: {_all(entry.head for entry in now)}")
        else:
            yield from _compared(situation, {entry.head for entry in now}, heads)
            found = {text for row in before for text in _findings(row)}
            yield from _compared(situation, {text for entry in now for text in entry.findings}, found)

    def _entry(self, seen: Seen, reading: Reading) -> Entry:
        row = self._row(seen, reading, witness(seen, reading))
        head = self._head(seen.response, reading, seen.asked)
        findings = _findings(as_answer(seen.situation, row))
        return Entry(
            situation=seen.situation,
            row=row,
            head=head,
            findings=findings,
            news=tuple(self._news(seen, reading, head, findings)),
        )

    def _head(self, response: httpx.Response, reading: Reading, asked: Sequence[str]) -> str:
        parts = [f"HTTP {response.status_code}"]
        if reading.code is not None:
            parts.append(f"code {self._redactor.message(str(reading.code), asked)}")
        if reading.message:
            parts.append(f'"{self._redactor.message(reading.message, asked)}"')
        return f"{', '.join(parts)}, read as {reading.means}"

    def _news(self, seen: Seen, reading: Reading, head: str, findings: Sequence[str]) -> Iterator[str]:
        expected = _EXPECTED.get(seen.situation)
        status = seen.response.status_code
        # without a token, and with a wrong one, 401
        usual = status == httpx.codes.UNAUTHORIZED if expected is None else reading.means in expected
        usual |= seen.situation == "creation" and httpx.codes.is_server_error(status)  # which a look-up decides
        if not usual and head not in self._known_heads(seen):
            yield head
        rows = (*answers(), *self._baseline)
        known = {text for row in rows if _alike(row.call, seen.call) for text in _findings(row)}
        yield from (text for text in findings if text not in known)

    def _known_heads(self, seen: Seen) -> Iterator[str]:
        """Yield what an answer may be besides what is expected: as it was before, or a failure that the table has."""
        yield from (self._head_of_row(row) for row in self._baseline if row.seen[0].where == seen.situation)
        failures = (row for row in answers() if _alike(row.call, seen.call) and row.means not in _SUCCESSES)
        yield from map(self._head_of_row, failures)

    def _head_of_row(self, row: Answer) -> str:
        asked = row.asked or row.reads.external_id or ""
        return self._head(row.response(), read(row.call, row.response(), asked), (asked,))

    def _row(self, seen: Seen, reading: Reading, told: Witness | None) -> dict[str, Any]:
        body = _json(seen.response)
        redactor = self._redactor
        headers = dict(self._headers(seen.response, "application/json" if body is not None else "text/html"))
        return {
            "call": seen.call,
            **({"asked": "{id}"} if seen.asked else {}),
            "status": seen.response.status_code,
            **({"headers": headers} if headers else {}),
            **(
                {"text": redactor.text(seen.response.content, seen.asked)}
                if body is None
                else {"body": redactor.body(body, seen.asked)}
            ),
            "seen": [{"source": "make-live", "when": self.day, "where": seen.situation}],
            "sure": "seen on this path",
            **({"dialect": told.dialect} if told and told.dialect else {}),
            "means": reading.means,
        }

    def _headers(self, response: httpx.Response, usual_type: str) -> Iterator[tuple[str, str]]:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.content and media_type != usual_type:
            yield "Content-Type", self._redactor.message(media_type)
        for name, instead in _HEADERS.items():
            if name in response.headers:
                yield name, instead or self._redactor.message(response.headers[name])


def _alike(call: str, other: str) -> bool:
    """Return whether two calls are answered in the same shape."""
    shapes = {name: operation.success_schema() for name, operation in contract.operations().items()}
    schemas = [follow(contract.document(), shapes[name]) for name in (call, other) if name in shapes]
    return len(schemas) == len((call, other)) and schemas[0] == schemas[1]


def _findings(row: Answer) -> tuple[str, ...]:
    """Return what a row has besides what the contract says. In a row nothing of an account is left."""
    return tuple(finding.text for finding in judge(row.call, row.response()))


def _compared(situation: str, now: set[str], before: set[str]) -> Iterator[Difference]:
    came, went = _all(now - before), _all(before - now)
    if came and went:
        yield Difference("otherwise", f"{situation}: {came}; it was {went}")
    elif came or went:
        yield Difference("new" if came else "gone", f"{situation}: {came or went}")


def _all(texts: Iterable[str]) -> str:
    return "; ".join(sorted(set(texts)))


def _json(response: httpx.Response) -> Any:
    """Return the JSON value of an answer; None where it has none."""
    try:
        return strict_json.loads(response.content)
    except strict_json.StrictJsonError:
        return None
