"""The OpenAPI file: where it is, how it is read, and how a place in it is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "openapi" / "kling-elements.yaml"

Node = dict[str, Any]


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
    """The node that a local reference such as `#/components/schemas/TagId` names.

    Raises:
        SpecError: There is no such node.
    """
    node: Any = document
    try:
        for part in reference.removeprefix("#/").split("/"):
            node = node[int(part) if isinstance(node, list) else part.replace("~1", "/").replace("~0", "~")]
    except (LookupError, TypeError, ValueError) as error:
        raise SpecError(f"{reference}: no such place in the document") from error
    return node


def resolve(document: Node, node: Any) -> Any:
    """The node itself, or what its chain of references ends at."""
    while isinstance(node, dict) and "$ref" in node:
        node = follow(document, node["$ref"])
    return node


def escaped(name: object) -> str:
    """A name as a part of a JSON Pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def walk(node: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    """Every node below and with this one, each with its JSON Pointer."""
    yield where, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from walk(child, f"{where}/{escaped(name)}")


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Path, method and operation object of every call that the API offers."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "operationId" in operation:
                yield path, method, operation


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


def pointer(path: Any) -> str:
    """The reference to a place in the document, given as its names and indices."""
    return "#" + "".join(f"/{escaped(part)}" for part in path)
