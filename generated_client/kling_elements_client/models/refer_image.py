# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json


@define(kw_only=True, repr=False)
class ReferImage(Model):
    """One further image of the subject.

    Attributes:
        image_url: The image. A URL or, in spite of the name, Base64. An http or https URL, or an image file in
            standard padded Base64 without white space or a data prefix (R10). A file is given as its `pathlib.Path`.
    """

    image_url: str | Path
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Makes the model from a JSON object. Nothing is checked, altered or lost.

        Raises:
            TypeError: The source is no mapping.
        """
        return from_json(cls, source)
