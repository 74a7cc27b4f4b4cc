"""`make live` compares a run with an earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.reading.paths import PRESETS
from kling_elements.mock.reply import json_reply
from tools.live.tests.command import DIALECTS, LOOK_UP, Run, gateway


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_run_without_changes_says_so(dialect: str, run: Run) -> None:
    """A run's file can be the next run's baseline, and is then overwritten."""
    with gateway(dialect):
        run()
        assert 0 == run(f"--baseline={run.file}")

    assert ["since the baseline, nothing has changed"] == run.starting("since")
    assert "Nothing has changed." in run.page


def test_a_change_of_the_dialect_is_reported(run: Run) -> None:
    """The change is reported even though the contract has both dialects."""
    with gateway("documented"):
        run()
    with gateway():
        assert 1 == run(f"--baseline={run.file}")

    now = 'HTTP 400, code 1201, "Task not found by id/external id: {id}", read as absent'
    for name, line in zip(("unknown-external-id", "unknown-task-id"), run.starting("since"), strict=True):
        assert line.startswith(f"since the baseline, changed: {name}: {now}; it was HTTP 404, code 1203, ")
    assert [] == run.starting("new: ")
    assert '<span class="badge news">changed</span> unknown-task-id' in run.page


def test_only_new_findings_change_the_exit_code(run: Run) -> None:
    """A property that disappears is reported, but only one that appears changes the exit code."""
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
    """An unusual response is known once it is in the baseline."""
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
    """Such differences don't change the exit code."""
    with gateway("documented"):
        run("--confirm")
        before = run.file.read_text("utf-8")
        run()
        (run.file.parent / "live.html").unlink()
        assert 0 == run("--confirm", f"--baseline={run.file}")
        first = run.starting("since the baseline, not requested before: ")
        run.file.write_text(before, "utf-8")
        assert 0 == run(f"--baseline={run.file}")

    assert 2 == len(first)
    assert first[0].startswith("since the baseline, not requested before: unknown-element: HTTP 404, code 1203, ")
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
    """The mistake is reported before anything is sent."""
    if text is not None:
        (tmp_path / "before.yaml").write_text(text, "utf-8")

    with gateway() as router:
        assert 2 == run(f"--baseline={tmp_path / 'before.yaml'}")
        assert 0 == router.routes[0].call_count

    assert run.lines[0].startswith(expected)
    assert not run.file.exists()
