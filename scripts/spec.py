"""The OpenAPI file: where it is, and how it is read. Nothing of the product is imported, so that all may use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "openapi" / "kling-elements.yaml"

Node: TypeAlias = dict[str, Any]


class SpecError(Exception):
    """The OpenAPI file cannot be read, or breaks a rule of this project; the text says where."""


def load(path: Path = SPEC) -> Node:
    """Return the document.

    Raises:
        SpecError: The file is missing or is no YAML mapping; a repeated key counts as bad YAML.
    """
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name}: {error}") from error


def parse(text: str, name: str) -> Node:
    """Return the document that a text holds.

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
