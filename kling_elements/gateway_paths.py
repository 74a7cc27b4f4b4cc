"""The paths and methods of each operation at known gateways, to be tried at an unknown gateway."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from posixpath import commonpath
from typing import Final

from attrs import field, frozen

from kling_elements_client import gateways as packaged
from kling_elements_runtime.document import Node, operations, resolve
from kling_elements_runtime.overlays import apply

_CREATE: Final = "createElement"
_LOOK_UP: Final = "getElement"


@frozen
class Way:
    """A way to call an operation.

    Attributes:
        method: The HTTP method, in lower case.
        path: The path template after the prefix, such as `/delete-elements`.
        definition: The operation object, as it is written.
    """

    method: str
    path: str
    definition: Node = field(repr=False, hash=False)


@frozen
class Root:
    """The place of a gateway's operations. Only calls with side effects could distinguish these paths further.

    Attributes:
        prefix: The beginning of all paths, such as `/kling/v1/general`.
        elements: The path of creates and of the account's list, after the prefix.
        element: The path template of look-ups after the prefix.
    """

    prefix: str
    elements: str
    element: str


@frozen
class _Layout:
    """The paths of one gateway: the prefix, and the ways to call its operations by `operationId`."""

    prefix: str
    ways: dict[str, Way]


@cache
def roots() -> tuple[Root, ...]:
    """Return the roots of known gateways, the contract's own first."""
    prefixes = dict.fromkeys(layout.prefix for layout in _layouts())
    paths = dict.fromkeys((layout.ways[_CREATE].path, layout.ways[_LOOK_UP].path) for layout in _layouts())
    return tuple(Root(prefix, *pair) for prefix in prefixes for pair in paths)


@cache
def ways(operation_id: str) -> tuple[Way, ...]:
    """Return the ways to call an operation, the contract's own first."""
    offered: dict[tuple[str, str], Way] = {}
    for layout in _layouts():
        if (way := layout.ways.get(operation_id)) is not None:
            offered.setdefault((way.method, way.path), way)
    return tuple(offered.values())


@cache
def own_prefix() -> str:
    """Return the prefix of the contract's own paths."""
    return _layouts()[0].prefix


@cache
def _layouts() -> tuple[_Layout, ...]:
    contract = packaged.contract_source()
    others = (apply(contract, packaged.overlay(name)) for name in packaged.BASE_URLS)
    return tuple(map(_layout_of, (contract, *others)))


def _layout_of(document: Node) -> _Layout:
    prefix = commonpath(document["paths"])
    return _Layout(prefix, dict(_ways_of(document, prefix)))


def _ways_of(document: Node, prefix: str) -> Iterator[tuple[str, Way]]:
    paths = {path: resolve(document, item) for path, item in document["paths"].items()}
    for path, method, definition in operations({"paths": paths}):
        yield definition["operationId"], Way(method, path.removeprefix(prefix), definition)


__all__ = ["Root", "Way", "own_prefix", "roots", "ways"]
