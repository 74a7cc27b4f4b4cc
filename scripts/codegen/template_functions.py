"""Functions for our templates: docstrings, declarations and converters, which the generator lacks."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import Any

from openapi_python_client.parser.properties import AnyProperty, EnumProperty, ModelProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.union import UnionProperty

from kling_elements_runtime.document import Node, Operation, operations
from scripts.codegen import describe
from scripts.nodes import follow, resolve
from scripts.spec import SpecError

_WIDTH = 118
_HELPERS = ("enum_converter", "json_name", "list_converter", "object_converter")


def by_name(document: Node) -> dict[str, Any]:
    """Return the functions by the names that the templates use."""

    def schema_of(model: Any) -> Node:
        """Return the component that a model or an enum was generated from."""
        schema: Node = follow(document, "#" + model.name.get_untrusted_value())
        return schema

    def class_docstring(model: Any) -> str:
        return wrap(schema_of(model)["description"], 4)

    def property_schema(model: Any, field: Any) -> Node:
        schema: Node = schema_of(model)["properties"][field.name.get_untrusted_value()]
        return schema

    def attribute_docstring(model: Any, field: Any) -> str:
        schema = property_schema(model, field)
        text = f"{field.python_name}: {describe.value(document, schema)}{_gateways_with(schema)}"
        return wrap(text, 12).removeprefix(f"{field.python_name}: ")

    def declaration(model: Any, field: Any) -> str:
        code: str = field.to_string().as_unembedded_code()
        if describe.holds_image(document, property_schema(model, field)):
            code = code.replace(": str", ": str | Path", 1)
        return _with_json_name(code, field)

    def helpers_of(model: Any) -> list[str]:
        code = [f"{declaration(model, field)} {converter(field)}" for field in fields_of(model)]
        used = [name for name in _HELPERS if any(f"{name}(" in line for line in code)]
        return ["Model", "from_json", *used]

    def parameter_docstring(endpoint: Any, parameter: Any) -> str:
        name = parameter.name.get_untrusted_value()
        operation = operation_of(document, endpoint).definition
        declared = [resolve(document, node) for node in operation["parameters"]]
        (definition,) = (node for node in declared if node["name"] == name)
        text = f"{parameter.python_name}: {describe.value(document, {**definition['schema'], **definition})}"
        return wrap(text, 12).removeprefix(f"{parameter.python_name}: ")

    def names_tasks(endpoint: Any) -> bool:
        success = operation_of(document, endpoint).success_schema()
        return bool(resolve(document, {"$ref": success})["x-envelope"]["task-ids"])

    return {
        "attribute_docstring": attribute_docstring,
        "class_docstring": class_docstring,
        "converters_of": converters_of,
        "declaration": declaration,
        "fields_of": fields_of,
        "finished_statuses": partial(finished_statuses, document),
        "helpers_of": helpers_of,
        "imports_of": imports_of,
        "names_tasks": names_tasks,
        "operation_id": lambda endpoint: operation_of(document, endpoint).operation_id,
        "parameter_docstring": parameter_docstring,
        "parameters_of": lambda endpoint: [*endpoint.path_parameters, *endpoint.query_parameters],
        "success_type": success_type,
        "unusable_statuses": partial(unusable_statuses, document),
        "wrap": wrap,
    }


def _gateways_with(schema: Node) -> str:
    """Return the sentence about a property that only some gateways have; an empty string if all have it."""
    names = ", ".join(f"`{name}`" for name in schema.get("x-gateways", ()))
    return names and f" Only for the gateways {names}."


def finished_statuses(document: Node) -> str:
    """Return the code of a set of the finished tasks' statuses, in lower case."""
    words = document["components"]["schemas"]["TaskStatus"]["x-progress"]
    return _set_of([*words["succeeded"], *words["failed"]])


def unusable_statuses(document: Node) -> str:
    """Return the code of a set of the unusable elements' statuses, in lower case."""
    return _set_of(document["components"]["schemas"]["Element"]["properties"]["status"]["x-unusable"])


def _set_of(words: list[str]) -> str:
    return f"{{{', '.join(map(repr, words))}}}"


def _with_json_name(code: str, field: Any) -> str:
    """Return a field's declaration, with the property's JSON name if that differs from the field's name."""
    name = field.name.get_untrusted_value()
    if name == field.python_name:
        return code
    declared, _, default = code.partition(" = ")
    return f"{declared} = field({f'default={default}, ' if default else ''}metadata=json_name({name!r}))"


def wrap(text: str, indent: int) -> str:
    """Wrap prose for a docstring, and keep paragraphs, lists and tables. Lines after the first are indented."""
    margin = " " * indent
    return "\n\n".join(_fill(part, margin) for part in text.strip().split("\n\n")).strip()


def _fill(paragraph: str, margin: str) -> str:
    lines = paragraph.splitlines()
    if lines[0].startswith("|"):
        return textwrap.indent(paragraph, margin)
    items = lines if lines[0].startswith("- ") else [paragraph]
    hanging = margin + ("  " if items is lines else "")
    return "\n".join(textwrap.fill(item, _WIDTH, initial_indent=margin, subsequent_indent=hanging) for item in items)


def fields_of(model: Any) -> list[Any]:
    """Return the fields of a model, required ones first."""
    fields = [*model.required_properties, *model.optional_properties]
    return sorted(fields, key=lambda field: field.default is not None or not field.required)


def imports_of(model: Any) -> list[str]:
    """Return the imports of the other models that a model uses."""
    lines = model.relative_imports | model.lazy_imports
    return sorted(line.replace("from ..models.", "from .") for line in lines if line.startswith("from ..models."))


def converters_of(model: Any) -> list[tuple[str, str]]:
    """Return a model's fields that need a converter, each with the converter's code."""
    return [(field.python_name, code) for field in fields_of(model) if (code := converter(field))]


def converter(field: Any) -> str | None:
    """Return the code that converts a field's JSON value into its declared type, or None if none is needed.

    Raises:
        SpecError: The value may become one of several classes, and nothing says which.
    """
    match field:
        case ModelProperty():
            return f"object_converter({field.class_info.name}.from_dict)"
        case EnumProperty():
            return f"enum_converter({field.class_info.name})"
        case ListProperty():
            inner = converter(field.inner_property)
            return inner and f"list_converter({inner})"
        case UnionProperty():
            converters = {code for inner in field.inner_properties if (code := converter(inner))}
            if len(converters) > 1:
                raise SpecError(f"property {field.python_name}: a choice between several classes is not supported")
            return converters.pop() if converters else None
        case _:
            return None


def operation_of(document: Node, endpoint: Any) -> Operation:
    """Return the contract's operation with an endpoint's path and method.

    Raises:
        SpecError: The template does not support the operation, or it has no operationId.
    """
    if len(endpoint.bodies) > 1 or endpoint.header_parameters or endpoint.cookie_parameters:
        raise SpecError(f"operation {endpoint.name}: needs one body at most, and no parameters in headers or cookies")
    path_and_method = (endpoint.path.get_untrusted_value(), endpoint.method)
    for path, method, definition in operations(document):
        if (path, method) == path_and_method:
            return Operation(path, method, definition)
    raise SpecError(f"operation {endpoint.name}: needs an operationId")


def success_type(endpoint: Any) -> str:
    """Return the class name of a successful response.

    Raises:
        SpecError: There is none, or more than one.
    """
    successes = [r for r in endpoint.responses.patterns if r.status_code.range[1] < 300]  # noqa: PLR2004 - HTTP's own
    # A response without a body has no class.
    models = [r.prop for r in successes if not isinstance(r.prop, AnyProperty)]
    if len(models) != 1 or not isinstance(models[0], ModelProperty):
        raise SpecError(f"operation {endpoint.name}: needs exactly one response of success, with a named schema")
    return str(models[0].class_info.name)
