# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json, object_converter
from kling_elements_runtime.types import UNSET, Unset

from .error_detail import ErrorDetail


@define(kw_only=True, repr=False)
class ErrorResponse(Model):
    """A failure, in the service's envelope or in the style of OpenAI.

    Attributes:
        code: The business code. A failure in the style of OpenAI has none here, and some gateways use words.

            | code | HTTP status | meaning | was an element created? | does sending again help? |
            |---|---|---|---|---|
            | 1000 | 401 | authentication failed | no | no |
            | 1001 | 401 | Authorization is empty | no | no |
            | 1002 | 401 | Authorization is invalid | no | no |
            | 1003 | 401 | the token is not valid yet | no | no |
            | 1004 | 401 | the token has expired | no | no |
            | 1100 | 429 | account exception | no | no |
            | 1101 | 429 | the account is in arrears | no | no |
            | 1102 | 429 | the resource pack is used up or has expired | no | no |
            | 1103 | 403 | no permission for this resource | no | no |
            | 1200 | 400 | invalid parameters | no | no |
            | 1201 | 400 | invalid key or value, or an external_task_id that exists already | not by this request, perhaps by an earlier one | no |
            | 1202 | 404 | invalid method | no | no |
            | 1203 | 404 | no such resource | no | no |
            | 1300 | 400 | refused by the platform's policy | no | no |
            | 1301 | 400 | refused by the content safety policy | no | no |
            | 1302 | 429 | rate limit exceeded | no | yes, after waiting |
            | 1303 | 429 | more tasks at a time than the resource pack allows | no | yes, after waiting |
            | 1304 | 429 | the IP address is not on the allow list | no | no |
            | 5000 | 500 | internal error | perhaps | yes, once a look-up shows that there is none |
            | 5001 | 503 | unavailable for maintenance | perhaps | yes, once a look-up shows that there is none |
            | 5002 | 504 | internal timeout | perhaps | yes, once a look-up shows that there is none |
        message: What is wrong.
        request_id: The gateway's id of this request, for support cases.
        error: The failure in the style of OpenAI.
    """

    code: int | None | str | Unset = UNSET
    message: None | str | Unset = UNSET
    request_id: None | str | Unset = UNSET
    error: ErrorDetail | None | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "error": object_converter(ErrorDetail.from_dict),
}
