"""Wait for the element of a task, and show the status."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from kling_elements import KlingElements
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.output import Output
from kling_elements.errors import WaitTimeoutError
from kling_elements_client.errors import NotFoundError
from kling_elements_client.models import Element, Task
from kling_elements_runtime.texts import for_message

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

MaxWait = Annotated[float | None, Parameter(name="--max-wait", validator=Number(gte=0))]


def wait_for(kling: KlingElements, task: Task | str, max_wait: float | None, output: Output) -> Element:
    """Return the element of a task as soon as it exists, and show each status on stderr.

    Raises:
        CommandError: The task was still in progress when the time was up.
        KlingError: The same as for `KlingElements.wait`.
    """
    with output.progress() as progress:
        updates = _StatusDisplay(progress, output)
        try:
            return kling.wait(task, max_wait_seconds=max_wait, on_update=updates.show)
        except WaitTimeoutError as error:
            retry_command = shlex.join(["kling-elements", "wait", str(error.task.task_id or task)])
            raise CommandError(str(error), Exit.UNKNOWN, retry_command) from error


@contextmanager
def explain_missing_task(task: str) -> Iterator[None]:
    """Explain in plain words that a task does not exist, and what to do.

    Raises:
        CommandError: A call in the block raised NotFoundError.
    """
    try:
        yield
    except NotFoundError as error:
        raise CommandError(
            f"there is no task {for_message(task)} in this account; "
            "if this is the id of an element, pass the id of its task instead",
            Exit.REFUSED_BY_GATEWAY,
            "kling-elements list",
        ) from error


class _StatusDisplay:
    """Shows the status of a task in a single line of the terminal."""

    def __init__(self, progress: Progress | None, output: Output) -> None:
        self._progress = progress
        self._output = output
        self._bar: TaskID | None = None if progress is None else progress.add_task("waiting for the task", total=None)

    def show(self, task: Task) -> None:
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, description=f"task {task.task_id}: {task.task_status}")
