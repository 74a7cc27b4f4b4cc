"""Media as callers pass them, contracts with other limits, and the rules of a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contract_tests.reading.images import Picture
from contract_tests.support.documents import changed_contract
from contract_tests.support.range_server import ServedFile
from kling_elements.media import ImageReport, VideoReport
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import walk

JPEG, PNG = Picture(format="jpeg").build(), Picture().build()


class ServedBytes(ServedFile):
    """A file on a server with a fixed content."""

    def __init__(self, content: bytes) -> None:
        super().__init__(len(content))
        self._content = content

    def read(self, start: int, stop: int) -> bytes:
        return self._content[start:stop]

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        return iter([self.read(start, stop)])


def write_file(folder: Path, data: bytes, name: str = "mara.jpg") -> Path:
    """Create a file with these bytes, and return its path."""
    path = folder / name
    path.write_bytes(data)
    return path


def contract_with(keyword: str, parts: dict[str, dict[str, Any]]) -> Contract:
    """Return the contract with other limits.

    Args:
        keyword: `x-image` or `x-video`.
        parts: The limits to change, such as `{"file-size": {"max-bytes": 10}}`.
    """

    def change(document: dict[str, Any]) -> None:
        (limits,) = (node for where, node in walk(document) if where.endswith(f"/{keyword}"))
        for part, more in parts.items():
            limits[part].update(more)

    return changed_contract(change)


def contract_with_max_image_bytes(max_bytes: int) -> Contract:
    """Return the contract with another limit for the size of image files."""
    return contract_with("x-image", {"file-size": {"max-bytes": max_bytes}})


def rules_of(report: ImageReport | VideoReport) -> list[str]:
    """Return the violated rules, in the order of the report."""
    return [violation.rule for violation in report.violations]
