# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import (
    Model,
    enum_converter,
    from_json,
    object_converter,
)
from kling_elements_runtime.types import UNSET, Unset, is_id

from .balance_deduction import BalanceDeduction
from .element import Element
from .task_info import TaskInfo
from .task_result import TaskResult
from .task_status import TaskStatus


@define(kw_only=True, repr=False)
class Task(Model):
    """A task as the service reports it. Times are milliseconds since 1970-01-01 UTC. The newer API has `id`, `status`,
    `message`, `create_time`, `update_time`, `external_id` and `outputs` for `task_id`, `task_status`,
    `task_status_msg`, `created_at`, `updated_at`, `task_info.external_task_id` and `task_result.elements`.

    Attributes:
        task_id: The system's id of the task.
        task_status: The progress of the task.
        task_status_msg: Why the task failed.
        task_info: What you sent about the task.
        created_at: When the task was created, in milliseconds.
        updated_at: When the task last changed, in milliseconds.
        task_result: The result of the task.
        final_unit_deduction: What the task cost, in units of the resource pack.
        final_balance_deduction: What the task cost, in money.
    """

    task_id: int | None | str | Unset = UNSET
    task_status: None | str | TaskStatus | Unset = UNSET
    task_status_msg: None | str | Unset = UNSET
    task_info: None | TaskInfo | Unset = UNSET
    created_at: int | None | str | Unset = UNSET
    updated_at: int | None | str | Unset = UNSET
    task_result: None | TaskResult | Unset = UNSET
    final_unit_deduction: float | None | str | Unset = UNSET
    final_balance_deduction: BalanceDeduction | None | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)
    request_id: str | None = field(init=False, default=None, eq=False)
    """The gateway's id of the request that returned this task, for support cases; None if there is none."""

    @property
    def elements(self) -> list[Element]:
        """The usable elements that the task has created: none while it is in progress, or if it failed.

        Deleted and failed elements, which some gateways still list, are only in `all_elements`.
        """
        return [element for element in self.all_elements if element.is_usable]

    @property
    def all_elements(self) -> list[Element]:
        """All elements of the task, including those that were deleted or failed."""
        result: object = self.task_result  # a response with a task id is accepted even if its other parts are unusual
        elements: object = result.elements if isinstance(result, TaskResult) else None
        return [item for item in elements if isinstance(item, Element)] if isinstance(elements, list) else []

    @property
    def external_task_id(self) -> str | None:
        """Your own id for the task; None if the response contains none."""
        info: object = self.task_info
        value: object = info.external_task_id if isinstance(info, TaskInfo) else None
        return str(value) if is_id(value) else None

    @property
    def is_finished(self) -> bool:
        """Whether the task has succeeded or failed, by its status. The element may appear only in a later response."""
        status: object = self.task_status
        return isinstance(status, str) and status.lower() in {
            "succeed",
            "succeeded",
            "success",
            "completed",
            "failed",
            "failure",
        }

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "task_status": enum_converter(TaskStatus),
    "task_info": object_converter(TaskInfo.from_dict),
    "task_result": object_converter(TaskResult.from_dict),
    "final_balance_deduction": object_converter(BalanceDeduction.from_dict),
}
