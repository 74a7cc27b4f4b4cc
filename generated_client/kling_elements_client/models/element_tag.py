# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, enum_converter, from_json

from .tag_id import TagId


@define(kw_only=True, repr=False)
class ElementTag(Model):
    """One tag of the element.

    Attributes:
        tag_id: The kind of element: `o_101` Trending, `o_102` Character, `o_103` Animal, `o_104` Prop, `o_105`
            Clothing, `o_106` Scene, `o_107` Effect, `o_108` Other. Some gateways call Trending meme, Character person
            and Clothing costume (R30).
    """

    tag_id: TagId
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "tag_id": enum_converter(TagId),
}
