"""Check requests and responses against an OpenAPI document, the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import jsonschema_rs
from attrs import field, frozen

from kling_elements_runtime import explain, image_headers
from kling_elements_runtime.attachments import (
    Attachments,
    MediaSchema,
    Place,
    Read,
    StreamedBody,
    is_placeholder,
    media_places,
    place_of,
)
from kling_elements_runtime.document import Document, Node, follow, place, resolve
from kling_elements_runtime.errors import MediaError, Violation
from kling_elements_runtime.image_limits import ImageLimits
from kling_elements_runtime.serialization import UnwritableError, to_json
from kling_elements_runtime.uploads import InlineText

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
RequestContent: TypeAlias = bytes | StreamedBody
_write_json: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
MAX_VIOLATIONS: Final = 1_000
"""The most violations that are listed. Nobody reads more, and a hostile body could have millions."""


@frozen
class MediaAddress:
    """A URL in a request that points to an image or a video.

    Attributes:
        pointer: The place of the URL in the body, as a JSON Pointer.
        keyword: `x-image` or `x-video`: the kind of media at the URL.
        url: The URL.
    """

    pointer: str
    keyword: str
    url: str = field(repr=False)


@frozen
class CheckedRequest:
    """A request body after its check.

    Attributes:
        contract: The contract that checked it.
        operation_id: The operation whose body this is.
        content: The JSON text to send, or None if the value cannot be written as JSON. Large images are encoded only
            while it is sent.
        violations: All violations of the contract in the body.
        value: The JSON value, with placeholders for large images, or None if it cannot be written as JSON.
        error: The error of a file that cannot be read, if the body breaks no rule.
    """

    contract: Contract = field(repr=False)
    operation_id: str
    content: RequestContent | None = field(repr=False)
    violations: list[Violation]
    value: Any = field(default=None, repr=False)
    error: MediaError | None = field(default=None, repr=False)


@frozen
class _RequestBody:
    """The rules for the request body of one operation.

    Attributes:
        rule: The rule that requires a body in JSON.
        limits: The object under `x-body-size`.
        schema_pointer: The reference to the schema of the body.
        media_places: The places of images and videos in the body.
    """

    rule: str
    limits: dict[str, Any]
    schema_pointer: str
    media_places: Mapping[Place, MediaSchema]


@frozen
class ExpectedResponse:
    """The rules for a successful response of one operation.

    Attributes:
        schema_pointer: The reference to its schema.
        envelope: The object under the schema's `x-envelope`.
        may_be_empty: Whether a response without a body also means success.
    """

    schema_pointer: str
    envelope: Node
    may_be_empty: bool


class Contract(Document):
    """An OpenAPI document that requests and responses are checked against. Thread-safe."""

    def __init__(self, document: Node | Callable[[], Node]) -> None:
        """Create a contract from a document, or from a function that loads it on first use."""
        super().__init__(document)
        self._response: Callable[[str], ExpectedResponse] = cache(self._read_response)
        self._request_body: Callable[[str], _RequestBody] = cache(self._read_request_body)
        self._discriminated: Callable[[str], tuple[Node, Node | None]] = cache(self._read_discriminated)
        self._validator: Callable[[str], jsonschema_rs.Validator] = cache(self._make_validator)

    def response(self, operation_id: str) -> ExpectedResponse:
        """Return the rules for an operation's successful response.

        Raises:
            KeyError: The contract has no such operation.
        """
        return self._response(operation_id)

    def violations(self, operation_id: str, body: object) -> list[Violation]:
        """Return every violation of the contract in a request body, 1,000 at most.

        Args:
            operation_id: The operation's `operationId`.
            body: The JSON value of the body, or a model.

        Raises:
            KeyError: The contract has no such operation, or the operation takes no body.
        """
        return self.check(operation_id, body).violations

    def check(
        self,
        operation_id: str,
        body: object,
        *,
        check_media: bool = True,
        strip_metadata: bool = False,
        read: Read | None = None,
    ) -> CheckedRequest:
        """Return the JSON text of a request body, and every violation of the contract in it.

        Args:
            operation_id: The operation's `operationId`.
            body: The JSON value of the body, or a model. You may give an image as a `pathlib.Path` or bytes.
            check_media: Whether to check the headers of images in the request. Their size in bytes is always checked.
            strip_metadata: Whether to send images in the request without their metadata.
            read: Returns the bytes of an image that is neither a string, a path nor bytes. If it raises a MediaError,
                the error becomes a violation.

        Raises:
            KeyError: The contract has no such operation, or the operation takes no body.
        """
        expected = self._request_body(operation_id)
        rule, limits = expected.rule, expected.limits
        attached = Attachments(
            expected.media_places, rule, check_media=check_media, strip_metadata=strip_metadata, read=read
        )
        try:
            value, unwritable = to_json(body, limits["max-values"], attached.take, attached.min_characters)
        except UnwritableError as error:
            return CheckedRequest(self, operation_id, None, [Violation("", rule, str(error))])
        if unwritable or not attached.are_readable:
            violations = [*(Violation(place(path), rule, why) for path, why in unwritable), *attached.violations]
            media_error = attached.error if len(violations) == 1 else None
            return CheckedRequest(self, operation_id, None, violations, error=media_error)

        text = _write_json(value).encode()
        content: RequestContent = StreamedBody(text, attached.contents) if attached.contents else text
        violations = self.schema_violations(expected.schema_pointer, value) + attached.violations
        if len(content) > limits["max-bytes"]:
            message = f"the body has {len(content)} bytes; at most {limits['max-bytes']} are allowed"
            violations.insert(0, Violation("", limits["x-source"], message))
        return CheckedRequest(self, operation_id, content, violations, value)

    def media_places(self, operation_id: str) -> Mapping[Place, MediaSchema]:
        """Return the places of images and videos in a request body, with the rules for each.

        Raises:
            KeyError: The contract has no such operation, or the operation takes no body.
        """
        return self._request_body(operation_id).media_places

    def addresses(self, checked: CheckedRequest) -> list[MediaAddress]:
        """Return the URLs of images and videos in a request without violations."""
        places = self.media_places(checked.operation_id)
        texts = ((path, places.get(place_of(path)), text) for path, text in _strings(checked.value, ()))
        # a string without a colon is Base64
        return [MediaAddress(place(path), media.keyword, text) for path, media, text in texts if media and ":" in text]

    def parameter_violations(self, operation_id: str, parameters: Mapping[str, object]) -> list[Violation]:
        """Return every violation of the contract in the parameters of a request.

        Args:
            operation_id: The operation's `operationId`.
            parameters: JSON values by the names of the parameters in the contract, without those that are not sent.

        Returns:
            Violations with pointers such as `/query/NAME` or `/path/NAME`.

        Raises:
            KeyError: The contract has no such operation, or it lacks one of the parameters.
        """
        operation = self.operation(operation_id)
        declared = {parameter.name: parameter for parameter in operation.parameters}
        if undeclared := parameters.keys() - declared.keys():
            raise KeyError(f"the operation {operation_id!r} has no parameter {', '.join(sorted(undeclared))}")
        missing = [
            p.violation((), "is missing") for p in operation.parameters if p.required and p.name not in parameters
        ]
        return missing + [
            Violation(
                declared[name].violation((), "").pointer + violation.pointer, declared[name].rule, violation.message
            )
            for name, value in parameters.items()
            for violation in self.schema_violations(declared[name].schema_pointer, value)
        ]

    def schema_violations(self, schema_pointer: str, value: object) -> list[Violation]:
        """Return every violation of a schema of the document in a JSON value."""
        schema, discriminator = self._discriminated(schema_pointer)
        if discriminator is None:
            return self._explain(schema_pointer, value)
        mapping: dict[str, str] = discriminator["mapping"]
        kind = value.get(discriminator["propertyName"]) if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in mapping:
            return self._explain(mapping[kind], value)
        return self._violations_without_branch(schema, value)

    def conforms(self, schema_pointer: str, value: object) -> bool:
        """Return whether a JSON value conforms to a schema. Unlike `schema_violations` it copies nothing."""
        return self._validator(schema_pointer).is_valid(value)

    def _violations_without_branch(self, schema: Node, value: object) -> list[Violation]:
        """Return the violations in a value whose discriminator is missing or unknown."""
        discriminator, rule = schema["discriminator"], schema["x-source"]
        mapping: dict[str, str] = discriminator["mapping"]
        shared = _violations_of_closest_branch([self._explain(branch, value) for branch in mapping.values()])
        if not isinstance(value, dict):
            return shared

        name, allowed = discriminator["propertyName"], explain.choice(mapping)
        if name in value:
            unclear = Violation(f"/{name}", rule, f"{allowed}, not {explain.excerpt(value[name])}")
        else:
            unclear = Violation("", rule, f"the property {name!r} is missing; it {allowed}")
        return [unclear, *(violation for violation in shared if violation.rule != rule)]

    def _explain(self, schema_pointer: str, value: object) -> list[Violation]:
        validator = self._validator(schema_pointer)
        if validator.is_valid(value):
            return []
        errors = validator.iter_errors(value)
        violations = (v for error in errors for v in explain.violations(self.document(), schema_pointer, error, value))
        return list(islice(_distinct(violations), MAX_VIOLATIONS))

    def _read_response(self, operation_id: str) -> ExpectedResponse:
        operation = self.operation(operation_id)
        schema_pointer = operation.success_schema()
        responses = operation.definition["responses"]
        may_be_empty = any(
            status.startswith("2") and "content" not in response for status, response in responses.items()
        )
        return ExpectedResponse(
            schema_pointer, resolve(self.document(), {"$ref": schema_pointer})["x-envelope"], may_be_empty
        )

    def _read_request_body(self, operation_id: str) -> _RequestBody:
        """Return the rules for the request body of an operation.

        Raises:
            KeyError: The contract has no such operation, or the operation takes no body.
        """
        operation = self.operation(operation_id)
        if "requestBody" not in operation.definition:
            raise KeyError(f"the operation {operation_id!r} takes no body")
        request = operation.definition["requestBody"]
        content = "application/json"
        schema = operation.pointer("requestBody", "content", content, "schema")
        limits = request["content"][content]["x-body-size"]
        return _RequestBody(request["x-source"], limits, schema, media_places(self.document(), schema))

    def _read_discriminated(self, schema_pointer: str) -> tuple[Node, Node | None]:
        """Return a schema, and its discriminator if it has one."""
        schema: Node = follow(self.document(), schema_pointer)
        return schema, schema.get("discriminator")

    def _make_validator(self, schema_pointer: str) -> jsonschema_rs.Validator:
        return jsonschema_rs.validator_for(
            {
                "$schema": _DIALECT,
                "$ref": quote(schema_pointer, safe="#/~"),
                **{key: self.document()[key] for key in ("components", "paths")},
            },
            validate_formats=True,
            ignore_unknown_formats=False,
            formats=_NAMED_FORMATS,
            keywords=_KEYWORDS,
            mask="value",
            offline=True,
        )


def _distinct(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield each violation once."""
    seen = set[Violation]()
    for violation in violations:
        if violation not in seen:
            seen.add(violation)
            yield violation


def _violations_of_closest_branch(branches: list[list[Violation]]) -> list[Violation]:
    """Return the violations of the branch that has fewest. If several do, return the violations that they share."""
    fewest = min(map(len, branches))
    closest, *others = [violations for violations in branches if len(violations) == fewest]
    places = [{(v.pointer, v.rule) for v in violations} for violations in others]
    return [v for v in closest if all((v.pointer, v.rule) in of_other for of_other in places)]


def _strings(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the strings within a JSON value, each with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _strings(inner, (*path, step))


class _ImageKeyword:
    """`x-image` as a keyword of the validator. It only accepts or refuses; `image_headers` has the messages."""

    def __init__(self, _parent: dict[str, Any], node: Node, _location: list[str | int]) -> None:
        self._limits = ImageLimits.of(node)

    def validate(self, value: object) -> None:
        if (
            isinstance(value, str)
            and not is_placeholder(value)
            and any(image_headers.violations(InlineText(value), self._limits))
        ):
            raise ValueError("x-image")


class _ExactKeyword:
    """`x-exact` as a keyword of the validator. In JSON Schema, a whole floating-point number is an integer."""

    def __init__(self, _parent: dict[str, Any], _value: bool, _location: list[str | int]) -> None:  # noqa: FBT001
        """Ignore the value of the keyword, which is always true."""

    def validate(self, value: object) -> None:
        if isinstance(value, float) and value.is_integer():  # the schema's type refuses any other float
            raise ValueError("x-exact")


_KEYWORDS: dict[str, Any] = {"x-image": _ImageKeyword, "x-exact": _ExactKeyword}
# These formats check nothing: `x-image` checks the first, and the second is for programs that read the value.
_NAMED_FORMATS: dict[str, Any] = {"image-base64": lambda _: True, "int64": lambda _: True}


__all__ = [
    "MAX_VIOLATIONS",
    "CheckedRequest",
    "Contract",
    "ExpectedResponse",
    "MediaAddress",
    "RequestContent",
]
