"""Convert models to JSON values and back. Properties without a field in the model are kept unchanged.

Values of the wrong type also stay unchanged; the contract's check then refuses them with their place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeVar

import attrs

from kling_elements_runtime.json_responses import MAX_DEPTH
from kling_elements_runtime.types import UNSET, Unset

M = TypeVar("M", bound="Model")
Converter = Callable[[Any], Any]
Where = tuple[str | int, ...]
Take = Callable[[Any, Where], Any]

_MAX_REPR_TEXT_CHARACTERS = 80  # a longer string may be an image
_MAX_FOREIGN_REPR_CHARACTERS = 400  # such as the repr of a path
_MAX_MODEL_REPR_CHARACTERS = 10_000
_MAX_REPR_LEVELS = 16
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_MAX_BITS = 64  # few readers keep more bits, and Python refuses to write thousands of digits


class Model:
    """A JSON object of the contract.

    Attributes:
        additional_properties: Properties that the contract does not declare, unchanged. A request with any is refused.
    """

    __slots__ = ()

    additional_properties: dict[str, Any]

    def __repr__(self) -> str:
        return _join(_pieces(self, _MAX_REPR_LEVELS))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object, without the properties that are `UNSET`."""
        value: dict[str, Any] = _Writer(math.inf, math.inf).write(self, ())
        return value


def _pieces(value: Any, levels: int) -> Iterator[str]:
    """Yield the repr of a value piece by piece. A long string, which may be an image, only shows its length."""
    if isinstance(value, Model):
        opening, closing = f"{type(value).__name__}(", ")"
        parts = ((f"{name}=", part) for name, part in _set_fields(value))
    elif isinstance(value, dict):
        opening, closing = "{", "}"
        parts = ((f"{_short(name)}: ", part) for name, part in value.items())
    elif isinstance(value, list | tuple):
        opening, closing = "[]" if isinstance(value, list) else "()"
        parts = (("", part) for part in value)
    else:
        yield _short(value)
        return
    if not levels:
        yield "..."
        return
    yield opening
    between = ""
    for name, part in parts:
        yield between + name
        yield from _pieces(part, levels - 1)
        between = ", "
    yield closing


def _set_fields(model: Model) -> Iterator[tuple[str, Any]]:
    for field, _ in _names(type(model)):
        if not isinstance(value := getattr(model, field), Unset):
            yield field, value
    if model.additional_properties:
        yield "additional_properties", model.additional_properties


def _short(value: Any) -> str:
    """Return the repr of a value without parts."""
    if isinstance(value, str | bytes | bytearray) and len(value) > _MAX_REPR_TEXT_CHARACTERS:
        return f"<{len(value)} {'characters' if isinstance(value, str) else 'bytes'}>"
    # Python refuses to write thousands of digits.
    if isinstance(value, int) and value.bit_length() > _MAX_REPR_TEXT_CHARACTERS:
        return f"<integer of {value.bit_length()} bits>"
    text = repr(value)
    return text if len(text) <= _MAX_FOREIGN_REPR_CHARACTERS else f"<{type(value).__name__}>"


def _join(pieces: Iterable[str]) -> str:
    """Join pieces up to the maximum length of a repr."""
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > _MAX_MODEL_REPR_CHARACTERS:
            return f"{text[:_MAX_MODEL_REPR_CHARACTERS]}..."
    return text


_NO_CONVERTERS: Final[Mapping[str, Converter]] = MappingProxyType({})
_JSON_NAME: Final = "json_name"


def json_name(name: str) -> dict[str, str]:
    """Return the metadata of a field whose property has a name that Python does not allow for fields."""
    return {_JSON_NAME: name}


_names_by_model: dict[type[Any], Sequence[tuple[str, str]]] = {}


def _names(model: type[Any]) -> Sequence[tuple[str, str]]:
    """Return pairs of field name and property name of a model."""
    if model not in _names_by_model:
        fields = [field for field in attrs.fields(model) if field.init]
        _names_by_model[model] = [(field.name, field.metadata.get(_JSON_NAME, field.name)) for field in fields]
    return _names_by_model[model]


_defaults_by_model: dict[type[Any], Sequence[tuple[str, Any]]] = {}


def _defaults(model: type[Any]) -> Sequence[tuple[str, Any]]:
    """Return the fields of a model that are not properties of the JSON object, each with its default."""
    if model not in _defaults_by_model:
        fields = (field for field in attrs.fields(model) if not field.init and field.name != "additional_properties")
        _defaults_by_model[model] = [(field.name, field.default) for field in fields]
    return _defaults_by_model[model]


class UnwritableError(Exception):
    """A value cannot be written as JSON, because it is too large or nested too deeply; the message says which."""


class _Writer:
    """A converter from models, and values that contain models, to JSON values. It also notes problems."""

    def __init__(
        self, max_values: float, max_depth: float, take: Take = lambda value, _: value, min_characters: int = 0
    ) -> None:
        self._take = take
        self._min_characters = min_characters
        self.problems: list[tuple[Where, str]] = []
        self._max_values = max_values
        self._values = 1
        self._max_depth = max_depth

    def write(self, value: Any, path: Where) -> Any:
        """Return the JSON value of a value at a place.

        Raises:
            UnwritableError: The value has too many parts, or is nested too deeply.
        """
        if len(path) > self._max_depth:
            raise UnwritableError(f"is nested deeper than {self._max_depth} levels, or contains itself")
        kind = type(value)  # compared first, because isinstance takes longer
        if kind is dict:
            return self._members(value, path)
        if kind is list:
            return self._items(value, path)
        if kind in _PLAIN:
            return self._scalar(value, path)
        return self._of_other_type(value, path)

    def _of_other_type(self, value: Any, path: Where) -> Any:
        """Return the JSON value of an object of another type, such as a model, a member of an enum, or a tuple."""
        if isinstance(value, Model):
            return self._members(properties_of(value), path)
        if isinstance(value, Enum):
            return self.write(value.value, path)
        if isinstance(value, list | tuple):
            return self._items(value, path)
        if isinstance(value, Mapping):
            return self._members(value, path)
        return self._scalar(value, path)

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > self._max_values:
            raise UnwritableError(f"has more than {self._max_values} values, or contains itself")

    def _items(self, value: Sequence[Any], path: Where) -> list[Any]:
        self._count(len(value))
        return [self.write(item, (*path, index)) for index, item in enumerate(value)]

    def _scalar(self, value: Any, path: Where) -> Any:
        """Return the JSON value of a scalar, and note a problem if JSON cannot represent it."""
        kind = type(value)
        if kind not in _PLAIN or (kind is str and len(value) >= self._min_characters):
            value = self._take(value, path)
        if isinstance(value, str):
            value = str.__str__(value)  # str() would call a subclass's own __str__
        if (problem := _problem_of(value)) is not None:
            self.problems.append((path, problem))
        return value

    def _members(self, value: Mapping[Any, Any], path: Where) -> dict[Any, Any]:
        """Return the members of an object. Most are short ASCII strings, which are copied without a check."""
        self._count(len(value))
        unchecked_below = self._min_characters if len(path) < self._max_depth else 0
        written = {}
        for name, item in value.items():
            if type(name) is str and name.isascii():
                is_harmless = type(item) is str and len(item) < unchecked_below and item.isascii()
                written[name] = item if is_harmless else self.write(item, (*path, name))
            else:
                key = self._key(name, path)
                written[key] = self.write(item, (*path, str(key)))
        return written

    def _key(self, name: Any, path: Where) -> Any:
        """Return the name of a member as a plain str, and note a problem if JSON cannot represent it."""
        key = str.__str__(name) if isinstance(name, str) else name
        if not isinstance(key, str) or _has_lone_surrogate(key):
            self.problems.append((path, "has a property name that cannot be written as JSON"))
        return key


def properties_of(model: Model) -> dict[str, Any]:
    """Return the properties of a model by their names in JSON, with unchanged values."""
    kind: type[Any] = type(model)
    own = {name: value for field, name in _names(kind) if (value := getattr(model, field)) is not UNSET}
    return {**model.additional_properties, **own} if model.additional_properties else own


def to_json(
    value: Any, max_values: int, take: Take = lambda value, _: value, min_characters: int = 0
) -> tuple[Any, list[tuple[Where, str]]]:
    """Return the JSON value of a model, or of a value that contains models, and the problems as paths and reasons.

    Args:
        value: The model or value.
        max_values: The maximum number of JSON values in it.
        take: Returns what to write for a string or for a value of a type that JSON lacks. Both may be images.
        min_characters: The length from which a string is passed to `take`.

    Raises:
        UnwritableError: The value has too many parts, or is nested too deeply.
    """
    writer = _Writer(max_values, MAX_DEPTH, take, min_characters)
    try:
        return writer.write(value, ()), writer.problems
    except RecursionError:
        raise UnwritableError("is nested too deeply") from None


def _problem_of(value: Any) -> str | None:
    """Return the reason why a scalar cannot be written as JSON, or None if it can."""
    kind: type[Any] = type(value)
    if kind is str:
        return "a string with half a surrogate pair cannot be written as JSON" if _has_lone_surrogate(value) else None
    if kind is float:
        return None if math.isfinite(value) else f"{value} cannot be written as JSON"
    if kind is int:
        is_long = value.bit_length() > _MAX_BITS
        return (
            f"an integer of more than {_MAX_BITS} bits is not allowed, because many programs round it"
            if is_long
            else None
        )
    if kind in (bool, type(None)):
        return None
    return f"a value of type {kind.__name__} cannot be written as JSON"


def _has_lone_surrogate(text: str) -> bool:
    # str.isascii only reads a flag, so that a whole image need not be searched
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def from_json(model: type[M], source: Mapping[str, Any], converters: Mapping[str, Converter] = _NO_CONVERTERS) -> M:
    """Return the model of a JSON object. Properties without a field go to `additional_properties`.

    Args:
        model: The class of the model.
        source: The JSON object.
        converters: Functions that turn the values of some fields into the declared types.

    Raises:
        TypeError: The source is not a mapping.
    """
    if not isinstance(source, Mapping):
        raise TypeError(f"{model.__name__} is created from a mapping, not from {type(source).__name__}")
    unused = dict(source)
    instance = model.__new__(model)
    kind: type[Any] = model
    for field, name in _names(kind):
        value = unused.pop(name, UNSET)
        is_converted = field in converters and value is not UNSET
        setattr(instance, field, converters[field](value) if is_converted else value)
    instance.additional_properties = unused
    for field, default in _defaults(kind):
        setattr(instance, field, default)
    return instance


def object_converter(convert: Converter) -> Converter:
    """Return a converter that converts a JSON object, and returns anything else unchanged."""
    return lambda value: convert(value) if isinstance(value, Mapping) else value


def list_converter(convert: Converter) -> Converter:
    """Return a converter that converts each item of a list, and returns anything else unchanged."""
    return lambda value: [convert(item) for item in value] if isinstance(value, list) else value


def enum_converter(enum: type[Enum]) -> Converter:
    """Return a converter that turns a value into the member of an enum, and returns an unknown value unchanged."""
    members = {member.value: member for member in enum}
    return lambda value: members.get(value, value) if isinstance(value, str) else value
