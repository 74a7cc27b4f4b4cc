"""What a document says of its operations, told so that two documents can be laid side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scripts.diff.places import NOWHERE, Place, spelled_out

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Calls = dict[tuple[str, str], "Call"]


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


def ways_of(security: Place, schemes: Mapping[str, Place], others: Mapping[str, Place]) -> dict[str, str]:
    """The ways to prove who one is, each in words; a scheme that goes by another name is the same by what it says."""

    def same(name: str) -> str:
        return name if name in others or name not in schemes else spelled_out(schemes[name].resolved())

    found = {}
    for way in security.node if security else ():
        parts = sorted((same(name), name, sorted(scopes)) for name, scopes in way.items())
        found[str([(key, scopes) for key, _, scopes in parts])] = _in_words((name, scopes) for _, name, scopes in parts)
    return found or {"[]": _in_words(())}


def _in_words(parts: Iterable[tuple[str, list[str]]]) -> str:
    return " and ".join(f"{name} {' '.join(scopes)}".strip() for name, scopes in parts) or "nobody is asked"
