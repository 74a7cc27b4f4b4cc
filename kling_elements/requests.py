"""What a caller hands in, as what is sent: a request with an external id, and the id of a task or of a subject."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias
from uuid import uuid4

from kling_elements_client.errors import ContractError, Violation
from kling_elements_client.models import Element, ImageElementRequest, Task, VideoElementRequest
from kling_elements_client.types import Unset
from kling_elements_runtime.contract import Contract

CreateRequest: TypeAlias = ImageElementRequest | VideoElementRequest | Mapping[str, Any]


def with_external_id(request: CreateRequest, contract: Contract) -> tuple[CreateRequest, str]:
    """Return a request with an `external_task_id`, the caller's or a fresh UUID, and that id; the one given is kept.

    Raises:
        ContractError: The request is no object, or its `external_task_id` is no text.
    """
    given = _given_id(request)
    if not isinstance(given, str):
        violations = contract.violations("createElement", request)
        anything: object = request  # whatever its annotation says
        if isinstance(anything, list | tuple):
            advice = "; for several requests there is create_all"
            violations = [Violation(each.pointer, each.rule, each.message + advice) for each in violations]
        raise ContractError(violations)
    external_id = given or str(uuid4())
    if isinstance(request, Mapping):
        return {**request, "external_task_id": external_id}, external_id
    named = copy.copy(request)
    named.external_task_id = external_id
    return named, external_id


def has_external_id(request: CreateRequest) -> bool:
    """Return whether a request has an id of the caller's choice, which may have been used before."""
    return bool(_given_id(request))


def _given_id(request: object) -> object:
    """Return the `external_task_id` of a request: an empty text where it has none, None where it can have none."""
    given: object = None
    if isinstance(request, ImageElementRequest | VideoElementRequest):
        given = "" if isinstance(request.external_task_id, Unset) else request.external_task_id
    elif isinstance(request, Mapping):
        given = request.get("external_task_id", "")
    return given.value if isinstance(given, Enum) else given


def task_id_from(task: Task | str | int) -> str:
    """Return the id to look a task up by: the system's where it is known, otherwise the caller's own.

    Raises:
        TypeError: It is something else.
        ValueError: It has no id.
    """
    id_ = (task.task_id or task.external_task_id) if isinstance(task, Task) else task
    return _id_text(task, Task, id_, "a task is looked up by a Task that has an id, or by the id itself")


def element_id_from(element: Element | Task | str | int) -> str:
    """Return the id of a subject as a text, exact to the last digit.

    Raises:
        TypeError: It is something else, such as a floating-point number, which has lost digits.
        ValueError: It names no element, or several.
    """
    if isinstance(element, Task):
        elements = element.all_elements
        if not elements:
            raise ValueError("the task names no subject: pass what wait returned, or look the task up again")
        if len(elements) > 1:
            raise ValueError(f"the task names {len(elements)} subjects; pass the one that is meant")
        element = elements[0]
    id_ = element.element_id if isinstance(element, Element) else element
    wanted = "a subject is named by an Element that has an id, or by the id itself, as int or str"
    return _id_text(element, Element, id_, wanted)


def _id_text(named_by: object, kind: type, id_: object, wanted: str) -> str:
    """Return an id as a text.

    Args:
        named_by: What the caller passed.
        kind: The type that it has if it is not the id itself.
        id_: The id that it has, or is.
        wanted: What is allowed, for the error.
    """
    if isinstance(id_, str | int) and not isinstance(id_, bool) and id_ != "":
        return str(id_)
    message = f"{wanted}, not by {'an empty text' if id_ == '' else type(id_).__name__}"
    if not isinstance(named_by, kind | str):
        raise TypeError(message)
    raise ValueError(message)
