"""`kling-elements spec`: print the contract."""

from __future__ import annotations

import copy
import json
import sys
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.output import Output
from kling_elements_client.contract import CONTRACT

_INDENT = 2
_WIDTH = 120  # characters
_INSTRUCTIONS = (
    "To let your editor complete a request file, save this as element.schema.json next to it, and begin the file with\n"
    "# yaml-language-server: $schema=element.schema.json"
)


def command(
    *,
    format_: Annotated[Literal["yaml", "json", "jsonschema"] | None, Parameter(name="--format")] = None,
    output: Output = Output(),
) -> None:
    """Print the contract, or a JSON Schema for request files.

    Args:
        format_: The contract (OpenAPI 3.1) as `yaml` (default) or `json`, or the JSON Schema of request files as
            `jsonschema`.
    """
    if output.json and format_ == "yaml":
        raise CommandError("--json and --format yaml contradict each other: leave one out", Exit.USAGE)
    if format_ == "jsonschema":
        from kling_elements.cli.request_schema import request_schema  # noqa: PLC0415 -- only this format needs it

        value = request_schema(CONTRACT)
        if sys.stdout.isatty() or sys.stderr.isatty():
            output.note(_INSTRUCTIONS)
    else:
        value = CONTRACT.document()
    as_yaml = format_ in (None, "yaml") and not output.json
    text = _yaml(value) if as_yaml else json.dumps(value, ensure_ascii=False, indent=_INDENT)
    output.result(value, text.rstrip("\n"))


def _yaml(value: Any) -> str:
    """Return a value as YAML, with multi-line strings as blocks."""
    from io import StringIO  # noqa: PLC0415 -- only this format needs these

    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.scalarstring import walk_tree  # noqa: PLC0415

    value = copy.deepcopy(value)  # the contract is shared
    walk_tree(value)
    writer = YAML()
    writer.width = _WIDTH
    text = StringIO()
    writer.dump(value, text)
    return text.getvalue()
