"""Checks requests and answers against the OpenAPI document that ships with this package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import jsonschema_rs
from attrs import field, frozen

from . import explain, images
from .attachments import Attachments, MediaSchema, Place, StreamedBody, is_stand_in, media_places, place_of
from .errors import Violation
from .inline import InlineText
from .operations import (
    BusinessCode,
    Operation,
    Parameter,
    business_codes,
    document,
    operation,
    operations,
)
from .serialization import UnwritableError, checked_json

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
Content: TypeAlias = bytes | StreamedBody
_write_json: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_MOST_VIOLATIONS = 1_000  # more would help nobody, and a hostile body could ask for millions


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
    expected = _request_body(operation_id)
    rule, limits = expected.rule, expected.limits

    def refused(*found: Violation) -> CheckedRequest:
        return CheckedRequest(operation_id, None, list(found))

    attached = Attachments(expected.media_places, judge_media=judge_media)
    try:
        value, unwritable = checked_json(body, limits["max-values"], attached.take, attached.shortest_taken)
    except (UnwritableError, RecursionError) as error:
        return refused(
            Violation("", rule, str(error) if isinstance(error, UnwritableError) else "is nested too deeply")
        )
    if unwritable or not attached.are_readable:
        return refused(*(Violation(explain.place(path), rule, why) for path, why in unwritable), *attached.violations)

    text = _write_json(value).encode()
    content: Content = StreamedBody(text, attached.contents) if attached.contents else text
    found = schema_violations(expected.schema_pointer, value) + attached.violations
    if len(content) > limits["max-bytes"]:
        says = f"the body has {len(content)} bytes, at most {limits['max-bytes']} are allowed"
        found.insert(0, Violation("", limits["x-source"], says))
    return CheckedRequest(operation_id, content, found, value)


@frozen
class _RequestBody:
    """What the contract says of the body of one operation.

    Attributes:
        rule: Where it comes from that there is a body, and that it is JSON.
        limits: The object under `x-body-size`.
        schema_pointer: The reference to its schema.
        media_places: Where images and videos stand in it.
    """

    rule: str
    limits: dict[str, Any]
    schema_pointer: str
    media_places: Mapping[Place, MediaSchema]


@cache
def _request_body(operation_id: str) -> _RequestBody:
    """What is expected of a body.

    Raises:
        KeyError: The contract has no such operation, or the operation takes no body.
    """
    called = operation(operation_id)
    if "requestBody" not in called.definition:
        raise KeyError(f"the operation {operation_id!r} takes no body")
    request = called.definition["requestBody"]
    content = "application/json"
    schema = called.pointer("requestBody", "content", content, "schema")
    limits = request["content"][content]["x-body-size"]
    return _RequestBody(request["x-source"], limits, schema, media_places(document(), schema))


def addresses(checked: CheckedRequest) -> list[MediaAddress]:
    """Where the media lie that a request without violations names by their addresses."""
    places = _request_body(checked.operation_id).media_places
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
    schema, discriminator = _discriminated(schema_pointer)
    if discriminator is None:
        return _explained(schema_pointer, value)
    mapping: dict[str, str] = discriminator["mapping"]
    kind = value.get(discriminator["propertyName"]) if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in mapping:
        return _explained(mapping[kind], value)
    return _of_no_kind(schema, value)


@cache
def _discriminated(schema_pointer: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A schema, and what tells its branches apart if it has any."""
    schema: dict[str, Any] = explain.follow(document(), schema_pointer)
    return schema, schema.get("discriminator")


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
