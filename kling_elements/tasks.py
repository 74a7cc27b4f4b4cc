"""Read tasks from responses and notifications, in any shape that a gateway uses.

The contract says where a response may contain a task, and which names and values its properties may have: see
`x-envelope`, `x-aliases`, `x-progress` and `x-output-type`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, TypeAlias

from attrs import frozen

from kling_elements_client.models import (
    CreateElementResponse,
    DeleteElementResponse,
    Task,
    TaskListResponse,
    TaskResponse,
)
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node
from kling_elements_runtime.serialization import Model, properties_of
from kling_elements_runtime.types import Response, is_id

Properties: TypeAlias = dict[str, Any]

_ENVELOPE_MARKS = frozenset({"code", "request_id"})  # an object with one of these is an envelope
_ENVELOPE_NAMES = _ENVELOPE_MARKS | {"message", "error"}
_IDS = frozenset({"task_id", "element_id"})


class Progress(Enum):
    """The progress of a task, as far as callers must distinguish it."""

    PENDING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    WITHOUT_ELEMENT = auto()
    """The task succeeded, but contains no element."""
    WITHOUT_STATUS = auto()
    """The response has no status."""
    UNKNOWN = auto()
    """The contract does not know the status."""


_PROGRESS = {"pending": Progress.PENDING, "succeeded": Progress.SUCCEEDED, "failed": Progress.FAILED}


def task_from_object(source: Mapping[str, Any], contract: Contract, request_id: str | None = None) -> Task:
    """Return the task in a JSON object of any shape, under the documented names.

    A status that means success or failure becomes the documented one. Other statuses stay unchanged, and so do
    properties that the contract does not know.
    """
    vocabulary = contract.read(_TaskVocabulary)
    return _build_task(_with_documented_names(vocabulary, "Task", source), vocabulary, request_id)


def find_task(
    response: Mapping[str, Any] | Model,
    contract: Contract,
    schema: str = "TaskResponse",
    request_id: str | None = None,
) -> Task | None:
    """Return the task in a response or a notification, or None if there is no task in it.

    The task is the object at the first place with an id. Places inside this object fill in its missing properties.

    Args:
        response: The response or an item of a list, as a JSON object or a model.
        contract: The contract by which to read the response.
        schema: The schema of the response, which lists the places of tasks.
        request_id: The id of the request, for a response without an envelope that has one.
    """
    vocabulary = contract.read(_TaskVocabulary)
    places = vocabulary.schemas[schema]["x-envelope"]["tasks"]
    objects = _objects_at(response, places)
    request_id = _request_id_in(objects) or request_id
    tasks = {place: _task_properties(vocabulary, value) for place, value in objects}
    decisive = next((place for place, task in tasks.items() if is_id(task.get("task_id"))), None)
    if decisive is None:
        return None
    properties = tasks[decisive]
    for place, task in tasks.items():
        if place.startswith(f"{decisive}/"):
            properties |= {name: value for name, value in task.items() if not _has_value(name, properties.get(name))}
    return _build_task(properties, vocabulary, request_id)


def task_of_response(
    response: Response[CreateElementResponse] | Response[DeleteElementResponse] | Response[TaskResponse],
    contract: Contract,
) -> Task | None:
    """Return the task in a response, even if its code means failure, or None if the response contains no task."""
    return find_task(response.parsed, contract, type(response.parsed).__name__, response.request_id)


def tasks_of_response(response: Response[TaskListResponse], contract: Contract) -> list[Task]:
    """Return the tasks on a page of a list."""
    schema = type(response.parsed).__name__
    return [
        find_task(item, contract, schema, response.request_id)
        or task_from_object(properties_of(item), contract, response.request_id)
        for item in response.parsed.data or []
    ]


def may_have_id(task: Task, task_id: str) -> bool:
    """Return whether an id is the task's, or may be its external id, which some responses leave out."""
    return str(task.task_id) == task_id or task.external_task_id in (None, task_id)


def progress_of(task: Task, contract: Contract) -> Progress:
    """Return the progress of a task."""
    progress, _ = contract.read(_TaskVocabulary).interpret_status(task.task_status)
    if progress is Progress.SUCCEEDED and not any(is_id(element.element_id) for element in task.all_elements):
        return Progress.WITHOUT_ELEMENT
    return progress


@frozen
class _Alias:
    """An alternative name of a property.

    Attributes:
        gateway_name: The name that some gateways use.
        outer: The documented property that contains the value, or an empty string if the object itself contains it.
        name: The documented name.
        is_documented: Whether the alternative name is also documented, so that its property stays.
    """

    gateway_name: str
    outer: str
    name: str
    is_documented: bool


class _TaskVocabulary:
    """The names and values of tasks, according to a contract.

    Attributes:
        schemas: The schemas by name.
        aliases: The alternative names of properties, by schema.
        statuses: The progress that each status means, and the documented status for it.
        output_type: The type that marks an output as an element.
    """

    def __init__(self, document: Node) -> None:
        self.schemas: Node = document["components"]["schemas"]
        self.aliases = {name: tuple(_aliases(schema)) for name, schema in self.schemas.items()}
        values = self.schemas["TaskStatus"]["x-progress"]
        self.statuses = {
            value: (progress, values[name][0]) for name, progress in _PROGRESS.items() for value in values[name]
        }
        self.output_type = self.schemas["Element"]["x-output-type"]

    def interpret_status(self, status: object) -> tuple[Progress, object]:
        """Return the progress that a status means, and the documented status for it."""
        if not status:
            return Progress.WITHOUT_STATUS, status
        meaning = self.statuses.get(status.lower()) if isinstance(status, str) else None
        return meaning or (Progress.UNKNOWN, status)


def _aliases(schema: Node) -> Iterator[_Alias]:
    for path, alternatives in schema.get("x-aliases", {}).items():
        outer, _, name = path.rpartition("/")
        for alternative in alternatives:
            yield _Alias(alternative, outer, name, alternative in schema["properties"])


def _object(value: object) -> Properties | None:
    """Return the properties of a JSON object or a model, or None for anything else."""
    if isinstance(value, Model):
        return properties_of(value)
    return dict(value) if isinstance(value, Mapping) else None


def _objects_at(response: object, places: Sequence[str]) -> list[tuple[str, Properties]]:
    """Return the places of a response that contain an object, each with the object's properties."""
    objects = {"": _object(response) or {}}

    def object_at(place: str) -> Properties:
        if place not in objects:
            outer_place, _, name = place.rpartition("/")
            objects[place] = _object(object_at(outer_place).get(name)) or {}
        return objects[place]

    return [(place, object_at(place)) for place in places]


def _task_properties(vocabulary: _TaskVocabulary, properties: Properties) -> Properties:
    """Return a task's properties under their documented names, without an envelope's properties."""
    envelope_names = _ENVELOPE_NAMES if _ENVELOPE_MARKS & properties.keys() else ()
    for name in ("data", *envelope_names):
        properties.pop(name, None)
    return _with_documented_names(vocabulary, "Task", properties)


def _with_documented_names(vocabulary: _TaskVocabulary, schema: str, source: Mapping[str, Any]) -> Properties:
    """Return the properties of a JSON object under their documented names.

    A property that belongs into another object is copied there, and also stays.
    """
    properties = dict(source)
    for alias in vocabulary.aliases[schema]:
        if alias.gateway_name not in source:
            continue
        if alias.outer:
            outer = _object(properties.get(alias.outer) or {})
            if outer is not None and not _has_value(alias.name, outer.get(alias.name)):
                properties[alias.outer] = {
                    **outer,
                    alias.name: _elements_among(source[alias.gateway_name], vocabulary.output_type),
                }
        elif not _has_value(alias.name, properties.get(alias.name)):
            properties[alias.name] = source[alias.gateway_name]
            if not alias.is_documented:
                del properties[alias.gateway_name]
    return properties


def _has_value(name: str, value: object) -> bool:
    """Return whether a property has a value. The value of an id must be a valid id."""
    return is_id(value) if name in _IDS else bool(value)


def _elements_among(value: Any, element_type: str) -> Any:
    """Return the elements in a list of outputs. A value that is not a list is returned unchanged."""
    if not isinstance(value, list):
        return value
    return [item for item in value if not isinstance(item, Mapping) or item.get("type", element_type) == element_type]


def _request_id_in(objects: Sequence[tuple[str, Properties]]) -> str | None:
    """Return the request id of the outermost envelope that has one, or None without such an envelope."""
    outermost_first = sorted(objects, key=lambda item: len(item[0]))
    request_ids = (properties.get("request_id") for _, properties in outermost_first)
    return next((value for value in request_ids if isinstance(value, str) and value), None)


def _build_task(properties: Properties, vocabulary: _TaskVocabulary, request_id: str | None) -> Task:
    """Return a task from properties under their documented names, with the documented status."""
    progress, documented = vocabulary.interpret_status(properties.get("task_status"))
    if progress in (Progress.SUCCEEDED, Progress.FAILED):
        properties["task_status"] = documented
    result = _object(properties.get("task_result"))
    if result is not None:
        properties["task_result"] = _with_elements(result, vocabulary)
    task = Task.from_dict(properties)
    task.request_id = request_id
    for element in task.all_elements:
        element.request_id = request_id
    return task


def _with_elements(result: Properties, vocabulary: _TaskVocabulary) -> Properties:
    """Return the result of a task. An element that a gateway sends without a list is wrapped in one."""
    elements = result.get("elements")
    if not elements and is_id(result.get("element_id")):
        elements = [{name: value for name, value in result.items() if name != "elements"}]
    if not isinstance(elements, list):
        return result
    return {**result, "elements": [_rename_element(element, vocabulary) for element in elements]}


def _rename_element(item: object, vocabulary: _TaskVocabulary) -> object:
    """Return an element under the documented names. An item that is not an element is returned unchanged."""
    properties = _object(item)
    if properties is None or not any(alias.gateway_name in properties for alias in vocabulary.aliases["Element"]):
        return item
    return _with_documented_names(vocabulary, "Element", properties)


__all__ = [
    "Progress",
    "find_task",
    "may_have_id",
    "progress_of",
    "task_from_object",
    "task_of_response",
    "tasks_of_response",
]
