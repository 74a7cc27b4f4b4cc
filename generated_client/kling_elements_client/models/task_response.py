# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json, object_converter
from kling_elements_runtime.types import UNSET, Unset

from .task import Task


@define(kw_only=True, repr=False)
class TaskResponse(Model):
    """A response about one task.

    Attributes:
        code: The business code, 0 for success.
        message: The business code in words.
        request_id: The gateway's id of this request, for support cases.
        data: The task.
    """

    code: int | None | str | Unset = UNSET
    message: None | str | Unset = UNSET
    request_id: None | str | Unset = UNSET
    data: None | Task | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "data": object_converter(Task.from_dict),
}
