"""The members of each kind of object in the OpenAPI file, and how each constraint can be changed.

A member that is not listed here is an error, so every new constraint needs mutants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.mutate import changes
from tools.mutate.changes import Changes


@dataclass(frozen=True)
class Member:
    """A member of an object.

    Attributes:
        changes: The changes of its value; None if it constrains nothing, or only its content does.
        kind: The kind of the objects within it, as a key of `KINDS`; None if there are none to change.
        holds: Whether it is one such object, a list of them, or a map with one under each name.
    """

    changes: Changes | None = None
    kind: str | None = None
    holds: Literal["one", "list", "map"] = "one"


_WORDS = Member()  # for people, or a source
_EXAMPLES = Member()  # constrain nothing
# the places in responses of tasks, of ids of tasks, and of lists of tasks
_TASKS = ("", "/data", "/data/data", "/data/data/data", "/data/data/data/data", "/items")
_IDS = (*(f"{place}/{name}" for place in _TASKS[:4] for name in ("task_id", "id")),)
_LISTS = ("/data", "/items", "/data/items", "/data/data")
_NO_WORD = "unknown"  # not a word for a status

_SCHEMA = {
    "$ref": Member(changes.dropped),
    "type": Member(changes.types),
    "const": Member(changes.constant),
    "enum": Member(changes.choice),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"), Member(changes.number)),
    "pattern": Member(changes.pattern),
    "format": Member(changes.format_),
    "contentEncoding": Member(changes.word_or_none),
    "uniqueItems": Member(changes.flag),
    "default": Member(changes.word_or_none),
    "required": Member(changes.required),
    "additionalProperties": Member(changes.additional),
    "properties": Member(changes.members_of_object, "schema", "map"),
    "items": Member(changes.items, "schema"),
    "anyOf": Member(changes.branches, "schema", "list"),
    "oneOf": Member(changes.branches, "schema", "list"),
    "discriminator": Member(changes.dropped, "discriminator"),
    "x-exact": Member(changes.dropped),  # the linter ensures that it is true or absent
    "x-excluded": Member(changes.excluded),
    "x-enum-varnames": Member(changes.names_of_values),
    "x-image": Member(changes.dropped, "x-image"),
    "x-video": Member(changes.dropped, "x-video"),
    "x-envelope": Member(changes.dropped, "x-envelope"),
    "x-aliases": Member(changes.lists_of_words()),
    "x-progress": Member(changes.lists_of_words(_NO_WORD)),
    "x-unusable": Member(changes.words(_NO_WORD)),
    "x-output-type": Member(changes.word),
    **dict.fromkeys(("title", "description", "x-source", "x-expected", "x-hints"), _WORDS),
}
_CONTENT = Member(changes.renamed, "media type", "map")

KINDS: dict[str, dict[str, Member]] = {
    "schema": _SCHEMA,
    "document": {
        "servers": Member(kind="server", holds="list"),
        "x-business-codes": Member(changes.renamed, "business code", "map"),
        "x-dialects": Member(changes.renamed),
        "x-ids": Member(kind="ids"),
        "paths": Member(changes.renamed, "path item", "map"),
        "components": Member(kind="components"),
        **dict.fromkeys(("openapi", "info", "tags", "x-rules"), _WORDS),
    },
    "server": {"url": Member(changes.word), "variables": Member(kind="variable", holds="map"), "description": _WORDS},
    "variable": {"default": Member(changes.word), "description": _WORDS},
    "business code": {
        "http-status": Member(changes.required_number),
        "created": Member(changes.one_of("never", "perhaps", "earlier")),
        "retry": Member(changes.one_of("never", "after-waiting", "after-look-up")),
        "meaning": _WORDS,
    },
    "refusal": {
        "dialect": Member(changes.one_of("live", "documented")),
        "code": Member(changes.required_number),
        "message": Member(changes.word_or_none),
        "message-matches": Member(changes.pattern),
        "unique-over": Member(changes.one_of("account", "user")),
    },
    "ids": {
        "task": Member(changes.one_of("digits", "integer")),
        "element": Member(changes.one_of("integer", "digits", "text")),
    },
    "deletion": {
        "example": Member(changes.one_of("deleted", "deletedSilently")),
        "remains": Member(changes.flag),
    },
    "components": {
        "securitySchemes": Member(changes.members_of_object, "security scheme", "map"),
        "parameters": Member(kind="parameter", holds="map"),
        "responses": Member(kind="response", holds="map"),
        "schemas": Member(kind="schema", holds="map"),
        "examples": _EXAMPLES,
    },
    "security scheme": {
        "type": Member(changes.one_of("apiKey", "oauth2")),
        "scheme": Member(changes.one_of("basic", "digest")),
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "path item": {
        **dict.fromkeys(("get", "post"), Member(changes.dropped, "operation")),
        "x-source": _WORDS,
    },
    "operation": {
        "operationId": Member(changes.word),
        "security": Member(changes.security),
        "parameters": Member(changes.branches, "parameter", "list"),
        "requestBody": Member(changes.dropped, "body"),
        "responses": Member(changes.renamed, "response", "map"),
        "callbacks": Member(changes.renamed, "callback", "map"),
        **dict.fromkeys(
            ("x-absent", "x-duplicate", "x-too-many", "x-deleted-already"), Member(changes.branches, "refusal", "list")
        ),
        "x-deletion": Member(changes.renamed, "deletion", "map"),
        **dict.fromkeys(("summary", "description", "tags", "x-source"), _WORDS),
    },
    "parameter": {
        "name": Member(changes.word),
        "in": Member(changes.one_of("header", "path", "query")),
        "required": Member(changes.flag),
        "schema": Member(changes.dropped, "schema"),
        "example": _EXAMPLES,
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "body": {
        "required": Member(changes.required_body),
        "content": _CONTENT,
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "media type": {
        "schema": Member(changes.dropped, "schema"),
        "x-body-size": Member(changes.dropped, "x-body-size"),
        "examples": _EXAMPLES,
    },
    "callback": {},
    "response": {
        "headers": Member(changes.renamed, "header", "map"),
        "content": _CONTENT,
        "links": Member(changes.renamed, "link", "map"),
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "header": {"schema": Member(changes.dropped, "schema"), "example": _EXAMPLES, "description": _WORDS},
    "link": {
        "operationId": Member(changes.word),
        "parameters": Member(changes.members_of_object),
        "description": _WORDS,
    },
    "discriminator": {"propertyName": Member(changes.word), "mapping": Member(changes.mapping)},
    "x-body-size": {**dict.fromkeys(("max-bytes", "max-values"), Member(changes.number)), "x-source": _WORDS},
    "x-envelope": {
        **dict.fromkeys(("code", "error"), Member(changes.word)),
        "success-codes": Member(changes.members),
        **dict.fromkeys(
            ("task-ids", "task-ids-of-other-codes", "task-ids-of-failures"), Member(changes.pointers(*_IDS))
        ),
        "tasks": Member(changes.pointers(*_TASKS)),
        "lists": Member(changes.pointers(*_LISTS)),
        "x-source": _WORDS,
    },
    "x-image": {
        **dict.fromkeys(("format", "file-size", "displayed-sides", "aspect-ratio"), Member(changes.dropped, "limits")),
    },
    "x-video": {
        **dict.fromkeys(("container", "duration", "displayed-size", "file-size"), Member(changes.dropped, "limits")),
    },
    "limits": {
        "one-of": Member(changes.members),
        "one-of-px": Member(changes.sizes),
        "pixel-aspect": Member(changes.word),
        **dict.fromkeys(
            ("max-bytes", "min-px", "max-long-to-short", "min-seconds", "max-seconds", "tolerance-frames"),
            Member(changes.number),
        ),
        "x-source": _WORDS,
    },
}
NAMED_BY_OTHERS = {"callback": "path item"}
"""Kinds of objects whose members have free names, with the kind of those members."""
