"""How gateways differ: a second reading of what their documents and routes say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a gateway offers.

    Attributes:
        id: Its name.
        root: What all paths begin with.
        deletion: The last part of the path of deletions.
        presets: The method that lists the official library.
        has_list: Whether it lists your own elements.
        has_image_voices: Whether an element from images may have a voice.
        task_id: A regular expression for the id of a task in JSON.
        element_id: A regular expression for the id of an element in JSON.
    """

    id: str
    root: str = "/kling/v1/general"
    deletion: str = "delete-elements"
    presets: str = "GET"
    has_list: bool = True
    has_image_voices: bool = False
    task_id: str = '"[0-9]{16}"'
    element_id: str = "[0-9]{17}"

    @property
    def elements(self) -> str:
        """The path to create an element."""
        return f"{self.root}/advanced-custom-elements"

    @property
    def calls(self) -> dict[tuple[str, str], str]:
        """The calls that the gateway offers: their operations by method and path."""
        calls = {
            ("POST", self.elements): "createElement",
            ("GET", f"{self.elements}/{{id}}"): "getElement",
            (self.presets, f"{self.root}/advanced-presets-elements"): "listPresetElements",
            ("POST", f"{self.root}/{self.deletion}"): "deleteElement",
        }
        return {**calls, **({("GET", self.elements): "listElements"} if self.has_list else {})}


_VENDOR: Mapping[str, Any] = {
    "root": "/v1/general",
    "deletion": "delete-advanced-elements",
    "has_image_voices": True,
}
GATEWAYS = [
    Row(id="kkiai"),
    Row(id="fast-token"),
    Row(id="kling-singapore", **_VENDOR),
    Row(id="kling-beijing", **_VENDOR),
    Row(id="passthrough", task_id="[0-9]{16}"),
    Row(id="text-ids", has_list=False, element_id='"elem_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"'),
    Row(id="presets-by-post", deletion="delete-advanced-elements", presets="POST", has_list=False),
    Row(id="api-prefix", root="/api/v1/general"),
]
