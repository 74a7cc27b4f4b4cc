"""`kling-elements get`: look a task up."""

from __future__ import annotations

from kling_elements.cli.gateway import Gateway
from kling_elements.cli.output import Output
from kling_elements.cli.shapes import task_json, task_lines


def command(task: str, /, *, gateway: Gateway = Gateway(), output: Output = Output()) -> None:
    """Look a task up and show its status and its elements.

    Args:
        task: The id of the task, or your own `external_task_id`.
    """
    with gateway.client() as kling:
        found = kling.get(task)
    output.result(task_json(found), "\n".join(task_lines(found)))
