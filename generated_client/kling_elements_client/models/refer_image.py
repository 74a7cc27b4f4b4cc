# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json


@define(kw_only=True, repr=False)
class ReferImage(Model):
    """One further image of the element.

    Attributes:
        image_url: The image. A URL or, despite the name, Base64. An http or https URL, or an image file in
            standard padded Base64 without white space or a data prefix (R10). For a file, pass its `pathlib.Path`.
    """

    image_url: str | Path
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source)
