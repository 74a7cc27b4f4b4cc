# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json, nested
from kling_elements_runtime.types import UNSET, Unset

from .error_detail import ErrorDetail


@define(kw_only=True, repr=False)
class ErrorResponse(Model):
    """A failure, in the service's envelope or in the style of OpenAI. `x-business-codes` tells what a code means.

    Attributes:
        code: The business code.
        message: What is wrong.
        request_id: The gateway's id of this request, to be named in support cases.
        error: The failure in the style of OpenAI.
    """

    code: int | None | str | Unset = UNSET
    message: None | str | Unset = UNSET
    request_id: None | str | Unset = UNSET
    error: ErrorDetail | None | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Makes the model from a JSON object. Nothing is checked, altered or lost.

        Raises:
            TypeError: The source is no mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "error": nested(ErrorDetail.from_dict),
}
