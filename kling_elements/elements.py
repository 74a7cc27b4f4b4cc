"""The subject that a task made, if it can be used."""

from __future__ import annotations

from kling_elements.errors import ElementUnavailableError, UnknownStatusError
from kling_elements.tasks import is_usable
from kling_elements_client.models import Element, Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import shown
from kling_elements_runtime.types import is_id


def element_of(task: Task, contract: Contract) -> Element:
    """Return the subject that a task made, the first one where it made several.

    Args:
        task: A task that has succeeded.
        contract: What says which subjects can be used.

    Raises:
        ElementUnavailableError: Its subject was deleted, or failed.
        UnknownStatusError: It names no subject.
    """
    named = [element for element in task.all_elements if is_id(element.element_id)]
    if not named:
        raise UnknownStatusError(f"task {shown(task.task_id)} has succeeded, but its answer names no subject", task)
    usable = next((element for element in named if is_usable(element, contract)), None)
    if usable is None:
        raise ElementUnavailableError(
            f"the subject {shown(named[0].element_id)} of task {shown(task.task_id)} cannot be used, as its status is "
            f"{named[0].status}: create it again, with an external_task_id that was not used before",
            task,
        )
    return usable


__all__ = ["element_of"]
