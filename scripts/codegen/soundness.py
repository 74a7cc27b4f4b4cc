"""Check that an OpenAPI file is valid: its form, schemas, references and examples. Nothing here is about Kling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import files
from typing import Any, TypeAlias, cast

import jsonschema_rs

from kling_elements_runtime.document import Node, operations, pointer, references, walk
from scripts.nodes import resolve, schemas

Problems: TypeAlias = Iterator[tuple[str, str]]
"""Pairs of a place, as a reference into the document, and the problem there."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def invalid_openapi(document: Node) -> Problems:
    """Find violations of the schema of OpenAPI 3.1, invalid schemas, and references that lead nowhere."""
    for error in _openapi_schema().iter_errors(document):
        yield "#" + pointer(error.instance_path), error.message.partition("\n")[0]
    for place, schema in schemas(document):
        yield from ((place, problem) for problem in _wrong_schema(schema))
    for place, node in walk(document):
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and (problem := _wrong_reference(document, reference)):
            yield f"{place}/$ref", problem


def unused_components(document: Node) -> Problems:
    used = {node["$ref"] for _, node in walk(document) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    for kind, components in document["components"].items():
        for name in components:
            if kind != "securitySchemes" and f"#/components/{kind}/{name}" not in used:
                yield f"#/components/{kind}/{name}", "is never used: remove it, or refer to it"


def unreadable_by_others(document: Node) -> Problems:
    """Find constructs that OpenAPI allows, but that openapi-generator, swagger-parser or Specmatic cannot read."""
    for where, node in walk(document):
        if isinstance(node, dict) and re.search("/links/[^/]+$", where) and "requestBody" in node:
            yield where, "a link with a requestBody is refused by openapi-generator"
        if isinstance(node, dict) and re.search("/variables/[^/]+$", where) and "description" in node:
            yield where, "a server variable with a description is refused by swagger-parser"
    for name, schema in document["components"]["schemas"].items():
        if "$ref" in schema:
            yield f"#/components/schemas/{name}", "a component that is a reference is dropped by many tools"


def repeated_operations(document: Node) -> Problems:
    """Find operations whose operationId another operation has, as an overlay leaves them that only adds a path."""
    places: dict[str, str] = {}
    for path, method, operation in operations(document):
        where = "#" + pointer(["paths", path, method])
        first = places.setdefault(operation["operationId"], where)
        if first != where:
            yield where, f"has the operationId of {first}, {operation['operationId']}: remove one of them"


def _openapi_schema() -> jsonschema_rs.Validator:
    """Return a validator for OpenAPI 3.1, without the slow import of openapi-spec-validator."""
    (path,) = [path for path in files("openapi-spec-validator") or () if path.match("v3.1/schema.json")]
    return jsonschema_rs.validator_for(json.loads(path.read_text("utf-8")), offline=True)


def _wrong_schema(schema: Node) -> Iterator[str]:
    """Yield the reasons why a schema is invalid."""
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": _DIALECT})
        re.compile(schema.get("pattern", ""))
    except jsonschema_rs.ValidationError as error:
        yield f"{pointer(error.instance_path)}: {error.message}"
    except re.error as error:
        yield f"/pattern: {error}"


def _wrong_reference(document: Node, reference: str) -> str | None:
    """Return the reason why a reference cannot be followed to its end, or None if it can."""
    try:
        list(references(document, {"$ref": reference}))
    except LookupError as error:
        return str(error)
    return None


def spec_validator_problems(document: Node) -> Problems:
    """Find problems that only openapi-spec-validator notices, such as a parameter that is missing from its path."""
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415 - takes long to load

    for error in OpenAPIV31SpecValidator(cast(Any, document)).iter_errors():
        yield "#" + pointer(error.absolute_path), error.message.partition("\n")[0]


def invalid_examples(document: Node) -> Problems:
    """Find examples and defaults that break their own schemas."""
    for place, node in walk(document):
        if isinstance(node, dict) and "schema" in node and "examples" in node:
            for name, example in node["examples"].items():
                for error in _validator(document, node["schema"]).iter_errors(resolve(document, example)["value"]):
                    yield f"{place}/examples/{name}", f"#{pointer(error.instance_path)}: {error.message}"
        if isinstance(node, dict) and "schema" in node and "example" in node:
            for error in _validator(document, node["schema"]).iter_errors(node["example"]):
                yield f"{place}/example", error.message
    for place, schema in schemas(document):
        if "default" in schema:
            for error in _validator(document, schema).iter_errors(schema["default"]):
                yield f"{place}/default", error.message


def _validator(document: Node, schema: Node) -> jsonschema_rs.Draft202012Validator:
    shared = {"components": document["components"], "paths": document["paths"]}
    formats = {"image-base64": lambda _: True, "int64": lambda _: True}
    return jsonschema_rs.Draft202012Validator({**schema, **shared}, validate_formats=True, formats=formats)
