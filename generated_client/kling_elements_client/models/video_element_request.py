# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from attrs import define, field
from kling_elements_runtime.serialization import (
    Model,
    from_json,
    list_converter,
    object_converter,
)
from kling_elements_runtime.types import UNSET, Unset

from .element_tag import ElementTag
from .element_video_list import ElementVideoList


@define(kw_only=True, repr=False)
class VideoElementRequest(Model):
    """An element whose appearance is defined by a video. Only realistic human figures can be made from a video, and the
    element works only with kling-video-o3 and later models.

    Attributes:
        element_name: The element's name. Its length is counted in Unicode code points. 1 to 20 characters (R04).
        element_description: A description of the element. Its length is counted in Unicode code points. 1 to 100
            characters (R05).
        element_video_list: The video that defines the element. A human voice in it triggers voice customization:
            the voice enters the voice library and is bound to the element (R08).
        reference_type: What defines the element: `image_refer` for images, `video_refer` for a video (R06).
        element_voice_id: A voice of the voice library to bind to the element. Empty means none (R27).
        tag_list: The element's tags (R29).
        callback_url: Where to send a notification whenever the task's status changes. Empty means none. An http
            or https URL with a host name or IP address, in which characters outside RFC 3986 are percent-encoded, or
            empty for none (R31).
        external_task_id: Your own id for the task, to look it up by. It does not replace the system's id, and
            must be unique per user, which only the server can check. Empty means none (R32).
    """

    element_name: str
    element_description: str
    element_video_list: ElementVideoList
    reference_type: Literal["video_refer"] = "video_refer"
    element_voice_id: str | Unset = UNSET
    tag_list: list[ElementTag] | Unset = UNSET
    callback_url: str | Unset = UNSET
    external_task_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source, _CONVERTERS)


_CONVERTERS = {
    "element_video_list": object_converter(ElementVideoList.from_dict),
    "tag_list": list_converter(object_converter(ElementTag.from_dict)),
}
