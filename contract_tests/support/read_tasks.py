"""Read single properties and words of tasks with the client, for comparison with `response_cases`."""

from __future__ import annotations

from typing import Any

from contract_tests.reading.response_cases import OTHER_NAMES
from kling_elements.elements import elements_of, is_usable
from kling_elements.tasks import progress_of, task_from_object
from kling_elements_client.contract import CONTRACT
from kling_elements_client.models import Element, Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import at


def documented_names(schema: str, other: str, contract: Contract = CONTRACT) -> set[str]:
    """Return the documented names of the properties as which the client reads an undocumented name."""
    read: Any
    if schema == "Task":
        read = task_from_object({other: "read"}, contract).to_dict()
    else:
        (element,) = task_from_object({"task_result": {"elements": [{other: "read"}]}}, contract).all_elements
        read = element.to_dict()
    return {name for name in OTHER_NAMES[schema] if at(read, f"/{name}") == "read"}


def word(status: str, contract: Contract = CONTRACT) -> tuple[str, str]:
    """Return what a status word means, and the word that the client uses for it."""
    task = task_from_object({"task_status": status, "task_result": {"elements": [{"element_id": 9}]}}, contract)
    return progress_of(task, contract).name, str(task.task_status)


def unusable(status: str, contract: Contract = CONTRACT) -> bool:
    """Return whether an element with this status cannot be used."""
    return not is_usable(Element(element_id=9, status=status), contract)


def is_element(output_type: str, contract: Contract = CONTRACT) -> bool:
    """Return whether an output of this type is an element."""
    return bool(
        elements_of(task_from_object({"outputs": [{"type": output_type, "id": "9"}]}, contract), contract=contract)
    )


def ids(task: Task | None, contract: Contract = CONTRACT) -> tuple[Any, Any] | None:
    """Return the ids of a task and its element."""
    if task is None:
        return None
    return task.task_id, next((element.element_id for element in elements_of(task, contract=contract)), None)
