"""Write results to stdout and everything else to stderr: for people, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from attrs import frozen
from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.progress import Progress


@Parameter(name="*")
@frozen(kw_only=True)
class Output:
    """How to write results.

    Attributes:
        json: Whether to write each result as one JSON value on a line of its own.
    """

    json: Annotated[bool, Parameter(help="Write JSON to stdout: one value, or one per line for lists.")] = False

    def result(self, value: Any, text: str) -> None:
        """Write a result to stdout.

        Args:
            value: The result as a JSON value.
            text: The result for people.
        """
        write_line(sys.stdout, dumped(value) if self.json else text)

    def problem(self, value: Any, text: str) -> None:
        """Write to stderr what went wrong with one of several sources, and with `--json` also to stdout."""
        self.note(f"error: {text}")
        if self.json:
            write_line(sys.stdout, dumped(value))

    def note(self, text: str) -> None:
        """Write a remark for people to stderr."""
        write_line(sys.stderr, text)

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Show progress on stderr during the block; yield None, and show nothing, if stderr is not a terminal."""
        if not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console  # noqa: PLC0415 -- loading it takes longer than most commands
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield progress


def write_line(stream: Any, text: str) -> None:
    """Write a line at once, so that a program that reads it sees it now."""
    stream.write(f"{text}\n")
    stream.flush()


def dumped(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)
