"""`kling-elements login`: store the API key."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from kling_elements.cli import keys
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.output import Output

_MAX_KEY_CHARACTERS = 1 << 14  # more than any gateway's key


def command(*key: Annotated[str, Parameter(show=False)], output: Output = Output()) -> None:
    """Store your API key, so that you don't have to pass it again.

    The command asks for the key, and hides it while you type. In a pipe, it reads the key from the first line of stdin.
    Only you can read the file with the key.
    """
    if key:  # every user of the machine may have seen it, so the message does not repeat it, and it is not stored
        raise CommandError(
            "don't pass the key as an argument, because others can see it, and your shell keeps it in its history: "
            "run the command without it, and type the key when you are asked",
            Exit.USAGE,
            "kling-elements login",
        )
    path = keys.store(_read_key())
    output.result({"stored": str(path)}, f"stored in {path}")
    if os.environ.get(keys.VARIABLE):
        output.note(
            f"The environment variable {keys.VARIABLE} is set, so it is used instead. Unset it to use the stored key."
        )
    output.note("To check that the gateway accepts the key, run kling-elements doctor.")


def _read_key() -> str:
    """Ask for the key on a terminal, or read the first line of stdin, and return the key.

    Raises:
        CommandError: There is no key.
    """
    try:
        if sys.stdin.isatty():
            from getpass import getpass  # noqa: PLC0415 - few commands ask for anything

            text = getpass("API key (not shown): ", sys.stderr)
        else:
            text = sys.stdin.readline(_MAX_KEY_CHARACTERS)
    except (EOFError, UnicodeError):
        text = ""
    if not text.strip():
        raise CommandError(
            "no key was entered: type it when you are asked, or pass a file, as in kling-elements login < FILE",
            Exit.USAGE,
        )
    return text.strip()
