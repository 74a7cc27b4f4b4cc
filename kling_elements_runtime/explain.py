"""Turn the JSON Schema validator's errors into violations with the place, the broken rule and the allowed values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import jsonschema_rs
from attrs import evolve

from kling_elements_runtime import image_headers
from kling_elements_runtime.document import MAX_EXCERPT, Node, follow, place, pointer, rule_of
from kling_elements_runtime.errors import Violation
from kling_elements_runtime.image_limits import ImageLimits
from kling_elements_runtime.uploads import InlineText

_MAX_HINTED_CHARACTERS = 4096  # hints are not searched in a longer string, which may be a whole image
_MIN_SIMILARITY = 0.85  # by difflib; names that share one of two words are less similar
_KIND_KEYWORDS = {"type", "const", "enum", "pattern"}  # the value was not meant for a branch that fails one
_LIMITS = {
    "minLength": "has {} characters; it must have at least {}",
    "maxLength": "has {} characters; it must have at most {}",
    "minItems": "has {} items; it must have at least {}",
    "maxItems": "has {} items; it must have at most {}",
    "minimum": "is {}; it must be at least {}",
    "maximum": "is {}; it must be at most {}",
}
_TYPE_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def choice(values: Iterable[object]) -> str:
    """Return the part of a message that lists the allowed values."""
    return "must be one of " + ", ".join(map(repr, values))


def excerpt(value: object) -> str:
    """Return a value for a message. A long one, which may be a secret, is replaced by its size."""
    text = ascii(value)
    return text if len(text) <= MAX_EXCERPT else f"one of {len(text)} characters"


def violations(
    document: Node, schema_pointer: str, error: jsonschema_rs.ValidationError, whole: object
) -> Iterable[Violation]:
    """Return the violations for one error of the validator.

    Args:
        document: The OpenAPI document.
        schema_pointer: The schema that was applied, as a reference into the document.
        error: The validator's error.
        whole: The value that was validated.
    """
    *path, keyword = error.evaluation_path
    kind: Any = error.kind
    value = _part(whole, error.instance_path)
    if keyword == "x-image":
        return _image_violations(document, error, value)
    # for our own keyword, the path begins at the root of the document
    schemas = _schemas_along(document, "" if keyword == "x-exact" else schema_pointer, path)
    schema, rule = schemas[-1], rule_of(schemas, str(keyword))
    if keyword == "type" and {"enum", "const"} & schema.keys():
        return ()  # the enum or const next to it also refuses the value, with a better message
    if keyword == "anyOf" and (violations_of_branch := _branch_violations(document, schema_pointer, error, whole)):
        return violations_of_branch
    if keyword == "required":
        return [_missing_property(schema, rule, kind.property, error.instance_path)]
    if keyword == "additionalProperties":
        return (_unexpected_property(schema, rule, name, error.instance_path) for name in kind.unexpected)
    is_long_image = keyword == "maxLength" and "x-image" in schema
    message = _message(str(keyword), schema, value) or error.message
    return [Violation(place(error.instance_path), rule, message, "fit" if is_long_image else "none")]


def _image_violations(document: Node, error: jsonschema_rs.ValidationError, text: str) -> Iterable[Violation]:
    """Return the violations of an image in Base64."""
    limits = ImageLimits.of(follow(document, "#" + pointer(error.evaluation_path)))
    image_place = place(error.instance_path)
    return (evolve(violation, pointer=image_place) for violation in image_headers.violations(InlineText(text), limits))


def _missing_property(schema: Node, rule: str, name: str, path: Iterable[str | int]) -> Violation:
    """Return the violation for a missing property, under the rule of `required` or else the property's rule."""
    if "required" not in schema.get("x-source", ()):
        rule = schema["properties"][name].get("x-source", rule)
    return Violation(place(path), rule, f"the property {name!r} is missing")


def _unexpected_property(schema: Node, rule: str, name: str, path: Iterable[str | int]) -> Violation:
    """Return the violation for a property that is not allowed."""
    excluded: dict[str, str] = schema.get("x-excluded", {})
    reason = (
        "is not allowed in this kind of request" if name in excluded else _unknown_property(name, schema["properties"])
    )
    return Violation(place([*path, name]), excluded.get(name, rule), f"the property {excerpt(name)} {reason}")


def _message(keyword: str, schema: Node, value: Any) -> str | None:
    """Return a message that is better than the validator's, or None if there is none. It says what is allowed."""
    limit = schema[keyword]
    if keyword in _LIMITS:
        return _LIMITS[keyword].format(len(value) if isinstance(value, str | list) else excerpt(value), limit)
    if keyword == "x-exact":
        return f"is a floating-point number, which may have lost digits; it must be {_types(schema)}"
    if keyword == "type":
        return f"is {_type_name(value)}; it must be {_types(schema)}"
    if keyword == "enum":
        return f"{choice(limit)}, not {excerpt(value)}"
    if "x-expected" in schema:
        is_other = "" if isinstance(value, str) else f"is {_type_name(value)}; it "
        return f"{is_other}must be {schema['x-expected']}{_hint(schema, value)}"
    return f"is {_type_name(value)}, which is not allowed here" if keyword == "anyOf" else None


def _types(schema: Node) -> str:
    allowed: str | list[str] = schema["type"]
    names = ", ".join(map(repr, schema.get("required", ())))
    return f"{allowed if isinstance(allowed, str) else ' or '.join(allowed)}{names and f' with {names}'}"


def _unknown_property(name: str, allowed: Iterable[str]) -> str:
    """Return the message for an unknown property. It suggests one that is similar or has the same first word."""
    import difflib  # noqa: PLC0415 - most requests conform

    first, *others = name.split("_")
    similar = difflib.get_close_matches(name[:MAX_EXCERPT], allowed, n=1, cutoff=_MIN_SIMILARITY)
    similar += [other for other in allowed if other.startswith(f"{first}_") and {*others} <= {*other.split("_")}]
    if similar:
        return f"is unknown; did you mean {similar[0]!r}?"
    return f"is unknown; allowed are {', '.join(map(repr, allowed))}"


def _hint(schema: Node, value: Any) -> str:
    """Return the end of a message: the contract's hint about a refused string, or an empty string."""
    hints: dict[str, str] = schema.get("x-hints", {})
    text = value[:_MAX_HINTED_CHARACTERS] if isinstance(value, str) else ""
    matches = ((hint, re.search(pattern, text)) for pattern, hint in hints.items() if text)
    return next((f"; {hint.replace('{}', excerpt(match[0]))}" for hint, match in matches if match), "")


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value), "a number")


def _branch_violations(
    document: Node, schema_pointer: str, error: jsonschema_rs.ValidationError, whole: object
) -> list[Violation]:
    """Return the violations of the `anyOf` branch that matches the value's type, or an empty list if none does."""
    kind: Any = error.kind
    branches: list[list[jsonschema_rs.ValidationError]] = kind.context
    depth = len(error.instance_path)
    fitting = [branch for branch in branches if not any(_is_about_kind(e, depth) for e in branch)]
    closest = min(fitting, key=len, default=[])
    return [violation for e in closest for violation in violations(document, schema_pointer, e, whole)]


def _is_about_kind(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    return len(error.instance_path) == depth and error.evaluation_path[-1] in _KIND_KEYWORDS


def _part(value: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _schemas_along(document: Node, schema_pointer: str, path: Iterable[str | int]) -> list[Node]:
    """Return the schemas on the validator's path, from the outermost to the one whose keyword failed.

    If the pointer is empty, the path begins at the document.
    """
    node: Any = {"$ref": schema_pointer} if schema_pointer else document
    schemas = [node]
    for step in path:
        node = follow(document, node["$ref"]) if step == "$ref" else node[step]
        if isinstance(node, dict):
            schemas.append(node)
    return schemas
