"""Create a JSON Schema for request files from the contract, so that editors can complete and check them."""

from __future__ import annotations

from typing import Any, Final

from kling_elements.cli.request_files import MAX_PATH
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, follow, resolve

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLE = "Kling element"
_DESCRIPTION = "A request file of kling-elements, which describes the element to create."
_REFERENCE = "#/components/schemas/"
_NOT_JSON_SCHEMA = ("discriminator", "example")
_OWN_FORMATS = ("image-base64",)  # strict validators refuse formats that they do not know
PATH_SCHEMA: Final[Node] = {
    "title": "ImagePath",
    "description": "The path of an image file, relative to the folder of the request file.",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_PATH,
    "pattern": r"^(?!data:)(?![\s\S]*://)",
}
"""The schema of the strings that `request_files` reads as paths."""


def request_schema(contract: Contract) -> Node:
    """Return the JSON Schema (2020-12) of requests that create an element, with all definitions included.

    It is the contract's schema, except that an image can also be a path. The content of images is not checked.
    """
    document = contract.document()
    operation = contract.operation("createElement").definition
    body = resolve(document, operation["requestBody"])["content"]["application/json"]["schema"]
    definitions: dict[str, Node] = {}
    root = _convert(document, body, definitions)
    return {
        "$schema": _DIALECT,
        "title": _TITLE,
        **root,
        "description": _DESCRIPTION,
        "$defs": {name: {"title": name, **definitions[name]} for name in sorted(definitions)},
    }


def _convert(document: Node, schema: Any, definitions: dict[str, Node]) -> Any:
    """Return a schema of the contract as JSON Schema, and add the schemas that it refers to to `definitions`."""
    if isinstance(schema, list):
        return [_convert(document, item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted: Node = {}
    for keyword, value in schema.items():
        if keyword.startswith("x-") or keyword in _NOT_JSON_SCHEMA or (keyword == "format" and value in _OWN_FORMATS):
            continue
        if keyword == "properties":
            converted[keyword] = {name: _convert(document, inner, definitions) for name, inner in value.items()}
        elif keyword == "$ref":
            converted[keyword] = _define(document, value, definitions)
        else:
            converted[keyword] = _convert(document, value, definitions)
    return converted


def _define(document: Node, reference: str, definitions: dict[str, Node]) -> str:
    """Return a reference into `$defs`, and add the schema to `definitions`."""
    name = reference.removeprefix(_REFERENCE)
    if name not in definitions:
        schema = follow(document, reference)
        definitions[name] = {}  # ends the recursion if a schema refers to itself
        definitions[name] = _convert(document, schema, definitions)
        if any(_is_image(resolve(document, option)) for option in schema.get("anyOf", ())):
            definitions[name]["anyOf"].append(PATH_SCHEMA)
    return f"#/$defs/{name}"


def _is_image(schema: Node) -> bool:
    return "x-image" in schema
