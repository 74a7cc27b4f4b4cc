"""Run a command, and turn interruptions and missing packages into exit codes and messages."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

_USAGE, _UNKNOWN = 2, 4  # the same as in `exits`, which takes longer to load
_INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code from `exits.Exit`.

    Args:
        arguments: The arguments after the name of the program; by default the process's own arguments.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        from kling_elements.cli.app import run  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        sys.stderr.write(f'kling-elements: {error.name} is missing: run pip install "kling-elements[cli]"\n')
        return _USAGE
    try:
        code = run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt as interruption:
        external_id = getattr(interruption, "external_task_id", None)  # set if an element may exist
        advice = f"; next: kling-elements wait {external_id}" if external_id else ""
        sys.stderr.write(f"interrupted{advice}\n")
        return _UNKNOWN if external_id else _INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has ended. Without this, Python would report an error when it flushes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
