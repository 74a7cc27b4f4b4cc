# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""Checks requests and answers against the OpenAPI document that ships with this package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import jsonschema_rs
from attrs import field, frozen

from . import explain, images
from .attachments import (
    Attachments,
    MediaSchema,
    Place,
    StreamedBody,
    is_stand_in,
    media_places,
    place_of,
)
from .errors import Violation
from .inline import InlineText
from .serialization import UnwritableError, checked_json

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
Content: TypeAlias = bytes | StreamedBody
_MOST_VIOLATIONS = 1_000  # more would help nobody, and a hostile body could ask for millions


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


@frozen
class MediaAddress:
    """Where an image or a video lies outside of the request.

    Attributes:
        pointer: Where the address stands in the body, as a JSON Pointer.
        keyword: `x-image` or `x-video`, after what it leads to.
        url: The address.
    """

    pointer: str
    keyword: str
    url: str = field(repr=False)


@frozen
class CheckedRequest:
    """A request body that was checked.

    Attributes:
        operation_id: The operation that it is for.
        content: The JSON text to send, or None where the value cannot be written as JSON. Large images are encoded only
            while it is sent.
        violations: Everything that is wrong with it.
        value: Its JSON value, in which large images have stand-ins; None where it is no JSON value.
    """

    operation_id: str
    content: Content | None = field(repr=False)
    violations: list[Violation]
    value: Any = field(default=None, repr=False)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document. It is shared: do not change it."""
    parsed: dict[str, Any] = json.loads(files(str(__package__)).joinpath("openapi.json").read_text("utf-8"))
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


def violations(operation_id: str, body: object) -> list[Violation]:
    """Everything in which a request body breaks the contract, up to 1,000 things; empty for a conforming one.

    Args:
        operation_id: The operation, such as `createElement`.
        body: The JSON value of the body, or a model.

    Raises:
        KeyError: The contract has no such operation, or the operation takes no body.
    """
    return check(operation_id, body).violations


def check(operation_id: str, body: object, *, judge_media: bool = True) -> CheckedRequest:
    """The JSON text of a request body, and everything in which it breaks the contract.

    Args:
        operation_id: The operation, such as `createElement`.
        body: The JSON value of the body, or a model. Where an image stands, a `pathlib.Path` may stand too.
        judge_media: Whether to judge images in the request by their headers. Their size in bytes is always judged.

    Raises:
        KeyError: As `violations`.
    """
    called = operation(operation_id)
    if "requestBody" not in called.definition:
        raise KeyError(f"the operation {operation_id!r} takes no body")
    request = called.definition["requestBody"]
    rule: str = request["x-source"]
    limits = request["content"]["application/json"]["x-body-size"]
    schema = called.pointer("requestBody", "content", "application/json", "schema")

    def refused(*found: Violation) -> CheckedRequest:
        return CheckedRequest(operation_id, None, list(found))

    attached = Attachments(_media_places(schema), judge_media=judge_media)
    try:
        value, unwritable = checked_json(body, limits["max-values"], attached.take)
    except (UnwritableError, RecursionError) as error:
        return refused(
            Violation("", rule, str(error) if isinstance(error, UnwritableError) else "is nested too deeply")
        )
    if unwritable or not attached.are_readable:
        return refused(*(Violation(explain.place(path), rule, why) for path, why in unwritable), *attached.violations)

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    content: Content = StreamedBody(text, attached.contents) if attached.contents else text
    found = schema_violations(schema, value) + attached.violations
    if len(content) > limits["max-bytes"]:
        says = f"the body has {len(content)} bytes, at most {limits['max-bytes']} are allowed"
        found.insert(0, Violation("", limits["x-source"], says))
    return CheckedRequest(operation_id, content, found, value)


@cache
def _media_places(schema_pointer: str) -> Mapping[Place, MediaSchema]:
    return media_places(document(), schema_pointer)


def addresses(checked: CheckedRequest) -> list[MediaAddress]:
    """Where the media lie that a request without violations names by their addresses."""
    schema = operation(checked.operation_id).pointer("requestBody", "content", "application/json", "schema")
    places = _media_places(schema)
    found = ((path, places.get(place_of(path)), text) for path, text in _texts(checked.value, ()))
    # what stands at such a place and has no colon is Base64
    return [
        MediaAddress(explain.place(path), media.keyword, text) for path, media, text in found if media and ":" in text
    ]


def _texts(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The texts within a JSON value, and where they stand."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*path, step))


def parameter_violations(operation_id: str, parameters: Mapping[str, object]) -> list[Violation]:
    """Everything in which the parameters of a request break the contract; empty for conforming ones.

    Args:
        operation_id: The operation, such as `listElements`.
        parameters: JSON values by the names that the contract gives them; one that is left out is not there.

    Returns:
        Violations with pointers such as `/query/pageSize` or `/path/id`.

    Raises:
        KeyError: The contract has no such operation, or it lacks one of the parameters.
    """
    called = operation(operation_id)
    known = {parameter.name: parameter for parameter in called.parameters}
    if unknown := parameters.keys() - known.keys():
        raise KeyError(f"the operation {operation_id!r} has no parameter {', '.join(sorted(unknown))}")
    missing = [p.violation((), "is missing") for p in called.parameters if p.required and p.name not in parameters]
    return missing + [
        Violation(known[name].violation((), "").pointer + found.pointer, known[name].rule, found.message)
        for name, value in parameters.items()
        for found in schema_violations(known[name].schema_pointer, value)
    ]


def schema_violations(schema_pointer: str, value: object) -> list[Violation]:
    """Everything in which a JSON value breaks a schema of the document."""
    schema = explain.follow(document(), schema_pointer)
    if "discriminator" not in schema:
        return _explained(schema_pointer, value)
    mapping: dict[str, str] = schema["discriminator"]["mapping"]
    kind = value.get(schema["discriminator"]["propertyName"]) if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in mapping:
        return _explained(mapping[kind], value)
    return _of_no_kind(schema, value)


def _of_no_kind(schema: dict[str, Any], value: object) -> list[Violation]:
    """What is wrong with a value that does not say which branch it is meant for.

    The branch that comes closest tells the rest; where several come as close, what they agree on.
    """
    mapping: dict[str, str] = schema["discriminator"]["mapping"]
    found = [_explained(branch, value) for branch in mapping.values()]
    closest, *others = [branch for branch in found if len(branch) == min(map(len, found))]
    agreed = {(v.pointer, v.rule) for v in closest}.intersection(*({(v.pointer, v.rule) for v in o} for o in others))
    rest = [violation for violation in closest if (violation.pointer, violation.rule) in agreed]
    if not isinstance(value, dict):
        return rest

    name, rule, allowed = schema["discriminator"]["propertyName"], schema["x-source"], explain.choice(mapping)
    if name in value:
        told = Violation(f"/{name}", rule, f"{allowed}, not {explain.excerpt(value[name])}")
    else:
        told = Violation("", rule, f"the property {name!r} is missing; it {allowed}")
    return [told, *(violation for violation in rest if violation.rule != rule)]


def _explained(schema_pointer: str, value: object) -> list[Violation]:
    validator = _validator(schema_pointer)
    if validator.is_valid(value):
        return []
    errors = validator.iter_errors(value)
    found = (v for error in errors for v in explain.violations(document(), schema_pointer, error, value))
    return list(dict.fromkeys(islice(found, _MOST_VIOLATIONS)))


class _ImageKeyword:
    """`x-image` as a keyword of the validator. It tells whether; what is wrong is told by `images`."""

    def __init__(self, _parent: dict[str, Any], limits: images.Limits, _location: list[str | int]) -> None:
        self._limits = limits

    def validate(self, value: object) -> None:
        if (
            isinstance(value, str)
            and not is_stand_in(value)
            and any(images.violations(InlineText(value), self._limits))
        ):
            raise ValueError("x-image")


class _ExactKeyword:
    """`x-exact` as a keyword of the validator. To JSON Schema a whole floating-point number is an integer."""

    def __init__(self, _parent: dict[str, Any], _value: bool, _location: list[str | int]) -> None:  # noqa: FBT001
        """Keeps nothing: the keyword has one meaning."""

    def validate(self, value: object) -> None:
        if isinstance(value, float) and value.is_integer():  # the type refuses any other
            raise ValueError("x-exact")


_KEYWORDS: dict[str, Any] = {"x-image": _ImageKeyword, "x-exact": _ExactKeyword}
# these say what a value is, and assert nothing: x-image judges the one, and the other is about programs that read it
_NAMED_FORMATS: dict[str, Any] = {"image-base64": lambda _: True, "int64": lambda _: True}


@cache
def _validator(schema_pointer: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {
            "$schema": _DIALECT,
            "$ref": quote(schema_pointer, safe="#/~"),
            **{key: document()[key] for key in ("components", "paths")},
        },
        validate_formats=True,
        ignore_unknown_formats=False,
        formats=_NAMED_FORMATS,
        keywords=_KEYWORDS,
        mask="value",
        offline=True,
    )


__all__ = [
    "BusinessCode",
    "CheckedRequest",
    "MediaAddress",
    "Operation",
    "Parameter",
    "addresses",
    "business_codes",
    "check",
    "document",
    "operation",
    "operations",
    "parameter_violations",
    "schema_violations",
    "violations",
]
