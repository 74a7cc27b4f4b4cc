"""Elements are awaited with `kling-elements wait`."""

from __future__ import annotations

import pytest

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process, without_escapes
from contract_tests.support.documents import example
from kling_elements import KlingElements
from kling_elements.cli.exits import Exit
from kling_elements.testing.gateway import MockGateway


def _created(gateway: MockGateway) -> str:
    with KlingElements(gateway.token, gateway.url) as kling:
        return str(kling.create({**example("sample"), "external_task_id": "mara-1"}).task_id)


def test_wait_prints_the_id_of_the_element(kling_elements: CommandLine, kling_mock: MockGateway) -> None:
    """The JSON value contains the same id, as a string."""
    task_id = _created(kling_mock)

    result = kling_elements("wait", task_id)

    assert result.out.strip() == kling_elements("wait", "mara-1", "--json").json()["id"]


@pytest.mark.kling_mock(tick_seconds=1, manual_clock=True)
def test_a_task_in_progress_is_code_4_with_the_command_to_continue(
    kling_elements: CommandLine, kling_mock: MockGateway
) -> None:
    """The printed command finds the element once it exists."""
    task_id = _created(kling_mock)

    result = kling_elements("wait", task_id, "--max-wait", "0", "--json")
    kling_mock.step(10)

    assert (Exit.UNKNOWN, f"kling-elements wait {task_id}") == (result.code, result.json()["error"]["next"])
    assert kling_elements("wait", task_id).out.strip().isdigit()


def test_a_task_that_failed_is_code_5_with_the_reason(kling_elements: CommandLine, kling_mock: MockGateway) -> None:
    """The message quotes the service's reason."""
    kling_mock.queue_faults("fail:no face was found")

    result = kling_elements("wait", _created(kling_mock))

    assert (Exit.TASK_FAILED, "") == (result.code, result.out)
    assert "no face was found" in result.err


def test_a_terminal_shows_the_status_while_it_waits(env: dict[str, str], kling_mock: MockGateway) -> None:
    """The last line is the id of the element."""
    result = run_in_terminal(["wait", _created(kling_mock)], env)

    lines = without_escapes(result.out).strip().splitlines()
    assert 0 == result.code, lines
    assert any("waiting for the task" in line or "succeed" in line for line in lines)
    assert lines[-1].strip().isdigit()


def test_a_pipe_gets_the_id_only(env: dict[str, str], kling_mock: MockGateway) -> None:
    result = run_process(["wait", _created(kling_mock)], env)

    assert (0, "") == (result.code, result.err)
    assert result.out.strip().isdigit()
