"""The list of commands, help, exit codes, and errors."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import CommandLine, run_process
from contract_tests.support.documents import example
from kling_elements import (
    KlingElements,
    NotFoundError,
)
from kling_elements.cli.app import app
from kling_elements.cli.exits import Exit
from kling_elements.testing.gateway import MockGateway

_VIDEO = {"name": "Mara", "description": "A pilot", "video": "https://media.example.com/v.mp4"}
_COMMANDS = sorted(name for name in app if not name.startswith("-"))


def test_help_lists_the_commands(kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    """The help matches a snapshot for a terminal with 100 columns."""
    result = kling_elements("--help")

    assert Exit.DONE == result.code
    assert snapshot == result.out


@pytest.mark.parametrize("command", ["check", "create", "delete", "fit", "get", "list", "presets", "wait"])
def test_help_of_a_command(kling_elements: CommandLine, snapshot: SnapshotAssertion, command: str) -> None:
    """Each help text has an example."""
    result = kling_elements(command, "--help")

    assert snapshot == result.out
    assert f"Example: kling-elements {command} " in result.out


def test_without_arguments_the_help_is_shown(kling_elements: CommandLine) -> None:
    """The command shows the same help as with --help."""
    assert kling_elements("--help") == kling_elements() == kling_elements("help")


def test_several_values_after_one_option_are_explained(kling_elements: CommandLine) -> None:
    """The message says to repeat --refer, which is easy to forget."""
    result = kling_elements("get", "1", "left.jpg", "right.jpg")

    assert result.err.startswith(
        "error: unexpected arguments: left.jpg, right.jpg; repeat an option for each of its values"
    )


def test_an_unknown_command_is_wrong_usage(kling_elements: CommandLine) -> None:
    """The message suggests the most similar command."""
    result = kling_elements("crate")

    assert (Exit.USAGE, "") == (result.code, result.out)
    assert result.err.startswith('error: Unknown command "crate". Did you mean "create"?')
    assert result.err.endswith("next: kling-elements --help\n")


def test_the_version_matches_the_package(env: dict[str, str]) -> None:
    from importlib.metadata import version  # noqa: PLC0415 - only here

    result = run_process(["--version"], env)

    assert (0, version("kling-elements"), "") == (result.code, result.out.strip(), result.err)


def test_json_gets_one_value_for_wrong_usage_too(kling_elements: CommandLine) -> None:
    """Programs can read the reason for the failure."""
    error = kling_elements("get", "--json").json()["error"]

    assert (2, "kling-elements get --help") == (error["exit_code"], error["next"])


def test_errors_contain_details_for_programs(kling_elements: CommandLine, kling_mock: MockGateway) -> None:
    """The JSON value contains the business code and the id of the request."""
    del kling_mock
    error = kling_elements("get", "nobody", "--json").json()["error"]

    assert (1201, 400, "NotFoundError") == (error["code"], error["status_code"], error["type"])
    assert error["request_id"]
    assert NotFoundError.__name__ == error["type"]


def test_an_interruption_is_code_130(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch, kling_mock: MockGateway
) -> None:
    """Ctrl+C prints no traceback."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        kling.create(example("sample"))

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KlingElements, "get", interrupt)

    result = kling_elements("get", "1")

    assert (130, "interrupted\n") == (result.code, result.err)


def test_an_interrupted_create_ends_with_the_command_that_finds_its_element(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch, kling_mock: MockGateway
) -> None:
    """The request was sent, so the exit code says that the element may exist."""
    send = httpx.Client.send
    request = tuple(f"--{name}={value}" for name, value in _VIDEO.items())

    def interrupt(client: httpx.Client, *arguments: Any, **options: Any) -> None:
        send(client, *arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(httpx.Client, "send", interrupt)
    result = kling_elements("create", *request)
    monkeypatch.undo()

    (task,) = kling_mock.tasks()
    following = f"interrupted; next: kling-elements wait {task['external_task_id']}"
    assert (Exit.UNKNOWN, following) == (result.code, result.err.splitlines()[-1])


def test_every_command_has_help() -> None:
    """A command that can't be imported would show an error instead of its help."""
    assert {"create", "wait", "get", "list", "presets", "delete", "check", "fit"} <= set(_COMMANDS)
