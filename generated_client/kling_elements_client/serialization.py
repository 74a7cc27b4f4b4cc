# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""Models to JSON values and back, without altering or losing what a model cannot hold.

A value of the wrong type passes through as it is: the contract's check refuses it, with a message that says where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import attrs

from .types import Unset

M = TypeVar("M", bound="Model")
Converter = Callable[[Any], Any]


class Model:
    """A JSON object of the contract.

    Attributes:
        additional_properties: Properties that the contract does not name, as they came. A request with any is refused.
    """

    __slots__ = ()

    additional_properties: dict[str, Any]

    def __repr__(self) -> str:
        kind: type[Any] = type(self)
        shown = [(field, getattr(self, field.name)) for field in attrs.fields(kind)]
        parts = [
            f"{field.name}={field.repr(value) if callable(field.repr) else repr(value)}"
            for field, value in shown
            if not isinstance(value, Unset) and (field.init or value)
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, without the properties that are `UNSET`."""
        value: dict[str, Any] = to_json(self)
        return value


_JSON_NAME = "json_name"
_LONGEST_REPR = 80


def json_name(name: str) -> dict[str, str]:
    """Metadata of a field whose property has a name that Python does not allow."""
    return {_JSON_NAME: name}


def _names(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    """Pairs of field name and property name of a model."""
    fields = [field for field in attrs.fields(kind) if field.init]
    return tuple((field.name, field.metadata.get(_JSON_NAME, field.name)) for field in fields)


def to_json(value: Any) -> Any:
    """The JSON value of a model or of any value that holds models; absent properties are left out."""
    kind: type[Any] = type(value)
    if issubclass(kind, Enum):
        return value.value
    if isinstance(value, Model):
        properties = {name: getattr(value, field) for field, name in _names(kind)}
        return to_json({**properties, **value.additional_properties})
    if issubclass(kind, Mapping):
        return {name: to_json(item) for name, item in value.items() if not isinstance(item, Unset)}
    if issubclass(kind, list | tuple):
        return [to_json(item) for item in value]
    return str.__str__(value) if issubclass(kind, str) else value  # str() would ask the subclass for another text


def from_json(model: type[M], source: Mapping[str, Any], **converters: Converter) -> M:
    """A model from a JSON object; a property that the model does not know goes into `additional_properties`.

    Raises:
        TypeError: The source is no mapping.
    """
    if not isinstance(source, Mapping):
        raise TypeError(f"{model.__name__} is made from a mapping, not from {type(source).__name__}")
    rest = dict(source)
    made = model.__new__(model)
    for field, name in _names(model):
        value = rest.pop(name, Unset())
        setattr(made, field, converters[field](value) if field in converters else value)
    made.additional_properties = rest
    return made


def nested(convert: Converter) -> Converter:
    """Turns a JSON object, and leaves anything else as it is."""
    return lambda value: convert(value) if isinstance(value, Mapping) else value


def each(convert: Converter) -> Converter:
    """Turns each item of a list, and leaves anything else as it is."""
    return lambda value: [convert(item) for item in value] if isinstance(value, list) else value


def known(enum: type[Enum]) -> Converter:
    """Turns a value into the enum's member of that value, and leaves a new word as it is."""
    members = {member.value: member for member in enum}
    return lambda value: members.get(value, value) if isinstance(value, str) else value


def names(properties: Mapping[str, Any]) -> str:
    """The repr of additional properties: their names alone, as a value may be a whole image."""
    return repr(list(properties))


def short(value: object) -> str:
    """The repr of a field that may hold a whole image: no media, and at most 80 characters of a URL."""
    if not isinstance(value, str):
        return repr(value)
    if ":" not in value:
        return f"<{len(value)} characters of Base64>"
    return repr(value) if len(value) <= _LONGEST_REPR else f"{value[:_LONGEST_REPR]!r}..."


__all__ = ["Model", "each", "from_json", "json_name", "known", "names", "nested", "short", "to_json"]
