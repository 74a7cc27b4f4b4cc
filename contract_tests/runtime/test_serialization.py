"""Python values are sent as their JSON equivalents; values without one are never sent."""

from __future__ import annotations

import enum
import json
import math
from collections import OrderedDict, UserString
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import respx

from contract_tests.reading.image_body import BODY, body_with
from contract_tests.support.running import MakeClient
from kling_elements_client import UNSET, AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import violations
from kling_elements_client.errors import ContractError, Violation
from kling_elements_client.models import ElementTag, ImageElementRequest, TagId
from kling_elements_runtime import serialization
from kling_elements_runtime.serialization import UnwritableError, to_json


class _LyingText(str):
    """A `str` whose str() is another text, as in some libraries."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class _MarkupText(str):
    """A `str` whose str() is not a plain `str`, as in markup libraries."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class _Name(enum.StrEnum):
    ADA = "Ada"


class _Field(enum.StrEnum):
    NAME = "element_name"


class _Level(enum.IntEnum):
    HIGH = 2


class _Odd(enum.Enum):
    BYTES = b"x"
    NAN = float("nan")
    HALF = "\ud83d"


class _OldName(str, enum.Enum):  # noqa: UP042 - programs older than StrEnum use this
    ADA = "Ada"


@dataclass
class _Person:
    element_name: str


_CYCLE: list[Any] = []
_CYCLE.append(_CYCLE)
_CYCLIC_OBJECT: dict[str, Any] = {}
_CYCLIC_OBJECT["again"] = {"and": [_CYCLIC_OBJECT]}


def _nest(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _double(times: int) -> Any:
    value: Any = {"x": 1}
    for _ in range(times):
        value = [value, value]
    return value


def test_the_special_str_classes_have_an_unusual_str_result() -> None:
    """Otherwise the tests below would miss a client that calls str()."""
    assert str(_LyingText("Ada")) == "something else"
    assert type(str(_MarkupText("Ada"))) is _MarkupText


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param(BODY, MappingProxyType(BODY), id="read-only mapping"),
        pytest.param(BODY, OrderedDict(BODY), id="ordered mapping"),
        pytest.param(body_with(element_name="Ada"), body_with(element_name=_Name.ADA), id="member of a StrEnum"),
        pytest.param(body_with(element_name="Ada"), body_with(element_name=_OldName.ADA), id="member of an older enum"),
        pytest.param(body_with(element_name="Ada"), body_with(element_name=_LyingText("Ada")), id="kind of text"),
        pytest.param(
            body_with(element_name="Ada"), body_with(element_name=_MarkupText("Ada")), id="other kind of text"
        ),
        pytest.param(body_with(tag_list=[]), body_with(tag_list=()), id="tuple"),
        pytest.param(
            body_with(tag_list=[{"tag_id": "o_103"}] * 3),
            body_with(tag_list=({"tag_id": "o_103"}, ElementTag(tag_id=TagId.ANIMAL), {"tag_id": TagId.ANIMAL})),
            id="models and members in a tuple",
        ),
        pytest.param(
            BODY,
            {_Field.NAME if name == "element_name" else name: BODY[name] for name in BODY},
            id="member of an enum as a name",
        ),
        pytest.param(BODY, {_LyingText(name): BODY[name] for name in BODY}, id="kinds of text as names"),
        pytest.param(BODY, ImageElementRequest.from_dict(BODY), id="model"),
    ],
)
def test_python_values_are_sent_as_their_json_equivalent(
    expected: Any, body: Any, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """Values lose their Python type, but never their value."""
    router.post().respond(json={})

    create_element.sync(client=client, body=body)

    assert expected == json.loads(router.calls.last.request.content)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("nan cannot be written as JSON", float("nan")),
        ("inf cannot be written as JSON", float("inf")),
        ("-inf cannot be written as JSON", float("-inf")),
        ("a value of type bytes cannot be written as JSON", b"x"),
        ("a value of type bytearray cannot be written as JSON", bytearray(b"x")),
        ("a value of type set cannot be written as JSON", {"x"}),
        ("a value of type frozenset cannot be written as JSON", frozenset({"x"})),
        ("a value of type dict_keys cannot be written as JSON", {}.keys()),
        ("a value of type range cannot be written as JSON", range(2)),
        ("a value of type complex cannot be written as JSON", 1j),
        ("a value of type Decimal cannot be written as JSON", Decimal(1)),
        ("a value of type URL cannot be written as JSON", httpx.URL("https://example.com")),
        ("a value of type UserString cannot be written as JSON", UserString("x")),
        ("a value of type _Person cannot be written as JSON", _Person("x")),
        ("a value of type type cannot be written as JSON", _Person),
        ("a value of type bytes cannot be written as JSON", _Odd.BYTES),
        ("nan cannot be written as JSON", _Odd.NAN),
        ("a string with half a surrogate pair cannot be written as JSON", _Odd.HALF),
        ("a value of type Unset cannot be written as JSON", UNSET),
        ("a value of type object cannot be written as JSON", object()),
        ("a string with half a surrogate pair cannot be written as JSON", "a\ud83d"),
        ("a string with half a surrogate pair cannot be written as JSON", "\ude00\ud83d"),
        ("has a property name that cannot be written as JSON", {1: 2}),
        ("has a property name that cannot be written as JSON", {None: 2}),
        ("has a property name that cannot be written as JSON", {b"x": 2}),
        ("has a property name that cannot be written as JSON", {("x",): 2}),
        ("has a property name that cannot be written as JSON", {"\ud83d": 2}),
        ("an integer of more than 64 bits is not allowed, because many programs round it", 2**64),
        ("an integer of more than 64 bits is not allowed, because many programs round it", -(2**64)),
        ("an integer of more than 64 bits is not allowed, because many programs round it", 10**5000),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("on_violation", ["raise", "warn", "ignore"])
def test_a_value_that_json_cannot_represent_is_never_sent(
    expected: str, value: Any, on_violation: str, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """The violation names the place. No library's exception escapes."""
    client = make_client(on_violation=on_violation)

    with pytest.raises(ContractError) as caught:
        create_element.sync(client=client, body=body_with(tag_list=[{"tag_id": value}]))

    assert [Violation("/tag_list/0/tag_id", "R03", expected)] == caught.value.violations
    assert not router.calls


@pytest.mark.parametrize(
    "value", [2**64 - 1, -(2**64) + 1, 1.5, 1e308, True, None, "\U0001f600", _Level.HIGH, _nest(60)]
)
def test_any_json_value_is_sent_if_violations_are_ignored(
    value: Any, make_client: MakeClient, router: respx.MockRouter
) -> None:
    router.post().respond(json={})

    create_element.sync(client=make_client(on_violation="ignore"), body={"new": value})

    assert {"new": value} == json.loads(router.calls.last.request.content)


def test_a_value_that_would_overflow_the_stack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is about the value and not a RecursionError, even near the limit of the stack."""
    monkeypatch.setattr(serialization, "MAX_DEPTH", math.inf)

    with pytest.raises(UnwritableError, match="is nested too deeply"):
        to_json(_nest(50_000), 100_000, lambda value, _: value, 0)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("is nested deeper than 64 levels, or contains itself", _CYCLE),
        ("is nested deeper than 64 levels, or contains itself", _CYCLIC_OBJECT),
        *(("is nested deeper than 64 levels, or contains itself", _nest(levels)) for levels in (64, 500, 50_000)),
        ("has more than 100000 values, or contains itself", _double(40)),
    ],
    ids=["array in itself", "object in itself", "too deep", "deeper", "deepest", "too many values"],
)
@pytest.mark.parametrize("on_violation", ["raise", "warn", "ignore"])
def test_a_cyclic_or_oversized_value_is_never_sent(
    expected: str, value: Any, on_violation: str, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """The value is a violation, even if only shared references make it huge."""
    with pytest.raises(ContractError) as caught:
        create_element.sync(client=make_client(on_violation=on_violation), body=body_with(tag_list=value))

    assert [Violation("", "R03", expected)] == caught.value.violations
    assert not router.calls


def test_a_body_may_have_at_most_100000_values() -> None:
    """The body itself, lists and objects count."""
    other_values = 10  # the body, its 5 texts, the objects and the list of the images, and the tag list
    tags = (100_000 - other_values) // 2
    body = body_with(tag_list=[{"tag_id": "o_101"}] * tags)

    assert [] == violations("createElement", body)
    assert ["R03"] == [
        violation.rule for violation in violations("createElement", body_with(tag_list=[*body["tag_list"], {}]))
    ]


@pytest.mark.parametrize(
    ("expected", "length"), [("/tag_list/0/" + "x" * 80, 80), ("/tag_list/0", 81)], ids=["80", "81"]
)
def test_a_pointer_ends_before_a_name_that_is_too_long(expected: str, length: int) -> None:
    """Such a name might be a whole image."""
    body = body_with(tag_list=[{"tag_id": "o_101", "x" * length: 1}])

    assert [expected] == [violation.pointer for violation in violations("createElement", body)]


def test_all_values_that_json_cannot_represent_are_reported_at_once() -> None:
    """Each is reported with its own place."""
    body = body_with(element_name=b"x", tag_list=[{1}, float("nan"), {"a/b": 1j}])

    reported = violations("createElement", body)

    assert ["/element_name", "/tag_list/0", "/tag_list/1", "/tag_list/2/a~1b"] == [
        violation.pointer for violation in reported
    ]
