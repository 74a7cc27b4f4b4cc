# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import (
    Model,
    from_json,
    list_converter,
    object_converter,
)
from kling_elements_runtime.types import UNSET, Unset

from .element import Element


@define(kw_only=True, repr=False)
class TaskResult(Model):
    """The result of a task.

    Attributes:
        element_id: The element's id, from gateways that leave out the list.
        elements: The elements that the task created.
    """

    element_id: int | None | str | Unset = UNSET
    elements: list[Element] | None | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "elements": list_converter(object_converter(Element.from_dict)),
}
