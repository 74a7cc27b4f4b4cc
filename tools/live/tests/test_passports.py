"""`make live PASSPORT=FILE` writes the gateway's passport too."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.reading.paths import DELETION, ELEMENTS
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock.reply import Reply
from tools.live.tests.command import TOKEN, Run, gateway


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the passport."""
    return tmp_path / "mine.yaml"


def test_the_passport_is_written_after_the_other_requests(path: Path, run: Run) -> None:
    """It has the date of the run, and the plan names it."""
    with gateway("documented") as router:
        assert 0 == run("--passport", str(path))
        methods = {call.request.method for call in router.calls}

    assert {"GET"} == methods
    assert run.lines[1].startswith("Then it surveys the gateway with read-only calls, and writes its passport")
    assert "  found: path prefix: /kling/v1/general" in run.lines
    (sentence,) = [line for line in run.lines if "the delete path" in line]
    assert sentence.startswith("  unknown: ")
    assert ("documented", "live") == contract_of(path, None).dialects()
    assert TOKEN not in path.read_text("utf-8")


def test_confirm_also_finds_the_path_of_deletions(path: Path, run: Run) -> None:
    with gateway() as router:
        run("--passport", str(path), "--confirm")
        posted = [call.request.url.path for call in router.calls if call.request.method == "POST"]

    assert ELEMENTS not in posted
    assert DELETION in posted
    assert not any("the delete path" in line for line in run.lines)


def test_a_file_that_exists_ends_the_run_before_it_begins(path: Path, run: Run) -> None:
    path.write_text("mine")

    with gateway() as router:
        assert 2 == run("--passport", str(path))
        assert [] == list(router.calls)

    assert [f"error: {path}: exists already, and is not replaced; choose another name, or move it away"] == run.lines
    assert "mine" == path.read_text()


def test_a_file_that_appears_during_the_run_is_a_failure(path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def appears(*_: object) -> None:
        raise FileExistsError

    monkeypatch.setattr("os.link", appears)

    with gateway():
        assert 1 == run("--passport", str(path))

    assert any(line.startswith(f"  failed: {path}: exists already") for line in run.lines)


def test_a_gateway_without_the_calls_gets_no_passport(path: Path, run: Run) -> None:
    with gateway(replies={"/": Reply(404, b"{}")}):
        assert 1 == run("--passport", str(path))

    assert any(line.startswith("  failed: none of the known paths exists") for line in run.lines)
    assert not path.exists()


def test_a_gateway_that_is_not_reached_gets_no_passport(path: Path, run: Run) -> None:
    with gateway(replies={"/": Reply(200, cut=True)}):
        assert 1 == run("--passport", str(path))

    assert "  failed: ConnectionFailedError, no response: RemoteProtocolError; check KLING_BASE_URL" in run.lines
    assert not path.exists()
