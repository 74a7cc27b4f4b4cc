"""Read the OpenAPI file. This module imports nothing from the product, so that everything can import it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "openapi" / "kling-elements.yaml"

Node: TypeAlias = dict[str, Any]


class SpecError(Exception):
    """Raised if the OpenAPI file can't be read or breaks a rule of this project. The message says where."""


def load(path: Path = SPEC) -> Node:
    """Read the document from a file, with its path items inline.

    Raises:
        SpecError: The file is missing or is not a YAML mapping. A repeated key is an error.
    """
    return inline(source(path))


def source(path: Path = SPEC) -> Node:
    """Read a YAML file as it is written. Overlays apply to this form, in which path items are shared components.

    Raises:
        SpecError: The file is missing or is not a YAML mapping. A repeated key is an error.
    """
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name}: {error}") from error


def inline(document: Node) -> Node:
    """Return a document in which each path item replaces the reference to it in `components/pathItems`."""
    components = dict(document.get("components", {}))
    items = {f"#/components/pathItems/{name}": item for name, item in components.pop("pathItems", {}).items()}
    if not items:
        return document
    paths = {path: items.get(item.get("$ref"), item) for path, item in document["paths"].items()}
    return {**document, "paths": paths, "components": components}


def parse(text: str, name: str) -> Node:
    """Parse the text of a document.

    Args:
        text: The text of the file.
        name: The name to use for it in an error.

    Raises:
        SpecError: The text is not a YAML mapping. A repeated key is an error.
    """
    try:
        document = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise SpecError(f"{name}: {error}") from error
    if not isinstance(document, dict):
        raise SpecError(f"{name}: not a mapping")
    return document
