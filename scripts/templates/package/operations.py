"""What the OpenAPI document that ships with this package says: operations, their parameters, and business codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from . import explain
from .errors import Violation


@frozen
class Parameter:
    """What one operation takes in its path or query.

    Attributes:
        name: Its name in the document.
        location: `path` or `query`.
        required: Whether it may not be left out.
        rule: Where it comes from, as in the document's `x-source`.
        schema_pointer: The reference to its schema.
    """

    name: str
    location: str
    required: bool
    rule: str
    schema_pointer: str

    def violation(self, path: Iterable[str | int], message: str) -> Violation:
        """A violation at a place within the parameter's value."""
        return Violation(explain.place((self.location, self.name, *path)), self.rule, message)


@frozen
class Operation:
    """One call of the API.

    Attributes:
        path: The path template.
        method: The HTTP method, in lower case.
        definition: The operation object of the document.
        parameters: What it takes in its path and query.
    """

    path: str
    method: str
    definition: dict[str, Any]
    parameters: tuple[Parameter, ...] = ()

    def success_schema(self) -> str:
        """The reference to the schema of the answer that means success."""
        status = next(status for status in self.definition["responses"] if status.startswith("2"))
        return self.pointer("responses", status, "content", "application/json", "schema")

    def pointer(self, *parts: str) -> str:
        """The reference to a part of the operation object."""
        return "#" + explain.pointer(("paths", self.path, self.method, *parts))


@frozen
class BusinessCode:
    """What a business code of an error means, as in the document's `x-business-codes`.

    Attributes:
        code: The code.
        http_status: The HTTP status that it comes with.
        meaning: What it means, in words.
        created: Whether the request that it answers created a subject; `earlier` means that this one did not, but that
            one with the same `external_task_id` may have.
        retry: Whether sending again can help, and when.
    """

    code: int
    http_status: int
    meaning: str
    created: Literal["never", "perhaps", "earlier"]
    retry: Literal["never", "after-waiting", "after-look-up"]


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document. It is shared: do not change it."""
    parsed: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_bytes())
    return parsed


@cache
def operations() -> dict[str, Operation]:
    """The operations by their `operationId`. The mapping is shared: do not change it."""
    return {
        definition["operationId"]: Operation(path, method, definition, _parameters(path, method, definition))
        for path, item in document()["paths"].items()
        for method, definition in item.items()
        if isinstance(definition, dict) and "operationId" in definition
    }


def _parameters(path: str, method: str, definition: dict[str, Any]) -> tuple[Parameter, ...]:
    around = {**document()["paths"][path], **definition}
    found = []
    for index, node in enumerate(definition.get("parameters", ())):
        where = node.get("$ref", "#" + explain.pointer(("paths", path, method, "parameters", index)))
        said = explain.follow(document(), where)
        rule = said.get("x-source", around.get("x-source"))
        found.append(Parameter(said["name"], said["in"], said.get("required", False), rule, f"{where}/schema"))
    return tuple(found)


def operation(operation_id: str) -> Operation:
    """The operation of that name.

    Raises:
        KeyError: The contract has no such operation.
    """
    if operation_id not in operations():
        raise KeyError(f"the contract has no operation {operation_id!r}; it has {', '.join(operations())}")
    return operations()[operation_id]


@cache
def business_codes() -> Mapping[int, BusinessCode]:
    """What the business codes of errors mean. The mapping is shared: do not change it."""
    return {
        int(code): BusinessCode(int(code), row["http-status"], row["meaning"], row["created"], row["retry"])
        for code, row in document()["x-business-codes"].items()
    }


__all__ = [
    "BusinessCode",
    "Operation",
    "Parameter",
    "business_codes",
    "document",
    "operation",
    "operations",
]
