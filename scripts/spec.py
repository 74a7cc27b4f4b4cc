"""Read the OpenAPI file. This module imports nothing of the product, so that everything may import it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "openapi" / "kling-elements.yaml"

Node: TypeAlias = dict[str, Any]


class SpecError(Exception):
    """The OpenAPI file cannot be read, or breaks a rule of this project; the message says where."""


def load(path: Path = SPEC) -> Node:
    """Return the document.

    Raises:
        SpecError: The file is missing, is not YAML, has a repeated key, or is not a mapping.
    """
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name}: {error}") from error


def parse(text: str, name: str) -> Node:
    """Return the document in a text.

    Args:
        text: The text of the file.
        name: The name of the file, for error messages.

    Raises:
        SpecError: The text is not YAML, has a repeated key, or is not a mapping.
    """
    try:
        document = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise SpecError(f"{name}: {error}") from error
    if not isinstance(document, dict):
        raise SpecError(f"{name}: not a mapping")
    return document
