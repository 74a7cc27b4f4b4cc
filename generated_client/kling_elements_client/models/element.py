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
from kling_elements_runtime.types import UNSET, Unset, is_id

from .element_voice import ElementVoice
from .named_tag import NamedTag


@define(kw_only=True, repr=False)
class Element(Model):
    """An element. The newer API has `id`, `name`, `description`, `element_type` and `tags` for `element_id`,
    `element_name`, `element_description`, `reference_type` and `tag_list`.

    Attributes:
        element_id: The element's id, which you use in video generation: a 64-bit integer, or a string from some
            gateways. Never read it as a floating-point number, which would lose its last digits.
        element_name: The element's name.
        element_description: The element's description.
        reference_type: What defines the element, `image_refer` or `video_refer`.
        element_type: What some gateways call `reference_type`.
        element_image_list: The images that define the element, in the gateway's own form.
        element_video_list: The video that defines the element, in the gateway's own form.
        element_voice_info: The voice that is bound to the element.
        tag_list: The element's tags.
        owned_by: Who owns the element, `kling` for the official library.
        status: Whether the element exists (`succeed`) or was `deleted`.
    """

    element_id: int | None | str | Unset = UNSET
    element_name: None | str | Unset = UNSET
    element_description: None | str | Unset = UNSET
    reference_type: None | str | Unset = UNSET
    element_type: None | str | Unset = UNSET
    element_image_list: Any | Unset = UNSET
    element_video_list: Any | Unset = UNSET
    element_voice_info: ElementVoice | None | Unset = UNSET
    tag_list: list[NamedTag] | None | Unset = UNSET
    owned_by: None | str | Unset = UNSET
    status: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)
    request_id: str | None = field(init=False, default=None, eq=False)
    """The gateway's id of the request that returned this element, for support cases; None if there is none."""

    @property
    def id(self) -> str:
        """The element's id as a string with all its digits. Elements from `wait` and `Task.elements` always have one.

        Raises:
            AttributeError: The response contained no id for the element.
        """
        if not is_id(self.element_id):
            raise AttributeError("this element has no id, because the response that named it has none")
        return str(self.element_id)

    @property
    def is_usable(self) -> bool:
        """Whether the element has an id, and was neither deleted nor failed according to its status."""
        status: object = self.status
        is_gone = isinstance(status, str) and status.lower() in {"deleted", "failed"}
        return is_id(self.element_id) and not is_gone

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "element_voice_info": object_converter(ElementVoice.from_dict),
    "tag_list": list_converter(object_converter(NamedTag.from_dict)),
}
