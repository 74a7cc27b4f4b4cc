"""`make live` writes each response of a gateway as a row, without the account's data."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.reading.paths import PRESETS
from kling_elements.mock.reply import HTML_TYPE, Reply
from kling_elements_client import contract
from tools.live.client_reading import read_response
from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import SeenResponse
from tools.live.tests.command import DIALECTS, HOST, LIST, Run, create, gateway


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_file_has_the_form_of_the_table(dialect: str, run: Run) -> None:
    """Each response is a row with the client's reading, and with any dialect that it shows."""
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
        assert row.means == read_response(row.call, row.response(), row.asked).means


def test_the_file_keeps_the_structure_without_the_accounts_data(run: Run) -> None:
    """Types, the contract's words, codes and lengths of numbers stay. Ids, names, URLs and times don't."""
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
    """`{id}` replaces the request's id in them."""
    with gateway():
        run()

    words = {name: row.body().get("message") for name, row in run.rows().items()}
    assert "Task not found by id/external id: {id}" == words["unknown-task-id"] == words["unknown-external-id"]
    assert "{id}" == run.rows()["unknown-task-id"].asked
    assert {"www-authenticate": "Bearer"}.items() <= run.rows()["no-token"].headers.items()


def test_repeated_responses_are_written_once(run: Run) -> None:
    """The rows of a creation are numbered, because it sends several requests."""
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
    """The row keeps its beginning in one line, without hosts and numbers, and any type except HTML."""
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
            "the content type is text/html; the contract expects application/json",
            {"text": "<p>", "headers": {"content-type": "text/html"}},
        ),
        ("the content type is text/plain; the contract expects application/json", {"text": "{}"}),
        ("there is no content type; the contract expects application/json", {"content": b"{}"}),
        ("there is no content type; the contract expects application/json", {"content": b""}),
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
    """Redacted rows are checked like responses, so that runs can be compared."""
    declared = contract.document()["components"]["responses"]["Unauthorized"]["headers"]["WWW-Authenticate"]
    monkeypatch.setitem(declared, "required", "yes")
    response = httpx.Response(401, json={"code": 1002}) if success is None else httpx.Response(200, **success)

    report = Report([SeenResponse("list", "listElements", (), response)], Redactor(str, HOST), "2026-11-28")

    assert (finding,) == report.entries[0].findings
