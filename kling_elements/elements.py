"""Select the usable elements of a task."""

from __future__ import annotations

from kling_elements.errors import ElementUnavailableError, UnknownStatusError
from kling_elements.usable_contract import require_usable
from kling_elements_client.models import Element, Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node
from kling_elements_runtime.texts import for_message
from kling_elements_runtime.types import is_id


def is_usable(element: Element, contract: Contract) -> bool:
    """Return whether an element has an id, and no status that means deleted or failed in the contract.

    If you use the package's contract, `Element.is_usable` returns the same.
    """
    status: object = element.status
    is_gone = isinstance(status, str) and status.lower() in contract.read(_unusable_statuses)
    return is_id(element.element_id) and not is_gone


def _unusable_statuses(document: Node) -> list[str]:
    statuses: list[str] = document["components"]["schemas"]["Element"]["properties"]["status"]["x-unusable"]
    return statuses


def elements_of(task: Task, *, contract: Contract) -> list[Element]:
    """Return the elements of a task that are usable according to a contract of your own.

    If you use the package's contract, `Task.elements` returns the same.

    Args:
        task: The task.
        contract: The contract of the client that returned the task.

    Raises:
        ValueError: The contract is incomplete; the message lists what is missing.
    """
    require_usable(contract)
    return [element for element in task.all_elements if is_usable(element, contract)]


def element_of(task: Task, contract: Contract) -> Element:
    """Return the element that a task created. If there are several, return the first usable one.

    Args:
        task: A task that has succeeded.
        contract: The contract, which lists the statuses of unusable elements.

    Raises:
        ElementUnavailableError: The element was deleted, or it failed.
        UnknownStatusError: The task contains no element.
    """
    elements_with_id = [element for element in task.all_elements if is_id(element.element_id)]
    if not elements_with_id:
        raise UnknownStatusError(
            f"task {for_message(task.task_id)} has succeeded, but its response contains no element", task
        )
    first = next((element for element in elements_with_id if is_usable(element, contract)), None)
    if first is None:
        unusable = elements_with_id[0]
        raise ElementUnavailableError(
            f"the element {for_message(unusable.element_id)} of task {for_message(task.task_id)} cannot be used, "
            f"because its status is {unusable.status}: create it again, with an external_task_id "
            "that was not used before",
            task,
        )
    return first


__all__ = ["element_of", "elements_of", "is_usable"]
