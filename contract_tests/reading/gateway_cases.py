"""What is known of each gateway, written from its pages and not from its overlay; see `openapi/sources.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_ELEMENTS, _PRESETS = "advanced-custom-elements", "advanced-presets-elements"
_CALLS = {
    "createElement": ("post", _ELEMENTS),
    "getElement": ("get", f"{_ELEMENTS}/{{id}}"),
    "listElements": ("get", _ELEMENTS),
    "listPresetElements": ("get", _PRESETS),
    "deleteElement": ("post", "delete-elements"),
}
_ANY_HOST = "https://{host}"


@dataclass(frozen=True, kw_only=True)
class GatewayCase:
    """What a gateway offers.

    Attributes:
        servers: Its addresses; a host in braces is any.
        prefix: How its paths begin, before the name of the call.
        calls: The calls that differ from those of the first document: method and name, or None if it lacks the call.
        lifted: The rules that it does not have.
        task_ids: What ids of tasks look like: `digits` in a string, or `integer`.
        element_ids: What ids of elements look like: `integer`, or `text`.
        tags: The names of the tags, in the order of their ids.
    """

    servers: tuple[str, ...] = (_ANY_HOST,)
    prefix: str = "/kling/v1/general/"
    calls: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    lifted: frozenset[str] = frozenset()
    task_ids: str = "digits"
    element_ids: str = "integer"
    tags: tuple[str, ...] = ("TRENDING", "CHARACTER", "ANIMAL", "PROP", "CLOTHING", "SCENE", "EFFECT", "OTHER")

    def operations(self) -> dict[str, tuple[str, str]]:
        """Return the method and the path of each call that the gateway offers, by operationId."""
        calls = {**_CALLS, **self.calls}
        return {name: (call[0], self.prefix + call[1]) for name, call in calls.items() if call is not None}


def _kling(region: str) -> GatewayCase:
    """Return what is known of one of Kling's own hosts."""
    return GatewayCase(
        servers=(f"https://api-{region}.klingai.com",),
        prefix="/v1/general/",
        calls={"deleteElement": ("post", "delete-advanced-elements")},
        lifted=frozenset({"R28"}),
    )


GATEWAY_CASES = {
    "kkiai": GatewayCase(servers=("https://www.kkiai.com",)),
    "fast-token": GatewayCase(tags=("MEME", "PERSON", "ANIMAL", "PROP", "COSTUME", "SCENE", "EFFECT", "OTHER")),
    "kling-beijing": _kling("beijing"),
    "kling-singapore": _kling("singapore"),
    "passthrough": GatewayCase(task_ids="integer"),
    "text-ids": GatewayCase(calls={"listElements": None}, element_ids="text"),
    "presets-by-post": GatewayCase(
        calls={
            "listElements": None,
            "listPresetElements": ("post", _PRESETS),
            "deleteElement": ("post", "delete-advanced-elements"),
        }
    ),
    "api-prefix": GatewayCase(prefix="/api/v1/general/"),
}
"""The gateways by the names of their overlays."""
