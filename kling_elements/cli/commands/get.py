"""`kling-elements get`: look up a task."""

from __future__ import annotations

import sys

from kling_elements.cli.gateway import Gateway
from kling_elements.cli.output import Output
from kling_elements.cli.shapes import HEADING, task_json, task_lines
from kling_elements.cli.waiting import naming_what_is_absent


def command(task: str, /, *, gateway: Gateway = Gateway(), output: Output = Output()) -> None:
    """Look a task up and show its status and its elements.

    Args:
        task: The id of the task, or your own `external_task_id`.
    """
    with gateway.client() as kling, naming_what_is_absent(task):
        state = kling.get(task)
    if not output.json and sys.stdout.isatty():
        output.note(HEADING)
    output.result(task_json(state), "\n".join(task_lines(state)))
