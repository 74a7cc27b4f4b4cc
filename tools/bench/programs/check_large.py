"""Measure the contract check of a body with large images in memory, relative to copying that body once.

Settings: `by` (`ours`, or `regular expression` for what a JSON Schema validator does), `files`.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jsonschema_rs

from kling_elements.media import image
from kling_elements_client import contract
from tools.bench.programs import clients, figures

_REPETITIONS = 9


def _memcpy_ms(length: int) -> float:
    """Return the milliseconds that it takes to copy a number of bytes into memory that was in use before."""
    source, target = memoryview(bytes(b"\x01" * length)), memoryview(bytearray(b"\x02" * length))

    def copy() -> None:
        target[:] = source

    return figures.median_ms(copy, _REPETITIONS)


def _check_ms(body: dict[str, Any]) -> float:
    def check() -> None:
        figures.require(not contract.violations("createElement", body), "the contract refused the body")

    return figures.median_ms(check, _REPETITIONS)


def _pattern_ms(body: dict[str, Any]) -> float:
    components = contract.document()["components"]
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/ImageElementRequest", "components": components}
    )

    def check() -> None:
        figures.require(validator.is_valid(body), "the schema refused the body")

    return figures.median_ms(check, 3)


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    files = [Path(file) for file in settings["files"]]
    texts = [base64.b64encode(file.read_bytes()).decode() for file in files]
    memcpy_ms = _memcpy_ms(sum(map(len, texts)))
    if settings["by"] != "ours":
        figures.print_figures(memcpy_ms=memcpy_ms, held=_pattern_ms(clients.body(*texts)) / memcpy_ms)
        return
    figures.print_figures(
        memcpy_ms=memcpy_ms,
        held=_check_ms(clients.body(*texts)) / memcpy_ms,
        encoded=_check_ms(clients.body(*map(image, files))) / memcpy_ms,
        files=_check_ms(clients.body(*files)) / memcpy_ms,
    )


if __name__ == "__main__":
    main(figures.settings())
