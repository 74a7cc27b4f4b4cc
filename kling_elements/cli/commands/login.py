"""`kling-elements login`: store the API key."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from kling_elements.cli import keys
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.output import Output

_MAX_CHARACTERS = 1 << 14  # of a key, more than any gateway's


def command(*key: Annotated[str, Parameter(show=False)], output: Output = Output()) -> None:
    """Store your API key, so that you need not pass it again.

    You are asked for the key, and it is not shown while you type. In a pipe, the key is the first line of stdin. It is
    stored in a file that only you can read.
    """
    if key:  # every user of the machine can list arguments, so the message does not repeat it, and it is not stored
        raise CommandError(
            "the key is not an argument, because others can see arguments, and your shell keeps them in its history: "
            "run the command without it, and type the key when you are asked",
            Exit.USAGE,
            "kling-elements login",
        )
    path = keys.store(_asked_for())
    output.result({"stored": str(path)}, f"stored in {path}")
    if os.environ.get(keys.VARIABLE):
        output.note(f"The environment variable {keys.VARIABLE} is set, and is used instead as long as it is.")
    output.note("To see whether the gateway accepts the key, run kling-elements doctor.")


def _asked_for() -> str:
    """Return the key that is typed on a terminal without being shown, or else the first line of stdin.

    Raises:
        CommandError: There is none.
    """
    try:
        if sys.stdin.isatty():
            from getpass import getpass  # noqa: PLC0415 -- few commands ask for anything

            text = getpass("API key (not shown): ", sys.stderr)
        else:
            text = sys.stdin.readline(_MAX_CHARACTERS)
    except (EOFError, UnicodeError):
        text = ""
    if not text.strip():
        raise CommandError(
            "no key was read: type it when you are asked, or pass it by a pipe, as in kling-elements login < FILE",
            Exit.USAGE,
        )
    return text.strip()
