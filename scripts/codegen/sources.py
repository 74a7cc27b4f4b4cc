"""Check that openapi/sources.md has the source of each fact of the contract and of the gateways' overlays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kling_elements_runtime.document import Node, walk
from scripts.spec import SPEC

PAGE = SPEC.parent / "sources.md"
_UPSTREAM = "upstream"
_ROW = re.compile(r"\| (.+) \|")
_PLACE = re.compile(r"`([^`]+)`")


def problems(page: str, contract: Node, overlays: Mapping[str, Node]) -> list[str]:
    """Return everything that is missing from the page, one line each.

    Args:
        page: The text of sources.md.
        contract: The contract.
        overlays: The overlays by the names of their gateways.
    """
    sources = {row[0] for row in _rows(page, "Sources")}
    facts = list(_rows(page, "Facts"))
    gateways = list(_rows(page, "Gateways"))
    lacking = [
        *(f"{PAGE.name}: {name} is not in the table of sources" for name in _unknown(facts + gateways, sources)),
        *(f"{place}: {PAGE.name} has no fact about it" for place in _places_without_fact(contract, facts)),
    ]
    for name, overlay in overlays.items():
        rows = [row for row in gateways if f"`{name}`" in row[0]]
        lacking += _overlay_problems(name, overlay, sources, {source for row in rows for source in _names_in(row[2])})
    return lacking


def _rows(page: str, title: str) -> Iterator[list[str]]:
    """Yield the cells of each row of a section's table, without the head."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    rows = _ROW.findall(section[1]) if section else []
    yield from ([cell.strip() for cell in row.split(" | ")] for row in rows[1:])


def _names_in(cell: str) -> list[str]:
    return re.findall(r"[a-z0-9-]+", cell)


def _unknown(rows: list[list[str]], sources: set[str]) -> list[str]:
    return sorted({name for row in rows for name in _names_in(row[2])} - sources)


def _places_without_fact(contract: Node, facts: list[list[str]]) -> Iterator[str]:
    """Yield the places in the contract that come from the service, but belong to no fact."""
    covered = [f"#/{place}" for row in facts for place in _PLACE.findall(row[0])]
    for where, node in walk(contract):
        source = node.get("x-source") if isinstance(node, dict) else None
        if source == _UPSTREAM and not any(where == place or where.startswith(f"{place}/") for place in covered):
            yield where


def _overlay_problems(name: str, overlay: Node, sources: set[str], recorded: set[str]) -> Iterator[str]:
    """Yield the parts of an overlay without a source, with an unknown one, or with one that its facts don't name."""
    parts = {"/info": overlay.get("info", {})}
    parts |= {f"/actions/{index}": action for index, action in enumerate(overlay.get("actions", ()))}
    for where, part in parts.items():
        named = part.get("x-source") or []
        if not named:
            yield f"gateways/{name}.yaml: {where}: needs an x-source, a list of names from {PAGE.name}"
        for source in named:
            if source not in sources:
                yield f"gateways/{name}.yaml: {where}/x-source: {source} is not in the table of sources of {PAGE.name}"
            elif source not in recorded:
                yield f"gateways/{name}.yaml: {where}/x-source: no row of {PAGE.name} for `{name}` is from {source}"
