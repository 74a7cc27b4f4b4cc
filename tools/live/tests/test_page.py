"""The page of `make live` shows every response, and needs no other files."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx

from contract_tests.reading.paths import PRESETS
from kling_elements.mock.reply import json_reply
from tools.live.page import render_page
from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import SeenResponse
from tools.live.tests.command import HOST, Run, gateway


class _Page(HTMLParser):
    """Collects the tags, references and strings of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_needs_no_other_files(run: Run) -> None:
    """The page has no scripts either, and shows each situation."""
    with gateway():
        run("--confirm")
    page = _Page(run.page)

    assert [] == page.references
    assert {"script", "link", "img"}.isdisjoint(page.tags)
    assert "url(" not in run.page
    assert set(run.rows()) <= set(page.texts)
    assert {"new", "known"} <= set(page.texts)


def test_a_gateways_messages_are_escaped_in_the_page(run: Run) -> None:
    """The page shows them unchanged."""
    attack = json_reply({"code": 7, "message": "<script>alert(1)</script>", "<b>": 1}, 400)
    with gateway(replies={PRESETS: attack}):
        run()

    assert "<script>" not in run.page
    assert '"<script>alert(1)</script>"' in "".join(_Page(run.page).texts)


def test_the_page_shows_headers_and_texts() -> None:
    """Responses that are not JSON are shown as text."""
    response = httpx.Response(429, text="slow down", headers={"Retry-After": "7", "Location": "https://a.example.com"})
    report = Report([SeenResponse("list", "listElements", (), response)], Redactor(str, HOST), "2026-11-28")

    texts = "".join(_Page(render_page(report, 3)).texts)

    assert "Content-Type: text/plain\nretry-after: 7\nlocation: <url>\nslow down" in texts
    assert "failed calls3" in texts
