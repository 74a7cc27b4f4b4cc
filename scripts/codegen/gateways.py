"""Read the overlays in openapi/gateways, and apply them to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kling_elements_runtime.document import Node, operations
from kling_elements_runtime.overlays import OverlayError, apply
from scripts.spec import SPEC, SpecError, inline, source

FOLDER = SPEC.parent / "gateways"


def overlays(folder: Path = FOLDER) -> dict[str, Node]:
    """Return the overlays, keyed by gateway name.

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
    """Return a gateway's URL, or None if the document only has a template for it."""
    url: str = document["servers"][0]["url"]
    return None if "{" in url else url


def lifted_rules(contract: Node, of_gateways: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    """Return the rules that some gateways lack, each with the names of these gateways.

    Args:
        contract: The contract.
        of_gateways: The documents by name.
    """
    missing = {
        rule: tuple(name for name, document in of_gateways.items() if rule not in document["x-rules"])
        for rule in contract["x-rules"]
    }
    return {rule: names for rule, names in missing.items() if names}


def table(contract: Node, of_gateways: Mapping[str, Node], titles: Mapping[str, str]) -> list[str]:
    """Return a Markdown table of the gateways and what each offers, line by line.

    Args:
        contract: The contract.
        of_gateways: The documents by name.
        titles: The titles of the overlays by name.
    """
    lines = [
        (
            "| `gateway=` | gateway | URL | paths begin with | lists your elements | presets | deletes at "
            "| element ids | rules lifted |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lifted = lifted_rules(contract, of_gateways)
    for name, document in of_gateways.items():
        calls = {operation["operationId"]: (path, method) for path, method, operation in operations(document)}
        prefix = calls["createElement"][0].partition("/general/")[0]
        cells = (
            f"`{name}`",
            titles[name],
            address_of(document) or "pass `base_url`",
            f"`{prefix}`",
            "yes" if "listElements" in calls else "no",
            calls["listPresetElements"][1].upper() if "listPresetElements" in calls else "no",
            f"`{calls['deleteElement'][0].rpartition('/')[2]}`" if "deleteElement" in calls else "no",
            str(document["x-ids"]["element"]),
            ", ".join(rule for rule, names in lifted.items() if name in names) or "none",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
