"""The subcommands, and what happens with an error that one of them raises."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from kling_elements.cli.exits import CommandError, Exit, exit_of
from kling_elements.cli.output import dumped, write_line
from kling_elements.cli.terminal import coloured
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
    help="Create and manage Kling elements: characters and things that videos can show again and again.\n\n"
    "To begin, run `kling-elements login` and then `kling-elements doctor`. To try it without a key, run "
    "`kling-elements mock` in another terminal, and set KLING_API_KEY to any word and KLING_BASE_URL to the address "
    "that it prints.",
    version=lambda: version("kling-elements"),
    version_flags=["--version"],
    help_format="markdown",
    default_parameter=Parameter(negative=(), show_default=lambda value: value or None),
    group_commands=_OTHER,
    group_parameters=_OPTIONS,
    suppress_keyboard_interrupt=False,
)
# Each command is imported only if it runs, so that the others cost it no time. Help shows the sentence and the example.
_COMMANDS = {
    _ELEMENTS: [
        (
            "create",
            "Create an element from images or a video. Print the id of the task, or with --wait that of the element.",
            'create --name Mara --description "A red-haired pilot" --front mara.jpg --refer side.jpg --fit --wait',
        ),
        (
            "wait",
            "Wait until a task has made its element, and print the element's id.",
            "wait 8219453021 --max-wait 600",
        ),
        ("get", "Look a task up, and show its status and its elements.", "get 8219453021"),
        ("list", "List your tasks with their elements, the newest first.", "list --limit 20"),
        ("presets", "List the elements that Kling offers to everybody.", "presets --json | jq -r '.elements[].name'"),
        ("delete", "Delete elements. It is not an error if one was deleted before.", "delete 829183734567"),
    ],
    _MEDIA: [
        (
            "check",
            "Check request files, images, videos, addresses and folders against the rules, and send nothing.",
            "check mara.jpg request.yaml photos/",
        ),
        ("fit", "Make copies of images and videos that conform to the rules.", "fit photos/*.jpg --to fitted/"),
    ],
    _TOOLS: [
        ("mock", "Run a server that answers as the service does, and creates nothing there.", "mock --port 8787"),
        ("listen", "Receive notifications, verify and print them.", "listen --forward http://127.0.0.1:8000/hook"),
        (
            "webhook",
            "Verify the signature of a notification that you stored.",
            "webhook verify body.json --headers headers.txt",
        ),
        (
            "spec",
            "Print the contract, or a JSON Schema for request files.",
            "spec --format jsonschema > element.schema.json",
        ),
    ],
    _SETUP: [
        ("login", "Store your API key, so that you need not pass it again.", "login"),
        ("doctor", "Find out what would fail, and what to do.", "doctor"),
        (
            "completion",
            "Print a script that completes commands in your shell.",
            "completion bash > ~/.kling-completion",
        ),
    ],
}
_OTHER_HELP: dict[str, dict[str, Any]] = {
    "mock": {"help_flags": [], "version_flags": []},  # its own parser has --help
    "webhook": {},  # its commands have examples of their own
}
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
            **_OTHER_HELP.get(_name, {"help_epilogue": f"Example: `{_NAME} {_example}`"}),
        )


def run(arguments: Sequence[str]) -> int:
    """Run the subcommand that the arguments name, and return the exit code."""
    failed: _Failure
    if list(arguments) == ["help"]:
        arguments = ["--help"]
    try:
        result: object = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except UnusedCliTokensError as error:
        failed = _Failure(_unexpected(error.unused_tokens or ()), Exit.USAGE, _help_for(arguments))
    except CycloptsError as error:
        failed = _Failure(str(error), Exit.USAGE, _help_for(arguments))
    except CommandError as error:
        cause = error.__cause__
        failed = _Failure(str(error), error.exit, error.next, _details(cause) if isinstance(cause, KlingError) else {})
    except KlingError as error:
        code = exit_of(error)
        following = f"{_NAME} doctor" if code is Exit.NOT_REACHED else ""
        failed = _Failure(str(error), code, following, _details(error))
    else:
        return result if isinstance(result, int) else Exit.DONE
    return failed.report(as_json="--json" in arguments)


class _Failure:
    """A command that ended in an error."""

    def __init__(self, message: str, exit_code: Exit, following: str, details: dict[str, Any] | None = None) -> None:
        self._message = message
        self._exit = exit_code
        self._following = following
        self._details = details or {}

    def report(self, *, as_json: bool) -> int:
        """Write the error to stderr, and with `--json` also to stdout. Return the exit code."""
        sys.stdout.flush()
        write_line(sys.stderr, f"{coloured('error:', 'red', sys.stderr)} {self._message}")
        if self._following:
            write_line(sys.stderr, f"{coloured('next:', 'bold', sys.stderr)} {self._following}")
        if as_json:
            error = {"message": self._message, "exit_code": int(self._exit), **self._details}
            write_line(sys.stdout, dumped({"error": error | ({"next": self._following} if self._following else {})}))
        return self._exit


def _unexpected(words: Sequence[str]) -> str:
    advice = "write an option before each of its values, as in --refer left.jpg --refer right.jpg"
    return f"{', '.join(words)}: not expected here; {advice}"


def _help_for(arguments: Sequence[str]) -> str:
    commands, _, _ = app.parse_commands(arguments)
    return shlex.join([_NAME, *commands, "--help"])


def _details(error: KlingError) -> dict[str, Any]:
    """Return what a program can decide by: the kind of error, and the attributes that are set."""
    names = "outcome", "external_task_id", "status_code", "code", "request_id"
    details = {name: getattr(error, name, None) for name in names}
    violations = [
        {"pointer": violation.pointer, "rule": violation.rule, "message": violation.message}
        for violation in getattr(error, "violations", ())
    ]
    present = {name: value for name, value in details.items() if value is not None}
    return {"type": type(error).__name__, **present} | ({"violations": violations} if violations else {})
