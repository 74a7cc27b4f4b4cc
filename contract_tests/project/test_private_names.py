"""Only two modules use private names of httpx and httpcore: `httpx_internals` and `httpcore_internals`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import httpcore
import httpx
import pytest

from scripts.spec import ROOT

_PACKAGES = ("kling_elements_runtime", "generated_client/kling_elements_client", "kling_elements")
_LIBRARIES = {"httpx": httpx, "httpcore": httpcore}
_TRANSPORT = ROOT / "kling_elements_runtime/transport"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name.isidentifier() and name != "_"


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node of a module defines, reads or imports."""
    match node:
        case ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.ImportFrom(module=str(module)):
            yield from module.split(".")


@cache
def _trees(library: str) -> dict[str, ast.Module]:
    """Return the syntax trees of the modules of a library, by name."""
    paths = Path(str(_LIBRARIES[library].__file__)).parent.rglob("*.py")
    return {path.stem: ast.parse(path.read_text("utf-8")) for path in paths}


def _private_names_in(tree: ast.AST) -> set[str]:
    return {name for node in ast.walk(tree) for name in _names(node) if _is_private(name)}


@cache
def _private_names(library: str) -> set[str]:
    """Return the private attributes, functions and modules in the source of a library."""
    return set(filter(_is_private, _trees(library))).union(*map(_private_names_in, _trees(library).values()))


@cache
def _private_names_of_class(library: str, name: str) -> set[str]:
    """Return the private names in the source of a class."""
    classes = [node for tree in _trees(library).values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return set[str]().union(*(_private_names_in(node) for node in classes if node.name == name))


def _inherited_names(node: ast.ClassDef, library: str) -> set[str]:
    """Return the private names of those bases of a class that are classes of a library."""
    bases = [base.attr for base in node.bases if isinstance(base, ast.Attribute) and ast.unparse(base.value) == library]
    names = {kind.__name__ for base in bases for kind in getattr(_LIBRARIES[library], base).__mro__}
    return set[str]().union(*(_private_names_of_class(library, name) for name in names))


def _is_of_self(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}


def _uses(source: str, library: str) -> set[str]:
    """Return the private names of a library that a module uses.

    Attributes of `self` count if the class inherits them from the library. Strings count, because `getattr` and tables
    of patched methods use them.
    """
    private = _private_names(library)
    tree = ast.parse(source)
    slots = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and "__slots__" in ast.unparse(node)]
    uses = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if not _is_of_self(node):
                uses |= {name} & private
            case ast.Call(args=arguments) | ast.Tuple(elts=arguments) if node not in slots:
                uses |= {str(text.value) for text in arguments if isinstance(text, ast.Constant)} & private
            case ast.ImportFrom(module=str(module)) | ast.Import(names=[ast.alias(name=module)]):
                steps = module.split(".")
                uses |= private.intersection(steps) if steps[0] == library else set()
            case ast.ClassDef():
                own = {
                    inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute) and _is_of_self(inner)
                }
                uses |= own & _inherited_names(node, library)
    return uses


@pytest.mark.parametrize("library", _LIBRARIES)
def test_one_module_uses_the_private_names_of_a_library(library: str) -> None:
    """A new release of the library can therefore break only that module."""
    users = {
        path: names
        for package in _PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if (names := _uses(path.read_text("utf-8"), library))
    }

    assert {_TRANSPORT / f"{library}_internals.py"} == users.keys(), users


@pytest.mark.parametrize(
    ("expected", "source"),
    [
        ({"_transport"}, "def f(http): return http._transport"),
        ({"_transport"}, "getattr(http, '_transport', None)"),
        ({"_transport_for_url"}, "names = ('send', '_transport_for_url')"),
        ({"_client"}, "from httpx._client import Client"),
        ({"_client"}, "import httpx._client"),
        ({"_pool"}, "class T(httpx.HTTPTransport):\n    def __init__(self, pool):\n        self._pool = pool"),
        (set(), "class T:\n    def __init__(self, pool):\n        self._pool = pool"),
        (set(), "class T(httpx.BaseTransport):\n    def __init__(self, pool):\n        self._pool = pool"),
        (set(), "class T:\n    __slots__ = ('_pool', '_transport')"),
        (set(), "from ours._client import Client"),
        (set(), "def f(ours): return ours._ours"),
    ],
)
def test_each_way_to_use_a_private_name_is_noticed(expected: set[str], source: str) -> None:
    assert expected == _uses(source, "httpx")
