"""Check requests with code that the client doesn't share: python-jsonschema and a separate reading of pictures.

It reads the schema from openapi/kling-elements.yaml. It does not use the code with which the client and the mock server
apply that schema.
"""

from __future__ import annotations

import binascii
import json
import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

from contract_tests.reading.image_header import UnreadableHeaderError, read_header
from contract_tests.reading.uri import is_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema.protocols import Validator

    Keyword: TypeAlias = Callable[[Validator, Any, Any, Mapping[str, Any]], Iterator[ValidationError]]

_SPEC = Path(__file__).parents[2] / "openapi" / "kling-elements.yaml"
_OPERATION = "createElement"
_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

_PATTERN_TOKEN = re.compile(r"(\\.|\[(?:\\.|[^\]\\])*\])|\$", re.DOTALL)
_FORMATS: dict[str, Callable[[str], bool]] = {
    "uri": is_uri,
    "image-base64": lambda _: True,  # x-image checks it
    "int64": lambda _: True,  # about numbers, and it only names them
}


class Oracle:
    """Checks bodies of one operation by an OpenAPI document."""

    def __init__(self, document: dict[str, Any], operation_id: str = _OPERATION) -> None:
        """Read the operation's request schema and body limit from the document."""
        pointer, media_type = _json_body(document, operation_id)
        resource = DRAFT202012.create_resource(document)
        self._max_bytes: int = media_type["x-body-size"]["max-bytes"]
        self._max_values: int = media_type["x-body-size"]["max-values"]
        self._validator = _StrictValidator(
            {"$ref": f"urn:contract#{pointer}/schema"},
            registry=Registry[Any]().with_resource("urn:contract", resource),
        )

    def refusals(self, body: object) -> list[str]:
        """Return the reasons why the body is refused, one line each with the place first; empty if it is accepted."""
        try:
            text = json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
            sent = text.encode()
            same = json.loads(text) == body
        except (TypeError, ValueError, RecursionError) as error:
            return [f"the body cannot be JSON ({type(error).__name__})"]
        if not same:
            return ["the body is not what its JSON is read as"]
        if len(sent) > self._max_bytes:
            return [f"the body has {len(sent)} bytes"]
        if count(body) > self._max_values:
            return ["the body has too many values"]
        return [
            f"{place} fails {leaf.validator}"
            for error in self._validator.iter_errors(body)
            for leaf in _leaves(error)
            for place in _places(leaf)
        ]

    def accepts(self, body: object) -> bool:
        """Return whether the body is accepted."""
        return not self.refusals(body)


@cache
def _spec() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(_SPEC)
    items = document["components"].pop("pathItems")
    document["paths"] = {path: items[item["$ref"].rpartition("/")[2]] for path, item in document["paths"].items()}
    return document


@cache
def _of_the_spec(operation_id: str) -> Oracle:
    return Oracle(_spec(), operation_id)


def refusals(body: object, operation_id: str = _OPERATION) -> list[str]:
    """Return the reasons why the contract refuses a body of an operation, one line each; empty if it is accepted."""
    return _of_the_spec(operation_id).refusals(body)


def accepts(body: object, operation_id: str = _OPERATION) -> bool:
    """Return whether the contract accepts a body of an operation."""
    return _of_the_spec(operation_id).accepts(body)


def accepts_parameters(values: Mapping[str, object], operation_id: str, document: dict[str, Any] | None = None) -> bool:
    """Return whether a document accepts JSON values as the parameters of an operation; by default, the contract.

    Each value must belong to one of them.
    """
    document = document or _spec()
    _, _, operation = _operation(document, operation_id)
    declared = [_resolve(document, parameter) for parameter in operation["parameters"]]
    schemas = {parameter["name"]: parameter["schema"] for parameter in declared}
    required = {parameter["name"] for parameter in declared if parameter.get("required")}
    try:
        json.dumps(values, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return required <= values.keys() and all(
        _StrictValidator(schemas[name]).is_valid(value) for name, value in values.items()
    )


def judge_of(schema: Mapping[str, Any]) -> Callable[[object], bool]:
    """Return a function that returns whether a schema without references accepts a JSON value."""
    accepts: Callable[[object], bool] = _StrictValidator(schema).is_valid
    return accepts


class ImageVerdict(NamedTuple):
    """The result of checking a string against the limits of an image.

    Attributes:
        format: The image's format, or None if the text is not an image.
        violations: The problem, or None, by the name of each limit that could be checked.
    """

    format: str | None
    violations: Mapping[str, str | None]


def judge_image(text: str, limits: Mapping[str, Any]) -> ImageVerdict:
    """Check a string against each of the contract's limits of an image."""
    size = base64_size(text)
    if size is None:
        return ImageVerdict(None, {"format": "is not Base64"})
    violations = {"file-size": f"has {size} bytes" if size > limits["file-size"]["max-bytes"] else None}
    try:
        header = read_header(binascii.a2b_base64(text))
    except UnreadableHeaderError as error:
        return ImageVerdict(None, violations | {"format": str(error)})
    short, long = sorted((header.width, header.height))
    longest = short * Fraction(str(limits["aspect-ratio"]["max-long-to-short"]))
    return ImageVerdict(
        header.format,
        violations
        | {
            "format": None if header.format in limits["format"]["one-of"] else f"is a {header.format}",
            "displayed-sides": f"has a side of {short} px" if short < limits["displayed-sides"]["min-px"] else None,
            "aspect-ratio": f"is {long} px to {short} px" if long > longest else None,
        },
    )


def exact_pattern(pattern: str) -> str:
    """Return a JSON Schema pattern for Python, whose `$` would also match before a final newline."""
    return _PATTERN_TOKEN.sub(lambda token: token[1] or r"\Z", pattern)


def base64_size(text: str) -> int | None:
    """Return the number of bytes in a strict Base64 string, or None if it is not one (RFC 4648, section 4)."""
    data = text.encode()
    padding = data.translate(None, _BASE64_ALPHABET)
    if len(data) % 4 or padding not in {b"", b"=", b"=="} or not data.endswith(padding):
        return None
    return len(data) // 4 * 3 - len(padding)


def count(value: object) -> int:
    """Return the number of JSON values in a value, including the value itself."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count, parts))


def _operation(document: dict[str, Any], operation_id: str) -> tuple[str, str, dict[str, Any]]:
    (match,) = (
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and operation.get("operationId") == operation_id
    )
    return match


def _resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].removeprefix("#/components/").split("/")
    component: dict[str, Any] = document["components"][kind][name]
    return component


def _json_body(document: dict[str, Any], operation_id: str) -> tuple[str, dict[str, Any]]:
    """Return the JSON Pointer of an operation's JSON body, and the value there."""
    path, method, operation = _operation(document, operation_id)
    escaped = path.replace("~", "~0").replace("/", "~1")
    pointer = f"/paths/{escaped}/{method}/requestBody/content/application~1json"
    return pointer, operation["requestBody"]["content"]["application/json"]


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Yield the errors that made all branches fail, or the error itself."""
    for cause in error.context or ():
        yield from _leaves(cause)
    if not error.context:
        yield error


def _places(leaf: ValidationError) -> list[str]:
    """Return the JSON Pointers that an error is about: a place, or each member that is not allowed there."""
    instance, schema = cast("Any", leaf.instance), cast("Any", leaf.schema)
    unknown = instance.keys() - schema["properties"].keys() if leaf.validator == "additionalProperties" else ()
    paths = [[*leaf.absolute_path, name] for name in unknown] or [[*leaf.absolute_path]]
    tokens = [[str(token).replace("~", "~0").replace("/", "~1") for token in path] for path in paths]
    return ["".join(f"/{token}" for token in path) or "the body" for path in tokens]


def _pattern(_: Validator, pattern: str, instance: object, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re.search(exact_pattern(pattern), instance, re.ASCII):
        yield ValidationError("does not match")


def _format(_: Validator, name: str, instance: object, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    holds = _FORMATS[name]  # an unknown format is an error in the contract or in this module
    if isinstance(instance, str) and not holds(instance):
        yield ValidationError(f"is not a valid {name}")


def _image(_: Validator, limits: Any, instance: object, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(instance, str):
        yield from (ValidationError(why) for why in judge_image(instance, limits).violations.values() if why)


def _exact(_: Validator, __: Any, instance: object, ___: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(instance, float):
        yield ValidationError("is not an exact number")


_KEYWORDS: dict[str, Keyword] = {"pattern": _pattern, "format": _format, "x-image": _image, "x-exact": _exact}
_StrictValidator = extend(Draft202012Validator, _KEYWORDS)  # type: ignore[no-untyped-call]
