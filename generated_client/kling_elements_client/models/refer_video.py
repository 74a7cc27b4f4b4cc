# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json


@define(kw_only=True, repr=False)
class ReferVideo(Model):
    """The video of the element.

    Attributes:
        video_url: The http or https URL of the video. The file is MP4 or MOV, 3 to 8 seconds long (give or take
            one frame), exactly 1920x1080 or 1080x1920 px as displayed, with square pixels, at most 200 MiB
            (209,715,200 bytes). The service checks it by its content: a video that misses the displayed size by a few
            pixels may be accepted and yield an element without a voice. An http or https URL with a host name or IP
            address, in which characters outside RFC 3986 are percent-encoded (R19).
    """

    video_url: str
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source)
