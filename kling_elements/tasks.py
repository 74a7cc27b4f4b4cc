"""Reads tasks out of answers and notifications, in whichever shape a gateway gives them.

Where a task may be in an answer, what its properties are called and what its words mean is in the contract: see
`x-envelope`, `x-aliases`, `x-progress`, `x-unusable` and `x-output-type` there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache
from typing import Any, TypeAlias

from kling_elements_client import contract
from kling_elements_client.models import (
    CreateElementResponse,
    DeleteElementResponse,
    Element,
    Task,
    TaskInfo,
    TaskListResponse,
    TaskResponse,
    TaskResult,
)
from kling_elements_runtime.document import at

Properties: TypeAlias = dict[str, Any]

_OF_ENVELOPES = frozenset({"code", "request_id"})  # an object with one of these is an envelope, also around a task
_ENVELOPE = _OF_ENVELOPES | {"message", "error"}
_IDS = frozenset({"task_id", "element_id"})


class Progress(Enum):
    """How far a task is, by what a caller can do about it."""

    PENDING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    WITHOUT_ELEMENT = auto()
    """It succeeded, but names no subject."""
    WITHOUT_STATUS = auto()
    """The answer does not say."""
    UNKNOWN = auto()
    """The answer says it in a word that the contract does not know."""


_PROGRESS = {"pending": Progress.PENDING, "succeeded": Progress.SUCCEEDED, "failed": Progress.FAILED}


def task_from(source: Mapping[str, Any]) -> Task:
    """Return the task of a JSON object, by the documented names and words, in whichever shape it came.

    A word for success or failure becomes the documented one; any other stays as it came, as do properties that the
    contract does not know.
    """
    properties = _with_documented_names("Task", source)
    progress, documented = _read_status(properties.get("task_status"))
    if progress in (Progress.SUCCEEDED, Progress.FAILED):
        properties["task_status"] = documented
    if isinstance(result := properties.get("task_result"), Mapping):
        properties["task_result"] = _result_from(result)
    return Task.from_dict(properties)


def task_in(answer: Mapping[str, Any], schema: str = "TaskResponse") -> Task | None:
    """Return the task that the JSON object of an answer or a notification names; None where it names no task.

    The outermost place that names an id decides. What it lacks is filled in from the places within it.

    Args:
        answer: The JSON object.
        schema: The schema of the answer, which says where tasks may be.
    """
    found = {place: _task_at(answer, place) for place in _fact(schema, "x-envelope")["tasks"]}
    outermost = next((place for place, task in found.items() if is_id(task.get("task_id"))), None)
    if outermost is None:
        return None
    properties = found[outermost]
    for place, task in found.items():
        if place.startswith(f"{outermost}/"):
            properties |= {name: value for name, value in task.items() if not _says(name, properties.get(name))}
    return task_from(properties)


def task_of(answer: CreateElementResponse | DeleteElementResponse | TaskResponse) -> Task | None:
    """Return the task that an answer names, whatever its code says; None where it names no task."""
    return task_in(answer.to_dict(), type(answer).__name__)


def tasks_of(answer: TaskListResponse) -> list[Task]:
    """Return the tasks on a page of a list."""
    items = [item.to_dict() for item in answer.data or []]
    return [task_in({"data": item}) or task_from(item) for item in items]


def elements_of(task: Task) -> list[Element]:
    """Return the subjects that a task made; none as long as it is under way, or when it failed."""
    result: object = task.task_result  # an answer that names a task is taken even where the rest of it is odd
    elements: object = result.elements if isinstance(result, TaskResult) else None
    return [item for item in elements if isinstance(item, Element)] if isinstance(elements, list) else []


def external_id_of(task: Task) -> str | None:
    """Return the caller's own id of a task, or None where the answer does not tell it."""
    info: object = task.task_info
    return (info.external_task_id or None) if isinstance(info, TaskInfo) else None


def is_of(task: Task, task_id: str) -> bool:
    """Return whether a task is the one of an id, the system's or the caller's, as far as its answer tells."""
    return str(task.task_id) == task_id or external_id_of(task) in (None, task_id)


def is_id(value: object) -> bool:
    """Return whether a value can be the id of a task or a subject; an odd answer has something else in its place."""
    return bool(value) and isinstance(value, str | int) and not isinstance(value, bool)


def is_usable(element: Element) -> bool:
    """Return whether a subject can be used, as far as its own status tells."""
    status: object = element.status
    return not isinstance(status, str) or status.lower() not in _fact("Element", "properties")["status"]["x-unusable"]


def progress_of(task: Task) -> Progress:
    """Return how far a task is."""
    progress, _ = _read_status(task.task_status)
    if progress is Progress.SUCCEEDED and not any(is_id(element.element_id) for element in elements_of(task)):
        return Progress.WITHOUT_ELEMENT
    return progress


def _read_status(status: object) -> tuple[Progress, object]:
    """Return what a status means, and the documented word for the same."""
    if not status:
        return Progress.WITHOUT_STATUS, status
    known = _words().get(status.lower()) if isinstance(status, str) else None
    return known or (Progress.UNKNOWN, status)


@cache
def _fact(schema: str, keyword: str) -> Any:
    """Return what a schema of the contract says by a keyword."""
    return contract.document()["components"]["schemas"][schema][keyword]


@cache
def _words() -> Mapping[str, tuple[Progress, str]]:
    """Return what each word for a status means, and the documented word for the same."""
    known = _fact("TaskStatus", "x-progress")
    return {word: (progress, known[name][0]) for name, progress in _PROGRESS.items() for word in known[name]}


def _task_at(answer: Mapping[str, Any], place: str) -> Properties:
    """Return the properties of the task at a place of an answer, without those of an envelope around another one."""
    value = at(answer, place)
    if not isinstance(value, Mapping):
        return {}
    around = _ENVELOPE if value.keys() & _OF_ENVELOPES else frozenset[str]()
    own = {name: each for name, each in value.items() if name not in around and name != "data"}
    return _with_documented_names("Task", own)


def _with_documented_names(schema: str, source: Mapping[str, Any]) -> Properties:
    """Return the properties of a JSON object, with the documented names for those that a gateway calls otherwise.

    What belongs into another object also stays where it was.
    """
    properties = dict(source)
    documented = _fact(schema, "properties")
    for path, others in _fact(schema, "x-aliases").items():
        outer, _, name = path.rpartition("/")
        for other in others:
            if other not in source or _says(path, at(properties, f"/{path}")):
                continue
            if not outer:
                properties[name] = source[other]
                if other not in documented:
                    del properties[other]
            elif isinstance(around := properties.get(outer) or {}, Mapping):
                properties[outer] = {**around, name: _subjects_among(source[other])}
    return properties


def _says(name: str, value: object) -> bool:
    """Return whether a property says something."""
    return is_id(value) if name in _IDS else bool(value)


def _subjects_among(value: Any) -> Any:
    """Return a list of outputs without those that are no subjects; anything else as it is."""
    if not isinstance(value, list):
        return value
    wanted = _fact("Element", "x-output-type")
    return [item for item in value if not isinstance(item, Mapping) or item.get("type", wanted) == wanted]


def _result_from(result: Mapping[str, Any]) -> Properties:
    """Return what a task made, with the documented names, and in a list where a gateway gives one subject without."""
    elements = result.get("elements")
    if not elements and is_id(result.get("element_id")):
        elements = [{name: value for name, value in result.items() if name != "elements"}]
    if not isinstance(elements, list):
        return dict(result)
    named = [_with_documented_names("Element", item) if isinstance(item, Mapping) else item for item in elements]
    return {**result, "elements": named}


__all__ = [
    "Progress",
    "elements_of",
    "external_id_of",
    "is_id",
    "is_of",
    "is_usable",
    "progress_of",
    "task_from",
    "task_in",
    "task_of",
    "tasks_of",
]
