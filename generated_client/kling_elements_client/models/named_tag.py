# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json
from kling_elements_runtime.types import UNSET, Unset


@define(kw_only=True, repr=False)
class NamedTag(Model):
    """A tag, as in responses.

    Attributes:
        id: The tag's id; a request calls it `tag_id`.
        name: The tag's name.
        description: What the tag means.
    """

    id: int | None | str | Unset = UNSET
    name: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source)
