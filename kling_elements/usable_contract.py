"""Check that a contract contains everything that the clients read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from kling_elements.media_limits import ImageLimits, VideoLimits
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Document, Node, Operation, at, pointer, references, resolve, steps, walk

PAGE_NUMBER: Final = "pageNum"
"""The parameter that selects a page of a list. Its maximum is the number of the last page."""
_PLACES: Final = (
    "/servers/0/url",
    "/x-business-codes",
    "/x-dialects",
    "/components/schemas/HttpUrl",
    "/components/schemas/ImageReference/x-source",
    *(f"/components/schemas/{name}/{part}" for name in ("Task", "Element") for part in ("x-aliases", "properties")),
    "/components/schemas/Element/x-output-type",
    "/components/schemas/Element/properties/status/x-unusable",
)
"""The places that are read for any call."""
_REQUIRED: Final = ("createElement", "getElement")
"""The operations that every gateway must offer. If it lacks another one, only the calls that need it fail."""
_CODE_PARTS: Final = ("http-status", "meaning", "created", "retry")
_READERS: Final[dict[str, Callable[[Node], object]]] = {"x-image": ImageLimits.of, "x-video": VideoLimits.of}
_JSON: Final = "content/application~1json"
_BODY_PARTS: Final = ("x-source", *(f"{_JSON}/x-body-size/{part}" for part in ("x-source", "max-bytes", "max-values")))


def require_usable(contract: Contract) -> Contract:
    """Return a contract if it contains everything that the clients read. Limits, values, codes and paths may differ.

    Raises:
        ValueError: Something is missing, or a schema is invalid. The message lists all missing parts, but only the
            first one of each `x-image` and `x-video`.
    """
    if contract is CONTRACT:
        return contract
    if missing := contract.read(_missing_parts):
        raise ValueError(
            f"the contract lacks {', '.join(missing)}: begin with a copy of kling_elements_client.contract.document(), "
            "and change what differs"
        )
    if (reason := contract.read(_invalid_schema)) is not None:
        raise ValueError(
            f"the contract has a schema that is not valid JSON Schema: {reason}; correct it in your document or overlay"
        )
    return contract


def _invalid_schema(document: Node) -> str | None:
    """Return why requests or responses cannot be checked against a document, or None if they can."""
    contract = Contract(document)
    try:
        for operation in contract.operations().values():
            contract.conforms(operation.success_schema(), None)
            if "requestBody" in operation.definition:
                contract.violations(operation.operation_id, {})
    except ValueError as error:
        return " ".join(str(error).split())
    return None


def _missing_parts(document: Node) -> list[str]:
    try:
        for _, node in walk(document):
            resolve(document, node)  # raises if a reference has no target
        operations = Document(document).operations()
    except LookupError as error:
        return [f"operations that can be read ({error})"]
    missing = []
    places = [*_PLACES, *_places_in_schemas(document), *_incomplete_limits(document)]
    for name, package_operation in CONTRACT.operations().items():
        if name in operations:  # its path and its method may differ
            places += _places_of_operation(document, operations[name], package_operation)
        elif name in _REQUIRED:
            missing.append(f"the operation {name}")
    return [*missing, *dict.fromkeys(filter(None, (_first_missing_part(document, place) for place in places)))]


def _places_in_schemas(document: Node) -> Iterator[str]:
    """Yield the places of envelopes, statuses and codes. Without these, the response to a paid create is unreadable."""
    for name, schema in CONTRACT.document()["components"]["schemas"].items():
        for keyword in ("x-envelope", "x-progress"):
            yield from (f"/components/schemas/{name}/{keyword}/{part}" for part in schema.get(keyword, ()))
    for code in at(document, "/x-business-codes") or ():
        yield from (f"/x-business-codes/{code}/{part}" for part in _CODE_PARTS)


def _incomplete_limits(document: Node) -> Iterator[str]:
    """Yield the first missing place of each object with limits."""
    for reference, node in walk(document):
        if (read := _READERS.get(reference.rpartition("/")[2])) is not None:
            try:
                read(node)
            except LookupError as error:
                yield f"{reference[1:]}{error}"


def _places_of_operation(document: Node, operation: Operation, package_operation: Operation) -> Iterator[str]:
    """Yield the places in the body, response and parameters of an operation that the generated client calls."""
    base = operation.pointer()[1:]
    if "requestBody" in package_operation.definition:
        yield from (f"{base}/requestBody/{part}" for part in _BODY_PARTS)
        yield (schema := _resolve_place(document, f"{base}/requestBody/{_JSON}/schema"))
        if at(document, f"{schema}/discriminator"):
            yield from (f"{schema}/{part}" for part in ("x-source", "discriminator/mapping"))
    responses = at(operation.definition, "/responses") or ()
    status = operation.success_status() if any(code.startswith("2") for code in responses) else "2XX"
    yield _resolve_place(document, f"{base}/responses/{status}/{_JSON}/schema") + "/x-envelope"
    parameters = {parameter.name: parameter for parameter in operation.parameters}
    for name in (parameter.name for parameter in package_operation.parameters):
        if name not in parameters:
            yield f"{base}/parameters/{name}"
        elif name == PAGE_NUMBER:
            yield _resolve_place(document, parameters[name].schema_pointer[1:]) + "/maximum"


def _resolve_place(document: Node, place: str) -> str:
    """Follow the references at a place, and return the final place."""
    with suppress(LookupError):
        for reference, _ in references(document, {"$ref": f"#{place}"}):
            place = reference[1:]
    return place


def _first_missing_part(document: Node, place: str) -> str | None:
    """Return the outermost part of a place that the document lacks, or None if the document contains the place."""
    parts = steps(place)
    pointers = (pointer(parts[:count]) for count in range(1, len(parts) + 1))
    return next((part for part in pointers if at(document, part) is None), None)
