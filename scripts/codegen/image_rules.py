"""The house rules of images in requests, which JSON Schema judges by their text, and the client by their files."""

from __future__ import annotations

import math

from kling_elements_runtime.document import Node, operations, pointer, subschemas
from scripts.codegen.soundness import Problems
from scripts.nodes import follow, schemas


def room_for_images(document: Node) -> Problems:
    """The length of a Base64 text follows from the size of the file, and both must say the same."""
    for where, schema in schemas(document):
        if "x-image" in schema:
            longest = -(-schema["x-image"]["file-size"]["max-bytes"] // 3) * 4
            if schema.get("maxLength") != longest:
                yield where, f"maxLength must be {longest}, the length of the largest file in Base64"
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        needed = _image_characters(document, content.get("schema", {}), frozenset())
        if needed and content["x-body-size"]["max-bytes"] < needed:
            place = ["paths", path, method, "requestBody", "content", "application/json", "x-body-size"]
            yield "#" + pointer(place), f"max-bytes must have room for images of {needed:.0f} characters"


def _image_characters(document: Node, schema: Node, on_the_way: frozenset[str]) -> float:
    """Return how many characters of images a value can hold; what a schema says of itself once more adds none."""
    if "x-image" in schema:
        return float(schema.get("maxLength", math.inf))
    held = [(steps[0], _image_characters(document, inner, on_the_way)) for steps, inner in subschemas(schema)]
    reference = schema.get("$ref")
    if reference is not None and reference not in on_the_way:
        held.append(("$ref", _image_characters(document, follow(document, reference), on_the_way | {reference})))
    choices = max((count for keyword, count in held if keyword not in ("properties", "items")), default=0)
    members = sum(count for keyword, count in held if keyword == "properties")
    items = sum(count * schema.get("maxItems", math.inf) for keyword, count in held if keyword == "items" and count)
    return float(choices + members + items)


def images_past_the_validator(document: Node) -> Problems:
    """The client takes large images out of a request before JSON Schema sees it, and judges them by these alone."""
    judged = {"type", "format", "contentEncoding", "pattern", "maxLength", "x-image"}
    for where, schema in schemas(document):
        if "x-image" in schema:
            if lost := schema.keys() - judged - {"title", "description", "x-source", "x-expected"}:
                yield where, f"{', '.join(sorted(lost))} would not be enforced beside x-image"
            if schema.get("contentEncoding") != "base64":
                yield where, "the contentEncoding beside x-image must be base64"
