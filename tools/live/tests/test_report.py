"""`make live` writes a gateway's responses, recognises its dialect and compares runs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.reading.paths import DELETION, PRESETS
from contract_tests.support.tables import for_each_row
from kling_elements.gateway_survey import nonexistent_id
from kling_elements.mock.reply import HTML_TYPE, Reply, json_reply
from kling_elements_client import contract
from tools.live.page import page
from tools.live.reading import read
from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import Seen
from tools.live.tests.command import DIALECTS, LIST, LOOK_UP, Replies, Run, create, gateway

_HOST = "gateway.example.com"
_OTHER_DELETION = "/kling/v1/general/delete-advanced-elements"
_NEITHER = "neither live nor documented"

# --- the file ---


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_file_has_the_form_of_the_table(dialect: str, run: Run) -> None:
    """Each response is a row with what the client makes of it, and the dialect if the response shows it."""
    with gateway(dialect):
        create()
        run("--confirm")

    rows = run.rows()
    assert {
        "list": ("listElements", "list", ""),
        "presets": ("listPresetElements", "list", ""),
        "first-task": ("getElement", "task", ""),
        "unknown-external-id": ("getElement", "absent", dialect),
        "unknown-task-id": ("getElement", "absent", dialect),
        "no-token": ("listElements", "refused", ""),
        "wrong-token": ("listElements", "refused", ""),
    } == {name: (row.call, row.means, row.dialect) for name, row in rows.items() if "element" not in name}
    assert {"unknown-element", "unknown-element-advanced"} < rows.keys()
    for name, row in rows.items():
        assert ("make-live", "2026-06-10", name) == (row.seen[0].source, row.seen[0].when, row.seen[0].where)
        assert row.means == read(row.call, row.response(), row.asked).means


def test_the_file_keeps_the_structure_without_the_accounts_data(run: Run) -> None:
    """Types, words of the contract, codes and lengths of numbers remain; ids, names, addresses and times do not."""
    with gateway() as router:
        create()
        run()
        (task,) = router.kling.tasks()
    text = run.file.read_text("utf-8") + run.page

    (listed,) = run.rows()["list"].body()["data"]
    assert "1" * len(task["task_id"]) == listed.pop("task_id")
    (element,) = listed["task_result"].pop("elements")
    assert int("1" * len(str(task["element_id"]))) == element.pop("element_id")
    assert {
        "element_name": "<text>",
        "element_description": "<text>",
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": "<url>", "refer_images": [{"image_url": "<url>"}]},
        "tag_list": [],
        "owned_by": "<text>",
        "status": "succeed",
    } == element
    assert {
        "task_status": "succeed",
        "task_status_msg": "",
        "task_info": {"external_task_id": "<text>"},
        "task_result": {},
        "final_unit_deduction": "0",
        "final_balance_deduction": {"quota": "0", "list_price": "0"},
        "created_at": 1111111111111,
        "updated_at": 1111111111111,
    } == listed
    secrets = [task["task_id"], str(task["element_id"]), "Jonas", "film-7", "example.com/", "kkiai"]
    assert [] == [secret for secret in secrets if secret in text]


def test_the_file_keeps_the_gateways_messages(run: Run) -> None:
    """A mark replaces the id that was asked for."""
    with gateway():
        run()

    words = {name: row.body().get("message") for name, row in run.rows().items()}
    assert "Task not found by id/external id: {id}" == words["unknown-task-id"] == words["unknown-external-id"]
    assert "{id}" == run.rows()["unknown-task-id"].asked
    assert {"www-authenticate": "Bearer"}.items() <= run.rows()["no-token"].headers.items()


def test_answers_of_one_kind_are_written_once(run: Run) -> None:
    """A creation asks several times, so the kinds of responses are numbered."""
    with gateway("documented"):
        run("--create", "--image=https://media.example.com/mara.jpg")

    created = [(name, row.call, row.means) for name, row in run.rows().items() if name.startswith("creation")]
    assert [
        ("creation", "getElement", "absent"),
        ("creation-2", "createElement", "task"),
        ("creation-3", "getElement", "task"),
        ("creation-4", "deleteElement", "deleted"),
    ] == created


def test_a_response_that_is_not_json_is_kept_as_text(run: Run) -> None:
    """The file keeps the beginning of the response in one line, without hosts and numbers, and any type but HTML."""
    pages = {
        LIST: Reply(
            502, b"<html><h1>502</h1> cdn.gw.example.com ray 8c1f2a3b4c5d6e7f</html>" + b"-" * 900, (HTML_TYPE,)
        ),
        PRESETS: Reply(200, b"Hello\x1b[2J 12345", ((b"content-type", b"text/plain; charset=utf-8"),)),
    }
    with gateway(replies=pages):
        assert 1 == run()

    rows = run.rows()
    assert rows["list"].content.startswith(b"<html><h1>502</h1> {host} ray {text}</html>---")
    assert 300 == len(rows["list"].content)
    assert (b"Hello\\x1b[2J {number}", "text/plain") == (
        rows["presets"].content,
        rows["presets"].headers["Content-Type"],
    )


@pytest.mark.parametrize(
    ("finding", "success"),
    [
        (
            "the content type is text/html; the contract has application/json",
            {"text": "<p>", "headers": {"content-type": "text/html"}},
        ),
        ("the content type is text/plain; the contract has application/json", {"text": "{}"}),
        ("there is no content type; the contract has application/json", {"content": b"{}"}),
        ("there is no content type; the contract has application/json", {"content": b""}),
        (
            "the body is not JSON, or readers could read it differently",
            {"content": b'{"code": 0, "code": 1}', "headers": {"content-type": "application/json"}},
        ),
        ("the header WWW-Authenticate is missing", None),
    ],
)
def test_a_departure_can_still_be_seen_in_the_row(
    finding: str, success: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are checked like answers, even after redaction, so that runs can be compared."""
    declared = contract.document()["components"]["responses"]["Unauthorized"]["headers"]["WWW-Authenticate"]
    monkeypatch.setitem(declared, "required", "yes")
    response = httpx.Response(401, json={"code": 1002}) if success is None else httpx.Response(200, **success)

    report = Report([Seen("list", "listElements", (), response)], Redactor(str, _HOST), "2026-11-28")

    assert (finding,) == report.entries[0].findings


# --- the dialect ---

_LIVE = json_reply({"code": 1201, "message": "Task not found by id/external id: 7"}, 400)
_OF_A_GATEWAY = json_reply({"code": "task_not_exist", "message": "task_not_exist", "data": None}, 400)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_dialect_of_a_gateway_is_recognised(dialect: str, run: Run) -> None:
    """Look-ups show the dialect, and so does a deletion if there is one."""
    with gateway(dialect):
        assert 0 == run("--create", "--image=https://media.example.com/mara.jpg")

    assert [f"dialect: {dialect}"] == run.starting("dialect")
    assert f"<b>{dialect}</b>" in run.page


def _of(call: str, body: Any, situation: str, status: int = 200) -> Seen:
    response = httpx.Response(status, json=body)
    return Seen(situation, call, ("7",), response)


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        ("unknown, because no response shows it", []),
        ("unknown, because no response shows it", [_of("listElements", {"data": []}, "list")]),
        ("unknown, because no response shows it", [_of("getElement", {"code": 1002}, "unknown-task-id", 401)]),
        ("unknown, because no response shows it", [_of("getElement", {"code": 5000}, "unknown-task-id", 500)]),
        ("documented", [_of("getElement", {"code": "1203"}, "unknown-task-id", 200)]),
        (_NEITHER, [_of("getElement", {"code": "task_not_exist"}, "unknown-task-id", 400)]),
        (_NEITHER, [_of("getElement", {"data": {"task_id": "7"}}, "unknown-task-id")]),
        ("live", [_of("deleteElement", {"code": 0}, "creation")]),
        ("live", [_of("deleteElement", {"code": 0, "data": None}, "creation")]),
        ("documented", [_of("deleteElement", {"code": 0, "data": {"task_id": "7"}}, "creation")]),
        (
            "mixed: unknown-task-id documented, creation live",
            [_of("getElement", {"code": 1203}, "unknown-task-id", 404), _of("deleteElement", {}, "creation")],
        ),
        (
            "mixed: unknown-task-id documented, unknown-external-id neither",
            [
                _of("getElement", {"code": 1203}, "unknown-task-id", 404),
                _of("getElement", {}, "unknown-external-id", 404),
            ],
        ),
    ],
)
def test_only_some_responses_show_the_dialect(expected: str, seen: list[Seen]) -> None:
    """A refusal for another reason shows nothing; other words belong to neither dialect."""
    assert expected == Report(seen, Redactor(str, _HOST), "2026-11-28").dialect


def test_an_empty_deletion_belongs_to_no_dialect() -> None:
    """Status 204 is a success without a body, which no dialect has."""
    seen = Seen("creation", "deleteElement", ("7",), httpx.Response(204))

    assert _NEITHER == Report([seen], Redactor(str, _HOST), "2026-11-28").dialect


# --- news ---


@dataclass(frozen=True, kw_only=True)
class _News:
    """What a run reports about a gateway that answers differently from the mock server, and its exit code."""

    replies: Replies
    news: Sequence[str] = ()
    code: int = 1
    dialect: str = "live"

    @property
    def id(self) -> str:
        return f"{self.dialect}: {'; '.join(self.news) or 'nothing new'}"


@for_each_row(
    [
        _News(code=0, replies={LOOK_UP: _LIVE}),
        _News(code=0, dialect=_NEITHER, replies={LOOK_UP: _OF_A_GATEWAY}),  # known, although it belongs to no dialect
        _News(
            dialect=_NEITHER,
            news=[
                'unknown-external-id: HTTP 400, code 1201, "Nothing here for film 7", read as refused',
                'unknown-task-id: HTTP 400, code 1201, "Nothing here for film 7", read as refused',
            ],
            replies={LOOK_UP: json_reply({"code": 1201, "message": "Nothing here for film 7"}, 400)},
        ),
        _News(
            news=[
                "list: /cursor is not in the contract",
                "no-token: HTTP 200, read as list",
                "no-token: /cursor is not in the contract",
                "wrong-token: HTTP 200, read as list",
                "wrong-token: /cursor is not in the contract",
            ],
            replies={LIST: json_reply({"code": 0, "data": [], "cursor": None})},
        ),
        _News(
            news=["presets: /data/*/task_status is archived, a word that is not in the contract"],
            replies={PRESETS: json_reply({"code": 0, "data": [{"task_status": "archived", "task_id": "7"}]})},
        ),
        _News(replies={PRESETS: json_reply({"code": 0})}),  # in the table, but not a list
        _News(
            news=[
                'presets: HTTP 418, code 9, "Jonas is out", read as refused',
                "presets: /code is 9, which is not in x-business-codes",
            ],
            replies={PRESETS: json_reply({"code": 9, "message": "Jonas is out"}, 418)},
        ),
    ],
)
def test_unknown_responses_are_new(row: _News, run: Run) -> None:
    """The exit code is 1 if anything is new or a call failed, and 0 otherwise."""
    with gateway(replies=row.replies):
        assert row.code == run()

    assert [f"new: {text}" for text in row.news] == run.starting("new: ")
    assert [f"dialect: {row.dialect}"] == run.starting("dialect")


def test_finding_an_unknown_id_is_new(run: Run) -> None:
    """An unexpected success is as surprising as an unexpected failure."""
    with gateway(replies={LOOK_UP: json_reply({"code": 0, "data": {"task_id": "7"}})}):
        assert 1 == run()

    assert ["new: unknown-external-id: HTTP 200, read as task"] == run.starting("new: unknown-external-id")


# --- an earlier run ---


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_run_without_changes_says_so(dialect: str, run: Run) -> None:
    """The file of a run can be the baseline of the next one, which overwrites it."""
    with gateway(dialect):
        run()
        assert 0 == run(f"--baseline={run.file}")

    assert ["since the baseline, nothing has changed"] == run.starting("since")
    assert "Nothing has changed." in run.page


def test_a_change_of_the_dialect_is_reported(run: Run) -> None:
    """The change counts, although the contract knows both dialects."""
    with gateway("documented"):
        run()
    with gateway():
        assert 1 == run(f"--baseline={run.file}")

    now = 'HTTP 400, code 1201, "Task not found by id/external id: {id}", read as absent'
    for name, line in zip(("unknown-external-id", "unknown-task-id"), run.starting("since"), strict=True):
        assert line.startswith(f"since the baseline, changed: {name}: {now}; it was HTTP 404, code 1203, ")
    assert [] == run.starting("new: ")
    assert '<span class="badge news">changed</span> unknown-task-id' in run.page


def test_new_findings_count_and_gone_ones_do_not(run: Run) -> None:
    """A property that disappeared is reported; only one that appeared changes the exit code."""
    more = {PRESETS: json_reply({"code": 0, "data": [], "cursor": None})}
    with gateway(replies=more):
        run()
    with gateway():
        assert 0 == run(f"--baseline={run.file}")
    assert ["since the baseline, gone: presets: /cursor is not in the contract"] == run.starting("since")

    with gateway(replies=more):
        assert 1 == run(f"--baseline={run.file}")
    assert ["since the baseline, new: presets: /cursor is not in the contract"] == run.starting("since")


def test_findings_of_the_baseline_are_not_new(run: Run) -> None:
    """An unusual response is known once the baseline contains it."""
    replies = {
        LOOK_UP: json_reply({"code": 1201, "message": "Nothing here for film 7"}, 400),
        PRESETS: json_reply({"code": 0, "data": [], "cursor": None}),
    }
    with gateway(replies=replies):
        assert 1 == run()
        assert 0 == run(f"--baseline={run.file}")

    assert [] == run.starting("new: ")
    assert ["since the baseline, nothing has changed"] == run.starting("since")


def test_situations_that_only_one_run_has_are_reported(run: Run) -> None:
    """Such differences do not change the exit code."""
    with gateway("documented"):
        run("--confirm")
        before = run.file.read_text("utf-8")
        run()
        (run.file.parent / "live.html").unlink()
        assert 0 == run("--confirm", f"--baseline={run.file}")
        first = run.starting("since the baseline, not asked before: ")
        run.file.write_text(before, "utf-8")
        assert 0 == run(f"--baseline={run.file}")

    assert 2 == len(first)
    assert first[0].startswith("since the baseline, not asked before: unknown-element: HTTP 404, code 1203, ")
    gone = "since the baseline, gone: unknown-element: no response this time; it was HTTP 404, code 1203, "
    assert run.starting("since")[0].startswith(gone)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "error: before.yaml: "),
        ("responses: {a: {}}", "error: before.yaml: a: it must have call, means, seen, sure"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_an_error(text: str | None, expected: str, run: Run, tmp_path: Path) -> None:
    """The error is raised before anything is sent."""
    if text is not None:
        (tmp_path / "before.yaml").write_text(text, "utf-8")

    with gateway() as router:
        assert 2 == run(f"--baseline={tmp_path / 'before.yaml'}")
        assert 0 == router.routes[0].call_count

    assert run.lines[0].startswith(expected)
    assert not run.file.exists()


# --- deletions ---


def test_nothing_is_deleted_without_confirmation(run: Run) -> None:
    """A deletion is sent only with CONFIRM=1."""
    with gateway() as router:
        run()
        sent = [call.request.url.path for call in router.calls]

    assert [] == [path for path in sent if "delete" in path]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_both_paths_are_asked_to_delete_an_element_that_cannot_exist(dialect: str, run: Run) -> None:
    """Nothing is deleted. In the live dialect no such response is known yet, so it is new."""
    with gateway(dialect) as router:
        create()
        code = run("--confirm")
        sent = {
            call.request.url.path: json.loads(call.request.content) for call in router.calls if call.request.content
        }
        assert [False] == [task["deleted"] for task in router.kling.tasks()]

    assert "Then it asks both paths to delete an element that cannot exist." in run.lines
    assert sent[DELETION] == sent[_OTHER_DELETION]
    assert re.fullmatch(r"nobody-[0-9a-f-]{36}", sent[DELETION]["element_id"])
    assert ["unknown-element"] * (dialect == "live") == [line.split(": ")[1] for line in run.starting("new: ")][:1]
    assert int(dialect == "live") == code


def test_a_claimed_deletion_of_an_unknown_element_is_new(run: Run) -> None:
    """No element ever had the id that the deletion names."""
    with gateway(replies={DELETION: json_reply({"code": 0}), _OTHER_DELETION: Reply(200, cut=True)}):
        assert 1 == run("--confirm")

    assert "  departs: the gateway claims to have deleted an element that never existed" in run.lines
    assert ["new: unknown-element: HTTP 200, read as deleted"] == run.starting("new: ")
    assert "  failed: ConnectionFailedError, no response: RemoteProtocolError; check KLING_BASE_URL" in run.lines


def test_no_reader_takes_the_nonexistent_id_for_a_number() -> None:
    """The id also differs each time."""
    first, second = nonexistent_id(), nonexistent_id()

    assert first != second
    for parse in (int, float, lambda text: int(text[:1]), lambda text: int(text, 16)):
        with pytest.raises(ValueError, match=r"invalid|could not convert"):
            parse(first)


# --- the page ---


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
    """The page has no scripts or other files, and shows each situation."""
    with gateway():
        run("--confirm")
    page = _Page(run.page)

    assert [] == page.references
    assert {"script", "link", "img"}.isdisjoint(page.tags)
    assert "url(" not in run.page
    assert set(run.rows()) <= set(page.texts)
    assert {"new", "known"} <= set(page.texts)


def test_a_gateways_messages_are_escaped_in_the_page(run: Run) -> None:
    """A message is shown exactly as it is."""
    attack = json_reply({"code": 7, "message": "<script>alert(1)</script>", "<b>": 1}, 400)
    with gateway(replies={PRESETS: attack}):
        run()

    assert "<script>" not in run.page
    assert '"<script>alert(1)</script>"' in "".join(_Page(run.page).texts)


def test_the_page_shows_headers_and_texts() -> None:
    """The page shows answers that are not JSON, and their headers."""
    response = httpx.Response(429, text="slow down", headers={"Retry-After": "7", "Location": "https://a.example.com"})
    report = Report([Seen("list", "listElements", (), response)], Redactor(str, _HOST), "2026-11-28")

    texts = "".join(_Page(page(report, 3)).texts)

    assert "Content-Type: text/plain\nretry-after: 7\nlocation: <url>\nslow down" in texts
    assert "failed calls3" in texts
