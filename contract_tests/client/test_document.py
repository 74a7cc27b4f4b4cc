"""JSON Pointers, references, operations and parameters of a document: the one walker that everything else uses."""

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
def test_a_pointer_is_read_as_it_is_written(text: str, path: tuple[str, ...]) -> None:
    """By RFC 6901: a tilde and a slash are escaped, and the order of that matters."""
    assert path == steps(text)
    assert text == pointer(path)


@pytest.mark.parametrize("text", ["a", "#/a", "a/b", " /a"])
def test_what_does_not_begin_with_a_slash_is_no_pointer(text: str) -> None:
    """It would be read as the whole document, or as another place."""
    with pytest.raises(LookupError, match="begins with a slash"):
        steps(text)


def test_a_reference_leads_to_a_node() -> None:
    """Also through lists and escaped names; the empty pointer is the document."""
    assert 1 == follow(_DOCUMENT, "#/a~1b/~0c/0/d")
    assert _DOCUMENT is follow(_DOCUMENT, "#")


@pytest.mark.parametrize(
    "reference",
    ["#/three", "#/a~1b/~0c/2", "#/a~1b/~0c/x", "#/two/type/0/x", "X", "other.yaml#/two", "/two", "", "#two"],
)
def test_a_reference_that_leads_nowhere_or_elsewhere_is_refused(reference: str) -> None:
    """Another file is elsewhere, and a bare name is not the document."""
    with pytest.raises(LookupError, match=r"^.*: (?:no such place|a (?:reference|JSON Pointer) begins)"):
        follow(_DOCUMENT, reference)


def test_a_walk_leads_to_each_node_and_says_where_it_is() -> None:
    """By a reference that can be followed, whatever the names on the way."""
    found = list(walk(_DOCUMENT))

    assert all(node is follow(_DOCUMENT, where) for where, node in found)
    assert {"#", "#/a~1b/~0c/0/d", "#/named/properties/$ref/type"} <= {where for where, _ in found}


def test_the_schemas_within_a_schema_are_found_wherever_they_may_be() -> None:
    """Under each keyword that leads to one, and no deeper."""
    inner = {"items": {"type": "string"}}
    schema = {"properties": {"a/b": inner}, "anyOf": [{}, inner], "oneOf": [inner], "items": inner, "enum": [inner]}

    assert ["/properties/a~1b", "/anyOf/0", "/anyOf/1", "/oneOf/0", "/items"] == [
        pointer(each) for each, _ in subschemas(schema)
    ]


def test_references_are_followed_to_the_end() -> None:
    """Each is shown with what it names; a property of the name `$ref` is none."""
    node = {"$ref": "#/a~1b/~0c/1"}

    chain = [("#/a~1b/~0c/1", {"$ref": "#/one"}), ("#/one", {"$ref": "#/two"}), ("#/two", {"type": "string"})]
    assert chain == list(references(_DOCUMENT, node))
    assert {"type": "string"} == resolve(_DOCUMENT, node)
    assert [] == list(references(_DOCUMENT, {"$ref": {"type": "string"}}))
    assert 5 == resolve(_DOCUMENT, 5)


def test_a_circle_of_references_ends() -> None:
    """With the reference that closes it."""
    with pytest.raises(LookupError, match=r"^#/circle: a reference to itself$"):
        resolve(_DOCUMENT, _DOCUMENT["round"])


def test_a_place_that_a_value_lacks_is_none() -> None:
    """Answers have been seen with anything in any place."""
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


def test_operations_are_those_that_have_a_name() -> None:
    """What else a path has is none of them."""
    assert ["getThing"] == [definition["operationId"] for _, _, definition in operations(_item())]


def test_an_operation_takes_the_parameters_of_its_path_too() -> None:
    """With the schema that is meant, and the pointer to it."""
    taken = Document(_item()).operation("getThing").parameters

    where = "#/paths/~1things~1{id}/parameters"
    assert [("id", True, "R1", f"{where}/0/schema"), ("number", False, "R1", f"{where}/1/schema")] == [
        (each.name, each.required, each.rule, each.schema_pointer) for each in taken
    ]
    assert {"type": "string", "maxLength": 3} == taken[0].schema


def test_a_parameter_of_the_operation_takes_the_place_of_its_paths() -> None:
    """One that is only referred to as well."""
    taken = Document(_item(parameters=[{"$ref": "#/components/parameters/Number"}])).operation("getThing").parameters

    assert [("id", "R1"), ("number", "R2")] == [(each.name, each.rule) for each in taken]
    assert ("#/components/parameters/Number/schema", {"type": "string"}) == (taken[1].schema_pointer, taken[1].schema)


def test_what_is_read_out_of_a_document_is_read_once_for_each() -> None:
    """So nobody else needs a cache."""
    seen: list[str] = []

    def reader(document: dict[str, Any]) -> str:
        seen.append(document["name"])
        return str(document["name"])

    first, second = Document({"name": "first"}), Document({"name": "second"})
    assert ["first", "second", "first"] == [each.read(reader) for each in (first, second, first)]
    assert ["first", "second"] == seen
