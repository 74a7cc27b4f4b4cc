# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json


@define(kw_only=True, repr=False)
class DeleteElementRequest(Model):
    """Which subject to delete.

    Attributes:
        element_id: Which subject. A subject's id, as a text or as an integer.
    """

    element_id: int | str
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Makes the model from a JSON object. Nothing is checked, altered or lost.

        Raises:
            TypeError: The source is no mapping.
        """
        return from_json(cls, source)
