"""Reads tasks out of answers and notifications, in whichever shape a gateway gives them.

Where a task may be in an answer, what its properties are called and what its words mean is in the contract: see
`x-envelope`, `x-aliases`, `x-progress`, `x-unusable` and `x-output-type` there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, TypeAlias

from attrs import frozen

from kling_elements.contracts import usable
from kling_elements_client.models import (
    CreateElementResponse,
    DeleteElementResponse,
    Element,
    Task,
    TaskListResponse,
    TaskResponse,
)
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node
from kling_elements_runtime.serialization import Model, properties_of
from kling_elements_runtime.types import Response, is_id

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


def task_from(source: Mapping[str, Any], contract: Contract, request_id: str | None = None) -> Task:
    """Return the task of a JSON object, by the documented names and words, in whichever shape it came.

    A word for success or failure becomes the documented one; any other stays as it came, as do properties that the
    contract does not know.
    """
    facts = contract.read(_Facts)
    return _made(_with_documented_names(facts, "Task", source), facts, request_id)


def task_in(
    answer: Mapping[str, Any] | Model,
    contract: Contract,
    schema: str = "TaskResponse",
    request_id: str | None = None,
) -> Task | None:
    """Return the task that an answer or a notification names; None where it names no task.

    The first place that names an id decides. What it lacks is filled in from the places within it.

    Args:
        answer: The answer, or an item of a list, as a JSON object or a model.
        contract: What says how to read it.
        schema: The schema of the answer, which says where tasks may be.
        request_id: The id of the request, if no envelope in the answer has one.
    """
    facts = contract.read(_Facts)
    places = facts.schemas[schema]["x-envelope"]["tasks"]
    objects = _objects_at(answer, places)
    request_id = _request_id_in(objects) or request_id
    found = {place: _task_of(facts, value) for place, value in objects}
    decides = next((place for place, task in found.items() if is_id(task.get("task_id"))), None)
    if decides is None:
        return None
    properties = found[decides]
    for place, task in found.items():
        if place.startswith(f"{decides}/"):
            properties |= {name: value for name, value in task.items() if not _says(name, properties.get(name))}
    return _made(properties, facts, request_id)


def task_of(
    answer: Response[CreateElementResponse] | Response[DeleteElementResponse] | Response[TaskResponse],
    contract: Contract,
) -> Task | None:
    """Return the task that an answer names, whatever its code says; None where it names no task."""
    return task_in(answer.parsed, contract, type(answer.parsed).__name__, answer.request_id)


def tasks_of(answer: Response[TaskListResponse], contract: Contract) -> list[Task]:
    """Return the tasks on a page of a list."""
    schema = type(answer.parsed).__name__
    return [
        task_in(item, contract, schema, answer.request_id)
        or task_from(properties_of(item), contract, answer.request_id)
        for item in answer.parsed.data or []
    ]


def elements_of(task: Task, *, contract: Contract) -> list[Element]:
    """Return the elements that a task made and that you can use, by the words of a contract of your own.

    `Task.elements` returns them by the words of the contract that this package was made from.

    Args:
        task: The task.
        contract: The contract of the client which got the task.

    Raises:
        ValueError: The contract lacks something; the message names all of it.
    """
    usable(contract)
    return [element for element in task.all_elements if is_usable(element, contract)]


def is_of(task: Task, task_id: str) -> bool:
    """Return whether a task is the one of an id, the system's or the caller's, as far as its answer tells."""
    return str(task.task_id) == task_id or task.external_task_id in (None, task_id)


def is_usable(element: Element, contract: Contract) -> bool:
    """Return whether an element has an id, and its status is none of a contract's words for deleted and failed."""
    status: object = element.status
    is_gone = isinstance(status, str) and status.lower() in contract.read(_Facts).unusable
    return is_id(element.element_id) and not is_gone


def progress_of(task: Task, contract: Contract) -> Progress:
    """Return how far a task is."""
    progress, _ = contract.read(_Facts).status(task.task_status)
    if progress is Progress.SUCCEEDED and not any(is_id(element.element_id) for element in task.all_elements):
        return Progress.WITHOUT_ELEMENT
    return progress


@frozen
class _Alias:
    """Another name of a property.

    Attributes:
        other: The name that a gateway gives to it.
        outer: The documented property that it belongs into; empty where it belongs into none.
        name: Its documented name there.
        is_documented: Whether the other name is that of a documented property too, which keeps its value.
    """

    other: str
    outer: str
    name: str
    is_documented: bool


class _Facts:
    """What a contract says of tasks.

    Attributes:
        schemas: The schemas by name.
        aliases: The other names of the properties of a schema, by its name.
        words: What each word for a status means, and the documented word for the same.
        unusable: The words for the status of a subject that cannot be used.
        output_type: The type of those outputs of a task that are subjects.
    """

    def __init__(self, document: Node) -> None:
        self.schemas: Node = document["components"]["schemas"]
        self.aliases = {name: tuple(_aliases(schema)) for name, schema in self.schemas.items()}
        known = self.schemas["TaskStatus"]["x-progress"]
        self.words = {word: (progress, known[name][0]) for name, progress in _PROGRESS.items() for word in known[name]}
        self.unusable = self.schemas["Element"]["properties"]["status"]["x-unusable"]
        self.output_type = self.schemas["Element"]["x-output-type"]

    def status(self, status: object) -> tuple[Progress, object]:
        """Return what a status means, and the documented word for the same."""
        if not status:
            return Progress.WITHOUT_STATUS, status
        known = self.words.get(status.lower()) if isinstance(status, str) else None
        return known or (Progress.UNKNOWN, status)


def _aliases(schema: Node) -> Iterator[_Alias]:
    for path, others in schema.get("x-aliases", {}).items():
        outer, _, name = path.rpartition("/")
        for other in others:
            yield _Alias(other, outer, name, other in schema["properties"])


def _object(value: object) -> Properties | None:
    """Return the properties of a JSON object or a model; None for anything else."""
    if isinstance(value, Model):
        return properties_of(value)
    return dict(value) if isinstance(value, Mapping) else None


def _objects_at(answer: object, places: Sequence[str]) -> list[tuple[str, Properties]]:
    """Return each place of an answer with the properties of the object there, none where there is no object."""
    found = {"": _object(answer) or {}}

    def object_at(place: str) -> Properties:
        if place not in found:
            around, _, name = place.rpartition("/")
            found[place] = _object(object_at(around).get(name)) or {}
        return found[place]

    return [(place, object_at(place)) for place in places]


def _task_of(facts: _Facts, properties: Properties) -> Properties:
    """Return the properties of a task without those of an envelope around another one, by their documented names."""
    around = _ENVELOPE if _OF_ENVELOPES & properties.keys() else ()
    for name in ("data", *around):
        properties.pop(name, None)
    return _with_documented_names(facts, "Task", properties)


def _with_documented_names(facts: _Facts, schema: str, source: Mapping[str, Any]) -> Properties:
    """Return the properties of a JSON object, with the documented names for those that a gateway calls otherwise.

    What belongs into another object also stays where it was.
    """
    properties = dict(source)
    for alias in facts.aliases[schema]:
        if alias.other not in source:
            continue
        if alias.outer:
            around = _object(properties.get(alias.outer) or {})
            if around is not None and not _says(alias.name, around.get(alias.name)):
                properties[alias.outer] = {
                    **around,
                    alias.name: _subjects_among(source[alias.other], facts.output_type),
                }
        elif not _says(alias.name, properties.get(alias.name)):
            properties[alias.name] = source[alias.other]
            if not alias.is_documented:
                del properties[alias.other]
    return properties


def _says(name: str, value: object) -> bool:
    """Return whether a property says something."""
    return is_id(value) if name in _IDS else bool(value)


def _subjects_among(value: Any, wanted: str) -> Any:
    """Return a list of outputs without those that are no subjects; anything else as it is."""
    if not isinstance(value, list):
        return value
    return [item for item in value if not isinstance(item, Mapping) or item.get("type", wanted) == wanted]


def _request_id_in(objects: Sequence[tuple[str, Properties]]) -> str | None:
    """Return the request id of the outermost envelope that has one; None if none has."""
    outermost_first = sorted(objects, key=lambda placed: len(placed[0]))
    request_ids = (properties.get("request_id") for _, properties in outermost_first)
    return next((value for value in request_ids if isinstance(value, str) and value), None)


def _made(properties: Properties, facts: _Facts, request_id: str | None) -> Task:
    """Return the task of some properties with documented names, with the documented words."""
    progress, documented = facts.status(properties.get("task_status"))
    if progress in (Progress.SUCCEEDED, Progress.FAILED):
        properties["task_status"] = documented
    result = _object(properties.get("task_result"))
    if result is not None:
        properties["task_result"] = _with_elements(result, facts)
    task = Task.from_dict(properties)
    task.request_id = request_id
    for element in task.all_elements:
        element.request_id = request_id
    return task


def _with_elements(result: Properties, facts: _Facts) -> Properties:
    """Return what a task made, with its subjects in a list where a gateway gives one subject without."""
    elements = result.get("elements")
    if not elements and is_id(result.get("element_id")):
        elements = [{name: value for name, value in result.items() if name != "elements"}]
    if not isinstance(elements, list):
        return result
    return {**result, "elements": [_named_element(element, facts) for element in elements]}


def _named_element(item: object, facts: _Facts) -> object:
    """Return a subject with the documented names; what is none as it is."""
    own = _object(item)
    if own is None or not any(alias.other in own for alias in facts.aliases["Element"]):
        return item
    return _with_documented_names(facts, "Element", own)


__all__ = [
    "Progress",
    "elements_of",
    "is_of",
    "is_usable",
    "progress_of",
    "task_from",
    "task_in",
    "task_of",
    "tasks_of",
]
