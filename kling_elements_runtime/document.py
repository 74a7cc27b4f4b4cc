"""Read an OpenAPI document: its places, operations and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any, Final, TypeAlias, TypeVar

from attrs import field, frozen

from kling_elements_runtime.business_codes import (
    BusinessCode,
    DialectRefusal,
    read_business_codes,
    read_refusals,
)
from kling_elements_runtime.errors import Violation

Node: TypeAlias = dict[str, Any]
T = TypeVar("T")

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The names of operations in a path item, in the order of OpenAPI."""
MAX_EXCERPT = 80
"""The most characters of a caller's value that a message repeats."""
_MAX_CACHED_POINTERS = 1024  # all responses are read with the same few


def escape(name: object) -> str:
    """Escape a name for use in a JSON Pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")


def pointer(parts: Iterable[str | int]) -> str:
    """Return the JSON Pointer of a path."""
    return "".join(f"/{escape(part)}" for part in parts)


@lru_cache(maxsize=_MAX_CACHED_POINTERS)
def steps(json_pointer: str) -> tuple[str, ...]:
    """Return the names and indices of a JSON Pointer.

    Raises:
        LookupError: The string is not a JSON Pointer: it is not empty, and does not begin with a slash.
    """
    if json_pointer and not json_pointer.startswith("/"):
        raise LookupError(f"{json_pointer}: a JSON Pointer begins with a slash")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in json_pointer.split("/")[1:])


def place(path: Iterable[str | int]) -> str:
    """Return the JSON Pointer of a place in a request, cut before any name that is too long for a message."""
    return pointer(takewhile(lambda step: isinstance(step, int) or len(step) <= MAX_EXCERPT, path))


def follow(document: Node, reference: str) -> Any:
    """Return the node that a reference such as `#/components/schemas/Name` points to.

    Raises:
        LookupError: There is no such node, or it is in another document.
    """
    if not reference.startswith("#"):
        raise LookupError(f"{reference}: a reference must begin with #, because external documents are not supported")
    node: Any = document
    try:
        for name in steps(reference[1:]):
            node = node[int(name) if isinstance(node, list) else name]
    except (LookupError, TypeError, ValueError) as error:
        raise LookupError(f"{reference}: no such place in the document") from error
    return node


def at(value: Any, json_pointer: str) -> Any:
    """Return the part of a JSON value at a place such as `/data/id`, or None if there is no such place."""
    for name in steps(json_pointer):
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def resolve(document: Node, node: Any) -> Any:
    """Follow references from a node to one that is not a reference, and return that node.

    Raises:
        LookupError: See `references`.
    """
    for _, target in references(document, node):
        node = target
    return node


def references(document: Node, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the references from a node to its final target, each with the node that it points to.

    Raises:
        LookupError: A reference points to no node, or the references are circular.
    """
    visited = set[str]()
    while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
        if reference in visited:
            raise LookupError(f"{reference}: circular reference")
        visited.add(reference)
        node = follow(document, reference)
        yield reference, node


def with_inline_path_items(document: Node) -> Node:
    """Return a document with the shared path items of `components/pathItems` moved into `paths`.

    Overlays use such references to give a path item another path. All other code reads only `paths`.

    Raises:
        LookupError: See `references`.
    """
    components = document.get("components", {})
    if "pathItems" not in components:
        return document
    paths = {path: resolve(document, item) for path, item in document["paths"].items()}
    shared = {name: part for name, part in components.items() if name != "pathItems"}
    return {**document, "paths": paths, "components": shared}


def walk(node: Any, reference: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield a node and all nodes within it, each after a reference to it."""
    yield reference, node
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in inner:
        yield from walk(value, f"{reference}/{escape(step)}")


def subschemas(schema: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Yield the schemas directly within another one, each with the steps that lead to it. Don't follow references."""
    for name, inner in schema.get("properties", {}).items():
        yield ("properties", name), inner
    for keyword in ("anyOf", "oneOf"):
        for index, inner in enumerate(schema.get(keyword, ())):
            yield (keyword, str(index)), inner
    if "items" in schema:
        yield ("items",), schema["items"]


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield path, method and operation object of every operation of an API."""
    for path, item in document["paths"].items():
        for method, definition in item.items():
            if isinstance(definition, dict) and "operationId" in definition:
                yield path, method, definition


def rule_of(schemas: list[Node], keyword: str) -> str:
    """Return the rule of a keyword in the innermost of several nested schemas.

    The rule is the nearest `x-source`, or else the keyword.
    """
    innermost = schemas[-1].get("x-source", {})
    if isinstance(innermost, dict) and keyword in innermost:
        return str(innermost[keyword])
    sources = (schema.get("x-source") for schema in reversed(schemas))
    return next((source for source in sources if isinstance(source, str)), keyword)


@frozen
class Parameter:
    """A parameter of an operation, in its path or query.

    Attributes:
        name: Its name in the document.
        location: `path` or `query`.
        required: Whether it must not be left out.
        rule: The source of the parameter, as in the document's `x-source`.
        schema_pointer: The reference to its schema.
        schema: The schema.
    """

    name: str
    location: str
    required: bool
    rule: str
    schema_pointer: str
    schema: Node = field(repr=False)

    def violation(self, path: Iterable[str | int], message: str) -> Violation:
        """Return a violation at a place within the parameter's value."""
        return Violation(place((self.location, self.name, *path)), self.rule, message)


@frozen
class Operation:
    """An operation of the API.

    Attributes:
        path: The path template.
        method: The HTTP method, in lower case.
        definition: The operation object of the document.
        parameters: Its parameters in path and query.
    """

    path: str
    method: str
    definition: Node
    parameters: tuple[Parameter, ...] = ()

    @property
    def operation_id(self) -> str:
        """The operation's name in the contract."""
        return str(self.definition["operationId"])

    def success_status(self) -> str:
        """Return the HTTP status that means success: the lowest if there are several."""
        return min(str(status) for status in self.definition["responses"] if status.startswith("2"))

    def success_schema(self) -> str:
        """Return the reference to the schema of the response that means success."""
        return self.pointer("responses", self.success_status(), "content", "application/json", "schema")

    def pointer(self, *parts: str) -> str:
        """Return the reference to a part of the operation object."""
        return "#" + pointer(("paths", self.path, self.method, *parts))


class Document:
    """An OpenAPI document. Its parts are read once and cached; do not modify them."""

    def __init__(self, document: Node | Callable[[], Node]) -> None:
        """Create a document from its OpenAPI object, or from a function that loads the object on first use."""
        # these caches belong to the object, so that they are freed with it
        self._document: Callable[[], Node] = cache(document) if callable(document) else lambda: document
        self._operations: Callable[[], Mapping[str, Operation]] = cache(self._read_operations)
        self._business_codes: Callable[[], Mapping[int, BusinessCode]] = cache(
            lambda: read_business_codes(self.document())
        )
        self._refusals: Callable[[str, str], tuple[DialectRefusal, ...]] = cache(
            lambda operation_id, keyword: read_refusals(self.operation(operation_id).definition, keyword)
        )
        self._readings: dict[Callable[[Node], Any], Any] = {}

    def document(self) -> Node:
        """Return the OpenAPI document."""
        return self._document()

    def read(self, reader: Callable[[Node], T]) -> T:
        """Return the result of calling a function with the document. The result is cached.

        Args:
            reader: A function defined in a module, because the cache keeps a reference to it.
        """
        if reader not in self._readings:
            self._readings[reader] = reader(self.document())
        reading: T = self._readings[reader]
        return reading

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by their `operationId`."""
        return self._operations()

    def business_codes(self) -> Mapping[int, BusinessCode]:
        """Return the meanings of the business codes of errors, by their numbers."""
        return self._business_codes()

    def business_code(self, code: int | str | None) -> BusinessCode | None:
        """Return the meaning of a code, which may be a string, or None if the contract does not know the code."""
        if isinstance(code, str):
            code = int(code) if re.fullmatch("[0-9]{1,9}", code) else None
        return None if code is None else self.business_codes().get(code)

    def dialects(self) -> tuple[str, ...]:
        """Return the names of the dialects, the usual one first."""
        return tuple(self.document()["x-dialects"])

    def refusals(self, operation_id: str, keyword: str) -> tuple[DialectRefusal, ...]:
        """Return an operation's refusals of one kind, in the order of the document.

        Args:
            operation_id: The operation.
            keyword: The extension of the operation that lists refusals of this kind, such as `x-absent`.

        Raises:
            KeyError: The contract has no such operation.
        """
        return self._refusals(operation_id, keyword)

    def means(
        self,
        operation_id: str,
        keyword: str,
        code: int | str | None,
        message: str | None,
        *,
        only_worded: bool = False,
    ) -> bool:
        """Return whether a response to an operation is this kind of refusal, in any dialect; see `refusals`.

        If `only_worded` is true, the code is not enough: the message has to say so too.
        """
        row = self.business_code(code)
        known_code = None if row is None else row.code
        return any(
            refusal.fits(known_code, message)
            for refusal in self.refusals(operation_id, keyword)
            if not (only_worded and refusal.message is None)
        )

    def first_server(self) -> str:
        """Return the URL of the first server."""
        url: str = self.document()["servers"][0]["url"]
        return url

    def operation(self, operation_id: str) -> Operation:
        """Return the operation with this `operationId`.

        Raises:
            KeyError: The contract has no such operation.
        """
        operations = self.operations()
        if operation_id not in operations:
            raise KeyError(f"the contract has no operation {operation_id!r}; it has {', '.join(operations)}")
        return operations[operation_id]

    def _read_operations(self) -> dict[str, Operation]:
        return {
            definition["operationId"]: Operation(path, method, definition, tuple(self._parameters(path, method)))
            for path, method, definition in operations(self.document())
        }

    def _parameters(self, path: str, method: str) -> Iterator[Parameter]:
        document = self.document()
        item = document["paths"][path]
        own = {**item, **item[method]}
        merged: dict[tuple[str, str], Parameter] = {}  # the operation's own override those of its path
        for holder, base in ((item, ("paths", path)), (item[method], ("paths", path, method))):
            for index, node in enumerate(holder.get("parameters", ())):
                ends = [("#" + pointer((*base, "parameters", index)), node), *references(document, node)]
                reference, target = ends[-1]
                rule = target.get("x-source", own.get("x-source"))
                schema = resolve(document, target["schema"])
                merged[target["in"], target["name"]] = Parameter(
                    target["name"], target["in"], target.get("required", False), rule, f"{reference}/schema", schema
                )
        yield from merged.values()
