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
class PathChoice:
    """A method and a path that may call an operation.

    Attributes:
        method: The HTTP method, in lower case.
        path: The path template after the prefix, such as `/delete-elements`.
        definition: The operation object, as it is written.
    """

    method: str
    path: str
    definition: Node = field(repr=False, hash=False)


@frozen
class PathPrefix:
    """The beginning of a gateway's paths, and its two element paths.

    Only calls with side effects could distinguish these paths further.

    Attributes:
        path: The beginning of all paths, such as `/kling/v1/general`.
        elements: The path of creates and of the account's list, after the prefix.
        element: The path template of look-ups after the prefix.
    """

    path: str
    elements: str
    element: str


@frozen
class _Layout:
    """The paths of one gateway: the prefix, and the method and path of each operation by `operationId`."""

    prefix: str
    choices: dict[str, PathChoice]


@cache
def path_prefixes() -> tuple[PathPrefix, ...]:
    """Return the prefixes of known gateways, the contract's own first."""
    prefixes = dict.fromkeys(layout.prefix for layout in _layouts())
    paths = dict.fromkeys((layout.choices[_CREATE].path, layout.choices[_LOOK_UP].path) for layout in _layouts())
    return tuple(PathPrefix(prefix, *pair) for prefix in prefixes for pair in paths)


@cache
def path_choices(operation_id: str) -> tuple[PathChoice, ...]:
    """Return the methods and paths of an operation, the contract's own first."""
    choices: dict[tuple[str, str], PathChoice] = {}
    for layout in _layouts():
        if (choice := layout.choices.get(operation_id)) is not None:
            choices.setdefault((choice.method, choice.path), choice)
    return tuple(choices.values())


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
    return _Layout(prefix, dict(_choices_in(document, prefix)))


def _choices_in(document: Node, prefix: str) -> Iterator[tuple[str, PathChoice]]:
    paths = {path: resolve(document, item) for path, item in document["paths"].items()}
    for path, method, definition in operations({"paths": paths}):
        yield definition["operationId"], PathChoice(method, path.removeprefix(prefix), definition)


__all__ = ["PathChoice", "PathPrefix", "own_prefix", "path_choices", "path_prefixes"]
