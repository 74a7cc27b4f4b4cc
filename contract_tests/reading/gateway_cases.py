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
_ID_PATTERNS = {
    "digits": '"[0-9]{16,17}"',
    "integer": "[0-9]{16,17}",
    "text": '"elem_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"',
}


@dataclass(frozen=True, kw_only=True)
class GatewayCase:
    """What a gateway offers.

    Attributes:
        id: The name of its overlay.
        servers: Its addresses; a host in braces is any.
        root: How its paths begin, before the name of the call.
        own_calls: The calls that differ from those of the first document: method and name, or None if it lacks the
            call.
        lifted: The rules that it does not have.
        task_ids: What ids of tasks look like: `digits` in a string, or `integer`.
        element_ids: What ids of elements look like: `integer`, or `text`.
        tags: The names of the tags, in the order of their ids.
    """

    id: str
    servers: tuple[str, ...] = (_ANY_HOST,)
    root: str = "/kling/v1/general"
    own_calls: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    lifted: frozenset[str] = frozenset()
    task_ids: str = "digits"
    element_ids: str = "integer"
    tags: tuple[str, ...] = ("TRENDING", "CHARACTER", "ANIMAL", "PROP", "CLOTHING", "SCENE", "EFFECT", "OTHER")

    def operations(self) -> dict[str, tuple[str, str]]:
        """Return the method and the path of each call that the gateway offers, by operationId."""
        calls = {**_CALLS, **self.own_calls}
        return {name: (call[0], f"{self.root}/{call[1]}") for name, call in calls.items() if call is not None}

    @property
    def calls(self) -> dict[tuple[str, str], str]:
        """The calls that the gateway offers: their operations by method, in upper case, and path."""
        return {(method.upper(), path): name for name, (method, path) in self.operations().items()}

    @property
    def elements(self) -> str:
        """The path to create an element."""
        return f"{self.root}/{_ELEMENTS}"

    @property
    def deletion(self) -> str:
        """The path of deletions."""
        return self.operations()["deleteElement"][1]

    @property
    def presets(self) -> tuple[str, str]:
        """The method, in upper case, and the path of the official library."""
        method, path = self.operations()["listPresetElements"]
        return method.upper(), path

    @property
    def task_id_pattern(self) -> str:
        """A regular expression for the id of a task in JSON."""
        return _ID_PATTERNS[self.task_ids]

    @property
    def element_id_pattern(self) -> str:
        """A regular expression for the id of an element in JSON."""
        return _ID_PATTERNS[self.element_ids]


def _kling(region: str) -> GatewayCase:
    """Return what is known of one of Kling's own hosts."""
    return GatewayCase(
        id=f"kling-{region}",
        servers=(f"https://api-{region}.klingai.com",),
        root="/v1/general",
        own_calls={"deleteElement": ("post", "delete-advanced-elements")},
        lifted=frozenset({"R28"}),
    )


GATEWAYS = [
    GatewayCase(id="kkiai", servers=("https://www.kkiai.com",)),
    GatewayCase(id="fast-token", tags=("MEME", "PERSON", "ANIMAL", "PROP", "COSTUME", "SCENE", "EFFECT", "OTHER")),
    _kling("beijing"),
    _kling("singapore"),
    GatewayCase(id="passthrough", task_ids="integer"),
    GatewayCase(id="text-ids", own_calls={"listElements": None}, element_ids="text"),
    GatewayCase(
        id="presets-by-post",
        own_calls={
            "listElements": None,
            "listPresetElements": ("post", _PRESETS),
            "deleteElement": ("post", "delete-advanced-elements"),
        },
    ),
    GatewayCase(id="api-prefix", root="/api/v1/general"),
]
GATEWAY_CASES = {case.id: case for case in GATEWAYS}
"""The gateways by the names of their overlays."""
