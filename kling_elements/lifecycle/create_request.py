"""Read the arguments of calls: the external id of a request, and the id of a task or an element."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias
from uuid import uuid4

from attrs import evolve

from kling_elements_client.api.elements import create_element
from kling_elements_client.errors import ContractError
from kling_elements_client.models import Element, ImageElementRequest, Task, VideoElementRequest
from kling_elements_client.types import Unset
from kling_elements_runtime.contract import Contract

CreateRequest: TypeAlias = ImageElementRequest | VideoElementRequest | Mapping[str, Any]


def with_external_id(request: CreateRequest, contract: Contract) -> tuple[CreateRequest, str]:
    """Return a copy of a request with an external id, and that id, which is the caller's or a fresh UUID.

    Raises:
        ContractError: The request is not an object, or its `external_task_id` is not a string.
    """
    own_id = _own_id(request)
    if not isinstance(own_id, str):
        violations = contract.violations(create_element.OPERATION_ID, request)
        argument: object = request  # may have any type, because not every caller checks types
        if isinstance(argument, list | tuple):
            advice = "; if you have several requests, use create_all"
            violations = [evolve(v, message=v.message + advice) for v in violations]
        raise ContractError(violations)
    external_id = own_id or str(uuid4())
    if isinstance(request, Mapping):
        return {**request, "external_task_id": external_id}, external_id
    copied = copy.copy(request)
    copied.external_task_id = external_id
    return copied, external_id


def has_external_id(request: CreateRequest) -> bool:
    """Return whether the caller chose the external id of a request, which may therefore have been used before."""
    return bool(_own_id(request))


def _own_id(request: object) -> object:
    """Return the `external_task_id` of a request, "" if it has none, or None if the request is not an object."""
    own_id: object = None
    if isinstance(request, ImageElementRequest | VideoElementRequest):
        own_id = "" if isinstance(request.external_task_id, Unset) else request.external_task_id
    elif isinstance(request, Mapping):
        own_id = request.get("external_task_id", "")
    return own_id.value if isinstance(own_id, Enum) else own_id


def task_id_from(task: Task | str | int) -> str:
    """Return the id for looking up a task: its `task_id`, or else its `external_task_id`.

    Raises:
        TypeError: The argument is neither a task nor an id.
        ValueError: The task has no id, or the id is empty.
    """
    id_ = (task.task_id or task.external_task_id) if isinstance(task, Task) else task
    return _id_text(task, Task, id_, "to look up a task, pass a Task that has an id, or the id itself")


def element_id_from(element: Element | Task | str | int) -> str:
    """Return the id of an element as a string, exact to the last digit.

    Raises:
        TypeError: The argument has the wrong type, such as a floating-point number, which has lost digits.
        ValueError: The task has no element, or several.
    """
    if isinstance(element, Task):
        elements = element.all_elements
        if not elements:
            raise ValueError(
                "the task has no element yet: pass the element that wait() returned, or look up the task again"
            )
        if len(elements) > 1:
            raise ValueError(f"the task has {len(elements)} elements: pass the element to delete")
        element = elements[0]
    id_ = element.element_id if isinstance(element, Element) else element
    expectation = "to delete an element, pass an Element that has an id, or the id itself as int or str"
    return _id_text(element, Element, id_, expectation)


def _id_text(argument: object, kind: type, id_: object, expectation: str) -> str:
    """Return an id as a string.

    Args:
        argument: The caller's argument.
        kind: The class whose instances have an id.
        id_: The id of the argument, or the argument itself.
        expectation: The expected argument, for the message.
    """
    if isinstance(id_, str | int) and not isinstance(id_, bool) and id_ != "":
        return str(id_)
    message = f"{expectation}, not {'an empty string' if id_ == '' else type(id_).__name__}"
    if not isinstance(argument, kind | str):
        raise TypeError(message)
    raise ValueError(message)
