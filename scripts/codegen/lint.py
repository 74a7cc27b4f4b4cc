"""Check the OpenAPI file by house rules that no linter has: part of `make lint`, and the first step of `make gen`."""

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

_OF_RESPONSES = ("x-aliases", "x-envelope", "x-output-type")
_APPLIES_TO = {
    "string": {"minLength", "maxLength", "pattern", "format", "contentEncoding", "x-image", "x-unusable", "x-video"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", *_OF_RESPONSES, "x-excluded"},
    "integer": {"minimum", "maximum", "format", "x-exact"},
    "number": {"minimum", "maximum"},
    "boolean": set[str](),
    "null": set[str](),
}
_FOR_ANY = {
    *("$ref", "type", "const", "enum", "anyOf", "oneOf", "discriminator", "default", "title", "description"),
    *("x-source", "x-expected", "x-hints", "x-enum-varnames", "x-progress"),
}
_KEYWORDS = _FOR_ANY.union(*_APPLIES_TO.values())
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


def problems(document: Node) -> list[str]:
    """Return everything that is wrong with a document, as lines that begin with the place."""
    lines = [f"{where}: {problem}" for where, problem in _problems(document)]
    if "{" in document["servers"][0]["url"]:
        lines.append("#/servers/0: must be an address without variables: it is the client's default")
    return lines


def gateway_problems(documents: Mapping[str, Node]) -> list[str]:
    """Return everything that is wrong with the documents of gateways, each line with the name of the gateway."""
    return [
        f"gateways/{name}.yaml: {where}: {problem}"
        for name, document in documents.items()
        for where, problem in _problems(document)
    ]


def _problems(document: Node) -> Problems:
    """Find everything that is wrong with a document, whether it is the contract's or a gateway's."""
    for rule in _FIRST:
        if problems := list(rule(document)):
            yield from problems
            return
    for rule in RULES:
        yield from rule(document)


def _missing_parts(document: Node) -> Problems:
    """Find parts that are missing although the generated client reads them."""
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
    where, definition = operation.pointer(), operation.definition
    if "requestBody" in definition:
        request = definition["requestBody"]
        media_type = request.get("content", {}).get("application/json", {})
        if "x-source" not in request or "x-body-size" not in media_type:
            yield f"{where}/requestBody", "needs an x-source, and an x-body-size beside its JSON schema"
    for index, parameter in enumerate(definition.get("parameters", [])):
        if "x-source" not in {**document["paths"][operation.path], **definition, **resolve(document, parameter)}:
            yield f"{where}/parameters/{index}", "needs an x-source"
    try:
        success = resolve(document, {"$ref": operation.success_schema()})
    except (SpecError, ValueError):  # no such status, or no JSON
        yield f"{where}/responses", "needs a response of success, with JSON in the one that has the smallest status"
    else:
        if "x-envelope" not in success:
            yield f"{where}/responses/{operation.success_status()}", "needs an x-envelope in its schema"


def _business_codes(document: Node) -> Problems:
    """Find business codes with an incomplete row: client and mock server decide by these rows."""
    for code, row in document["x-business-codes"].items():
        where = f"#/x-business-codes/{code}"
        if not (isinstance(code, str) and code.isdigit()):
            yield where, "is not a code: write a number as a text"
        problems_of_row = list(_wrong_shapes(row, _BUSINESS_CODE, where))
        yield from problems_of_row
        if not problems_of_row and not (row["created"] in _CREATED and row["retry"] in _RETRY):
            yield where, f"created must be one of {sorted(_CREATED)}, and retry one of {sorted(_RETRY)}"


def _dialects(document: Node) -> Problems:
    """Find mistakes in the rows by which the mock server words refusals, and by which clients recognise them."""
    for path, method, operation in operations(document):
        for name in _REFUSALS:
            for index, row in enumerate(operation.get(name, ())):
                for problem in _refusal_problems(document, name, row):
                    yield "#" + pointer(["paths", path, method, name, index]), problem
        if (responses := operation.get("x-deletion")) is not None:
            yield from _deletion_problems(document, responses, "#" + pointer(["paths", path, method, "x-deletion"]))


def _deletion_problems(document: Node, responses: Node, where: str) -> Problems:
    if responses.keys() != document["x-dialects"].keys():
        yield where, "must have the same names as x-dialects"
    for name, response in responses.items():
        problems_of_response = list(_wrong_shapes(response, _DELETION, f"{where}/{name}"))
        yield from problems_of_response
        if not problems_of_response and response["example"] not in document["components"]["examples"]:
            yield f"{where}/{name}", f"{response['example']} is not one of the examples"


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


def _known_keywords(document: Node) -> Problems:
    """Find unknown keywords and formats: a validator ignores them, so a misspelt one would check nothing."""
    for where, schema in schemas(document):
        for keyword in schema.keys() - _KEYWORDS:
            yield where, f"unknown keyword {keyword}"
        if schema.get("format", "uri") not in _FORMATS:
            yield where, f"unknown format {schema['format']}"


def _known_extensions(document: Node) -> Problems:
    for where, node in walk(document):
        if isinstance(node, dict) and not _is_data(where):
            for name in (name for name in node if str(name).startswith("x-")):
                if name not in _EXTENSIONS:
                    yield where, f"unknown extension {name}"
                else:
                    yield from _wrong_shapes(node[name], _EXTENSIONS[name], f"{where}/{name}")


def _wrong_shapes(value: Any, shape: Any, where: str) -> Problems:
    if isinstance(shape, Mapping) and not isinstance(value, Mapping):
        yield where, "must be an object"
    elif isinstance(shape, Mapping):
        names = value.keys() - {"x-source"}
        if names != shape.keys():
            yield where, f"has {sorted(names)} instead of {sorted(shape)}"
        for name in names & shape.keys():
            yield from _wrong_shapes(value[name], shape[name], f"{where}/{name}")
    elif shape in (int, float) and (isinstance(value, bool) or not isinstance(value, shape) or value <= 0):
        yield where, "must be a positive number"
    elif not isinstance(value, shape):
        yield where, f"is of type {type(value).__name__}"


def _applicable_keywords(document: Node) -> Problems:
    """Find keywords that can never refuse anything: they hide a mistake, and no test can notice if they are gone."""
    for where, schema in schemas(document):
        declared = schema.get("type", [])
        kinds = sorted({declared} if isinstance(declared, str) else set(declared))
        applying = _FOR_ANY.union(*(_APPLIES_TO[kind] for kind in kinds))
        idle = (schema.keys() & _KEYWORDS) - applying if kinds else set()
        for keyword in sorted(idle):
            yield where, f"{keyword} has no effect on type {' or '.join(kinds)}"
        if not kinds and (bare := _NEEDS_TYPE & schema.keys()):
            yield where, f"{', '.join(sorted(bare))} needs a type, because every other type is accepted otherwise"
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        if values and not (kinds == ["string"] and all(isinstance(value, str) for value in values)):
            yield (
                where,
                "enum and const need texts and the type string beside them: other tools ignore them otherwise",
            )
        if 0 in (schema.get("minLength"), schema.get("minItems")):
            yield where, "a minimum of 0 refuses nothing"
        if "minLength" in schema and "pattern" in schema and not re.search(schema["pattern"], ""):
            yield where, "minLength has no effect beside a pattern that refuses the empty text"


def _consistent_keywords(document: Node) -> Problems:
    """Find keywords that belong together but are not together, or contradict each other."""
    for where, schema in schemas(document):
        if "format" in schema and not isinstance(schema.get("type"), str):
            yield where, "format needs one type beside it, because other tools drop it beside several"
        if "x-enum-varnames" in schema and len(schema["x-enum-varnames"]) != len(schema["enum"]):
            yield where, "x-enum-varnames and enum differ in length"
        asserts = "pattern" in schema or schema.get("format", "int64") != "int64"
        if ("x-expected" in schema) != asserts and "anyOf" not in schema:
            yield where, "x-expected and pattern or format go together"
        if schema.get("x-exact") is False:
            yield where, "x-exact must be true or absent, because nothing reads its value"
        properties = schema.get("properties", {})
        for name in sorted(set(schema.get("required", [])) - properties.keys()):
            yield where, f"requires {name}, which is not a property"
        for name in sorted(schema.get("x-excluded", {}).keys() & properties.keys()):
            yield where, f"x-excluded names {name}, which is allowed"


def _used_components(document: Node) -> Problems:
    used = {node["$ref"] for _, node in walk(document) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    for kind, components in document["components"].items():
        for name in components:
            if kind != "securitySchemes" and f"#/components/{kind}/{name}" not in used:
                yield f"#/components/{kind}/{name}", "is never used"


def _readable_by_others(document: Node) -> Problems:
    """Find what OpenAPI allows but openapi-generator, swagger-parser or Specmatic cannot read."""
    for where, node in walk(document):
        if isinstance(node, dict) and re.search("/links/[^/]+$", where) and "requestBody" in node:
            yield where, "a link with a requestBody is refused by openapi-generator"
        if isinstance(node, dict) and re.search("/variables/[^/]+$", where) and "description" in node:
            yield where, "a server variable with a description is refused by swagger-parser"
    for name, schema in document["components"]["schemas"].items():
        if "$ref" in schema:
            yield f"#/components/schemas/{name}", "a component that is a reference is dropped by many tools"


def _undescribed_properties(document: Node) -> Problems:
    """Find properties without a description, from which docstrings are made."""
    for where, schema in schemas(document):
        for name, member in schema.get("properties", {}).items():
            if "description" not in member and "description" not in resolve(document, member):
                yield f"{where}/properties/{name}", "has no description"


def _discriminator_problems(document: Node) -> Problems:
    """Find discriminators that do not select the branch that accepts a value, and branches that overlap."""
    for where, schema in schemas(document):
        if "oneOf" not in schema:
            continue
        mapping = schema.get("discriminator", {}).get("mapping", {})
        if set(mapping.values()) != {branch.get("$ref") for branch in schema["oneOf"]}:
            yield where, "the discriminator's mapping and the branches of oneOf differ"
            continue
        for value, reference in mapping.items():
            branch = follow(document, reference)
            name = schema["discriminator"]["propertyName"]
            if branch.get("properties", {}).get(name, {}).get("const") != value:
                yield where, f"the mapping sends {value} to {reference}, which has another {name}"
            elif name not in branch.get("required", []):
                yield where, f"{reference} does not require {name}, so the branches overlap"


def _closed_requests(document: Node) -> Problems:
    """Find requests that accept unknown properties, so that a misspelt one would be lost, and answers that do not."""
    definitions = [definition for _, _, definition in operations(document)]
    requests = {id(schema) for schema in reachable(document, [one.get("requestBody") for one in definitions])}
    responses = {id(schema) for schema in reachable(document, [one["responses"] for one in definitions])}
    for where, schema in schemas(document):
        if schema.get("type") == "object":
            if id(schema) in requests and schema.get("additionalProperties") is not False:
                yield where, "additionalProperties must be false in a request"
            if id(schema) in responses and schema.get("additionalProperties") is not True:
                yield where, "additionalProperties must be true in a response"


def _known_rules(document: Node) -> Problems:
    """Find names of rules that do not exist, and of keywords that are not there."""
    for where, rule in _named_rules(document):
        if rule not in document["x-rules"] and rule != "upstream":
            yield where, f"unknown rule {rule}"
    for where, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("x-source"), dict):
            for keyword in sorted(node["x-source"].keys() - node.keys()):
                yield f"{where}/x-source", f"names {keyword}, which is not there"


def _all_rules(document: Node) -> Problems:
    """Find rules that can be checked but are in no x-source."""
    used = {rule for _, rule in _named_rules(document)}
    for rule, meaning in document["x-rules"].items():
        if meaning["carried-by"] != "description" and rule not in used:
            yield f"#/x-rules/{rule}", "is in no x-source"


def _named_rules(document: Node) -> Iterator[tuple[str, str]]:
    for where, node in walk(document):
        if isinstance(node, dict) and not _is_data(where):
            for part in ("x-source", "x-excluded"):
                source = node.get(part, {})
                for rule in source.values() if isinstance(source, dict) else [source]:
                    yield f"{where}/{part}", rule


# each relies on the checks before it
_FIRST: tuple[Callable[[Node], Problems], ...] = (
    soundness.valid_openapi,
    _missing_parts,
    _known_extensions,
    _business_codes,
    _dialects,
)
RULES: tuple[Callable[[Node], Problems], ...] = (
    _known_keywords,
    _applicable_keywords,
    _consistent_keywords,
    _used_components,
    _readable_by_others,
    _undescribed_properties,
    _discriminator_problems,
    _closed_requests,
    soundness.valid_examples,
    _known_rules,
    _all_rules,
    prose.numbers_in_words,
    prose.codes_in_words,
    prose.plain_words,
    prose.rules_in_words,
    prose.named_branches,
    image_rules.room_for_images,
    image_rules.images_past_the_validator,
)


def _is_data(where: str) -> bool:
    """Return whether a place is inside an example's value or among the names of properties, which may be anything."""
    return "/value" in where or where.endswith("/properties")


def main() -> int:
    """Print what is wrong with the OpenAPI file, and return the exit code."""
    try:
        written = source()
        document = inline(written)
        overlays = gateways.overlays()
        lines = (
            problems(document)
            or [f"{where}: {problem}" for where, problem in soundness.more_problems(document)]
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
