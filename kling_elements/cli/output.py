"""Write results to stdout and everything else to stderr, as text or as JSON."""

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
    """The format of results.

    Attributes:
        json: Whether to write each result as one line of JSON.
    """

    json: Annotated[bool, Parameter(help="Write JSON to stdout: one value, or one per line for lists.")] = False

    def result(self, value: Any, text: str) -> None:
        """Write a result to stdout.

        Args:
            value: The result as a JSON value.
            text: The result as text.
        """
        write_line(sys.stdout, json_line(value) if self.json else text)

    def problem(self, value: Any, text: str) -> None:
        """Write an error about one of several sources to stderr, and with `--json` also to stdout."""
        self.note(f"error: {text}")
        if self.json:
            write_line(sys.stdout, json_line(value))

    def note(self, text: str) -> None:
        """Write a remark to stderr."""
        write_line(sys.stderr, text)

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Yield a progress display on stderr while the block runs, or None if stderr is not a terminal."""
        if not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console  # noqa: PLC0415 - loading it takes longer than most commands
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield progress


def write_line(stream: Any, text: str) -> None:
    """Write a line without buffering, so that a program at the other end of a pipe gets it at once."""
    stream.write(f"{text}\n")
    stream.flush()


def json_line(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)
