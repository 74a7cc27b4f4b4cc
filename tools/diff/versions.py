"""Which version a contract must have after a change, by Semantic Versioning."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeAlias

from kling_elements_runtime.document import Node
from scripts.spec import SpecError
from tools.diff.changes import Change, Party

Version: TypeAlias = tuple[int, int, int]


def version_of(document: Node) -> Version:
    """The three numbers of `info.version`; what follows a hyphen or a plus is left out.

    Raises:
        SpecError: There are no such numbers.
    """
    info = document.get("info")
    said = info.get("version") if isinstance(info, dict) else None
    found = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:[-+][0-9A-Za-z.+-]+)?", str(said), re.ASCII)
    if found is None:
        raise SpecError(f"#/info/version: {said} is no version of three numbers, such as 1.0.0")
    return int(found[1]), int(found[2]), int(found[3])


def next_version(base: Version, changes: Collection[Change]) -> Version:
    """The lowest version that tells of these changes.

    A break of callers asks for a new major version, one of servers alone for a new minor version. Before 1.0.0, when
    the minor version is where breaks are told, these are minor and patch.
    """
    major, minor, patch = base
    broken = {party for change in changes for party in change.breaks}
    if Party.CALLER in broken:
        return (major + 1, 0, 0) if major else (0, minor + 1, 0)
    if broken:
        return (major, minor + 1, 0) if major else (0, minor, patch + 1)
    return base


def shown(version: Version) -> str:
    """The version as a text."""
    return ".".join(map(str, version))
