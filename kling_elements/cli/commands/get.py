"""`kling-elements get`: look up a task."""

from __future__ import annotations

import sys

from kling_elements.cli.formatting import HEADING, task_json, task_lines
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output
from kling_elements.cli.waiting import explain_missing_task


def command(task: str, /, *, gateway: GatewayOptions = GatewayOptions(), output: Output = Output()) -> None:
    """Look up a task, and show its status and its elements.

    Args:
        task: The id of the task, or your own `external_task_id`.
    """
    with gateway.client() as kling, explain_missing_task(task):
        state = kling.get(task)
    if not output.json and sys.stdout.isatty():
        output.note(HEADING)
    output.result(task_json(state), "\n".join(task_lines(state)))
