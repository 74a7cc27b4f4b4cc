"""Every keyword of the contract's requests that can refuse a value, and its verdict on a value.

A keyword counts once for each route by which a request reaches it: a URL's pattern constrains `callback_url` and
`video_url`, and a test of one proves nothing about the other. If a keyword has several words (`required`, `enum`, ...),
each of them counts.

The oracle (contract_tests/reading/oracle.py) checks the values. This module only splits the schema, so that the oracle
can check each keyword separately.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from contract_tests.reading import oracle
from kling_elements_runtime.document import Node, escape, operations
from scripts.nodes import follow
from scripts.spec import SpecError

_ANY: Final = (object,)
_TEXT: Final = (str,)
_NUMBER: Final = (int, float)
_SINGLE: Final[dict[str, tuple[type, ...]]] = {  # with the types that each applies to
    "const": _ANY,
    "minLength": _TEXT,
    "maxLength": _TEXT,
    "pattern": _TEXT,
    "format": _TEXT,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "x-exact": _NUMBER,
    "minItems": (list,),
    "maxItems": (list,),
    "additionalProperties": (dict,),
}
_COMPOUND: Final = {"$ref", "type", "enum", "required", "properties", "items", "anyOf", "oneOf", "x-image"}
_ELSEWHERE: Final = {"discriminator", "x-video"}  # part of oneOf; checked with files, not with requests
_SILENT: Final = {"title", "description", "default", "contentEncoding"} | {
    f"x-{name}" for name in ("source", "expected", "hints", "excluded", "enum-varnames")
}
_NAMING_FORMATS: Final = {"image-base64", "int64"}  # annotations that assert nothing
_MAX_SHOWN_LENGTH: Final = 40  # characters


@frozen
class Keyword:
    """A keyword, or one word of it, on one route from a request.

    Attributes:
        pointer: Its JSON Pointer in the document.
        route: The path of names that leads to it, such as `createElement / image_refer / callback_url`.
        name: Its requirement, such as `maxLength 20` or `required element_name`.
    """

    pointer: str
    route: str
    name: str


Mark: TypeAlias = tuple[Keyword, bool]
"""A keyword, and whether it accepts a value."""

Check: TypeAlias = Callable[[Any], Iterable[Mark]]
"""Returns the marks of the keywords that apply to a value."""


@frozen
class Shape:
    """A schema, split into keywords.

    Attributes:
        keywords: The keywords of the schema and of all schemas within it.
        marks: Returns the marks of a value. Keywords that do not apply to its type are left out, and so are branches
            that do not match, unless no branch does.
    """

    keywords: tuple[Keyword, ...]
    marks: Check = field(repr=False)


@frozen
class RequestKeywords:
    """The keywords of the requests of one operation.

    Attributes:
        parameters: The parameters by name. Each checks a list of zero or one value.
        body: Checks the body, or None if the operation has none.
        size: Checks the body's length in bytes and its number of values, or None if there is no body.
    """

    parameters: Mapping[str, Shape]
    body: Shape | None
    size: Shape | None

    @property
    def shapes(self) -> list[Shape]:
        """Return the shapes of parameters, size and body, if there are any."""
        return [shape for shape in (*self.parameters.values(), self.size, self.body) if shape is not None]


def request_keywords(document: Node) -> dict[str, RequestKeywords]:
    """Return the keywords of each operation of a document, by operation id.

    Raises:
        SpecError: If the document has a keyword that is unknown here.
    """
    return {
        operation["operationId"]: _requests(document, f"#/paths/{escape(path)}/{method}", operation)
        for path, method, operation in operations(document)
    }


def all_accept(marks: Iterable[Mark]) -> bool:
    """Return whether every keyword accepts."""
    return all(accepts for _, accepts in marks)


def _requests(document: Node, pointer: str, operation: Node) -> RequestKeywords:
    name = operation["operationId"]
    parameters = {}
    for index, node in enumerate(operation.get("parameters", ())):
        at = node.get("$ref", f"{pointer}/parameters/{index}")
        parameter = follow(document, at)
        parameters[parameter["name"]] = _parameter(document, at, f"{name} / {parameter['name']}", parameter)
    if "requestBody" not in operation:
        return RequestKeywords(parameters, None, None)
    at = f"{pointer}/requestBody/content/application~1json"
    return RequestKeywords(
        parameters, _shape(document, f"{at}/schema", name), _size(document, f"{at}/x-body-size", name)
    )


def _parameter(document: Node, pointer: str, route: str, parameter: Node) -> Shape:
    schema = _shape(document, f"{pointer}/schema", route)

    def marks(values: list[Any]) -> list[Mark]:
        return [mark for value in values for mark in schema.marks(value)]

    if not parameter.get("required", False):
        return Shape(schema.keywords, marks)
    required = Keyword(f"{pointer}/required", route, "required")
    return Shape((required, *schema.keywords), lambda values: [(required, bool(values)), *marks(values)])


def _size(document: Node, pointer: str, route: str) -> Shape:
    limits = follow(document, pointer)
    names = ("max-bytes", "max-values")
    keywords = tuple(Keyword(f"{pointer}/{name}", route, f"{name} {limits[name]}") for name in names)
    maxima = [limits[name] for name in names]

    def marks(sizes: tuple[int, int]) -> list[Mark]:
        return [(keyword, size <= maximum) for keyword, size, maximum in zip(keywords, sizes, maxima, strict=True)]

    return Shape(keywords, marks)


def _shape(document: Node, pointer: str, route: str) -> Shape:
    """Return a schema for one route, split into keywords."""
    schema = follow(document, pointer)
    handled_keywords = _SINGLE.keys() | _COMPOUND | _ELSEWHERE | _SILENT
    if unknown := sorted(schema.keys() - handled_keywords):
        raise SpecError(f"{pointer}: cannot count {', '.join(unknown)}; add it to tools/mutate/keywords.py")
    parts = [
        *_singles(schema, pointer, route),
        *_words(schema, pointer, route),
        *_inner(document, schema, pointer, route),
    ]
    return Shape(
        tuple(keyword for part in parts for keyword in part.keywords),
        lambda value: [mark for part in parts for mark in part.marks(value)],
    )


def _singles(schema: Node, pointer: str, route: str) -> Iterator[Shape]:
    """Yield the keywords that have one requirement."""
    for name in schema.keys() & _SINGLE.keys():
        if name == "format" and schema[name] in _NAMING_FORMATS:
            continue
        keyword = Keyword(f"{pointer}/{name}", route, f"{name} {_value_for_name(schema[name])}")
        properties = dict.fromkeys(schema.get("properties", ()), True)
        accepts = oracle.judge_of({name: schema[name], "properties": properties})
        yield Shape((keyword,), partial(_single, keyword, _SINGLE[name], accepts))


def _single(keyword: Keyword, kinds: tuple[type, ...], accepts: Callable[[Any], bool], value: Any) -> list[Mark]:
    applies = isinstance(value, kinds) and (kinds is not _NUMBER or not isinstance(value, bool))
    return [(keyword, accepts(value))] if applies else []


def _words(schema: Node, pointer: str, route: str) -> Iterator[Shape]:
    """Yield the keywords that have several words, each of which counts."""
    if not {"enum", "const"} & schema.keys():  # beside these, types have no effect
        yield from _types(schema.get("type", []), pointer, route)
    if "enum" in schema:
        values = enumerate(schema["enum"])
        yield _alternatives({_keyword(pointer, route, "enum", v, n): oracle.judge_of({"const": v}) for n, v in values})
    for index, name in enumerate(schema.get("required", ())):
        keyword = _keyword(pointer, route, "required", name, index)
        yield Shape((keyword,), partial(_single, keyword, (dict,), oracle.judge_of({"required": [name]})))
    if "x-image" in schema:
        yield _image(schema["x-image"], f"{pointer}/x-image", route)


def _types(types: str | list[str], pointer: str, route: str) -> Iterator[Shape]:
    if isinstance(types, str):
        yield _alternatives({_keyword(pointer, route, "type", types): oracle.judge_of({"type": types})})
    elif types:
        yield _alternatives(
            {_keyword(pointer, route, "type", name, n): oracle.judge_of({"type": name}) for n, name in enumerate(types)}
        )


def _keyword(pointer: str, route: str, name: str, word: object, index: int | None = None) -> Keyword:
    return Keyword(
        f"{pointer}/{name}" + ("" if index is None else f"/{index}"), route, f"{name} {_value_for_name(word)}"
    )


def _alternatives(judges: dict[Keyword, Callable[[Any], bool]]) -> Shape:
    """Return a choice of words. Matching words accept a value. Without a match, each word refuses it."""

    def marks(value: Any) -> list[Mark]:
        matches: list[Mark] = [(keyword, True) for keyword, accepts in judges.items() if accepts(value)]
        return matches or [(keyword, False) for keyword in judges]

    return Shape(tuple(judges), marks)


def _image(limits: Node, pointer: str, route: str) -> Shape:
    """Return the limits of an image file, one for each format and number."""
    formats = {
        name: Keyword(f"{pointer}/format/one-of/{index}", route, f"x-image format {name}")
        for index, name in enumerate(limits["format"]["one-of"])
    }
    others = {
        part: Keyword(f"{pointer}/{part}/{name}", route, f"x-image {part} {name} {_value_for_name(limit)}")
        for part, inner in limits.items()
        if part != "format"
        for name, limit in inner.items()
        if name != "x-source"
    }

    def marks(value: Any) -> list[Mark]:
        if not isinstance(value, str):
            return []
        kind, problems = oracle.judge_image(value, limits)
        marks_of_others: list[Mark] = [
            (others[part], problem is None) for part, problem in problems.items() if part in others
        ]
        if problems["format"] is None:
            return [*marks_of_others, *((keyword, True) for name, keyword in formats.items() if name == kind)]
        return [*marks_of_others, *((keyword, False) for keyword in formats.values())]

    return Shape((*formats.values(), *others.values()), marks)


def _inner(document: Node, schema: Node, pointer: str, route: str) -> Iterator[Shape]:
    """Yield the keywords of a schema's subschemas."""
    if "$ref" in schema:
        yield _shape(document, schema["$ref"], route)
    for name in schema.get("properties", ()):
        inner = _shape(document, f"{pointer}/properties/{escape(name)}", f"{route} / {name}")
        yield Shape(inner.keywords, partial(_marks_of_member, name, inner))
    if "items" in schema:
        inner = _shape(document, f"{pointer}/items", f"{route} / each")
        yield Shape(inner.keywords, partial(_marks_of_items, inner))
    if "anyOf" in schema:
        yield _any_of(document, len(schema["anyOf"]), pointer, route)
    if "oneOf" in schema:
        yield _one_of(document, schema["discriminator"], pointer, route)


def _marks_of_member(name: str, inner: Shape, value: Any) -> Iterable[Mark]:
    return inner.marks(value[name]) if isinstance(value, dict) and name in value else ()


def _marks_of_items(inner: Shape, value: Any) -> Iterable[Mark]:
    """Return the marks of a list's items. Equal items are checked once."""
    distinct = {repr(item): item for item in value} if isinstance(value, list) else {}
    return (mark for item in distinct.values() for mark in inner.marks(item))


def _any_of(document: Node, count: int, pointer: str, route: str) -> Shape:
    branches = {
        Keyword(at, route, f"anyOf, branch {number}"): _shape(document, at, route)
        for number, at in enumerate((f"{pointer}/anyOf/{index}" for index in range(count)), 1)
    }

    def marks(value: Any) -> list[Mark]:
        by_branch = {keyword: list(branch.marks(value)) for keyword, branch in branches.items()}
        matching = {keyword: inner for keyword, inner in by_branch.items() if all_accept(inner)}
        counted = matching or by_branch
        return [mark for keyword, inner in counted.items() for mark in [(keyword, bool(matching)), *inner]]

    return Shape(_all_keywords(branches), marks)


def _one_of(document: Node, discriminator: Node, pointer: str, route: str) -> Shape:
    """Return a choice by a property. The linter ensures that each branch accepts only its own value."""
    branches = {
        Keyword(f"{pointer}/discriminator/mapping/{value}", route, f"discriminator {value}"): _shape(
            document, target, f"{route} / {value}"
        )
        for value, target in discriminator["mapping"].items()
    }
    one_of = Keyword(f"{pointer}/oneOf", route, "oneOf")

    def marks(value: Any) -> list[Mark]:
        kind = value.get(discriminator["propertyName"]) if isinstance(value, dict) else None
        named = {keyword: branch for keyword, branch in branches.items() if keyword.name == f"discriminator {kind}"}
        counted = named or branches  # a value of no kind is refused by every branch
        inner = [mark for branch in counted.values() for mark in branch.marks(value)]
        return [
            *((keyword, bool(named)) for keyword in counted),
            (one_of, bool(named) and all_accept(inner)),
            *inner,
        ]

    return Shape((*_all_keywords(branches), one_of), marks)


def _all_keywords(branches: Mapping[Keyword, Shape]) -> tuple[Keyword, ...]:
    return tuple(inner for keyword, branch in branches.items() for inner in (keyword, *branch.keywords))


def _value_for_name(value: object) -> str:
    """Return a keyword's value for its name, with separators in numbers and long strings cut."""
    text = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_SHOWN_LENGTH else text[: _MAX_SHOWN_LENGTH - 1] + "…"
