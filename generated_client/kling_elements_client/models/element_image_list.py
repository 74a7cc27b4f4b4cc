# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import (
    Model,
    from_json,
    list_converter,
    object_converter,
)

from .refer_image import ReferImage


@define(kw_only=True, repr=False)
class ElementImageList(Model):
    """The images that define the element, one from the front and others from other angles or as close-ups.

    Attributes:
        frontal_image: The element from the front. An http or https URL, or an image file in standard padded
            Base64 without white space or a data prefix (R10). For a file, pass its `pathlib.Path`.
        refer_images: Further images of the element. They should differ from the frontal one; this is only advice,
            and no image is refused for it. 1 to 3 items (R11).
    """

    frontal_image: str | Path
    refer_images: list[ReferImage]
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "refer_images": list_converter(object_converter(ReferImage.from_dict)),
}
