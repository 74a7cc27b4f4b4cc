"""Every keyword of the contract's requests that can refuse something, and what each of them says of a value.

A keyword is counted once for each way by which a request reaches it: a URL's pattern binds `callback_url` and
`video_url`, and a test of one shows nothing of the other. One that names several words (`required`, `enum`, ...) counts
once for each.

Judging is the oracle's (contract_tests/reading/oracle.py); this module only takes the schema apart, so that each
keyword is asked by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from contract_tests.reading import oracle
from kling_elements_runtime.document import Node, escaped, operations
from scripts.nodes import follow
from scripts.spec import SpecError

_ANY: Final = (object,)
_TEXT: Final = (str,)
_NUMBER: Final = (int, float)
_SINGLE: Final[dict[str, tuple[type, ...]]] = {  # what each says something about
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
_ELSEWHERE: Final = {"discriminator", "x-video"}  # part of oneOf; judged by files, not by requests
_SILENT: Final = {"title", "description", "default", "contentEncoding"} | {
    f"x-{name}" for name in ("source", "expected", "hints", "excluded", "enum-varnames")
}
_NAMING_FORMATS: Final = {"image-base64", "int64"}  # they say what a value is, and assert nothing
_LONGEST_SHOWN: Final = 40  # characters


@frozen
class Keyword:
    """A keyword, or one word of it, as one kind of request reaches it.

    Attributes:
        where: Its place in the document, as a JSON Pointer.
        route: The way to it, such as `createElement / image_refer / callback_url`.
        name: What it asks, such as `maxLength 20` or `required element_name`.
    """

    where: str
    route: str
    name: str


Mark: TypeAlias = tuple[Keyword, bool]
Ask: TypeAlias = Callable[[Any], Iterable[Mark]]


@frozen
class Shape:
    """A schema, taken apart.

    Attributes:
        keywords: The keywords that it and what it holds is made of.
        marks: What each of them says of a value, those that say nothing about its kind left out. A branch of several
            that is not taken says nothing either, unless none is.
    """

    keywords: tuple[Keyword, ...]
    marks: Ask = field(repr=False)


@frozen
class Requests:
    """What one operation takes.

    Attributes:
        parameters: By their names; each takes a list of no or one value.
        body: Takes the body; None where there is none.
        size: Takes the length of the body in bytes and the number of its values.
    """

    parameters: Mapping[str, Shape]
    body: Shape | None
    size: Shape | None

    @property
    def shapes(self) -> list[Shape]:
        """All of them."""
        return [shape for shape in (*self.parameters.values(), self.size, self.body) if shape is not None]


def requests(document: Node) -> dict[str, Requests]:
    """What each operation of a document takes, by its name.

    Raises:
        SpecError: There is a keyword that nobody here knows.
    """
    return {
        operation["operationId"]: _requests(document, f"#/paths/{escaped(path)}/{method}", operation)
        for path, method, operation in operations(document)
    }


def accepted(marks: Iterable[Mark]) -> bool:
    """Whether every keyword accepts."""
    return all(verdict for _, verdict in marks)


def _requests(document: Node, where: str, operation: Node) -> Requests:
    name = operation["operationId"]
    parameters = {}
    for index, node in enumerate(operation.get("parameters", ())):
        at = node.get("$ref", f"{where}/parameters/{index}")
        said = follow(document, at)
        parameters[said["name"]] = _parameter(document, at, f"{name} / {said['name']}", said)
    if "requestBody" not in operation:
        return Requests(parameters, None, None)
    at = f"{where}/requestBody/content/application~1json"
    return Requests(parameters, _shape(document, f"{at}/schema", name), _size(document, f"{at}/x-body-size", name))


def _parameter(document: Node, where: str, route: str, said: Node) -> Shape:
    schema = _shape(document, f"{where}/schema", route)
    if not said.get("required", False):
        return Shape(schema.keywords, lambda given: [mark for value in given for mark in schema.marks(value)])
    required = Keyword(f"{where}/required", route, "required")
    return Shape(
        (required, *schema.keywords),
        lambda given: [(required, bool(given)), *(mark for value in given for mark in schema.marks(value))],
    )


def _size(document: Node, where: str, route: str) -> Shape:
    limits = follow(document, where)
    names = ("max-bytes", "max-values")
    keywords = tuple(Keyword(f"{where}/{name}", route, f"{name} {limits[name]}") for name in names)
    most = [limits[name] for name in names]
    return Shape(keywords, lambda found: [(k, n <= m) for k, n, m in zip(keywords, found, most, strict=True)])


def _shape(document: Node, where: str, route: str) -> Shape:
    """A schema, taken apart, as a request reaches it by a route."""
    schema = follow(document, where)
    known = _SINGLE.keys() | _COMPOUND | _ELSEWHERE | _SILENT
    if unknown := sorted(schema.keys() - known):
        raise SpecError(f"{where}: nobody counts {', '.join(unknown)}")
    parts = [
        *_singles(schema, where, route),
        *_words(schema, where, route),
        *_inner(document, schema, where, route),
    ]
    return Shape(
        tuple(keyword for part in parts for keyword in part.keywords),
        lambda value: [mark for part in parts for mark in part.marks(value)],
    )


def _singles(schema: Node, where: str, route: str) -> Iterator[Shape]:
    """The keywords that ask one thing."""
    for name in schema.keys() & _SINGLE.keys():
        if name == "format" and schema[name] in _NAMING_FORMATS:
            continue
        keyword = Keyword(f"{where}/{name}", route, f"{name} {_shown(schema[name])}")
        properties = dict.fromkeys(schema.get("properties", ()), True)
        accepts = oracle.judge_of({name: schema[name], "properties": properties})
        yield Shape((keyword,), partial(_single, keyword, _SINGLE[name], accepts))


def _single(keyword: Keyword, kinds: tuple[type, ...], accepts: Callable[[Any], bool], value: Any) -> list[Mark]:
    applies = isinstance(value, kinds) and (kinds is not _NUMBER or not isinstance(value, bool))
    return [(keyword, accepts(value))] if applies else []


def _words(schema: Node, where: str, route: str) -> Iterator[Shape]:
    """The keywords that name several words. What is none of them is refused by each."""
    kinds = [] if {"enum", "const"} & schema.keys() else schema.get("type", [])  # beside these it says nothing
    if isinstance(kinds, str):
        yield _alternatives({_keyword(where, route, "type", kinds): oracle.judge_of({"type": kinds})})
    elif kinds:
        yield _alternatives(
            {_keyword(where, route, "type", kind, n): oracle.judge_of({"type": kind}) for n, kind in enumerate(kinds)}
        )
    if "enum" in schema:
        values = enumerate(schema["enum"])
        yield _alternatives({_keyword(where, route, "enum", v, n): oracle.judge_of({"const": v}) for n, v in values})
    for index, name in enumerate(schema.get("required", ())):
        keyword = _keyword(where, route, "required", name, index)
        yield Shape((keyword,), partial(_single, keyword, (dict,), oracle.judge_of({"required": [name]})))
    if "x-image" in schema:
        yield _image(schema["x-image"], f"{where}/x-image", route)


def _keyword(where: str, route: str, name: str, word: object, index: int | None = None) -> Keyword:
    return Keyword(f"{where}/{name}" + ("" if index is None else f"/{index}"), route, f"{name} {_shown(word)}")


def _alternatives(judges: dict[Keyword, Callable[[Any], bool]]) -> Shape:
    def marks(value: Any) -> list[Mark]:
        taken: list[Mark] = [(keyword, True) for keyword, accepts in judges.items() if accepts(value)]
        return taken or [(keyword, False) for keyword in judges]

    return Shape(tuple(judges), marks)


def _image(limits: Node, where: str, route: str) -> Shape:
    """The limits of an image file, the formats one by one."""
    formats = {
        name: Keyword(f"{where}/format/one-of/{index}", route, f"x-image format {name}")
        for index, name in enumerate(limits["format"]["one-of"])
    }
    others = {
        part: Keyword(f"{where}/{part}/{name}", route, f"x-image {part} {name} {_shown(limit)}")
        for part, inner in limits.items()
        if part != "format"
        for name, limit in inner.items()
        if name != "x-source"
    }

    def marks(value: Any) -> list[Mark]:
        if not isinstance(value, str):
            return []
        kind, said = oracle.judge_image(value, limits)
        found: list[Mark] = [(others[part], why is None) for part, why in said.items() if part in others]
        if said["format"] is None:
            return [*found, *((keyword, True) for name, keyword in formats.items() if name == kind)]
        return [*found, *((keyword, False) for keyword in formats.values())]

    return Shape((*formats.values(), *others.values()), marks)


def _inner(document: Node, schema: Node, where: str, route: str) -> Iterator[Shape]:
    """What leads to other schemas."""
    if "$ref" in schema:
        yield _shape(document, schema["$ref"], route)
    for name in schema.get("properties", ()):
        inner = _shape(document, f"{where}/properties/{escaped(name)}", f"{route} / {name}")
        yield Shape(inner.keywords, partial(_of_member, name, inner))
    if "items" in schema:
        inner = _shape(document, f"{where}/items", f"{route} / each")
        yield Shape(inner.keywords, partial(_of_items, inner))
    if "anyOf" in schema:
        yield _any_of(document, len(schema["anyOf"]), where, route)
    if "oneOf" in schema:
        yield _one_of(document, schema["discriminator"], where, route)


def _of_member(name: str, inner: Shape, value: Any) -> Iterable[Mark]:
    return inner.marks(value[name]) if isinstance(value, dict) and name in value else ()


def _of_items(inner: Shape, value: Any) -> Iterable[Mark]:
    """Of items that are the same, one speaks for all."""
    distinct = {repr(item): item for item in value} if isinstance(value, list) else {}
    return (mark for item in distinct.values() for mark in inner.marks(item))


def _any_of(document: Node, count: int, where: str, route: str) -> Shape:
    branches = {
        Keyword(at, route, f"anyOf, branch {number}"): _shape(document, at, route)
        for number, at in enumerate((f"{where}/anyOf/{index}" for index in range(count)), 1)
    }

    def marks(value: Any) -> list[Mark]:
        found = {keyword: list(branch.marks(value)) for keyword, branch in branches.items()}
        taken = {keyword: said for keyword, said in found.items() if accepted(said)}
        return [mark for keyword, said in (taken or found).items() for mark in [(keyword, bool(taken)), *said]]

    return Shape(_all_keywords(branches), marks)


def _one_of(document: Node, discriminator: Node, where: str, route: str) -> Shape:
    """Branches of which a property names one; the linter sees to it that the branches accept that name alone."""
    branches = {
        Keyword(f"{where}/discriminator/mapping/{value}", route, f"discriminator {value}"): _shape(
            document, target, f"{route} / {value}"
        )
        for value, target in discriminator["mapping"].items()
    }
    one_of = Keyword(f"{where}/oneOf", route, "oneOf")

    def marks(value: Any) -> list[Mark]:
        kind = value.get(discriminator["propertyName"]) if isinstance(value, dict) else None
        named = {keyword: branch for keyword, branch in branches.items() if keyword.name == f"discriminator {kind}"}
        said: list[Mark] = [(keyword, keyword in named) for keyword in named or branches]
        inner = [mark for branch in (named or branches).values() for mark in branch.marks(value)]
        return [*said, (one_of, bool(named) and accepted(inner)), *inner]

    return Shape((*_all_keywords(branches), one_of), marks)


def _all_keywords(branches: Mapping[Keyword, Shape]) -> tuple[Keyword, ...]:
    return tuple(each for keyword, branch in branches.items() for each in (keyword, *branch.keywords))


def _shown(value: object) -> str:
    """A keyword's value in a name; a number as people write it, and a long text cut."""
    text = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
