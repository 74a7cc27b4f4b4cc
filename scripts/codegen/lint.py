"""Check the OpenAPI file against the rules of this project: part of `make lint`, and the first step of `make gen`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kling_elements_runtime.document import METHODS, Node, Operation, operations, pointer, walk
from scripts.codegen import gateways, image_rules, prose, soundness, sources
from scripts.codegen.soundness import Problems
from scripts.nodes import follow, reachable, resolve, schemas
from scripts.spec import SPEC, SpecError, inline, source

_RESPONSE_EXTENSIONS = ("x-aliases", "x-envelope", "x-output-type")
_APPLIES_TO = {
    "string": {"minLength", "maxLength", "pattern", "format", "contentEncoding", "x-image", "x-unusable", "x-video"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", *_RESPONSE_EXTENSIONS, "x-excluded"},
    "integer": {"minimum", "maximum", "format", "x-exact"},
    "number": {"minimum", "maximum"},
    "boolean": set[str](),
    "null": set[str](),
}
_ANY_TYPE = {
    *("$ref", "type", "const", "enum", "anyOf", "oneOf", "discriminator", "default", "title", "description"),
    *("x-source", "x-expected", "x-hints", "x-enum-varnames", "x-progress"),
}
_KEYWORDS = _ANY_TYPE.union(*_APPLIES_TO.values())
_NEEDS_TYPE = {"minLength", "maxLength", "pattern", "minItems", "maxItems", "required"}
_FORMATS = {"uri", "image-base64", "int64"}
_BUSINESS_CODE = {"http-status": int, "meaning": str, "created": str, "retry": str}
_CREATED = {"never", "perhaps", "earlier"}
_RETRY = {"never", "after-waiting", "after-look-up"}

_REFUSALS = ("x-absent", "x-duplicate", "x-too-many", "x-deleted-already")
_REFUSAL = {"dialect", "code", "message-matches", "message"}
_UNIQUE_OVER = {"account", "user"}
_DELETION = {"example": str, "remains": bool}

# The type of each extension; a nested mapping is an object with exactly these names besides its x-source.
_EXTENSIONS: dict[str, Any] = {
    "x-source": (str, dict),
    "x-expected": str,
    "x-hints": dict,
    "x-excluded": dict,
    "x-enum-varnames": list,
    "x-rules": dict,
    "x-business-codes": dict,
    "x-dialects": dict,
    "x-ids": {"task": str, "element": str},
    **dict.fromkeys(_REFUSALS, list),
    "x-deletion": dict,
    "x-aliases": dict,
    "x-progress": {"pending": list, "succeeded": list, "failed": list},
    "x-unusable": list,
    "x-output-type": str,
    "x-exact": bool,
    "x-body-size": {"max-bytes": int, "max-values": int},
    "x-envelope": {
        **dict.fromkeys(("code", "error"), str),
        **dict.fromkeys(("success-codes", "task-ids", "task-ids-of-other-codes", "task-ids-of-failures"), list),
        **dict.fromkeys(("tasks", "lists"), list),
    },
    "x-image": {
        "format": {"one-of": list},
        "file-size": {"max-bytes": int},
        "displayed-sides": {"min-px": int},
        "aspect-ratio": {"max-long-to-short": float},
    },
    "x-video": {
        "container": {"one-of": list},
        "duration": {"min-seconds": int, "max-seconds": int, "tolerance-frames": int},
        "displayed-size": {"one-of-px": list, "pixel-aspect": str},
        "file-size": {"max-bytes": int},
    },
}


def find_problems(document: Node) -> list[str]:
    """Return the problems of a document, one line each. A line begins with the place."""
    lines = [f"{place}: {problem}" for place, problem in _problems(document)]
    if "{" in document["servers"][0]["url"]:
        lines.append("#/servers/0: must be an address without variables: it is the client's default")
    return lines


def gateway_problems(documents: Mapping[str, Node]) -> list[str]:
    """Return the problems of the gateways' documents, one line each. A line begins with the overlay's name."""
    return [
        f"gateways/{name}.yaml: {place}: {problem}"
        for name, document in documents.items()
        for place, problem in _problems(document)
    ]


def _problems(document: Node) -> Problems:
    """Yield the problems of a document, either the contract or a gateway's document."""
    for rule in _BASIC_RULES:
        if problems := list(rule(document)):
            yield from problems
            return
    for rule in RULES:
        yield from rule(document)


def _missing_parts(document: Node) -> Problems:
    """Find parts that the generated client needs but the document lacks."""
    for name in ("x-rules", "x-business-codes", "x-dialects"):
        if not isinstance(document.get(name), dict):
            yield f"#/{name}", "is missing"
    for path, item in document["paths"].items():
        for method in sorted(item.keys() & METHODS):
            if "operationId" not in item[method]:
                yield "#" + pointer(["paths", path, method]), "needs an operationId"
    for path, method, operation in operations(document):
        yield from _missing_operation_parts(document, Operation(path, method, operation))


def _missing_operation_parts(document: Node, operation: Operation) -> Problems:
    place, definition = operation.pointer(), operation.definition
    if "requestBody" in definition:
        request = definition["requestBody"]
        media_type = request.get("content", {}).get("application/json", {})
        if "x-source" not in request or "x-body-size" not in media_type:
            yield f"{place}/requestBody", "needs an x-source, and an x-body-size beside its JSON schema"
    for index, parameter in enumerate(definition.get("parameters", [])):
        if "x-source" not in {**document["paths"][operation.path], **definition, **resolve(document, parameter)}:
            yield f"{place}/parameters/{index}", "needs an x-source"
    try:
        success = resolve(document, {"$ref": operation.success_schema()})
    except (SpecError, ValueError):  # no such status, or no JSON
        yield f"{place}/responses", "needs a response of success; the one with the smallest status must have JSON"
    else:
        if "x-envelope" not in success:
            yield f"{place}/responses/{operation.success_status()}", "needs an x-envelope in its schema"


def _business_code_problems(document: Node) -> Problems:
    """Find business codes with an incomplete or invalid row."""
    for code, row in document["x-business-codes"].items():
        place = f"#/x-business-codes/{code}"
        if not (isinstance(code, str) and code.isdigit()):
            yield place, "is not a code: write a number as a text"
        row_problems = list(_wrong_shapes(row, _BUSINESS_CODE, place))
        yield from row_problems
        if not row_problems and not (row["created"] in _CREATED and row["retry"] in _RETRY):
            yield place, f"created must be one of {sorted(_CREATED)}, and retry one of {sorted(_RETRY)}"


def _dialect_problems(document: Node) -> Problems:
    """Find mistakes in refusals and deletions, from which the mock server takes its words and clients their meaning."""
    for path, method, operation in operations(document):
        for name in _REFUSALS:
            for index, row in enumerate(operation.get(name, ())):
                for problem in _refusal_problems(document, name, row):
                    yield "#" + pointer(["paths", path, method, name, index]), problem
        if (responses := operation.get("x-deletion")) is not None:
            yield from _deletion_problems(document, responses, "#" + pointer(["paths", path, method, "x-deletion"]))


def _deletion_problems(document: Node, responses: Node, place: str) -> Problems:
    if responses.keys() != document["x-dialects"].keys():
        yield place, "must have the same names as x-dialects"
    for name, response in responses.items():
        response_problems = list(_wrong_shapes(response, _DELETION, f"{place}/{name}"))
        yield from response_problems
        if not response_problems and response["example"] not in document["components"]["examples"]:
            yield f"{place}/{name}", f"{response['example']} is not one of the examples"


def _refusal_problems(document: Node, name: str, row: Node) -> Iterator[str]:
    if not {"dialect", "code"} <= row.keys() <= _REFUSAL | {"unique-over"} or ("message" in row) != (
        "message-matches" in row
    ):
        yield "needs a dialect and a code, and either both of message and message-matches or neither"
        return
    if row["dialect"] not in document["x-dialects"]:
        yield f"{row['dialect']} is not in x-dialects"
    if str(row["code"]) not in document["x-business-codes"]:
        yield f"{row['code']} is not in x-business-codes"
    if "message" in row and not re.search(row["message-matches"], row["message"]):
        yield "message-matches does not match the message"
    if row.get("unique-over") not in (_UNIQUE_OVER if name == "x-duplicate" else (None,)):
        yield f"unique-over must be one of {sorted(_UNIQUE_OVER)} in x-duplicate, and is allowed only there"


def _unknown_keywords(document: Node) -> Problems:
    """Find unknown keywords and formats. A validator ignores them, so a misspelt one would check nothing."""
    for place, schema in schemas(document):
        for keyword in schema.keys() - _KEYWORDS:
            yield place, f"unknown keyword {keyword}"
        if schema.get("format", "uri") not in _FORMATS:
            yield place, f"unknown format {schema['format']}"


def _unknown_extensions(document: Node) -> Problems:
    for place, node in walk(document):
        if isinstance(node, dict) and not _is_data(place):
            for name in (name for name in node if str(name).startswith("x-")):
                if name not in _EXTENSIONS:
                    yield place, f"unknown extension {name}"
                else:
                    yield from _wrong_shapes(node[name], _EXTENSIONS[name], f"{place}/{name}")


def _wrong_shapes(value: Any, shape: Any, place: str) -> Problems:
    if isinstance(shape, Mapping) and not isinstance(value, Mapping):
        yield place, "must be an object"
    elif isinstance(shape, Mapping):
        names = value.keys() - {"x-source"}
        if names != shape.keys():
            yield place, f"has {sorted(names)} instead of {sorted(shape)}"
        for name in names & shape.keys():
            yield from _wrong_shapes(value[name], shape[name], f"{place}/{name}")
    elif shape in (int, float) and (isinstance(value, bool) or not isinstance(value, shape) or value <= 0):
        yield place, "must be a positive number"
    elif not isinstance(value, shape):
        yield place, f"is of type {type(value).__name__}"


def _keywords_without_effect(document: Node) -> Problems:
    """Find keywords that never refuse a value. They hide mistakes, because no test would miss them."""
    for place, schema in schemas(document):
        declared = schema.get("type", [])
        kinds = sorted({declared} if isinstance(declared, str) else set(declared))
        applying = _ANY_TYPE.union(*(_APPLIES_TO[kind] for kind in kinds))
        without_effect = (schema.keys() & _KEYWORDS) - applying if kinds else set()
        for keyword in sorted(without_effect):
            yield place, f"{keyword} has no effect on type {' or '.join(kinds)}"
        if not kinds and (keywords := _NEEDS_TYPE & schema.keys()):
            yield place, f"{', '.join(sorted(keywords))} needs a type, because every other type is accepted otherwise"
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        if values and not (kinds == ["string"] and all(isinstance(value, str) for value in values)):
            yield (
                place,
                "enum and const need texts and the type string beside them: other tools ignore them otherwise",
            )
        if 0 in (schema.get("minLength"), schema.get("minItems")):
            yield place, "a minimum of 0 refuses nothing"
        if "minLength" in schema and "pattern" in schema and not re.search(schema["pattern"], ""):
            yield place, "minLength has no effect beside a pattern that refuses the empty text"


def _inconsistent_keywords(document: Node) -> Problems:
    """Find keywords that lack their companion or contradict each other."""
    for place, schema in schemas(document):
        if "format" in schema and not isinstance(schema.get("type"), str):
            yield place, "format needs one type beside it, because other tools drop it beside several"
        if "x-enum-varnames" in schema and len(schema["x-enum-varnames"]) != len(schema["enum"]):
            yield place, "x-enum-varnames and enum differ in length"
        asserts = "pattern" in schema or schema.get("format", "int64") != "int64"
        if ("x-expected" in schema) != asserts and "anyOf" not in schema:
            yield place, "x-expected and pattern or format go together"
        if schema.get("x-exact") is False:
            yield place, "x-exact must be true or absent, because nothing reads its value"
        properties = schema.get("properties", {})
        for name in sorted(set(schema.get("required", [])) - properties.keys()):
            yield place, f"requires {name}, which is not a property"
        for name in sorted(schema.get("x-excluded", {}).keys() & properties.keys()):
            yield place, f"x-excluded contains {name}, which is allowed"


def _undescribed_properties(document: Node) -> Problems:
    """Find properties without a description, because docstrings are generated from descriptions."""
    for place, schema in schemas(document):
        for name, member in schema.get("properties", {}).items():
            if "description" not in member and "description" not in resolve(document, member):
                yield f"{place}/properties/{name}", "has no description: add one, because docstrings are made from it"


def _discriminator_problems(document: Node) -> Problems:
    """Find discriminators that do not select the branch that accepts a value, and branches that overlap."""
    for place, schema in schemas(document):
        if "oneOf" not in schema:
            continue
        mapping = schema.get("discriminator", {}).get("mapping", {})
        if set(mapping.values()) != {branch.get("$ref") for branch in schema["oneOf"]}:
            yield place, "the discriminator's mapping and the branches of oneOf differ"
            continue
        for value, reference in mapping.items():
            branch = follow(document, reference)
            name = schema["discriminator"]["propertyName"]
            if branch.get("properties", {}).get(name, {}).get("const") != value:
                yield place, f"the mapping sends {value} to {reference}, which has another {name}"
            elif name not in branch.get("required", []):
                yield place, f"{reference} does not require {name}, so the branches overlap"


def _open_requests(document: Node) -> Problems:
    """Find requests that accept unknown properties, and responses that don't.

    In a request, a misspelt property would be lost; a response may gain properties at any time.
    """
    definitions = [definition for _, _, definition in operations(document)]
    requests = {
        id(schema) for schema in reachable(document, [definition.get("requestBody") for definition in definitions])
    }
    responses = {id(schema) for schema in reachable(document, [definition["responses"] for definition in definitions])}
    for place, schema in schemas(document):
        if schema.get("type") == "object":
            if id(schema) in requests and schema.get("additionalProperties") is not False:
                yield place, "additionalProperties must be false in a request"
            if id(schema) in responses and schema.get("additionalProperties") is not True:
                yield place, "additionalProperties must be true in a response"


def _unknown_rules(document: Node) -> Problems:
    """Find sources that name an unknown rule or a missing keyword."""
    for place, rule in _rules_in_sources(document):
        if rule not in document["x-rules"] and rule != "upstream":
            yield place, f"unknown rule {rule}"
    for place, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("x-source"), dict):
            for keyword in sorted(node["x-source"].keys() - node.keys()):
                yield f"{place}/x-source", f"names {keyword}, which the object does not have"


def _unused_rules(document: Node) -> Problems:
    """Find rules that no x-source names although they can be checked."""
    used = {rule for _, rule in _rules_in_sources(document)}
    for rule, meaning in document["x-rules"].items():
        if meaning["carried-by"] != "description" and rule not in used:
            yield f"#/x-rules/{rule}", "is in no x-source: add one at the place that enforces the rule"


def _rules_in_sources(document: Node) -> Iterator[tuple[str, str]]:
    for place, node in walk(document):
        if isinstance(node, dict) and not _is_data(place):
            for part in ("x-source", "x-excluded"):
                source = node.get(part, {})
                for rule in source.values() if isinstance(source, dict) else [source]:
                    yield f"{place}/{part}", rule


# each of these relies on the ones before it
_BASIC_RULES: tuple[Callable[[Node], Problems], ...] = (
    soundness.invalid_openapi,
    _missing_parts,
    soundness.repeated_operations,
    _unknown_extensions,
    _business_code_problems,
    _dialect_problems,
)
RULES: tuple[Callable[[Node], Problems], ...] = (
    _unknown_keywords,
    _keywords_without_effect,
    _inconsistent_keywords,
    soundness.unused_components,
    soundness.unreadable_by_others,
    _undescribed_properties,
    _discriminator_problems,
    _open_requests,
    soundness.invalid_examples,
    _unknown_rules,
    _unused_rules,
    prose.missing_numbers,
    prose.missing_codes,
    prose.unexplained_names,
    prose.missing_rules,
    prose.untitled_branches,
    image_rules.images_without_room,
    image_rules.unenforced_image_keywords,
)


def _is_data(place: str) -> bool:
    """Return whether a place is in an example's value or among the names of properties, which are both arbitrary."""
    return "/value" in place or place.endswith("/properties")


def main() -> int:
    """Print the problems of the OpenAPI file, and return the exit code."""
    try:
        written = source()
        document, overlays = inline(written), gateways.overlays()
        lines = (
            find_problems(document)
            or [f"{place}: {problem}" for place, problem in soundness.spec_validator_problems(document)]
            or gateway_problems(gateways.documents(written, overlays))
            or sources.problems(sources.PAGE.read_text("utf-8"), document, overlays)
        )
    except SpecError as error:
        lines = [str(error)]
    print(*lines, sep="\n", end="\n" if lines else "")
    print(f"{SPEC.name}: {len(lines)} problems")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
