"""The operations of a document, with keys by which two documents can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tools.diff.places import NOWHERE, Place, spell_out

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Calls = dict[tuple[str, str], "DeclaredCall"]
Way = frozenset[tuple[str, str]]


class DeclaredCall:
    """An operation, with the parameters of its path item."""

    def __init__(self, operation: Place, item: Place, template: str) -> None:
        """Create a call from an operation, its path item, and its path or callback expression."""
        self.place = operation
        self._item = item
        self._template = template

    @property
    def title(self) -> str:
        """Return the `operationId`, or the method if there is none."""
        return str(self.place.node.get("operationId") or self.place.pointer.rpartition("/")[2])

    def parameters(self) -> dict[tuple[str, str], Place]:
        """Return the parameters by location and name, and path parameters by location and position."""
        in_path = re.findall(r"\{([^}]*)\}", self._template)
        parameters = {}
        for place in (*self._item.child("parameters").items(), *self.place.child("parameters").items()):
            parameter = place.resolve()
            location, name = parameter.node["in"], parameter.node["name"]
            if location == "path" and name in in_path:
                name = str(in_path.index(name))
            parameters[location, name.lower() if location == "header" else name] = parameter
        return parameters


def calls_of(paths: Place) -> Calls:
    """Return the operations under paths or expressions. The names of path parameters don't matter."""
    calls: Calls = {}
    for template, place in paths.children().items():
        item = place.resolve()
        for method in METHODS:
            if operation := item.child(method):
                calls[re.sub(r"\{[^${}]*\}", "{}", template), method] = DeclaredCall(operation, item, template)
    return calls


def callbacks_of(operation: Place) -> Calls:
    """Return the operations of all callbacks. Their names are ignored, because they are never sent."""
    calls: Calls = {}
    for callback in operation.child("callbacks").children().values():
        calls |= calls_of(callback.resolve())
    return calls


def media_types(content: Place) -> dict[str, Place]:
    """Return the media types by name, in lower case and without white space."""
    return {"".join(name.lower().split()): place for name, place in content.children().items()}


def headers_of(response: Place) -> dict[str, Place]:
    """Return the headers by name, in lower case."""
    return {name.lower(): place.resolve() for name, place in response.child("headers").children().items()}


def is_success(status: str) -> bool:
    """Return whether a status, or a range such as `2XX`, is not a failure."""
    return status[0] in "123"


def fallback_response(status: str, declared: Mapping[str, Place]) -> Place:
    """Return the response to a failure that a document doesn't list, from its range or the default."""
    if is_success(status):
        return NOWHERE
    fallbacks = (declared[name] for name in (f"{status[0]}XX", "default") if name in declared and name != status)
    return next(fallbacks, NOWHERE)


def ways_to_authenticate(security: Place, schemes: Mapping[str, Place], others: Mapping[str, Place]) -> dict[Way, str]:
    """Return the ways to authenticate, with their names. An empty list means one way, which requires nothing.

    Args:
        security: The `security` of an operation, or of its document.
        schemes: The schemes of the document.
        others: The schemes of the other document. If a scheme is missing there, its content replaces its name, because
            it may only have been renamed.
    """

    def scheme_key(name: str) -> str:
        return name if name in others or name not in schemes else spell_out(schemes[name].resolve())

    ways: list[Mapping[str, list[str]]] = (security.node if security else None) or [{}]
    names_of_ways = {}
    for way in ways:
        parts = frozenset((scheme_key(name), scope) for name, scopes in way.items() for scope in ("", *scopes))
        words = " and ".join(" ".join([name, *scopes]) for name, scopes in way.items())
        names_of_ways[parts] = words or "nothing is required"
    return names_of_ways


def uncovered_ways(ways: Mapping[Way, str], others: Iterable[Way]) -> list[str]:
    """Return the names of the ways that no other way covers. A way covers those that require at least as much."""
    alternatives = list(others)
    return [words for way, words in ways.items() if not any(other <= way for other in alternatives)]
