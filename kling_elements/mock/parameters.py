"""Read the parameters of a request from its path and query, as JSON values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from kling_elements.mock.refusals import Problem, RefusedError
from kling_elements.strict_json import MAX_INTEGER_DIGITS
from kling_elements_runtime.document import MAX_EXCERPT, Parameter, pointer

_INTEGER = re.compile("-?(?:0|[1-9][0-9]*)")
_MAX_PROBLEMS = 20  # listed in one message


def values_of(parameters: Collection[Parameter], path_parameters: Mapping[str, str], query: str) -> dict[str, object]:
    """Return the values of an operation's parameters in a request, by name.

    Raises:
        RefusedError: The query has an unknown parameter, which would be ignored silently, or repeats a parameter, so
            that its value is ambiguous.
    """
    if not (query or parameters):  # true for every create
        return {}
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        texts.setdefault(name, []).append(text)
    allowed = [parameter.name for parameter in parameters if parameter.location == "query"]
    problems = [f"{_pointer(name)}: is unknown; {_choice(allowed)}" for name in texts if name not in allowed]
    problems += [f"{_pointer(name)}: must appear only once" for name in allowed if len(texts.get(name, ())) > 1]
    if problems:
        raise RefusedError(Problem.INVALID_PARAMETERS, "; ".join(problems[:_MAX_PROBLEMS]))

    values = {("path", name): text for name, text in path_parameters.items()}
    values |= {("query", name): text for name, (text,) in texts.items()}
    return {
        parameter.name: _value(values[parameter.location, parameter.name], parameter.schema)
        for parameter in parameters
        if (parameter.location, parameter.name) in values
    }


def with_defaults(parameters: Collection[Parameter], values: Mapping[str, object]) -> dict[str, object]:
    """Return values, with defaults for the missing parameters that have one."""
    defaults = {
        parameter.name: parameter.schema["default"] for parameter in parameters if "default" in parameter.schema
    }
    return defaults | dict(values)


def _value(text: str, schema: Mapping[str, Any]) -> object:
    """Return the value of a text. An invalid integer stays a string, which the schema then refuses."""
    is_integer = schema.get("type") == "integer" and len(text) <= MAX_INTEGER_DIGITS and _INTEGER.fullmatch(text)
    return int(text) if is_integer else text


def _pointer(name: str) -> str:
    """Return the JSON Pointer to a parameter of the query, cut if it is too long for a message."""
    return pointer(("query", name[:MAX_EXCERPT]))


def _choice(names: Collection[str]) -> str:
    return f"use {' or '.join(names)}" if names else "this operation has no query parameters"
