"""The version that a contract must have after a change, by Semantic Versioning."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeAlias

from kling_elements_runtime.document import Node
from scripts.spec import SpecError
from tools.diff.changes import Change, Party

Version: TypeAlias = tuple[int, int, int]


def version_of(document: Node) -> Version:
    """Return the three numbers of `info.version`, without anything after a hyphen or a plus.

    Raises:
        SpecError: `info.version` does not have three numbers.
    """
    info = document.get("info")
    version = info.get("version") if isinstance(info, dict) else None
    match = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:[-+][0-9A-Za-z.+-]+)?", str(version), re.ASCII)
    if match is None:
        raise SpecError(f"#/info/version: {version} is not a version of three numbers; write one such as 1.0.0")
    return int(match[1]), int(match[2]), int(match[3])


def next_version(base: Version, changes: Collection[Change]) -> Version:
    """Return the lowest version that is sufficient for these changes.

    A change that breaks callers needs a new major version, and one that breaks only servers a new minor version. Before
    1.0.0 these are minor and patch.
    """
    major, minor, patch = base
    broken = {party for change in changes for party in change.breaks}
    if Party.CALLER in broken:
        return (major + 1, 0, 0) if major else (0, minor + 1, 0)
    if broken:
        return (major, minor + 1, 0) if major else (0, minor, patch + 1)
    return base


def version_text(version: Version) -> str:
    """Return the version as a string."""
    return ".".join(map(str, version))
