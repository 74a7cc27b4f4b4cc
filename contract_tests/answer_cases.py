"""What answers and notifications may hold, and what the client makes of an answer: a second reading.

It is made from what the vendor publishes, and from what gateways were seen to answer. Answers are open and are read
tolerantly: whatever names or tells something may be null, and an id may be a text or an integer.
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
_WIDER = {"number": {"integer"}}  # which kinds another one includes

# Each shape is an object with these properties and any others, called as in the spec. A property has the kinds of
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
    "TaskResult": {"elements": "[Element] null"},
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
ANSWERS: dict[str, dict[str, dict[str, str]]] = {
    operation: {"200": {"application/json": shape}, **_FAILURES}
    for operation, shape in {
        "createElement": "CreateElementResponse",
        "getElement": "TaskResponse",
        "listElements": "TaskListResponse",
        "listPresetElements": "TaskListResponse",
        "deleteElement": "TaskResponse",
    }.items()
}
NOTIFICATION = "Task"
STATUS_WORDS = ["submitted", "processing", "succeed", "succeeded", "failed"]
TAG_NAMES = ["Trending", "Character", "Animal", "Prop", "Clothing", "Scene", "Effect", "Other"]


def values_of(kinds: str) -> Iterator[tuple[Any, bool]]:
    """Yield JSON values, each with whether it is of some kinds."""
    for kind in kinds.split():
        name = kind.strip("[]")
        if name == kind:
            yield from _objects(name) if name in SHAPES else ()
        else:
            yield from (([value], conforms) for value, conforms in values_of(name))
            yield [{}, {}], True
    told = {kind for kind in kinds.split() if kind in _KINDS}
    told |= {kind for wider in told for kind in _WIDER.get(wider, ())}
    told |= {"array" if kind[0] == "[" else "object" for kind in kinds.split() if kind.strip("[]") in SHAPES}
    yield from ((value, kinds == "any" or kind in told) for kind, value in SAMPLES)


def _objects(shape: str) -> Iterator[tuple[Any, bool]]:
    yield {"something_new": {"of": "any kind"}}, True
    for name, kinds in SHAPES[shape].items():
        yield from (({name: value}, conforms) for value, conforms in values_of(kinds))


@dataclass(frozen=True, kw_only=True)
class AnswerCase:
    """One answer and what the client makes of it.

    Attributes:
        operation: The operation's name.
        status: The HTTP status.
        body: The JSON value of the body.
        outcome: `success`, or the name of the exception.
        is_absence: Whether it says that there is no such task.
    """

    operation: str
    status: int
    body: dict[str, Any]
    outcome: str
    is_absence: bool = False

    @property
    def id(self) -> str:
        return f"{self.operation}-{self.status}-{self.body!r:.60}"


_NAMED: tuple[dict[str, Any], ...] = ({"data": {"task_id": "t-1"}}, {"task_id": "t-1"}, {"id": "t-1"})
_SUCCESSES: tuple[dict[str, Any], ...] = ({}, {"code": 0}, {"code": "0"}, {"code": None}, {"code": 0, "error": None})
_REFUSALS: tuple[dict[str, Any], ...] = (
    {"code": 1},
    {"code": "1"},
    {"code": -1},
    {"code": 1200},
    {"code": 5000, "data": None},
    {"error": {"code": "quota"}},
    {"code": 0, "error": "no credit"},
)


def _cases() -> Iterator[AnswerCase]:
    for operation in ANSWERS:
        for body in _SUCCESSES:
            yield AnswerCase(operation=operation, status=200, body=body, outcome="success")
        for body in _REFUSALS:
            yield AnswerCase(operation=operation, status=200, body=body, outcome="BusinessError")
        # only a create makes something, so only there a task that is named outweighs a code or status of failure
        creates = operation == "createElement"
        for body in _NAMED:
            is_odd = operation.startswith("list") and "data" in body
            refused = "InvalidResponse" if is_odd else "BusinessError"
            outcome = "success" if creates else refused
            yield AnswerCase(operation=operation, status=200, body={"code": 5000, **body}, outcome=outcome)
            made = creates and "id" not in body  # a proxy's `id` may be that of the request
            yield AnswerCase(operation=operation, status=502, body=body, outcome="success" if made else "ServerError")
    for code in (1202, 1203, 1204):
        yield AnswerCase(
            operation="getElement",
            status=404,
            body={"code": code},
            outcome="NotFoundError",
            is_absence=code == 1203,
        )


ANSWER_CASES = list(_cases())

_NEVER, _WAITING, _LOOK_UP = ("never", "never"), ("never", "after-waiting"), ("perhaps", "after-look-up")
# HTTP status, whether a subject was created, and whether a retry can help
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
