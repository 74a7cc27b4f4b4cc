"""What path and query of a request say, as JSON values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from kling_elements.mock.answers import Problem, RefusedError
from kling_elements.strict_json import MAX_INTEGER_DIGITS
from kling_elements_runtime.document import LONGEST_EXCERPT, Parameter, pointer

_INTEGER = re.compile("-?(?:0|[1-9][0-9]*)")
_MOST_TOLD = 20  # things that are wrong


def values_of(parameters: Collection[Parameter], in_path: Mapping[str, str], query: str) -> dict[str, object]:
    """Return the values that a request has for an operation's parameters, by name.

    Raises:
        RefusedError: The query has a parameter that the operation lacks, which would vanish silently, or has one twice,
            so that nobody can say which counts.
    """
    if not (query or parameters):  # as of every creation
        return {}
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        texts.setdefault(name, []).append(text)
    known = [parameter.name for parameter in parameters if parameter.location == "query"]
    wrong = [f"{_place(name)}: is unknown; {_choice(known)}" for name in texts if name not in known]
    wrong += [f"{_place(name)}: must be there once" for name in known if len(texts.get(name, ())) > 1]
    if wrong:
        raise RefusedError(Problem.INVALID_PARAMETERS, "; ".join(wrong[:_MOST_TOLD]))

    found = {("path", name): text for name, text in in_path.items()}
    found |= {("query", name): text for name, (text,) in texts.items()}
    return {
        each.name: _value(found[each.location, each.name], each.schema)
        for each in parameters
        if (each.location, each.name) in found
    }


def with_defaults(parameters: Collection[Parameter], values: Mapping[str, object]) -> dict[str, object]:
    """Return values together with the defaults of the parameters that have none."""
    return {each.name: each.schema["default"] for each in parameters if "default" in each.schema} | dict(values)


def _value(text: str, schema: Mapping[str, Any]) -> object:
    """Return what a text stands for. One that does not fit stays a text, which whoever checks it refuses."""
    is_integer = schema.get("type") == "integer" and len(text) <= MAX_INTEGER_DIGITS and _INTEGER.fullmatch(text)
    return int(text) if is_integer else text


def _place(name: str) -> str:
    """Return the JSON Pointer to a parameter of the query, cut where it is too long to tell."""
    return pointer(("query", name[:LONGEST_EXCERPT]))


def _choice(names: Collection[str]) -> str:
    return f"there is {', '.join(names)}" if names else "this operation takes none"
