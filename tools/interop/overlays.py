"""Compare the document that openapi-overlays-js makes for a gateway with ours."""

from __future__ import annotations

import json
from typing import Any

from kling_elements_runtime.document import Node
from kling_elements_runtime.overlays import apply


def are_same(theirs: str, contract: Node, overlay: Node) -> bool:
    """Return whether the program made our document, except for what it is known to do wrong.

    Args:
        theirs: The JSON text that the program wrote.
        contract: The contract as it is written.
        overlay: The overlay.
    """
    expected = json.dumps(_with_faults(apply(contract, overlay), overlay))
    return bool(_parsed(theirs) == _parsed(expected))


def _parsed(text: str) -> Any:
    """Return a JSON value with numbers as JavaScript has them."""
    return json.loads(text, parse_int=float)


def _with_faults(document: Node, overlay: Node) -> Node:
    """Return our document with the two faults of version 0.2.0, both against section 4.4.3 of Overlay 1.0.0.

    - `remove` means that the target is removed. The program removes again until the target selects nothing, so removing
      the first item of an array removes all of them.
    - If the target is an array, `update` is an item to append. The program puts it in place of the array.
    """
    for action in overlay["actions"]:
        if action["target"] == "$.servers[0]" and action.get("remove"):
            document = {**document, "servers": []}
        if action["target"] == "$.servers" and "update" in action:
            document = {**document, "servers": action["update"]}
    return document
