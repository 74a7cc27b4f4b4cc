"""`kling-elements get`."""

from __future__ import annotations

from contract_tests.support.command_line import CommandLine
from contract_tests.support.documents import example
from kling_elements import KlingElements
from kling_elements.testing.gateway import MockGateway


def test_get_shows_a_task_by_either_id(kling_mock: MockGateway, kling_elements: CommandLine) -> None:
    """The JSON value has ids as strings, so that no reader rounds them."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        task = kling.create({**example("sample"), "external_task_id": "mara-1"})

    shown = kling_elements("get", str(task.task_id), "--json").json()

    assert shown == kling_elements("get", "mara-1", "--json").json() | {"request_id": shown["request_id"]}
    assert (str(task.task_id), "mara-1", "succeed") == (shown["task_id"], shown["external_task_id"], shown["status"])
    assert shown["elements"][0]["id"].isdigit()
    assert shown["elements"][0]["id"] in kling_elements("get", "mara-1").out


def test_get_says_that_there_is_no_such_task(kling_elements: CommandLine) -> None:
    """A refusal by the gateway is exit code 3, and a JSON value if you asked for JSON."""
    ended = kling_elements("get", "nobody", "--json")

    assert (3, "NotFoundError") == (ended.code, ended.json()["error"]["type"])
    assert "Task not found by id/external id: nobody" in ended.err
