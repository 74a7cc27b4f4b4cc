"""Write tasks and elements in the shapes of the contract's examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kling_elements.mock.clock import MS
from kling_elements.mock.ids import Ids
from kling_elements.mock.refusals import new_request_id
from kling_elements.mock.reply import Reply, json_reply
from kling_elements.mock.tasks import DELETED, SUBMITTED, SUCCEED, StoredTask
from kling_elements_runtime.document import Document

_INLINE_IMAGE = "https://media.invalid/inline-image"  # replaces an inline image, because no media is kept
_REFERENCES = ("element_image_list", "element_video_list")


class Shapes:
    """A writer of responses in the shapes of the contract's examples."""

    def __init__(self, contract: Document, ids: Ids) -> None:
        """Read the constant parts from the contract.

        Raises:
            KeyError: The contract lacks an example or the tags.
        """
        document = contract.document()
        self._ids = ids
        self._examples = {name: example["value"] for name, example in document["components"]["examples"].items()}
        examples = self._examples
        self._envelope = {name: value for name, value in examples["submitted"].items() if name != "data"}
        self._flat = examples["submittedFlat"]
        self._failure_code = examples["internalError"]["code"]
        succeeded = examples["taskSucceeded"]["data"]
        self._costs = {name: value for name, value in succeeded.items() if name.startswith("final_")}
        tags = document["components"]["schemas"]["TagId"]
        self._tag_names = {
            tag: name.capitalize() for tag, name in zip(tags["enum"], tags["x-enum-varnames"], strict=True)
        }
        presets = examples.get("presets", {"data": []})  # a gateway may have none
        self.presets: list[dict[str, Any]] = [ids.in_preset(task) for task in presets["data"]]
        self.failure_reason: str = examples["taskFailed"]["data"]["task_status_msg"]

    def response(self, data: object) -> Reply:
        """Return the response with some data and a new request id."""
        return json_reply({**self._envelope, "request_id": new_request_id(), "data": data})

    def submitted(self, task: StoredTask) -> dict[str, Any]:
        """Return a task as the response to its create shows it."""
        return {
            **self._id_and_status(task, SUBMITTED),
            "task_info": _task_info(task),
            "created_at": task.created_at,
            "updated_at": task.created_at,
        }

    def deletion(self, example: str, task: StoredTask) -> Reply:
        """Return the response to a deletion in the shape of an example; this task replaces the task of the example."""
        response = self._examples[example]
        named = (
            {"data": {**response["data"], **self._id_and_status(task, task.end_status)}} if "data" in response else {}
        )
        return json_reply({**response, **named, "request_id": new_request_id()})

    def task(self, task: StoredTask, now: int) -> dict[str, Any]:
        """Return a task as a look-up shows it at a time."""
        is_ready = task.is_ready_at(now)
        return {
            **self._id_and_status(task, task.status_at(now)),
            "task_status_msg": task.message_at(now),
            "task_info": _task_info(task),
            **({"task_result": {"elements": [self._element(task)]}, **self._costs} if is_ready else {}),
            "created_at": task.created_at,
            "updated_at": task.updated_at(now),
        }

    def notification(self, task: StoredTask, now: int) -> dict[str, Any]:
        """Return a task as a notification shows it at a time: without its cost in money.

        The element is never deleted, because a deletion comes after every change of the task.
        """
        full = self.task(task._replace(deleted=0), now)
        return {name: value for name, value in full.items() if name != "final_balance_deduction"}

    def flat(self, submitted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to a create in the shape of a gateway without an envelope."""
        task_id = submitted["task_id"]
        return {**self._flat, "id": task_id, "task_id": task_id, "created_at": submitted["created_at"] // MS}

    def odd_envelope(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to a create with a failure code and an invalid time."""
        return {**response, "code": self._failure_code, "data": {**response["data"], "created_at": []}}

    def element_id(self, task: StoredTask) -> int | str:
        """Return the id of the element that a task creates."""
        return self._ids.of_element(task.task_id)

    def task_id(self, task: StoredTask) -> int | str:
        """Return the id of a task."""
        return self._ids.of_task(task.task_id)

    def _id_and_status(self, task: StoredTask, status: str) -> dict[str, Any]:
        return {"task_id": self.task_id(task), "task_status": status}

    def _element(self, task: StoredTask) -> dict[str, Any]:
        request = json.loads(task.request)
        voice_id = request.get("element_voice_id")
        return {
            "element_id": self.element_id(task),
            **{name: request[name] for name in ("element_name", "element_description", "reference_type")},
            **{name: request[name] for name in _REFERENCES if name in request},
            **({"element_voice_info": {"voice_id": voice_id}} if voice_id else {}),
            "tag_list": [self._tag(tag["tag_id"]) for tag in request.get("tag_list", ())],
            "owned_by": task.owner_name,
            "status": DELETED if task.deleted else SUCCEED,
        }

    def _tag(self, tag_id: str) -> dict[str, str]:
        return {"id": tag_id, "name": self._tag_names[tag_id], "description": self._tag_names[tag_id]}


def without_media(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid request with a placeholder instead of each inline image. URLs stay."""
    return {name: _with_placeholders(value) if name in _REFERENCES else value for name, value in request.items()}


def _with_placeholders(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_placeholders(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_placeholders(inner) for inner in value]
    return value if ":" in value else _INLINE_IMAGE  # every URL has a colon, and Base64 has none


def _task_info(task: StoredTask) -> dict[str, str]:
    return {} if task.external_id is None else {"external_task_id": task.external_id}
