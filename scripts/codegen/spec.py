"""The OpenAPI file: where it is, how it is read, and how a place in it is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kling_elements_runtime import document as document_
from kling_elements_runtime.document import Node

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "openapi" / "kling-elements.yaml"


class SpecError(Exception):
    """The OpenAPI file cannot be read, or breaks a rule of this project; the text says where."""


def load(path: Path = SPEC) -> Node:
    """The document.

    Raises:
        SpecError: The file is missing or is no YAML mapping; a repeated key counts as bad YAML.
    """
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name}: {error}") from error


def parse(text: str, name: str) -> Node:
    """The document that a text holds.

    Args:
        text: The text of the file.
        name: What to call it in an error.

    Raises:
        SpecError: It is no YAML mapping; a repeated key counts as bad YAML.
    """
    try:
        document = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise SpecError(f"{name}: {error}") from error
    if not isinstance(document, dict):
        raise SpecError(f"{name}: not a mapping")
    return document


def follow(document: Node, reference: str) -> Any:
    """Return the node that a reference such as `#/components/schemas/TagId` names.

    Raises:
        SpecError: There is no such node.
    """
    try:
        return document_.follow(document, reference)
    except LookupError as error:
        raise SpecError(str(error)) from error


def resolve(document: Node, node: Any) -> Any:
    """Return the node itself, or what its chain of references ends at.

    Raises:
        SpecError: A reference leads nowhere, or in a circle.
    """
    try:
        return document_.dereferenced(document, node)
    except LookupError as error:
        raise SpecError(str(error)) from error


def walk(node: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    """Every node below and with this one, each with its JSON Pointer."""
    yield where, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from walk(child, f"{where}/{document_.escaped(name)}")


def schemas(document: Node) -> Iterator[tuple[str, Node]]:
    """Every schema object with its place."""
    starts = [
        (where, node)
        for where, node in walk(document)
        if isinstance(node, dict) and re.fullmatch(r"#/components/schemas/[^/]+|.*/schema", where)
    ]
    for where, node in starts:
        yield from _with_subschemas(where, node)


def _with_subschemas(where: str, schema: Node) -> Iterator[tuple[str, Node]]:
    yield where, schema
    for name, member in schema.get("properties", {}).items():
        yield from _with_subschemas(f"{where}/properties/{name}", member)
    for keyword in ("anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(keyword, [])):
            yield from _with_subschemas(f"{where}/{keyword}/{index}", branch)
    if "items" in schema:
        yield from _with_subschemas(f"{where}/items", schema["items"])
