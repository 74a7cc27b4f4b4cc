"""Run the command in tests, against mock servers of which some replies are replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.live_responses import LiveResponse, load
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.scripted import NAMED, FakeClock
from kling_elements import KlingElements
from kling_elements.mock import create_app
from kling_elements.mock.reply import HTML_TYPE, Reply
from kling_elements.testing import KlingRouter, respx_router
from tools.live import __main__ as live

TOKEN = "sk-secret-1234567890"
LIST, LOOK_UP = f"{ELEMENTS}?", f"{ELEMENTS}/"
DIALECTS = ["live", "documented"]
Replies = dict[str, Reply]
"""Replies of a gateway in place of its own, by the beginning of the target."""
HOST = "gateway.example.com"
NEITHER = "neither live nor documented"
IMAGE = "--image=https://media.example.com/mara.jpg?signature=hidden"
PAGE_REPLY = Reply(200, b"<html>Hello</html>", (HTML_TYPE,))
STATUS_OF_ABSENCE = {"live": 400, "documented": 404}  # the status for an unknown id
_FILES = {"live-responses.yaml", "live.html"}
_SECRET = re.compile(f"{TOKEN}|signature|hidden|[A-Za-z0-9+/]{{80}}")


class Run:
    """Runs the command in its own folder.

    Attributes:
        lines: The output of the last run, except the paths of its files.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys
        self.lines: list[str] = []

    def __call__(self, *arguments: str) -> int:
        """Run the command and return the exit code. Check that it writes only its two files and shows no secret."""
        code = live.main(arguments, FakeClock(), self._folder)
        printed = "".join(self._capsys.readouterr())
        self.lines = [line for line in printed.splitlines() if not line.startswith("wrote ")]
        written = {path.name: path.read_text("utf-8") for path in self._folder.glob("*")}
        assert set(written) <= _FILES
        assert [] == [text for text in (printed, *written.values()) if _SECRET.search(text)]
        return code

    @property
    def file(self) -> Path:
        """The path of the file that the command wrote."""
        return self._folder / "live-responses.yaml"

    @property
    def page(self) -> str:
        """The text of the page that the command wrote."""
        return (self._folder / "live.html").read_text("utf-8")

    def rows(self) -> dict[str, LiveResponse]:
        """Return the rows of the file."""
        return {row.id: row for row in load(self.file)}

    def starting(self, *words: str) -> list[str]:
        """Return the lines with one of these beginnings."""
        return [line for line in self.lines if line.startswith(words)]


@contextmanager
def gateway(dialect: str = "live", replies: Replies | None = None) -> Iterator[KlingRouter]:
    """Run a gateway that speaks a dialect. Some targets have other replies, and tasks finish at once."""
    options: dict[str, Any] = {"dialect": dialect, "tick_seconds": 0}
    app = create_app(TOKEN, **options)
    response = app.respond

    def reply_or_respond(method: str, target: str, *arguments: Any) -> Reply:
        own = (reply for start, reply in (replies or {}).items() if target.startswith(start))
        return next(own, None) or response(method, target, *arguments)

    setattr(app, "respond", reply_or_respond)  # noqa: B010 - replaces a method of one object
    with respx_router(app=app) as router:
        yield router


def create() -> None:
    """Create a task in the account."""
    with KlingElements(TOKEN) as kling:
        kling.create({**NAMED, "element_name": "Jonas Meier", "external_task_id": "film-7-jonas"})


def lines_of_reads(dialect: str) -> list[str]:
    return [
        "the account's list",
        "  listElements: status 200, conforms",
        "the list of presets",
        "  listPresetElements: status 200, conforms",
        "look-up of an id that does not exist (external-id)",
        f"  getElement: status {STATUS_OF_ABSENCE[dialect]}, conforms",
        "look-up of an id that does not exist (task-id)",
        f"  getElement: status {STATUS_OF_ABSENCE[dialect]}, conforms",
        "the list, without a token",
        "  listElements: status 401, conforms",
        "the list, with a wrong token",
        "  listElements: status 401, conforms",
    ]
