"""Turns what the JSON Schema validator reports into violations: where, which rule of the spec, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import jsonschema_rs

from kling_elements_runtime import image_headers
from kling_elements_runtime.document import LONGEST_EXCERPT, Node, follow, place, pointer, rule_of
from kling_elements_runtime.errors import Violation
from kling_elements_runtime.uploads import InlineText

_LONGEST_HINTED = 4096  # characters of a text that hints look at; it may be a whole image
_CLOSE = 0.85  # as difflib counts it; names that share one of two words are less alike
_KIND_KEYWORDS = {"type", "const", "enum", "pattern"}  # a branch that fails one of these was not the one that was meant
_LIMITS = {
    "minLength": "has {} characters, at least {} needed",
    "maxLength": "has {} characters, at most {} allowed",
    "minItems": "has {} items, at least {} needed",
    "maxItems": "has {} items, at most {} allowed",
    "minimum": "is {}, at least {} needed",
    "maximum": "is {}, at most {} allowed",
}
_TYPE_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def choice(values: Iterable[object]) -> str:
    """What a closed choice allows, in words."""
    return "must be one of " + ", ".join(map(repr, values))


def excerpt(value: object) -> str:
    """A value for a message: whole if it is short, else its size. Never a part, which might be a part of a secret."""
    text = ascii(value)
    return text if len(text) <= LONGEST_EXCERPT else f"one of {len(text)} characters"


def violations(
    document: Node, schema_pointer: str, error: jsonschema_rs.ValidationError, whole: object
) -> Iterator[Violation]:
    """What one error of the validator means.

    Args:
        document: The OpenAPI document.
        schema_pointer: The schema that was applied, as a reference into the document.
        error: The validator's error.
        whole: The value that was validated.
    """
    *path, keyword = error.evaluation_path
    where = place(error.instance_path)
    value = _part(whole, error.instance_path)
    kind: Any = error.kind
    if keyword == "x-image":  # the path of a keyword of ours begins at the document
        limits = follow(document, "#" + pointer(error.evaluation_path))
        yield from (
            Violation(where, rule, message) for rule, message in image_headers.violations(InlineText(value), limits)
        )
        return

    schemas = _schemas_along(document, "" if keyword == "x-exact" else schema_pointer, path)
    schema, rule = schemas[-1], rule_of(schemas, str(keyword))
    if keyword == "type" and {"enum", "const"} & schema.keys():
        return  # the choice beside it refuses the value too, and says what is allowed
    if keyword == "anyOf" and (inner := _of_branches(document, schema_pointer, error, whole)):
        yield from inner
    elif keyword == "required":
        name = kind.property
        if keyword not in schema.get("x-source", ()):
            rule = schema["properties"][name].get("x-source", rule)
        yield Violation(where, rule, f"the property {name!r} is missing")
    elif keyword == "additionalProperties":
        excluded: dict[str, str] = schema.get("x-excluded", {})
        for name in kind.unexpected:
            says = "does not go with this kind of request" if name in excluded else _unknown(name, schema["properties"])
            message = f"the property {excerpt(name)} {says}"
            yield Violation(place([*error.instance_path, name]), excluded.get(name, rule), message)
    else:
        yield Violation(where, rule, _message(str(keyword), schema, value) or error.message)


def _message(keyword: str, schema: Node, value: Any) -> str | None:
    """What is wrong and what is allowed; None for a keyword that has no words here."""
    limit = schema[keyword]
    if keyword in _LIMITS:
        return _LIMITS[keyword].format(len(value) if isinstance(value, str | list) else excerpt(value), limit)
    if keyword == "x-exact":
        return f"is a floating-point number, which may have lost digits; allowed is {_types(schema)}"
    if keyword == "type":
        return f"is {_type_name(value)}, allowed is {_types(schema)}"
    if keyword == "enum":
        return f"{choice(limit)}, not {excerpt(value)}"
    if "x-expected" in schema:
        is_other = "" if isinstance(value, str) else f"is {_type_name(value)}; it "
        return f"{is_other}must be {schema['x-expected']}{_hint(schema, value)}"
    return f"is {_type_name(value)}, which is none of what is allowed" if keyword == "anyOf" else None


def _types(schema: Node) -> str:
    allowed: str | list[str] = schema["type"]
    names = ", ".join(map(repr, schema.get("required", ())))
    return f"{allowed if isinstance(allowed, str) else ' or '.join(allowed)}{names and f' with {names}'}"


def _unknown(name: str, known: Iterable[str]) -> str:
    """That a property is unknown, and which one may have been meant: by a slip of the hand, or by its first word."""
    import difflib  # noqa: PLC0415 - most requests conform

    first, *others = name.split("_")
    meant = difflib.get_close_matches(name[:LONGEST_EXCERPT], known, n=1, cutoff=_CLOSE)
    meant += [each for each in known if each.startswith(f"{first}_") and {*others} <= {*each.split("_")}]
    if meant:
        return f"is unknown; did you mean {meant[0]!r}?"
    return f"is unknown; allowed are {', '.join(map(repr, known))}"


def _hint(schema: Node, value: Any) -> str:
    """What the contract advises about a refused text, or nothing."""
    hints: dict[str, str] = schema.get("x-hints", {})
    text = value[:_LONGEST_HINTED] if isinstance(value, str) else ""
    matches = ((hint, re.search(pattern, text)) for pattern, hint in hints.items() if text)
    return next((f"; {hint.replace('{}', excerpt(match[0]))}" for hint, match in matches if match), "")


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value), "a number")


def _of_branches(
    document: Node, schema_pointer: str, error: jsonschema_rs.ValidationError, whole: object
) -> list[Violation]:
    """The violations of the branch of an `anyOf` that was meant; none where the value is of no branch's kind."""
    kind: Any = error.kind
    branches: list[list[jsonschema_rs.ValidationError]] = kind.context
    depth = len(error.instance_path)
    meant = [branch for branch in branches if not any(_tells_kind(e, depth) for e in branch)]
    closest = min(meant, key=len, default=[])
    return [violation for e in closest for violation in violations(document, schema_pointer, e, whole)]


def _tells_kind(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    return len(error.instance_path) == depth and error.evaluation_path[-1] in _KIND_KEYWORDS


def _part(value: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _schemas_along(document: Node, schema_pointer: str, path: Iterable[str | int]) -> list[Node]:
    """The schemas that the validator went through, from the outermost to the one whose keyword failed.

    Without a pointer the path begins at the document, as the validator has it for keywords of ours.
    """
    node: Any = {"$ref": schema_pointer} if schema_pointer else document
    schemas = [node]
    for step in path:
        node = follow(document, node["$ref"]) if step == "$ref" else node[step]
        if isinstance(node, dict):
            schemas.append(node)
    return schemas
