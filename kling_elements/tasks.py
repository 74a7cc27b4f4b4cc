"""Reads tasks out of answers and notifications, in whichever shape a gateway gives them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import attrs

from kling_elements_client.models import (
    CreateElementResponse,
    Element,
    Task,
    TaskInfo,
    TaskListResponse,
    TaskResponse,
    TaskResult,
    TaskStatus,
)
from kling_elements_client.types import Unset

# What the newer API and answers without an envelope call the properties of a task.
_OTHER_NAMES = {
    "task_id": "id",
    "task_status": "status",
    "task_status_msg": "message",
    "created_at": "create_time",
    "updated_at": "update_time",
}
_ENVELOPE = ("code", "message", "request_id", "error", "data")


class Progress(Enum):
    """How far a task is, by what a caller can do about it."""

    PENDING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    UNKNOWN = auto()


_PROGRESS: dict[object, Progress] = {
    TaskStatus.SUBMITTED: Progress.PENDING,
    TaskStatus.PROCESSING: Progress.PENDING,
    TaskStatus.SUCCEED: Progress.SUCCEEDED,
    TaskStatus.FAILED: Progress.FAILED,
}


def task_from(source: Mapping[str, Any]) -> Task:
    """A task from a JSON object: the documented shape, or the newer one with `id`, `status`, `message`, `create_time`.

    The newer word `succeeded` is written as `succeed`. Whatever else there is stays, as additional properties.
    """
    properties = dict(source)
    for name, other in _OTHER_NAMES.items():
        known = _is_id(properties.get(name)) if name == "task_id" else properties.get(name)
        if not known and other in properties:
            properties[name] = properties.pop(other)
    task = Task.from_dict(properties)
    if task.task_status is TaskStatus.SUCCEEDED:
        task.task_status = TaskStatus.SUCCEED
    return task


def task_of(answer: CreateElementResponse | TaskResponse) -> Task | None:
    """The task that an answer names, in its `data` or at its top level, whatever its code says; None for no task."""
    inner = task_from(_properties(answer.data)) if isinstance(answer.data, Task) else None
    if inner is not None and _is_id(inner.task_id):
        return inner
    top = {name: value for name, value in _properties(answer).items() if name not in _ENVELOPE}
    outer = task_from({**(_properties(inner) if inner else {}), **top})
    return outer if _is_id(outer.task_id) else None


def _is_id(value: object) -> bool:
    """Whether it can be the id of a task; an odd answer has something else in its place."""
    return bool(value) and isinstance(value, str | int) and not isinstance(value, bool)


def _properties(model: Task | CreateElementResponse | TaskResponse) -> dict[str, Any]:
    """What a model holds, as it holds it: what is odd further down, such as a thousand levels, is not gone through."""
    own = {field.name: getattr(model, field.name) for field in attrs.fields(type(model)) if field.init}
    return {
        **model.additional_properties,
        **{name: value for name, value in own.items() if not isinstance(value, Unset)},
    }


def tasks_of(answer: TaskListResponse) -> list[Task]:
    """The tasks on a page of a list."""
    return [task_from(_properties(task)) for task in answer.data or []]


def elements_of(task: Task) -> list[Element]:
    """The subjects that a task made; none as long as it is under way, or when it failed."""
    result: object = task.task_result  # an answer that names a task is taken even where the rest of it is odd
    elements: object = result.elements if isinstance(result, TaskResult) else None
    return [item for item in elements if isinstance(item, Element)] if isinstance(elements, list) else []


def external_id_of(task: Task) -> str | None:
    """The caller's own id of a task, or None where the answer does not tell it."""
    info: object = task.task_info
    return (info.external_task_id or None) if isinstance(info, TaskInfo) else None


def is_of(task: Task, task_id: str) -> bool:
    """Whether a task is the one of an id, the system's or the caller's, as far as its answer tells."""
    return str(task.task_id) == task_id or external_id_of(task) in (None, task_id)


def progress_of(task: Task) -> Progress:
    """How far a task is. A task that succeeded without naming its subject is as good as unknown."""
    status: object = task.task_status
    progress = _PROGRESS.get(status, Progress.UNKNOWN) if isinstance(status, str) else Progress.UNKNOWN
    if progress is Progress.SUCCEEDED and not any(element.element_id for element in elements_of(task)):
        return Progress.UNKNOWN
    return progress


__all__ = ["Progress", "elements_of", "external_id_of", "is_of", "progress_of", "task_from", "task_of", "tasks_of"]
