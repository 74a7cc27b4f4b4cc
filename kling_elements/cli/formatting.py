"""Format tasks and elements as JSON values and as lines of text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kling_elements_client.models import Element, Task
from kling_elements_runtime.serialization import Model
from kling_elements_runtime.texts import for_message, printable
from kling_elements_runtime.types import Unset

_MILLISECONDS_PER_SECOND = 1000


def task_json(task: Task) -> dict[str, Any]:
    """Return a task as a JSON value. Ids are strings, because many readers would round large numbers."""
    return {
        "task_id": _text(task.task_id),
        "external_task_id": task.external_task_id,
        "status": _text(task.task_status),
        "message": _text(task.task_status_msg),
        "elements": [element_json(element) for element in task.elements],
        "created_at": _to_iso(task.created_at),
        "updated_at": _to_iso(task.updated_at),
        "request_id": task.request_id,
    }


def element_json(element: Element) -> dict[str, Any]:
    """Return an element as a JSON value, with its id as a string. Media from the response are left out."""
    tags: Any = element.tag_list  # because a task is accepted even if its tags are malformed
    return {
        "id": element.id,
        "name": _text(element.element_name),
        "description": _text(element.element_description),
        "reference_type": _text(element.reference_type),
        "tags": [tag.to_dict() for tag in tags if isinstance(tag, Model)] if isinstance(tags, list) else [],
        "owned_by": _text(element.owned_by),
    }


def task_lines(task: Task) -> list[str]:
    """Return a line for each element of a task, or a single line if the task has none."""
    elements = task.elements
    task_id, status = (for_message(_text(value) or "-") for value in (task.task_id, task.task_status))
    when = (_to_iso(task.created_at) or "-")[:16].replace("T", " ")
    start = f"{task_id:<20}  {status:<10}  {when:<16}"
    if not elements:
        note = "(deleted)" if task.all_elements else "-" if task.is_finished else "(not yet)"
        return [f"{start}  {note}  {for_message(_text(task.task_status_msg) or '')}".rstrip()]
    return [f"{start}  {element.id:<20}  {for_message(_text(element.element_name) or '')}" for element in elements]


HEADING = f"{'TASK':<20}  {'STATUS':<10}  {'CREATED (UTC)':<16}  {'ELEMENT':<20}  NAME"
"""The heading above the lines of `task_lines`, for terminals."""


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, Unset) else printable(str(value))


def _to_iso(milliseconds: object) -> str | None:
    """Return a time in milliseconds since 1970 as ISO 8601, or None if it is missing or invalid."""
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / _MILLISECONDS_PER_SECOND, UTC).isoformat(
            timespec="seconds"
        )
    except (ValueError, OverflowError, OSError):
        return None
