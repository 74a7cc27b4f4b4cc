"""Return the element that a task made, if it can be used."""

from __future__ import annotations

from kling_elements.errors import ElementUnavailableError, UnknownStatusError
from kling_elements.tasks import is_usable
from kling_elements_client.models import Element, Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import for_message
from kling_elements_runtime.types import is_id


def element_of(task: Task, contract: Contract) -> Element:
    """Return the element that a task made; the first usable one if there are several.

    Args:
        task: A task that has succeeded.
        contract: The contract, which lists the statuses of elements that cannot be used.

    Raises:
        ElementUnavailableError: The element was deleted, or failed.
        UnknownStatusError: The task names no element.
    """
    named = [element for element in task.all_elements if is_id(element.element_id)]
    if not named:
        raise UnknownStatusError(
            f"task {for_message(task.task_id)} has succeeded, but its answer names no element", task
        )
    usable = next((element for element in named if is_usable(element, contract)), None)
    if usable is None:
        raise ElementUnavailableError(
            f"the element {for_message(named[0].element_id)} of task {for_message(task.task_id)} cannot be used, "
            f"because its status is {named[0].status}: create it again, with an external_task_id "
            "that was not used before",
            task,
        )
    return usable


__all__ = ["element_of"]
