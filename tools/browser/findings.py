"""The results of visits to the page, and the problems that they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit


class PageResponse(NamedTuple):
    """A response as the page shows it."""

    status: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Visit:
    """The results of one visit.

    Attributes:
        scheme: The colour scheme that the browser prefers, `light` or `dark`.
        width: The width of the screen in pixels.
        host: The host and port of the mock server.
        errors: The errors and warnings that the page logged.
        urls: The URL of each request.
        is_dark: Whether the page was dark.
        page_width: The width of the page in pixels, after every operation was opened.
        created: The response to a valid request.
        refused: The response to a request with a name that is too long.
        ids: The ids of the elements of the account, as the page shows them and as the server sent them.
        faint_texts: Texts with little contrast to their background.
    """

    scheme: str
    width: int
    host: str
    errors: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    is_dark: bool
    page_width: int
    created: PageResponse
    refused: PageResponse
    ids: tuple[list[str], list[str]]
    faint_texts: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[str]:
        """Yield each problem, in one line."""
        yield from (f"the page logged an error: {error}" for error in self.errors)
        yield from (f"the page sent a request to another host: {url}" for url in self.urls if self._is_foreign(url))
        if self.is_dark != (self.scheme == "dark"):
            yield f"the page is {'dark' if self.is_dark else 'light'}"
        if self.page_width > self.width:
            yield f"the page is {self.page_width} px wide"
        if self.created.status != "200":
            yield f"the create got status {self.created.status}: {self.created.body}"
        if self.refused.status != "400" or "/element_name" not in self.refused.body:
            yield f"the refusal does not mention /element_name: {self.refused.status}: {self.refused.body}"
        shown, sent = self.ids
        if not sent or shown != sent:
            yield f"the page shows the ids {shown}, and the server sent {sent}"
        yield from (f"a text has too little contrast: {text}" for text in self.faint_texts)

    def _is_foreign(self, url: str) -> bool:
        return urlsplit(url).scheme != "data" and urlsplit(url).netloc != self.host
