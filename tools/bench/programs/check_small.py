"""Measure the contract check of a small body. Settings: `by` (`ours` or `jsonschema`), `times`."""

from __future__ import annotations

from typing import Any

import jsonschema

from kling_elements_client import contract
from tools.bench.programs import clients, figures


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    body = clients.body(*clients.IMAGE_URLS)
    components = contract.document()["components"]
    schema = {"$ref": "#/components/schemas/ImageElementRequest", "components": components}
    validator = jsonschema.Draft202012Validator(schema)

    def ours() -> None:
        figures.require(not contract.violations("createElement", body), "the contract refused the body")

    def by_jsonschema() -> None:
        figures.require(not list(validator.iter_errors(body)), "the schema refused the body")

    check = ours if settings["by"] == "ours" else by_jsonschema
    check()
    figures.print_figures(check_us=figures.median_ms(check, settings["times"]) * 1e3)


if __name__ == "__main__":
    main(figures.settings())
