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

from .refer_video import ReferVideo


@define(kw_only=True, repr=False)
class ElementVideoList(Model):
    """The video that defines the element. A human voice in it triggers voice customization: the voice enters the voice
    library and is bound to the element.

    Attributes:
        refer_videos: The one video of the element. 1 item (R18).
    """

    refer_videos: list[ReferVideo]
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "refer_videos": list_converter(object_converter(ReferVideo.from_dict)),
}
