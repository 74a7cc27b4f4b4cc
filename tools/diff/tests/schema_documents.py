"""Documents with one schema, for the tests of how schemas are compared."""

from __future__ import annotations

from typing import Any

from tools.diff.documents import changes_between

TEXT = {"type": "string"}
WORDS = {"enum": ["a", "b"]}


def object_schema(*, closed: bool = False, required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if closed:
        schema["additionalProperties"] = False
    return {**schema, "required": list(required)} if required else schema


def document_with(use: str, schema: Any, **components: Any) -> dict[str, Any]:
    """Return a document with one operation that has the schema in its request or response."""
    body = {"content": {"application/json": {"schema": schema}}}
    request = {"requestBody": body} if use == "request" else {}
    response = body if use == "response" else {}
    operation = {"operationId": "call", **request, "responses": {"200": {"description": "", **response}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "", "version": "1.0.0"},
        "paths": {"/call": {"post": operation}},
        "components": {"schemas": {"Thing": TEXT, **components}},
    }


def broken_party(before: dict[str, Any], after: dict[str, Any], use: str = "request") -> str:
    """Return the party that a change breaks, `both`, `nobody`, or `none` if there is no change."""
    changes = changes_between(document_with(use, **before), document_with(use, **after))
    broken = {party.value for change in changes for party in change.breaks}
    if len(broken) > 1:
        return "both"
    return broken.pop() if broken else "nobody" if changes else "none"
