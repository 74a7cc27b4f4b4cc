"""Read the overlays in openapi/gateways, and apply them to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kling_elements_runtime.document import Node
from kling_elements_runtime.overlays import OverlayError, apply
from scripts.spec import SPEC, SpecError, inline, source

FOLDER = SPEC.parent / "gateways"


def overlays(folder: Path = FOLDER) -> dict[str, Node]:
    """Return the overlays by the names of their gateways.

    Raises:
        SpecError: A file can't be read or is not a YAML mapping.
    """
    return {path.stem: source(path) for path in sorted(folder.glob("*.yaml"))}


def documents(contract: Node, of_gateways: Mapping[str, Node]) -> dict[str, Node]:
    """Return the document of each gateway, with its path items inline.

    Args:
        contract: The contract as it is written.
        of_gateways: The overlays by name.

    Raises:
        SpecError: An overlay is invalid or doesn't fit the contract.
    """
    result = {}
    for name, overlay in of_gateways.items():
        try:
            result[name] = inline(apply(contract, overlay))
        except OverlayError as error:
            raise SpecError(f"gateways/{name}.yaml: {error}") from error
    return result


def address_of(document: Node) -> str | None:
    """Return the URL of a gateway; None if the document only has a template for it."""
    url: str = document["servers"][0]["url"]
    return None if "{" in url else url


def lifted_rules(contract: Node, of_gateways: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    """Return the rules that some gateways don't have, each with the names of these gateways.

    Args:
        contract: The contract.
        of_gateways: The documents by name.
    """
    missing = {
        rule: tuple(name for name, document in of_gateways.items() if rule not in document["x-rules"])
        for rule in contract["x-rules"]
    }
    return {rule: names for rule, names in missing.items() if names}
