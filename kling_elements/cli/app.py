"""The list of subcommands, and the report of an error that one of them raises."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from kling_elements.cli.exits import CommandError, Exit, exit_code_for
from kling_elements.cli.output import json_line, write_line
from kling_elements.cli.terminal import colour_text
from kling_elements_client.errors import KlingError

_NAME = "kling-elements"
_ELEMENTS = Group("Elements", sort_key=1)
_MEDIA = Group("Images, videos and request files", sort_key=2)
_TOOLS = Group("For developers", sort_key=3)
_SETUP = Group("Setup", sort_key=4)
_OTHER = Group("Other", sort_key=5)
_OPTIONS = Group("Options", sort_key=6)

app = App(
    name=_NAME,
    help="Create and manage Kling elements: characters and things that you can use in many videos.\n\n"
    "To begin, run `kling-elements login` and then `kling-elements doctor`. To try the commands without a key, run "
    "`kling-elements mock` in another terminal, paste the line `export ...` that it prints, and set KLING_API_KEY to "
    "any word.",
    version=lambda: version("kling-elements"),
    version_flags=["--version"],
    help_format="markdown",
    default_parameter=Parameter(negative=(), show_default=lambda value: value or None),
    group_commands=_OTHER,
    group_parameters=_OPTIONS,
    suppress_keyboard_interrupt=False,
)
# Each command is imported only when it runs, to keep the start fast. Help shows the sentence and the example.
_COMMANDS = {
    _ELEMENTS: [
        (
            "create",
            "Create an element from images or a video. Print the task's id, or with --wait the element's id.",
            'create --name Mara --description "A red-haired pilot" \\\n    --front a.jpg --refer b.jpg --fit --wait',
        ),
        (
            "wait",
            "Wait until a task has created its element, and print the element's id.",
            "wait 8219453021 --max-wait 600",
        ),
        ("get", "Look up a task, and show its status and its elements.", "get 8219453021"),
        ("list", "List your tasks and their elements, newest first.", "list --limit 20"),
        ("presets", "List the preset elements that anybody can use.", "presets --json | jq -r '.elements[].name'"),
        ("delete", "Delete elements. Deleting an element twice is not an error.", "delete 829183734567"),
    ],
    _MEDIA: [
        (
            "check",
            "Check request files, images, videos, URLs and folders, without sending anything.",
            "check mara.jpg request.yaml photos/",
        ),
        ("fit", "Make conforming copies of images and videos.", "fit photos/*.jpg --to fitted/"),
    ],
    _TOOLS: [
        ("mock", "Run a mock server on this machine that behaves like the service.", "mock --port 8787"),
        ("listen", "Receive, verify and print notifications.", "listen --forward http://127.0.0.1:8000/hook"),
        (
            "webhook",
            "Verify the signature of a stored notification.",
            "webhook verify body.json --headers headers.txt",
        ),
        (
            "spec",
            "Print the contract, or a JSON Schema for request files.",
            "spec --format jsonschema > element.schema.json",
        ),
    ],
    _SETUP: [
        ("login", "Store your API key, so that you don't have to pass it again.", "login"),
        ("doctor", "Find problems with your setup, and how to fix them.", "doctor"),
        (
            "completion",
            "Print a script for command completion in your shell.",
            "completion bash > ~/.kling-completion",
        ),
    ],
}
_OTHER_HELP: dict[str, dict[str, Any]] = {
    "mock": {"help_flags": [], "version_flags": []},  # because its own parser handles --help
    "webhook": {},  # because its subcommands have examples
}


def _example_help(example: str) -> dict[str, str]:
    """Return the settings that show an example at the end of a command's help."""
    if "\n" in example:  # markdown would add spaces after the backslash, so the shell would not continue the line
        return {"help_epilogue": f"Example: {_NAME} {example}", "help_format": "plaintext"}
    return {"help_epilogue": f"Example: `{_NAME} {example}`"}


_USAGE = {"check": "SOURCES...", "delete": "ELEMENTS...", "fit": "FILES..."}
for _group, _rows in _COMMANDS.items():
    for _position, (_name, _summary, _example) in enumerate(_rows):
        app.command(
            f"kling_elements.cli.commands.{_name}:command",
            name=_name,
            group=_group,
            help=_summary,
            sort_key=_position,
            **({"usage": f"Usage: {_NAME} {_name} [OPTIONS] {_USAGE[_name]}"} if _name in _USAGE else {}),
            **_OTHER_HELP.get(_name, _example_help(_example)),
        )


def run(arguments: Sequence[str]) -> int:
    """Run a subcommand, and return its exit code."""
    failure: _CommandFailure
    if list(arguments) == ["help"]:
        arguments = ["--help"]
    try:
        result: object = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except UnusedCliTokensError as error:
        message = _unexpected_arguments_message(error.unused_tokens or ())
        failure = _CommandFailure(message, Exit.USAGE, _help_command(arguments))
    except CycloptsError as error:
        failure = _CommandFailure(str(error), Exit.USAGE, _help_command(arguments))
    except CommandError as error:
        details = _error_details(error.__cause__) if isinstance(error.__cause__, KlingError) else {}
        failure = _CommandFailure(str(error), error.exit, error.next, details)
    except KlingError as error:
        code = exit_code_for(error)
        next_command = f"{_NAME} doctor" if code is Exit.NOT_REACHED else ""
        failure = _CommandFailure(str(error), code, next_command, _error_details(error))
    else:
        return result if isinstance(result, int) else Exit.DONE
    return failure.report(as_json="--json" in arguments)


class _CommandFailure:
    """The error that ended a command."""

    def __init__(self, message: str, exit_code: Exit, next_command: str, details: dict[str, Any] | None = None) -> None:
        self._message = message
        self._exit = exit_code
        self._next_command = next_command
        self._details = details or {}

    def report(self, *, as_json: bool) -> int:
        """Write the error to stderr, and with `--json` also to stdout. Return the exit code."""
        sys.stdout.flush()
        write_line(sys.stderr, f"{colour_text('error:', 'red', sys.stderr)} {self._message}")
        if self._next_command:
            write_line(sys.stderr, f"{colour_text('next:', 'bold', sys.stderr)} {self._next_command}")
        if as_json:
            following = {"next": self._next_command} if self._next_command else {}
            error = {"message": self._message, "exit_code": int(self._exit), **self._details, **following}
            write_line(sys.stdout, json_line({"error": error}))
        return self._exit


def _unexpected_arguments_message(arguments: Sequence[str]) -> str:
    advice = "repeat an option for each of its values, as in --refer left.jpg --refer right.jpg"
    return f"unexpected arguments: {', '.join(arguments)}; {advice}"


def _help_command(arguments: Sequence[str]) -> str:
    commands, _, _ = app.parse_commands(arguments)
    return shlex.join([_NAME, *commands, "--help"])


def _error_details(error: KlingError) -> dict[str, Any]:
    """Return the details that programs need: the kind of error, and the attributes that are set."""
    names = "outcome", "external_task_id", "status_code", "code", "request_id"
    details = {name: getattr(error, name, None) for name in names}
    violations = [
        {"pointer": violation.pointer, "rule": violation.rule, "message": violation.message}
        for violation in getattr(error, "violations", ())
    ]
    set_details = {name: value for name, value in details.items() if value is not None}
    return {"type": type(error).__name__, **set_details} | ({"violations": violations} if violations else {})
