"""The members of each kind of object in the OpenAPI file, and the possible changes of each constraint.

A member that is not listed here is an error, so that every new constraint gets mutants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.mutate import changes
from tools.mutate.changes import Changes


@dataclass(frozen=True)
class Member:
    """A kind of member, and how to change it.

    Attributes:
        changes: The changes of its value, or None if at most its content constrains anything.
        kind: The kind of the objects within it, as a key of `KINDS`, or None if there are none to change.
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
    "$ref": Member(changes.drop),
    "type": Member(changes.change_types),
    "const": Member(changes.change_constant),
    "enum": Member(changes.change_enum),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"), Member(changes.change_number)
    ),
    "pattern": Member(changes.change_pattern),
    "format": Member(changes.change_format),
    "contentEncoding": Member(changes.drop_or_change_word),
    "uniqueItems": Member(changes.flip),
    "default": Member(changes.drop_or_change_word),
    "required": Member(changes.change_required),
    "additionalProperties": Member(changes.change_additional),
    "properties": Member(changes.remove_members, "schema", "map"),
    "items": Member(changes.change_items, "schema"),
    "anyOf": Member(changes.remove_branches, "schema", "list"),
    "oneOf": Member(changes.remove_branches, "schema", "list"),
    "discriminator": Member(changes.drop, "discriminator"),
    "x-exact": Member(changes.drop),  # the linter ensures that it is true or absent
    "x-excluded": Member(changes.change_excluded),
    "x-enum-varnames": Member(changes.rename_values),
    "x-image": Member(changes.drop, "x-image"),
    "x-video": Member(changes.drop, "x-video"),
    "x-envelope": Member(changes.drop, "x-envelope"),
    "x-aliases": Member(changes.change_word_lists()),
    "x-progress": Member(changes.change_word_lists(_NO_WORD)),
    "x-unusable": Member(changes.change_words(_NO_WORD)),
    "x-output-type": Member(changes.change_word),
    **dict.fromkeys(("title", "description", "x-source", "x-expected", "x-hints"), _WORDS),
}
_CONTENT = Member(changes.rename_members, "media type", "map")

KINDS: dict[str, dict[str, Member]] = {
    "schema": _SCHEMA,
    "document": {
        "servers": Member(kind="server", holds="list"),
        "x-business-codes": Member(changes.rename_members, "business code", "map"),
        "x-dialects": Member(changes.rename_members),
        "x-ids": Member(kind="ids"),
        "paths": Member(changes.rename_members, "path item", "map"),
        "components": Member(kind="components"),
        **dict.fromkeys(("openapi", "info", "tags", "x-rules"), _WORDS),
    },
    "server": {
        "url": Member(changes.change_word),
        "variables": Member(kind="variable", holds="map"),
        "description": _WORDS,
    },
    "variable": {"default": Member(changes.change_word), "description": _WORDS},
    "business code": {
        "http-status": Member(changes.change_required_number),
        "created": Member(changes.change_to_other("never", "perhaps", "earlier")),
        "retry": Member(changes.change_to_other("never", "after-waiting", "after-look-up")),
        "meaning": _WORDS,
    },
    "refusal": {
        "dialect": Member(changes.change_to_other("live", "documented")),
        "code": Member(changes.change_required_number),
        "message": Member(changes.drop_or_change_word),
        "message-matches": Member(changes.change_pattern),
        "unique-over": Member(changes.change_to_other("account", "user")),
    },
    "ids": {
        "task": Member(changes.change_to_other("digits", "integer")),
        "element": Member(changes.change_to_other("integer", "digits", "text")),
    },
    "deletion": {
        "example": Member(changes.change_to_other("deleted", "deletedSilently")),
        "remains": Member(changes.flip),
    },
    "components": {
        "securitySchemes": Member(changes.remove_members, "security scheme", "map"),
        "parameters": Member(kind="parameter", holds="map"),
        "responses": Member(kind="response", holds="map"),
        "schemas": Member(kind="schema", holds="map"),
        "examples": _EXAMPLES,
    },
    "security scheme": {
        "type": Member(changes.change_to_other("apiKey", "oauth2")),
        "scheme": Member(changes.change_to_other("basic", "digest")),
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "path item": {
        **dict.fromkeys(("get", "post"), Member(changes.drop, "operation")),
        "x-source": _WORDS,
    },
    "operation": {
        "operationId": Member(changes.change_word),
        "security": Member(changes.change_security),
        "parameters": Member(changes.remove_branches, "parameter", "list"),
        "requestBody": Member(changes.drop, "body"),
        "responses": Member(changes.rename_members, "response", "map"),
        "callbacks": Member(changes.rename_members, "callback", "map"),
        **dict.fromkeys(
            ("x-absent", "x-duplicate", "x-too-many", "x-deleted-already"),
            Member(changes.remove_branches, "refusal", "list"),
        ),
        "x-deletion": Member(changes.rename_members, "deletion", "map"),
        **dict.fromkeys(("summary", "description", "tags", "x-source"), _WORDS),
    },
    "parameter": {
        "name": Member(changes.change_word),
        "in": Member(changes.change_to_other("header", "path", "query")),
        "required": Member(changes.flip),
        "schema": Member(changes.drop, "schema"),
        "example": _EXAMPLES,
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "body": {
        "required": Member(changes.make_body_optional),
        "content": _CONTENT,
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "media type": {
        "schema": Member(changes.drop, "schema"),
        "x-body-size": Member(changes.drop, "x-body-size"),
        "examples": _EXAMPLES,
    },
    "callback": {},
    "response": {
        "headers": Member(changes.rename_members, "header", "map"),
        "content": _CONTENT,
        "links": Member(changes.rename_members, "link", "map"),
        **dict.fromkeys(("description", "x-source"), _WORDS),
    },
    "header": {"schema": Member(changes.drop, "schema"), "example": _EXAMPLES, "description": _WORDS},
    "link": {
        "operationId": Member(changes.change_word),
        "parameters": Member(changes.remove_members),
        "description": _WORDS,
    },
    "discriminator": {"propertyName": Member(changes.change_word), "mapping": Member(changes.change_mapping)},
    "x-body-size": {**dict.fromkeys(("max-bytes", "max-values"), Member(changes.change_number)), "x-source": _WORDS},
    "x-envelope": {
        **dict.fromkeys(("code", "error"), Member(changes.change_word)),
        "success-codes": Member(changes.change_members),
        **dict.fromkeys(
            ("task-ids", "task-ids-of-other-codes", "task-ids-of-failures"), Member(changes.change_pointers(*_IDS))
        ),
        "tasks": Member(changes.change_pointers(*_TASKS)),
        "lists": Member(changes.change_pointers(*_LISTS)),
        "x-source": _WORDS,
    },
    "x-image": {
        **dict.fromkeys(("format", "file-size", "displayed-sides", "aspect-ratio"), Member(changes.drop, "limits")),
    },
    "x-video": {
        **dict.fromkeys(("container", "duration", "displayed-size", "file-size"), Member(changes.drop, "limits")),
    },
    "limits": {
        "one-of": Member(changes.change_members),
        "one-of-px": Member(changes.change_sizes),
        "pixel-aspect": Member(changes.change_word),
        **dict.fromkeys(
            ("max-bytes", "min-px", "max-long-to-short", "min-seconds", "max-seconds", "tolerance-frames"),
            Member(changes.change_number),
        ),
        "x-source": _WORDS,
    },
}
NAMED_BY_OTHERS = {"callback": "path item"}
"""Kinds of objects whose members can have any name, with the kind of those members."""
