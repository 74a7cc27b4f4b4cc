"""`kling-elements wait`: wait for the element of a task."""

from __future__ import annotations

from kling_elements.cli.formatting import element_json
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output
from kling_elements.cli.waiting import MaxWait, explain_missing_task, wait_for


def command(
    task: str, /, *, max_wait: MaxWait = None, gateway: GatewayOptions = GatewayOptions(), output: Output = Output()
) -> None:
    """Wait until a task has created its element, and print the element's id.

    Args:
        task: The id of the task, or your own `external_task_id`.
        max_wait: Stop waiting after this many seconds. The task continues, and you can wait for it again.
    """
    with gateway.client() as kling, explain_missing_task(task):
        element = wait_for(kling, task, max_wait, output)
    output.result(element_json(element), element.id)
