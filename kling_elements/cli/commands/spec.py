"""`kling-elements spec`: print the contract."""

from __future__ import annotations

import copy
import json
import sys
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.gateway import VARIABLE, contract_for
from kling_elements.cli.output import Output

_INDENT = 2
_WIDTH = 120  # characters
_INSTRUCTIONS = (
    "To let your editor complete a request file, save this as element.schema.json next to it, and begin the file with\n"
    "# yaml-language-server: $schema=element.schema.json"
)


def command(
    *,
    format_: Annotated[Literal["yaml", "json", "jsonschema"] | None, Parameter(name="--format")] = None,
    gateway: Annotated[str | None, Parameter(env_var=VARIABLE)] = None,
    output: Output = Output(),
) -> None:
    """Print the contract, or a JSON Schema for request files: those of a gateway, if you name one.

    Args:
        format_: The contract (OpenAPI 3.1) as `yaml` (default) or `json`, or the JSON Schema of request files as
            `jsonschema`.
        gateway: The gateway whose contract to print: its name, such as kling-singapore, or the file of an overlay. By
            default it is the contract itself.
    """
    if output.json and format_ == "yaml":
        raise CommandError("--json and --format yaml contradict each other: leave one out", Exit.USAGE)
    contract = contract_for(gateway)
    if format_ == "jsonschema":
        from kling_elements.cli.request_schema import request_schema  # noqa: PLC0415 - only this format needs it

        value = request_schema(contract)
        if sys.stdout.isatty() or sys.stderr.isatty():
            output.note(_INSTRUCTIONS)
    else:
        value = contract.document()
    as_yaml = format_ in (None, "yaml") and not output.json
    text = _yaml(value) if as_yaml else json.dumps(value, ensure_ascii=False, indent=_INDENT)
    output.result(value, text.rstrip("\n"))


def _yaml(value: Any) -> str:
    """Return a value as YAML, with multi-line strings as blocks."""
    from io import StringIO  # noqa: PLC0415 - only this format needs these

    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.scalarstring import walk_tree  # noqa: PLC0415

    value = copy.deepcopy(value)  # the contract is shared
    walk_tree(value)
    writer = YAML()
    writer.width = _WIDTH
    text = StringIO()
    writer.dump(value, text)
    return text.getvalue()
