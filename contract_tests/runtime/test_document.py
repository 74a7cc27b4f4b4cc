"""JSON Pointers, references, operations and parameters of an OpenAPI document are read correctly."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements_runtime.document import (
    Document,
    at,
    follow,
    operations,
    pointer,
    references,
    resolve,
    steps,
    subschemas,
    walk,
)

_DOCUMENT: dict[str, Any] = {
    "a/b": {"~c": [{"d": 1}, {"$ref": "#/one"}]},
    "one": {"$ref": "#/two"},
    "two": {"type": "string"},
    "round": {"$ref": "#/circle"},
    "circle": {"$ref": "#/round"},
    "named": {"properties": {"$ref": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("text", "path"),
    [("", ()), ("/", ("",)), ("/a~1b/~0c/0", ("a/b", "~c", "0")), ("/~01", ("~1",)), ("//x", ("", "x"))],
)
def test_a_pointer_survives_reading_and_writing(text: str, path: tuple[str, ...]) -> None:
    """Tilde and slash are escaped and unescaped in the right order (RFC 6901)."""
    assert path == steps(text)
    assert text == pointer(path)


@pytest.mark.parametrize("text", ["a", "#/a", "a/b", " /a"])
def test_a_pointer_without_a_leading_slash_is_refused(text: str) -> None:
    """Otherwise it could be read as the whole document or as another place."""
    with pytest.raises(LookupError, match="begins with a slash"):
        steps(text)


def test_a_reference_is_followed_to_its_node() -> None:
    """A reference may lead through lists and escaped names. The empty pointer is the whole document."""
    assert 1 == follow(_DOCUMENT, "#/a~1b/~0c/0/d")
    assert _DOCUMENT is follow(_DOCUMENT, "#")


@pytest.mark.parametrize(
    "reference",
    ["#/three", "#/a~1b/~0c/2", "#/a~1b/~0c/x", "#/two/type/0/x", "X", "other.yaml#/two", "/two", "", "#two"],
)
def test_a_reference_to_a_missing_place_or_another_file_is_refused(reference: str) -> None:
    """A bare name is refused too."""
    with pytest.raises(LookupError, match=r"^.*: (?:no such place|a (?:reference must begin|JSON Pointer begins))"):
        follow(_DOCUMENT, reference)


def test_a_walk_yields_every_node_with_its_reference() -> None:
    """Each reference can be followed, whatever names it contains."""
    nodes = list(walk(_DOCUMENT))

    assert all(node is follow(_DOCUMENT, where) for where, node in nodes)
    assert {"#", "#/a~1b/~0c/0/d", "#/named/properties/$ref/type"} <= {where for where, _ in nodes}


def test_every_keyword_with_subschemas_is_searched() -> None:
    """Subschemas of subschemas are not listed."""
    inner = {"items": {"type": "string"}}
    schema = {"properties": {"a/b": inner}, "anyOf": [{}, inner], "oneOf": [inner], "items": inner, "enum": [inner]}

    assert ["/properties/a~1b", "/anyOf/0", "/anyOf/1", "/oneOf/0", "/items"] == [
        pointer(path) for path, _ in subschemas(schema)
    ]


def test_references_are_followed_to_the_end() -> None:
    """Each comes with its target. A property named `$ref` is not a reference."""
    node = {"$ref": "#/a~1b/~0c/1"}

    chain = [("#/a~1b/~0c/1", {"$ref": "#/one"}), ("#/one", {"$ref": "#/two"}), ("#/two", {"type": "string"})]
    assert chain == list(references(_DOCUMENT, node))
    assert {"type": "string"} == resolve(_DOCUMENT, node)
    assert [] == list(references(_DOCUMENT, {"$ref": {"type": "string"}}))
    assert 5 == resolve(_DOCUMENT, 5)


def test_circular_references_are_an_error() -> None:
    """The error names the reference that closes the circle."""
    with pytest.raises(LookupError, match=r"^#/circle: circular reference$"):
        resolve(_DOCUMENT, _DOCUMENT["round"])


def test_a_missing_place_in_a_value_is_none() -> None:
    """The test covers values of any type, because gateways send them at any place."""
    value = {"a": [{"b~": 1}], "c": None}

    assert [1, None, None, None, None] == [at(value, text) for text in ("/a/0/b~0", "/a/1", "/a/x", "/c/d", "/e")]


def _item(**operation: Any) -> dict[str, Any]:
    number = {"name": "number", "in": "query", "schema": {"type": "integer"}}
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}, number]
    return {
        "paths": {
            "/things/{id}": {
                "summary": "Things",
                "parameters": parameters,
                "x-source": "R1",
                "get": {"operationId": "getThing", "responses": {}, **operation},
                "delete": {"responses": {}},
            }
        },
        "components": {
            "parameters": {"Number": {**number, "schema": {"type": "string"}, "x-source": "R2"}},
            "schemas": {"Id": {"type": "string", "maxLength": 3}},
        },
    }


def test_only_entries_with_an_operation_id_are_operations() -> None:
    assert ["getThing"] == [definition["operationId"] for _, _, definition in operations(_item())]


def test_an_operation_includes_the_parameters_of_its_path() -> None:
    """Each parameter has its resolved schema and the pointer to it."""
    parameters = Document(_item()).operation("getThing").parameters

    where = "#/paths/~1things~1{id}/parameters"
    assert [("id", True, "R1", f"{where}/0/schema"), ("number", False, "R1", f"{where}/1/schema")] == [
        (parameter.name, parameter.required, parameter.rule, parameter.schema_pointer) for parameter in parameters
    ]
    assert {"type": "string", "maxLength": 3} == parameters[0].schema


def test_a_parameter_of_an_operation_overrides_that_of_its_path() -> None:
    """The parameter may also be a reference."""
    document = _item(parameters=[{"$ref": "#/components/parameters/Number"}])
    parameters = Document(document).operation("getThing").parameters

    assert [("id", "R1"), ("number", "R2")] == [(parameter.name, parameter.rule) for parameter in parameters]
    assert ("#/components/parameters/Number/schema", {"type": "string"}) == (
        parameters[1].schema_pointer,
        parameters[1].schema,
    )


def test_a_reader_runs_once_for_each_document() -> None:
    """The document caches its result."""
    seen: list[str] = []

    def reader(document: dict[str, Any]) -> str:
        seen.append(document["name"])
        return str(document["name"])

    first, second = Document({"name": "first"}), Document({"name": "second"})
    assert ["first", "second", "first"] == [document.read(reader) for document in (first, second, first)]
    assert ["first", "second"] == seen
