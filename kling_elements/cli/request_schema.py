"""Make a JSON Schema for request files from the contract, so that editors complete and check them."""

from __future__ import annotations

from typing import Any, Final

from kling_elements.cli.request_files import MAX_PATH
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, follow, resolve

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLE = "Kling element"
_DESCRIPTION = "A request file of kling-elements: the element to create. `reference_type` says from what."
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
"""The schema of what `request_files` takes for a path."""


def request_schema(contract: Contract) -> Node:
    """Return the JSON Schema (2020-12) of the requests that create an element. It has all it refers to.

    It is the contract's schema, and in places for images it also allows paths. It does not look into images.
    """
    document = contract.document()
    operation = contract.operation("createElement").definition
    body = resolve(document, operation["requestBody"])["content"]["application/json"]["schema"]
    definitions: dict[str, Node] = {}
    root = _converted(document, body, definitions)
    return {
        "$schema": _DIALECT,
        "title": _TITLE,
        **root,
        "description": _DESCRIPTION,
        "$defs": {name: {"title": name, **definitions[name]} for name in sorted(definitions)},
    }


def _converted(document: Node, schema: Any, definitions: dict[str, Node]) -> Any:
    """Return a schema of the contract as JSON Schema, and collect the schemas that it refers to."""
    if isinstance(schema, list):
        return [_converted(document, item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted: Node = {}
    for keyword, value in schema.items():
        if keyword.startswith("x-") or keyword in _NOT_JSON_SCHEMA or (keyword == "format" and value in _OWN_FORMATS):
            continue
        if keyword == "properties":
            converted[keyword] = {name: _converted(document, inner, definitions) for name, inner in value.items()}
        elif keyword == "$ref":
            converted[keyword] = _defined(document, value, definitions)
        else:
            converted[keyword] = _converted(document, value, definitions)
    return converted


def _defined(document: Node, reference: str, definitions: dict[str, Node]) -> str:
    """Return a reference into `$defs`, and add what it refers to."""
    name = reference.removeprefix(_REFERENCE)
    if name not in definitions:
        schema = follow(document, reference)
        definitions[name] = {}  # so that a schema that refers to itself ends
        definitions[name] = _converted(document, schema, definitions)
        if any(_is_image(resolve(document, option)) for option in schema.get("anyOf", ())):
            definitions[name]["anyOf"].append(PATH_SCHEMA)
    return f"#/$defs/{name}"


def _is_image(schema: Node) -> bool:
    return "x-image" in schema
