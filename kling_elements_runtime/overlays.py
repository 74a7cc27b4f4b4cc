"""Apply an OpenAPI Overlay to a document: https://spec.openapis.org/overlay/v1.0.0.html."""

from __future__ import annotations

import json
from typing import Any, Final

from jsonpath import JSONPathEnvironment, JSONPathError, JSONPathMatch

from kling_elements_runtime.document import Node, pointer

_VERSION: Final = "1.0."
_PARTS: Final = {"overlay", "info", "extends", "actions"}
_PARTS_OF_INFO: Final = {"title", "version", "description"}  # the last one since 1.1, and harmless
_PARTS_OF_ACTION: Final = {"target", "description", "update", "remove"}
_QUERIES: Final = JSONPathEnvironment(strict=True)  # RFC 9535 only, so that other tools read a target the same way


class OverlayError(ValueError):
    """An overlay is invalid or doesn't fit the document. The message says where in the overlay, and why."""


def apply(document: Node, overlay: object) -> Node:
    """Return a copy of a document with the actions of an overlay carried out, one after the other.

    A target that selects nothing is an error, because the action would silently have no effect.

    Args:
        document: The document as written, whose path items may be shared components.
        overlay: The overlay, as parsed from YAML or JSON.

    Raises:
        OverlayError: The overlay is invalid, or one of its actions can't be carried out.
    """
    result: Node = _copied(document, "")
    for index, action in enumerate(_actions(overlay)):
        place = f"/actions/{index}"
        for match in _matches(action["target"], result, place):
            if action.get("remove"):
                _remove(match, place)
            else:
                _update(match.obj, action["update"], place)
    return result


def _actions(overlay: object) -> list[Node]:
    """Return the actions of an overlay.

    Raises:
        OverlayError: The overlay or one of its actions lacks a part, or has one of the wrong type or an unknown one.
    """
    root = _object(overlay, "", _PARTS)
    if not str(root.get("overlay")).startswith(_VERSION):
        raise OverlayError(f"/overlay: must be the version of the overlay specification, {_VERSION}0")
    info = _object(root.get("info"), "/info", _PARTS_OF_INFO)
    for part in ("title", "version"):
        if not isinstance(info.get(part), str) or not info[part]:
            raise OverlayError(f"/info/{part}: must be a string; put a version in quotes")
    actions = root.get("actions")
    if not isinstance(actions, list) or not actions:
        raise OverlayError("/actions: must be a list of one or more actions")
    return [_action(action, f"/actions/{index}") for index, action in enumerate(actions)]


def _action(value: object, place: str) -> Node:
    action = _object(value, place, _PARTS_OF_ACTION)
    if not isinstance(action.get("target"), str):
        raise OverlayError(f"{place}/target: must be a JSONPath expression, such as $.servers[0]")
    if not isinstance(action.get("remove", False), bool):
        raise OverlayError(f"{place}/remove: must be true or false")
    if bool(action.get("remove")) == ("update" in action):
        raise OverlayError(f"{place}: must have either `update` or `remove: true`")
    return action


def _object(value: object, place: str, parts: set[str]) -> Node:
    """Return an object of an overlay, if it has no unknown parts. Extensions (`x-...`) may be anywhere."""
    if not isinstance(value, dict):
        raise OverlayError(f"{place}: must be an object with {', '.join(sorted(parts))}")
    if unknown := sorted(str(name) for name in value if name not in parts and not str(name).startswith("x-")):
        raise OverlayError(f"{place}{pointer(unknown[:1])}: is unknown; use {', '.join(sorted(parts))}")
    return value


def _matches(target: str, document: Node, place: str) -> list[JSONPathMatch]:
    """Return the matches of a target, each once, in an order in which each can be removed without moving the next.

    Raises:
        OverlayError: The target is not a JSONPath expression, or selects nothing.
    """
    try:
        matches = list(_QUERIES.finditer(target, document))
    except JSONPathError as error:
        reason = str(error).splitlines()[0]
        raise OverlayError(f"{place}/target: {target!r} is not a JSONPath expression: {reason}") from None
    if not matches:
        raise OverlayError(f"{place}/target: {target!r} selects nothing in the document")
    by_parts = {match.parts: match for match in matches}
    return [by_parts[parts] for parts in sorted(by_parts, key=_order, reverse=True)]


def _order(parts: tuple[int | str, ...]) -> list[tuple[int, str]]:
    """Return a key by which the parts of a value come after the value, and later items after earlier ones."""
    return [(part, "") if isinstance(part, int) else (0, part) for part in parts]


def _remove(match: JSONPathMatch, place: str) -> None:
    if match.parent is None:
        raise OverlayError(f"{place}/target: the whole document cannot be removed")
    holder: Any = match.parent.obj
    del holder[match.parts[-1]]


def _update(target: Any, update: Any, place: str) -> None:
    """Merge a value into an object, or append it to an array.

    Raises:
        OverlayError: The target is neither, or the value does not fit it.
    """
    if isinstance(target, list):
        target.append(_copied(update, f"{place}/update"))
    elif isinstance(target, dict) and isinstance(update, dict):
        _merge(target, update, f"{place}/update")
    elif isinstance(target, dict):
        raise OverlayError(f"{place}/update: must be an object, because the target is one")
    else:
        raise OverlayError(f"{place}/target: selects {json.dumps(target)}; only objects and arrays can be updated")


def _merge(target: Node, update: Node, place: str) -> None:
    """Merge an object into another one. Inner objects are merged, inner arrays joined, and other values replaced.

    Raises:
        OverlayError: An object or an array would be replaced by another kind of value; remove it first.
    """
    for name, value in update.items():
        member_place, current = place + pointer([_checked_name(name, place)]), target.get(name)
        if isinstance(current, dict | list) and type(current) is not type(value):
            reason = "has another type than in the document; remove it first, in another action"
            raise OverlayError(f"{member_place}: {reason}")
        if isinstance(current, dict):
            _merge(current, value, member_place)
        elif isinstance(current, list):
            current.extend(_copied(value, member_place))
        else:
            target[name] = _copied(value, member_place)


def _copied(value: Any, place: str) -> Any:
    """Return a copy of a JSON value in which no part is shared, unlike in values from YAML with aliases.

    Raises:
        OverlayError: The value is not JSON. In YAML, a date or a name such as 200 must be in quotes.
    """
    if isinstance(value, dict):
        return {_checked_name(name, place): _copied(item, place + pointer([name])) for name, item in value.items()}
    if isinstance(value, list):
        return [_copied(item, f"{place}/{index}") for index, item in enumerate(value)]
    if value is None or isinstance(value, str | int | float):
        return value
    raise OverlayError(f"{place}: must be a JSON value, not {type(value).__name__}; put it in quotes")


def _checked_name(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise OverlayError(f"{place}: the name {name!r} must be a string; put it in quotes")
    return name


__all__ = ["OverlayError", "apply"]
