"""Read the documents in a package."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files

from kling_elements_runtime.document import Node, with_inline_path_items


def packaged(module: str) -> Callable[[], Node]:
    """Return a function that reads the `openapi.json` beside a module, with its path items inline."""

    def read() -> Node:
        return with_inline_path_items(packaged_json(module, "openapi.json"))

    return read


def packaged_json(module: str, name: str) -> Node:
    """Return the object in a JSON file beside a module, even if its package is in an archive."""
    parsed: Node = json.loads(files(module.rpartition(".")[0]).joinpath(name).read_bytes())
    return parsed
