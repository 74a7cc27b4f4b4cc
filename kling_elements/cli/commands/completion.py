"""`kling-elements completion`: print a script that completes commands in a shell."""

from __future__ import annotations

from typing import Literal

from kling_elements.cli.output import Output

_INSTRUCTIONS = {
    "bash": "To use it in each new shell, save it, and add to ~/.bashrc: source FILE",
    "zsh": "To use it in each new shell, save it as _kling-elements in a folder of your fpath.",
    "fish": "To use it in each new shell, save it as ~/.config/fish/completions/kling-elements.fish.",
}


def command(shell: Literal["bash", "zsh", "fish"], /, *, output: Output = Output()) -> None:
    """Print a script for command completion in your shell.

    Args:
        shell: The shell.
    """
    from kling_elements.cli.app import app  # noqa: PLC0415 - it refers to this module

    script = app.generate_completion(shell=shell)
    output.note(_INSTRUCTIONS[shell])
    output.result({"shell": shell, "script": script}, script.rstrip("\n"))
