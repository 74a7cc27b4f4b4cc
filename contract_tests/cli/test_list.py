"""Tasks are listed with `kling-elements list`."""

from __future__ import annotations

import pytest

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process, without_escapes
from contract_tests.support.documents import example
from kling_elements import KlingElements
from kling_elements.testing.gateway import MockGateway


@pytest.fixture
def task_ids(kling_mock: MockGateway) -> list[str]:
    """Create three tasks, of which the last one fails, and return their ids, newest first."""
    kling_mock.queue_faults("none", "none", "fail:no face was found")
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        return [str(kling.create(example("sample")).task_id) for _ in range(3)][::-1]


def test_list_writes_a_line_for_each_task(kling_elements: CommandLine, task_ids: list[str]) -> None:
    """With --json, the order is the same. The line of a failed task contains the reason."""
    lines = kling_elements("list").out.splitlines()
    values = kling_elements("list", "--json").lines()

    assert task_ids == [line.split()[0] for line in lines] == [value["task_id"] for value in values]
    assert lines[0].endswith("no face was found")
    assert ["failed", "succeed", "succeed"] == [value["status"] for value in values]


def test_list_stops_at_the_limit(kling_elements: CommandLine, task_ids: list[str]) -> None:
    """A limit of 0 is refused."""
    assert task_ids[:2] == [value["task_id"] for value in kling_elements("list", "--limit", 2, "--json").lines()]
    assert 2 == kling_elements("list", "--limit", 0).code


def test_an_empty_list_is_reported_on_stderr(kling_elements: CommandLine) -> None:
    """Stdout stays empty."""
    result = kling_elements("list")

    assert (0, "", "There are no tasks yet.\n") == (result.code, result.out, result.err)


@pytest.mark.usefixtures("task_ids")
def test_a_terminal_also_gets_a_heading(env: dict[str, str]) -> None:
    """A pipe gets only the tasks."""
    on_terminal = without_escapes(run_in_terminal(["list"], env).out).splitlines()
    in_pipe = run_process(["list"], env)

    assert on_terminal[0].split() == ["TASK", "STATUS", "CREATED", "(UTC)", "ELEMENT", "NAME"]
    assert (on_terminal[1:], "") == (in_pipe.out.splitlines(), in_pipe.err)
