"""Check that an OpenAPI file is valid: its form, schemas, references and examples. Nothing here is about Kling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import files
from typing import Any, TypeAlias, cast

import jsonschema_rs

from kling_elements_runtime.document import Node, pointer, references, walk
from scripts.nodes import resolve, schemas

Problems: TypeAlias = Iterator[tuple[str, str]]
"""Pairs of a place, as a reference into the document, and the problem there."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def invalid_openapi(document: Node) -> Problems:
    """Find violations of the schema of OpenAPI 3.1, invalid schemas, and references that lead nowhere."""
    for error in _openapi_schema().iter_errors(document):
        yield "#" + pointer(error.instance_path), error.message.partition("\n")[0]
    for where, schema in schemas(document):
        yield from ((where, problem) for problem in _wrong_schema(schema))
    for where, node in walk(document):
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and (problem := _wrong_reference(document, reference)):
            yield f"{where}/$ref", problem


def _openapi_schema() -> jsonschema_rs.Validator:
    """Return a validator for OpenAPI 3.1. It reads the schema of openapi-spec-validator without its slow import."""
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
    """Return why a reference cannot be followed to its end; None if it can."""
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
    for where, node in walk(document):
        if isinstance(node, dict) and "schema" in node and "examples" in node:
            for name, example in node["examples"].items():
                for error in _validator(document, node["schema"]).iter_errors(resolve(document, example)["value"]):
                    yield f"{where}/examples/{name}", f"#{pointer(error.instance_path)}: {error.message}"
        if isinstance(node, dict) and "schema" in node and "example" in node:
            for error in _validator(document, node["schema"]).iter_errors(node["example"]):
                yield f"{where}/example", error.message
    for where, schema in schemas(document):
        if "default" in schema:
            for error in _validator(document, schema).iter_errors(schema["default"]):
                yield f"{where}/default", error.message


def _validator(document: Node, schema: Node) -> jsonschema_rs.Draft202012Validator:
    shared = {"components": document["components"], "paths": document["paths"]}
    formats = {"image-base64": lambda _: True, "int64": lambda _: True}
    return jsonschema_rs.Draft202012Validator({**schema, **shared}, validate_formats=True, formats=formats)
