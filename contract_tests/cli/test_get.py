"""Tasks are looked up with `kling-elements get`."""

from __future__ import annotations

import pytest

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process, without_escapes
from contract_tests.support.documents import example
from kling_elements import KlingElements
from kling_elements.testing.gateway import MockGateway


def test_get_shows_a_task_by_either_id(kling_mock: MockGateway, kling_elements: CommandLine) -> None:
    """Ids are strings in JSON, so that no program rounds them."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        task = kling.create({**example("sample"), "external_task_id": "mara-1"})

    shown = kling_elements("get", str(task.task_id), "--json").json()

    assert shown == kling_elements("get", "mara-1", "--json").json() | {"request_id": shown["request_id"]}
    assert (str(task.task_id), "mara-1", "succeed") == (shown["task_id"], shown["external_task_id"], shown["status"])
    assert shown["elements"][0]["id"].isdigit()
    assert shown["elements"][0]["id"] in kling_elements("get", "mara-1").out


def test_a_missing_task_is_explained(kling_elements: CommandLine) -> None:
    """The exit code is 3, and with --json the error is a JSON value."""
    result = kling_elements("get", "nobody", "--json")

    assert (3, "NotFoundError") == (result.code, result.json()["error"]["type"])
    assert result.err.startswith("error: there is no task nobody in this account; if this is the id of an element")
    assert "kling-elements list" == result.json()["error"]["next"]


@pytest.mark.kling_mock(tick_seconds=1, manual_clock=True)
def test_a_task_without_an_element_says_why(kling_mock: MockGateway, kling_elements: CommandLine) -> None:
    """The reason is that the task is unfinished, or that its element was deleted."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        task = kling.create(example("sample"))
        unfinished = kling_elements("get", str(task.task_id)).out
        kling_mock.step(10)
        kling.delete(kling.wait(task))

    assert unfinished.endswith("  (not yet)\n")
    assert kling_elements("get", str(task.task_id)).out.endswith("  (deleted)\n")


def test_a_terminal_gets_a_heading(kling_mock: MockGateway, env: dict[str, str]) -> None:
    """A pipe gets only the line of the task."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        task_id = str(kling.create(example("sample")).task_id)

    heading, line = without_escapes(run_in_terminal(["get", task_id], env).out).splitlines()

    assert heading.startswith("TASK")
    assert f"{line}\n" == run_process(["get", task_id], env).out
