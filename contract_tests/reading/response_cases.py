"""The contents of responses and notifications, and how the client reads them: a second reading of the documents.

The tables follow the vendor's documents and recorded responses of the service and gateways. Responses are open and are
read tolerantly: a property may be null, and an id may be a string or an integer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SAMPLES: list[tuple[str, Any]] = [
    ("null", None),
    ("boolean", True),
    ("integer", 9007199254740993),
    ("number", 1.5),
    ("string", "a"),
    ("string", ""),
    ("array", []),
    ("object", {}),
]
_KINDS = {kind for kind, _ in SAMPLES}
_WIDER = {"number": {"integer"}}  # the kinds that a kind includes

# Each shape, named as in the contract, is an object with these properties and any others. A property has kinds of
# `SAMPLES`, is `any`, has the shape of that name, or is a list of that shape.
_ENVELOPE = {"code": "integer string null", "message": "string null", "request_id": "string null"}
SHAPES: dict[str, dict[str, str]] = {
    "CreateElementResponse": {
        **_ENVELOPE,
        "data": "Task null",
        "id": "string integer null",
        "task_id": "string integer null",
        "status": "string integer null",
    },
    "TaskResponse": {**_ENVELOPE, "data": "Task null"},
    "DeleteElementResponse": {**_ENVELOPE, "data": "Task null"},
    "TaskListResponse": {**_ENVELOPE, "data": "[Task] null"},
    "ErrorResponse": {**_ENVELOPE, "error": "ErrorDetail null"},
    "ErrorDetail": {"message": "string null", "type": "string null", "code": "integer string null"},
    "Task": {
        "task_id": "string integer null",
        "task_status": "string null",
        "task_status_msg": "string null",
        "task_info": "TaskInfo null",
        "task_result": "TaskResult null",
        "created_at": "integer string null",
        "updated_at": "integer string null",
        "final_unit_deduction": "string number null",
        "final_balance_deduction": "BalanceDeduction null",
    },
    "TaskInfo": {"external_task_id": "string null"},
    "BalanceDeduction": {"quota": "string number null", "list_price": "string number null"},
    "TaskResult": {"element_id": "integer string null", "elements": "[Element] null"},
    "Element": {
        "element_id": "integer string null",
        "element_name": "string null",
        "element_description": "string null",
        "reference_type": "string null",
        "element_type": "string null",
        "element_image_list": "any",
        "element_video_list": "any",
        "element_voice_info": "ElementVoice null",
        "tag_list": "[NamedTag] null",
        "owned_by": "string null",
        "status": "string null",
    },
    "ElementVoice": {
        "voice_id": "string integer null",
        "voice_name": "string null",
        "trial_url": "string null",
        "owned_by": "string null",
    },
    "NamedTag": {"id": "string integer null", "name": "string null", "description": "string null"},
}

_FAILURE = {"application/json": "ErrorResponse"}
_FAILURES = {
    **dict.fromkeys(("400", "401", "403", "404", "429", "default"), _FAILURE),
    "5XX": {**_FAILURE, "text/html": "string"},
}
RESPONSES: dict[str, dict[str, dict[str, str]]] = {
    operation: {"200": {"application/json": shape}, **_FAILURES}
    for operation, shape in {
        "createElement": "CreateElementResponse",
        "getElement": "TaskResponse",
        "listElements": "TaskListResponse",
        "listPresetElements": "TaskListResponse",
        "deleteElement": "DeleteElementResponse",
    }.items()
}
RESPONSES["deleteElement"]["204"] = {}  # no body
NOTIFICATION = "Task"
STATUS_WORDS = ["submitted", "processing", "succeed", "succeeded", "failed"]
TAG_NAMES = ["Trending", "Character", "Animal", "Prop", "Clothing", "Scene", "Effect", "Other"]


def values_of(kinds: str) -> Iterator[tuple[Any, bool]]:
    """Yield JSON values, each with a flag that says whether it has one of these kinds."""
    for kind in kinds.split():
        name = kind.strip("[]")
        if name == kind:
            yield from _objects(name) if name in SHAPES else ()
        else:
            yield from (([value], conforms) for value, conforms in values_of(name))
            yield [{}, {}], True
    included = {kind for kind in kinds.split() if kind in _KINDS}
    included |= {kind for wider in included for kind in _WIDER.get(wider, ())}
    included |= {"array" if kind[0] == "[" else "object" for kind in kinds.split() if kind.strip("[]") in SHAPES}
    yield from ((value, kinds == "any" or kind in included) for kind, value in SAMPLES)


def _objects(shape: str) -> Iterator[tuple[Any, bool]]:
    yield {"something_new": {"of": "any kind"}}, True
    for name, kinds in SHAPES[shape].items():
        yield from (({name: value}, conforms) for value, conforms in values_of(kinds))


@dataclass(frozen=True, kw_only=True)
class ResponseCase:
    """A response, and how the client reads it.

    Attributes:
        operation: The name of the operation.
        status: The HTTP status.
        body: The JSON value of the body.
        outcome: `success`, or the name of the exception.
        is_absence: Whether it says that the task does not exist.
    """

    operation: str
    status: int
    body: dict[str, Any]
    outcome: str
    is_absence: bool = False

    @property
    def id(self) -> str:
        return f"{self.operation}-{self.status}-{self.body!r:.60}"


_SUCCESSES: tuple[dict[str, Any], ...] = (
    {},
    {"code": 0},
    {"code": "0"},
    {"code": None},
    {"code": 0, "error": None},
    {"code": "success"},
    {"code": "SUCCESS"},
    {"code": 200},
)
_REFUSALS: tuple[dict[str, Any], ...] = (
    {"code": 1},
    {"code": "1"},
    {"code": -1},
    {"code": 201},
    {"code": "200"},
    {"code": "fail_to_fetch_task"},
    {"code": True},
    {"code": False},
    {"code": 1200},
    {"code": 5000, "data": None},
    {"error": {"code": "quota"}},
    {"code": 0, "error": "no credit"},
)
_ID = "t-1"
_PLACES = (  # the places where a response may have the id of a task
    *("/data/task_id", "/data/id", "/task_id", "/id", "/data/data/task_id", "/data/data/data/task_id"),
    *("/data/data/id", "/data/data/data/id"),
)
# The places that count. A create makes something, so a task outweighs any code, and a `task_id` even a status of
# failure. A look-up counts despite an unknown code. An `id` by itself may be the id of a request.
_OF_CREATES = {"/data/task_id", "/data/id", "/task_id", "/id"}
_OF_FAILED_CREATES = {"/data/task_id", "/task_id"}
_OF_LOOK_UPS = {"/data/task_id", "/data/id", "/data/data/task_id", "/data/data/data/task_id", "/task_id"}
_UNKNOWN_CODES = (42, "42", "odd", "0000")
_KNOWN_CODE = 5000
_PAGES: tuple[Any, ...] = ([], None, [{}])
_LISTS: tuple[dict[str, Any], ...] = (
    *({"data": page} for page in _PAGES),
    *({"items": page, "total": 0} for page in _PAGES),
    *({"data": {"items": page, "total": 0}} for page in _PAGES),
)
_NO_LISTS: tuple[dict[str, Any], ...] = ({}, {"data": {}}, {"data": {"data": []}}, {"items": {}}, {"list": []})
ABSENT_MESSAGE = "Task not found by id/external id: e-1"


def _cases() -> Iterator[ResponseCase]:
    for operation in RESPONSES:
        lists = operation.startswith("list")
        for body in _SUCCESSES:
            response = {"data": None, **body} if lists else body
            yield ResponseCase(operation=operation, status=200, body=response, outcome="success")
        for body in _REFUSALS:
            yield ResponseCase(operation=operation, status=200, body=body, outcome="BusinessError")
        for place in _PLACES:
            yield from _with_a_task(operation, place)
        for body in _LISTS if lists else ():
            yield ResponseCase(operation=operation, status=200, body={"code": 0, **body}, outcome="success")
        for body in _NO_LISTS if lists else ():
            yield ResponseCase(
                operation=operation, status=200, body={"code": 0, **body}, outcome="InvalidResponseError"
            )
        yield from _absences(operation)


def _response_with_id(place: str) -> dict[str, Any]:
    """Return a response with a task's id at a place."""
    body: Any = _ID
    for name in reversed(place.split("/")[1:]):
        body = {name: body}
    return dict(body)


def _with_a_task(operation: str, place: str) -> Iterator[ResponseCase]:
    """Yield responses that contain a task but report a failure or an unknown code."""

    def case(status: int, code: Any, refused: str, counting: set[str]) -> ResponseCase:
        outcome = "success" if place in counting else refused
        return ResponseCase(
            operation=operation, status=status, body={"code": code, **_response_with_id(place)}, outcome=outcome
        )

    counting = {"createElement": _OF_CREATES}.get(operation, set())
    yield case(200, _KNOWN_CODE, "BusinessError", counting)
    yield case(200, str(_KNOWN_CODE), "BusinessError", counting)
    for code in _UNKNOWN_CODES:
        yield case(200, code, "BusinessError", {"getElement": _OF_LOOK_UPS}.get(operation, counting))
    yield case(400, 42, "StatusError", set())
    yield case(502, 42, "ServerError", _OF_FAILED_CREATES if operation == "createElement" else set())


def _absences(operation: str) -> Iterator[ResponseCase]:
    """Yield responses that say, or seem to say, that there is nothing with this id."""

    def case(status: int, code: Any, message: str | None = None, *, says_so: bool = False) -> ResponseCase:
        refused = "BusinessError" if status == 200 else "StatusError"
        return ResponseCase(
            operation=operation,
            status=status,
            body={"code": code, "message": message},
            outcome="NotFoundError" if says_so else refused,
            is_absence=says_so,
        )

    by_words = operation == "getElement"
    by_code = by_words or operation == "deleteElement"
    yield case(404, 1202)
    yield case(404, 1203, says_so=by_code)
    yield case(404, "1203", "no such resource", says_so=by_code)
    yield case(200, 1203, says_so=by_code)
    yield case(404, 1204, ABSENT_MESSAGE)
    yield case(400, 1201, ABSENT_MESSAGE, says_so=by_words)
    yield case(400, "1201", ABSENT_MESSAGE, says_so=by_words)
    yield case(200, 1201, ABSENT_MESSAGE, says_so=by_words)
    yield case(400, 1201, "Invalid parameters")
    yield case(400, 1201, f"No: {ABSENT_MESSAGE}")
    yield case(400, 1200, ABSENT_MESSAGE)


RESPONSE_CASES = list(_cases())

_NEVER, _WAITING, _LOOK_UP = ("never", "never"), ("never", "after-waiting"), ("perhaps", "after-look-up")
# HTTP status, whether an element was created, and whether a retry can help
BUSINESS_CODES: dict[int, tuple[int, str, str]] = {
    **dict.fromkeys((1000, 1001, 1002, 1003, 1004), (401, *_NEVER)),
    **dict.fromkeys((1100, 1101, 1102, 1304), (429, *_NEVER)),
    1103: (403, *_NEVER),
    1200: (400, *_NEVER),
    1201: (400, "earlier", "never"),
    1202: (404, *_NEVER),
    1203: (404, *_NEVER),
    1300: (400, *_NEVER),
    1301: (400, *_NEVER),
    1302: (429, *_WAITING),
    1303: (429, *_WAITING),
    5000: (500, *_LOOK_UP),
    5001: (503, *_LOOK_UP),
    5002: (504, *_LOOK_UP),
}

# Gateways' names for the properties of tasks and elements. A name with a slash leads into a property.
OTHER_NAMES: dict[str, dict[str, list[str]]] = {
    "Task": {
        "task_id": ["id"],
        "task_status": ["status"],
        "task_status_msg": ["message", "fail_reason"],
        "task_info/external_task_id": ["external_id", "external_task_id"],
        "task_result/elements": ["outputs"],
        "created_at": ["create_time"],
        "updated_at": ["update_time"],
    },
    "Element": {
        "element_id": ["id"],
        "element_name": ["name"],
        "element_description": ["description"],
        "reference_type": ["element_type"],
        "tag_list": ["tags"],
    },
}
NO_NAMES: dict[str, list[str]] = {  # names that are not among them
    "Task": ["ID", "STATUS", "FAIL_REASON", "EXTERNAL_TASK_ID", "OUTPUTS", "CREATE_TIME", "UPDATE_TIME", "reason"],
    "Element": ["ID", "NAME", "DESCRIPTION", "ELEMENT_TYPE", "TAGS", "materials"],
}
# The words for a status, in any letter case, with the word that the client writes for each.
WORDS: dict[str, tuple[str, str]] = {
    **{
        word: ("PENDING", word) for word in ("submitted", "processing", "queued", "pending", "in_progress", "not_start")
    },
    **dict.fromkeys(("succeed", "succeeded", "success", "completed"), ("SUCCEEDED", "succeed")),
    **dict.fromkeys(("failed", "failure"), ("FAILED", "failed")),
}
NO_WORDS = ["paused", "done", "cancelled", "succeeds", "not started", "failures", "unknown", "1"]
UNUSABLE = {"deleted": True, "failed": True, "succeed": False, "processing": False, "unknown": False}
OUTPUT_TYPES = {"element": True, "Element": False, "video": False, "image": False, "voice": False}


@dataclass(frozen=True, kw_only=True)
class TaskCase:
    """A response and the task in it.

    Attributes:
        schema: The name of the response's schema in the contract; for an item of a list, that of the list's response.
        body: The JSON value of the body.
        task_id: The id of the task, or None if the response contains no task.
        element_id: The id of the task's element, or None.
    """

    schema: str
    body: dict[str, Any]
    task_id: str | None
    element_id: int | None = None

    @property
    def id(self) -> str:
        return f"{self.schema}-{self.body!r:.80}"


_ELEMENT: dict[str, Any] = {"task_result": {"elements": [{"element_id": 9}]}}


def _task_cases() -> Iterator[TaskCase]:
    for schema, names in {
        "CreateElementResponse": {"", "/data"},
        "TaskResponse": {"", "/data", "/data/data", "/data/data/data"},
        "TaskListResponse": {"", "/data", "/data/data"},
        "DeleteElementResponse": {"/data"},
    }.items():
        for place in ("", "/data", "/data/data", "/data/data/data", "/data/data/data/data", "/items"):
            yield TaskCase(
                schema=schema, body=_response_with_id(f"{place}/task_id"), task_id=_ID if place in names else None
            )
    inner: dict[str, Any] = {"task_id": "t-2", "task_status": "succeed", **_ELEMENT}
    nested: dict[str, Any] = {
        "task_id": _ID,
        "status": "SUCCESS",
        "data": {"code": 0, "message": "SUCCEED", "data": inner},
    }
    yield TaskCase(schema="TaskResponse", body={"code": "success", "data": nested}, task_id=_ID, element_id=9)
    yield TaskCase(schema="TaskListResponse", body=nested, task_id=_ID, element_id=9)
    for schema in ("TaskResponse", "CreateElementResponse"):
        both: dict[str, Any] = {"task_id": "t-2", **_ELEMENT, "data": {"task_id": _ID}}
        yield TaskCase(schema=schema, body=both, task_id=_ID)  # the properties around the task do not belong to it


TASK_CASES = list(_task_cases())
