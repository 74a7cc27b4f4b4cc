"""The documents are right: their code runs, and the files, targets and options in them exist."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import django
import httpx
import pytest
import trustme
from django.conf import settings
from django.test import RequestFactory

import kling_elements
from contract_tests.reading.images import Picture
from contract_tests.support.drawn_videos import draw_video
from contract_tests.support.mock_caller import Caller
from contract_tests.support.signed_notifications import BODY, ID, SECRET, signature_of
from contract_tests.support.snippets import Shell, Snippet, run_as_tests, shows, snippets
from kling_elements.clock import Clock
from kling_elements.mock import create_app
from kling_elements.testing import respx_router
from kling_elements.testing.gateway import serving
from scripts.spec import ROOT

pytestmark = pytest.mark.slow
_USERS = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
_DOCUMENTS = [*_USERS, "CONTRIBUTING.md", "ARCHITECTURE.md", "ADR.md", "CHANGELOG.md"]
_DOCUMENTS += [f"tools/{tool}/README.md" for tool in ("mutate", "bench", "live", "diff", "interop")]
_SNIPPETS = [snippet for page in _USERS for snippet in snippets(page)]
_WITH_PYTHON = sorted({snippet.page for snippet in _SNIPPETS if snippet.language == "python"})
_WITH_COMMANDS = sorted({snippet.page for snippet in _SNIPPETS if snippet.language == "console"})
_RECEIVERS = "docs/notifications.md"


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the files that the documents mention. The environment has a key, and sleeps take no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KLING_API_KEY", "any-key")
    monkeypatch.setenv("KLING_WEBHOOK_SECRET", SECRET)
    monkeypatch.delenv("KLING_BASE_URL", raising=False)
    monkeypatch.delenv("KLING_LOG", raising=False)
    monkeypatch.setattr(Clock, "sleep", lambda *_: None)
    for name, width in {"front.jpg": 300, "left.jpg": 320, "small.jpg": 299}.items():
        Path(name).write_bytes(Picture(format="jpeg", width=width).build())
    trustme.CA().cert_pem.write_to_path("company-ca.pem")
    return tmp_path


@pytest.fixture
def loggers() -> Iterator[None]:
    """Restore the levels of the loggers."""
    levels = {name: logging.getLogger(name).level for name in ("kling_elements", "kling_elements.http")}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_every_snippet_is_of_a_language_that_the_tests_run() -> None:
    """Otherwise a misspelt language would exclude a snippet from the tests."""
    assert {"python", "console", "text", "yaml"} == {snippet.language for snippet in _SNIPPETS}
    assert [] == [
        snippet.text
        for before, snippet in pairwise(_SNIPPETS)
        if snippet.language == "text" and before.output != snippet.text
    ]


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize("page", _WITH_PYTHON)
def test_the_python_of_each_page_runs(page: str, working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Snippets of a page run in order, and print the output shown on the page."""
    if page == "docs/videos.md":
        draw_video(working_folder / "holiday.mp4", list(range(8)), 2)
    names: dict[str, Any] = {"__name__": "snippet"}
    with respx_router() as router:
        router.get(host="media.example.com").respond(404)
        if page == "docs/lost-responses.md":
            router.kling.queue_faults("none", "drop-after")
        for snippet in snippets(page):
            if snippet.language != "python":
                continue
            if "\ndef test_" in snippet.text:
                printed = run_as_tests(snippet.text, working_folder)
                assert f"{snippet.text.count('def test_')} passed" in printed
                continue
            exec(compile(snippet.text, page, "exec"), names)
            printed = capsys.readouterr().out
            assert snippet.output is None or shows(snippet.output, printed), printed


@pytest.mark.parametrize("page", _WITH_COMMANDS)
def test_the_commands_of_each_page_run(page: str, working_folder: Path) -> None:
    """Each command prints the output shown on the page. Long ones are only started or checked."""
    (working_folder / "example.py").write_text(_first_example().text, "utf-8")
    with serving(create_app(tick_seconds=0)) as server:
        shell = Shell(working_folder, server.url)
        for snippet in snippets(page):
            if snippet.language == "console":
                for command, expected, printed in shell.run(snippet.text):
                    assert not expected or shows(expected, printed), f"{command}: {printed}"


def _first_example() -> Snippet:
    return next(snippet for snippet in snippets("README.md") if snippet.language == "python")


def test_the_first_example_creates_one_element(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example prints the element's id, and creates no second element if it runs again."""
    del working_folder
    with respx_router() as router:
        for _ in range(2):
            exec(compile(_first_example().text, "README.md", "exec"), {})
        (task,) = router.kling.tasks()

    assert f"{task['element_id']}\n" * 2 == capsys.readouterr().out


def test_the_first_example_is_short() -> None:
    """The example stays short because newcomers read it first."""
    code = [line for line in _first_example().text.splitlines() if line and not line.startswith("from ")]

    assert len(code) <= 14
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 100


def _receiver(framework: str) -> dict[str, Any]:
    """Return the names that the snippet for a web framework defines."""
    (snippet,) = [snippet for snippet in snippets(_RECEIVERS) if snippet.heading == framework]
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(snippet.text, _RECEIVERS, "exec"), names)
    return names


def _response(framework: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status and the text of the response to a notification by the receiver for a web framework."""
    names = _receiver(framework)
    if framework == "FastAPI":

        async def post() -> httpx.Response:
            transport = httpx.ASGITransport(names["app"])
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await client.post("/kling", content=body, headers=headers)

        response = asyncio.run(post())
        return response.status_code, response.text
    if framework == "Flask":
        reply = names["app"].test_client().post("/kling", data=body, headers=headers)
        return reply.status_code, reply.text
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
        django.setup()
    request = RequestFactory().post("/kling", body, content_type="application/json", headers=headers)
    response = names["receive_notification"](request)
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("framework", ["FastAPI", "Flask", "Django"])
def test_the_receivers_accept_only_signed_notifications(
    framework: str, working_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response is 204 to a notification that the vendor signed, and 400 to one that was changed."""
    del working_folder
    timestamp = "1781080794"
    monkeypatch.setattr("kling_elements.webhooks._check_now", lambda _: datetime.fromtimestamp(int(timestamp), UTC))
    headers = {"webhook-id": ID, "webhook-timestamp": timestamp, "webhook-signature": signature_of(BODY)}

    assert (204, "") == _response(framework, BODY, headers)
    assert "None succeed\n" == capsys.readouterr().out
    status, text = _response(framework, BODY + b" ", headers)
    assert 400 == status
    assert text.startswith("refused: ")


def test_the_documents_name_targets_that_exist() -> None:
    """Every `make` command in the documents is a target with a line in `make help`."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    texts = [(ROOT / path).read_text("utf-8") for path in _DOCUMENTS]
    named = {name for text in texts for name in re.findall(r"(?:`|\$ )make ([a-z]+)\b", text)}
    command = ["make", "--no-print-directory", "help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"demo", "test", "gen", "mock", "fuzz", "lint"} <= targets
    assert named - targets == set()
    assert targets == {line.split()[0] for line in helped.splitlines()}


def test_ci_runs_the_command_of_the_readme() -> None:
    assert "$ make test" in (ROOT / "README.md").read_text("utf-8")
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_every_path_in_the_documents_exists(document: str) -> None:
    """Links point to a file and a heading. Code spans that look like a path are the path of a file."""
    path = ROOT / document
    text = path.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    targets = [link.partition("#") for link in links]
    folders = "openapi|generated_client|kling_elements|contract_tests|scripts|tools|requirements|docs"
    spans = re.findall(rf"`((?:{folders})/[\w./-]*)`", text)
    beside = re.findall(r"`([\w/]+\.(?:py|yaml)|\w+/)`", text) if document.startswith("tools/") else []

    assert [] == [link for link, _, _ in targets if link and not (path.parent / link).exists()]
    assert [] == [
        f"{link}#{anchor}"
        for link, _, anchor in targets
        if anchor and anchor not in _anchors(path.parent / link if link else path)
    ]
    assert [] == [span for span in spans if not (ROOT / span).exists()]
    assert [] == [span for span in beside if not (path.parent / span).exists() and span not in spans]


def _anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub creates for the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_pages_lead_from_one_to_the_next() -> None:
    """The pages follow the order of the index, which lists each page once."""
    index = re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / "README.md").read_text("utf-8"))
    last_lines = {page: (ROOT / "docs" / page).read_text("utf-8").splitlines()[-1] for page in index}
    following = [match[1] for line in last_lines.values() if (match := re.match(r"Next: \[.+\]\((.+)\)$", line))]

    assert sorted(index) == sorted(path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md")
    assert index[1:] == following


def test_the_page_of_the_mock_server_lists_every_fault_and_option() -> None:
    page = (ROOT / "docs" / "mock-server.md").read_text("utf-8")
    with pytest.raises(ValueError, match="there is no fault") as caught, respx_router() as router:
        router.kling.queue_faults("?")
    paths = re.findall("/_mock/[a-z-]+", Caller(create_app()).send("GET", "/_mock/").body.decode())
    faults = re.findall(r"[a-z0-9-]+(?::[A-Z]+|-STATUS-[a-z]+)?[a-z-]*", str(caught.value).partition("there are ")[2])
    command = [sys.executable, "-m", "kling_elements.mock", "--help"]
    options = re.findall(
        r"^  (--[a-z-]+)", subprocess.run(command, capture_output=True, text=True, check=True).stdout, re.MULTILINE
    )

    assert options
    assert paths
    assert [] == [name for name in (*faults[:20], *options, *paths) if name not in page]


def test_the_page_of_errors_lists_every_error() -> None:
    """Each exception that `kling_elements` exports is in the table."""
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    exported = {name: getattr(kling_elements, name) for name in kling_elements.__all__}
    errors = {name for name, value in exported.items() if isinstance(value, type) and issubclass(value, Exception)}
    bases = {"KlingError", "ResponseError", "BatchError", "TaskError"}  # what the others have in common

    assert errors
    assert set() == {name for name in errors - bases if f"`{name}`" not in page}


def test_the_contents_of_the_decisions_list_each_number_in_its_group() -> None:
    """Each decision is listed once, in its own group."""
    text = (ROOT / "ADR.md").read_text("utf-8")
    groups = {part.partition("\n")[0]: part for part in re.split("^## ", text, flags=re.MULTILINE)[1:]}
    contents = re.findall(r"^\| \[(.+)\]\(#.+\) \| .+: ([0-9, -]+) \|$", text, re.MULTILINE)
    numbers = {
        name: [int(n) for n in re.findall(r"^### (\d+)\. ", part, re.MULTILINE)] for name, part in groups.items()
    }

    assert list(numbers) == [name for name, _ in contents]
    assert {name: sorted(_numbers(ranges)) for name, ranges in contents} == {
        name: sorted(group) for name, group in numbers.items()
    }
    assert [] == [n for n, times in Counter(n for group in numbers.values() for n in group).items() if times > 1]


def _numbers(ranges: str) -> Iterator[int]:
    """Yield the numbers of a string such as `1-15, 137`."""
    for part in ranges.split(", "):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def test_an_output_must_be_printed_exactly_as_shown() -> None:
    """An output may differ only where the page has `...`."""
    assert shows("a\nb ... d\n", "a\nb c d")
    assert not shows("a\nb ... d\n", "a\nb c e")
