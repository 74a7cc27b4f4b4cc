"""Check the parts of the contract about images in requests."""

from __future__ import annotations

import math

from kling_elements_runtime.document import Node, operations, pointer, subschemas
from scripts.codegen.soundness import Problems
from scripts.nodes import follow, schemas


def images_without_room(document: Node) -> Problems:
    """Find Base64 lengths that differ from that of the largest file, and bodies without room for the largest images."""
    for where, schema in schemas(document):
        if "x-image" in schema:
            longest = -(-schema["x-image"]["file-size"]["max-bytes"] // 3) * 4
            if schema.get("maxLength") != longest:
                yield where, f"maxLength must be {longest}, the length of the largest file in Base64"
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        image_characters = _image_characters(document, content.get("schema", {}), frozenset())
        if image_characters and content["x-body-size"]["max-bytes"] < image_characters:
            place = ["paths", path, method, "requestBody", "content", "application/json", "x-body-size"]
            yield "#" + pointer(place), f"max-bytes must have room for images of {image_characters:.0f} characters"


def _image_characters(document: Node, schema: Node, followed: frozenset[str]) -> float:
    """Return the number of image characters that a value can contain. Recursion is followed once."""
    if "x-image" in schema:
        return float(schema.get("maxLength", math.inf))
    counts = [(steps[0], _image_characters(document, inner, followed)) for steps, inner in subschemas(schema)]
    reference = schema.get("$ref")
    if reference is not None and reference not in followed:
        counts.append(("$ref", _image_characters(document, follow(document, reference), followed | {reference})))
    choices = max((count for keyword, count in counts if keyword not in ("properties", "items")), default=0)
    members = sum(count for keyword, count in counts if keyword == "properties")
    items = sum(count * schema.get("maxItems", math.inf) for keyword, count in counts if keyword == "items" and count)
    return float(choices + members + items)


def unenforced_image_keywords(document: Node) -> Problems:
    """Find keywords next to `x-image` that nothing enforces.

    The client takes large images out of a request before JSON Schema sees it, and checks only the keywords in
    `checked`.
    """
    checked = {"type", "format", "contentEncoding", "pattern", "maxLength", "x-image"}
    for where, schema in schemas(document):
        if "x-image" in schema:
            if keywords := schema.keys() - checked - {"title", "description", "x-source", "x-expected"}:
                yield where, f"{', '.join(sorted(keywords))} would not be enforced beside x-image"
            if schema.get("contentEncoding") != "base64":
                yield where, "the contentEncoding beside x-image must be base64"
