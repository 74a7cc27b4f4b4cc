"""Write a page that shows the responses of a run. It needs no other files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from tools.live.report import Entry, Report

_PAGE: Final = Path(__file__).with_name("page.html")
_STYLE: Final = Path(__file__).with_name("page.css")
_KINDS: Final = {"new": "news", "changed": "news", "gone": "bad", "not requested before": "good"}


def render_page(report: Report, failures: int) -> str:
    """Return the page as HTML.

    Args:
        report: The report of the run.
        failures: The number of calls that failed.
    """
    totals = {
        "dialect": report.dialect,
        "kinds of responses": str(len(report.entries)),
        "new": str(len(report.news)),
        "failed calls": str(failures),
    }
    return Template(_PAGE.read_text("utf-8")).substitute(
        style=_STYLE.read_text("utf-8"),
        day=escape(report.day),
        summary="The responses marked as new are in no table yet." if report.news else "Every response is known.",
        totals="\n".join(_total(label, value) for label, value in totals.items()),
        differences=_differences(report),
        responses="".join(map(_entry, report.entries)),
    )


def _total(label: str, value: str) -> str:
    return f"<div>{escape(label)}<b>{escape(value)}</b></div>"


def _differences(report: Report) -> str:
    if not report.has_baseline:
        return ""
    items = [f"{_badge(change.kind, _KINDS[change.kind])} {escape(change.text)}" for change in report.differences]
    return f"<h2>Since the baseline</h2>\n{_list(items) or '<p>Nothing has changed.</p>'}\n"


def _entry(entry: Entry) -> str:
    row = entry.row
    badge = _badge("new", "news") if entry.news else _badge("known", "good")
    findings = [_mark(text, entry) for text in entry.findings]
    headers = "".join(f"{name}: {value}\n" for name, value in row.get("headers", {}).items())
    body = json.dumps(row["body"], ensure_ascii=False, indent=2) if "body" in row else row["text"]
    return f"""<article>
<div class="top"><h3>{escape(entry.situation)}</h3><span class="call">{escape(row["call"])}</span>{badge}</div>
<p>{_mark(entry.head, entry)}</p>
{_list(findings)}
<details><summary>The response, without the account's values</summary><pre>{escape(headers + body)}</pre></details>
</article>
"""


def _mark(text: str, entry: Entry) -> str:
    return f"<strong>{escape(text)}</strong>" if text in entry.news else escape(text)


def _badge(text: str, kind: str) -> str:
    return f'<span class="badge {kind}">{escape(text)}</span>'


def _list(items: Iterable[str]) -> str:
    inner = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{inner}</ul>" if inner else ""
