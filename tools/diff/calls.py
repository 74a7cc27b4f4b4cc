"""What a document says of its operations, told so that two documents can be laid side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tools.diff.places import NOWHERE, Place, spelled_out

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Calls = dict[tuple[str, str], "Call"]
Way = frozenset[tuple[str, str]]


class Call:
    """An operation, with what the path item around it says."""

    def __init__(self, operation: Place, item: Place, template: str) -> None:
        """Takes the operation, its path item, and the path or the expression that leads to it."""
        self.place = operation
        self._item = item
        self._template = template

    @property
    def title(self) -> str:
        """What to call it: its `operationId`, or else its method."""
        return str(self.place.node.get("operationId") or self.place.pointer.rpartition("/")[2])

    def parameters(self) -> dict[tuple[str, str], Place]:
        """The parameters by where they stand and by their names; those in the path by their order there."""
        in_path = re.findall(r"\{([^}]*)\}", self._template)
        found = {}
        for place in (*self._item.child("parameters").items(), *self.place.child("parameters").items()):
            parameter = place.resolved()
            where, name = parameter.node["in"], parameter.node["name"]
            if where == "path" and name in in_path:
                name = str(in_path.index(name))
            found[where, name.lower() if where == "header" else name] = parameter
        return found


def calls_of(paths: Place) -> Calls:
    """The operations below a mapping of paths, or of expressions; how a path names its parameters is not looked at."""
    found: Calls = {}
    for template, place in paths.children().items():
        item = place.resolved()
        for method in METHODS:
            if operation := item.child(method):
                found[re.sub(r"\{[^${}]*\}", "{}", template), method] = Call(operation, item, template)
    return found


def callbacks_of(operation: Place) -> Calls:
    """The operations of all callbacks; what a callback is called is not sent."""
    found: Calls = {}
    for callback in operation.child("callbacks").children().values():
        found |= calls_of(callback.resolved())
    return found


def media_types(content: Place) -> dict[str, Place]:
    """The media types by their names in lower case, without white space."""
    return {"".join(name.lower().split()): place for name, place in content.children().items()}


def headers_of(response: Place) -> dict[str, Place]:
    """The headers by their names in lower case."""
    return {name.lower(): place.resolved() for name, place in response.child("headers").children().items()}


def is_success(status: str) -> bool:
    """Whether a status, or a range of them, is no failure."""
    return status[0] in "123"


def status_around(status: str, declared: Mapping[str, Place]) -> Place:
    """What a document says of a failure that it does not name: the response of its range, or the default."""
    if is_success(status):
        return NOWHERE
    found = (declared[name] for name in (f"{status[0]}XX", "default") if name in declared and name != status)
    return next(found, NOWHERE)


def ways_of(security: Place, schemes: Mapping[str, Place], others: Mapping[str, Place]) -> dict[Way, str]:
    """The ways to prove who one is, each with its name; one that asks for nothing if there are none.

    Args:
        security: What an operation says, or else its document.
        schemes: The schemes of the document.
        others: Those of the other document; a scheme that it lacks goes by what it says, as it may have another name.
    """

    def named(name: str) -> str:
        return name if name in others or name not in schemes else spelled_out(schemes[name].resolved())

    ways: list[Mapping[str, list[str]]] = (security.node if security else None) or [{}]
    found = {}
    for way in ways:
        parts = frozenset((named(name), scope) for name, scopes in way.items() for scope in ("", *scopes))
        words = " and ".join(" ".join([name, *scopes]) for name, scopes in way.items())
        found[parts] = words or "nothing is asked for"
    return found


def without_equal(ways: Mapping[Way, str], others: Iterable[Way]) -> list[str]:
    """The ways for which none of the others would do: one does that asks for no more."""
    known = list(others)
    return [words for way, words in ways.items() if not any(other <= way for other in known)]
