"""Run a command, and turn every way in which it can end into an exit code and sentences on stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

_USAGE, _UNKNOWN = 2, 4  # as in `exits`, which takes longer to load
_INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code, see `exits.Exit`.

    Args:
        arguments: The arguments after the name of the program; by default those of the process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        from kling_elements.cli.app import run  # noqa: PLC0415 -- the extra may be missing
    except ModuleNotFoundError as error:
        sys.stderr.write(f'kling-elements: {error.name} is missing: run pip install "kling-elements[cli]"\n')
        return _USAGE
    try:
        code = run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt as interruption:
        external_id = getattr(interruption, "external_task_id", None)  # set if an element may exist
        following = f"; next: kling-elements wait {external_id}" if external_id else ""
        sys.stderr.write(f"interrupted{following}\n")
        return _UNKNOWN if external_id else _INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, wants no more. Python would complain about what is still to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
